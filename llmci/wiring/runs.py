"""Stored runs of a project: where they are, and which one is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.errors import UsageError

if TYPE_CHECKING:
    from llmci.adapters.stores.runs import DirectoryRuns
    from llmci.config import Config
    from llmci.domain.run import Run

LATEST = "latest"


def runs_of(config: Config) -> DirectoryRuns:
    """Where the project's runs are."""
    from llmci.adapters.stores.runs import DirectoryRuns

    return DirectoryRuns(config.state / "runs")


def candidate_run(config: Config, run_id: str) -> Run:
    """The run of that id; for `latest` the newest run of a candidate.

    Raises:
        UsageError: There is none.
    """
    runs = runs_of(config)
    if run_id != LATEST:
        return runs.load(run_id)
    for known in runs.list():
        run = runs.load(known)
        if run.system.name != config.bench.baseline:
            return run
    raise UsageError("there is no run of a candidate yet.", fix="Make one with `llmci bench`.")


def baseline_run(config: Config, candidate: Run, run_id: str | None) -> Run:
    """The run to compare with: the one named, else its partner of the same bench, else the baseline's newest.

    Raises:
        UsageError: There is none on the same eval set.
    """
    runs = runs_of(config)
    if run_id is not None:
        return runs.load(run_id)
    newest: Run | None = None
    for run in map(runs.load, runs.list()):
        if run.run_id == candidate.run_id or run.evalset_digest != candidate.evalset_digest:
            continue
        # The partner of a baseline's run is a candidate.
        if run.started_at == candidate.started_at and candidate.system.name != config.bench.baseline:
            return run
        if newest is None and run.system.name == config.bench.baseline:
            newest = run
    if newest is None:
        raise UsageError(
            f"there is no run of {config.bench.baseline!r} on the eval set of {candidate.run_id!r}.",
            fix="Make one with `llmci bench`, or name the run to compare with.",
        )
    return newest
