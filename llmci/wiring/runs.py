"""Stored runs of a project: where they are, and which one is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.errors import UsageError

if TYPE_CHECKING:
    from llmci.adapters.stores.runs import DirectoryRuns
    from llmci.config import Config
    from llmci.domain.run import Run

LATEST = "latest"
# What a candidate's run remembers in its environment: the id of the baseline's run in the same bench.
# Both start in the same second, so their ids do not tell which is which.
AGAINST = "against"
# And how many candidates took part in it, where there were several: they share the gates' error rate.
CANDIDATES = "candidates"
# Which part of the cases a run asked, as `i/n`.
SHARD = "shard"


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
    stored = [runs.load(known) for known in runs.list()]
    of_candidates = [run for run in stored if AGAINST in run.environment]
    # Runs that were not made by a bench have nothing but the name of their system.
    by_name = [run for run in stored if run.system.name != config.bench.baseline]
    for run in (*of_candidates, *by_name):
        return run
    raise UsageError("there is no run of a candidate yet.", fix="Make one with `llmci bench`.")


def baseline_run(config: Config, candidate: Run, run_id: str | None) -> Run:
    """The run to compare a candidate with.

    The one named, else the one it ran against, else the baseline's newest on the same eval set.

    Raises:
        UsageError: There is none.
    """
    runs = runs_of(config)
    if run_id is not None:
        return runs.load(run_id)
    if (against := candidate.environment.get(AGAINST, "")) in runs.list():
        return runs.load(against)
    for known in runs.list():
        run = runs.load(known)
        named = run.system.name == config.bench.baseline and run.run_id != candidate.run_id
        if named and run.evalset_digest == candidate.evalset_digest:
            return run
    raise UsageError(
        f"there is no run of {config.bench.baseline!r} on the eval set of {candidate.run_id!r}.",
        fix="Make one with `llmci bench`, or name the run to compare with.",
    )
