"""Which stored run is the newest of a candidate, and which one it was held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.errors import UsageError

if TYPE_CHECKING:
    from llmci.config import Config
    from llmci.domain.run import Run
    from llmci.seams import RunStore

# What a candidate's run remembers in its environment: the id of the baseline's run in the same bench.
AGAINST = "against"


def newest_candidate(runs: RunStore) -> Run:
    """The candidate's run of the newest bench, whatever its systems were called.

    Both runs of a bench start in the same second, so their ids do not tell which is which.
    """
    for run_id in runs.list():
        run = runs.load(run_id)
        if AGAINST in run.environment:
            return run
    raise UsageError("there is no run of a candidate yet.", fix="Make one with `llmci bench`.")


def baseline_of(runs: RunStore, candidate: Run, config: Config) -> Run:
    """The run that a candidate ran against; else the newest of the baseline on the same set."""
    known, against = runs.list(), candidate.environment.get(AGAINST, "")
    if against in known:
        return runs.load(against)
    for run_id in known:
        run = runs.load(run_id)
        named = run.system.name == config.bench.baseline and run.run_id != candidate.run_id
        if named and run.evalset_digest == candidate.evalset_digest:
            return run
    raise UsageError(
        f"no run of {config.bench.baseline!r} on the eval set of {candidate.run_id!r} is stored.",
        fix="Run `llmci bench`, or name the run to compare with.",
    )
