"""The runs of one system on several parts of the cases, put together to what one run on all of them would have been."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.domain.run import Run


def merged(parts: Sequence[Run], order: Sequence[str], *, run_id: str, environment: Mapping[str, str]) -> Run:
    """One run of all parts.

    Args:
        parts: Runs of the same system, set, scorers and number of tries; no case twice.
        order: Case ids of the set, in its order.
        run_id: Of the run that is made.
        environment: What it says of where it was made.

    Raises:
        UsageError: The parts do not belong together.
    """
    first = parts[0]
    for other in parts[1:]:
        _check(first, other)
    asked = {case_id for part in parts for case_id in part.case_ids}
    if len(asked) < sum(len(part.case_ids) for part in parts):
        raise UsageError(f"the runs of {first.system.name!r} share cases.", fix="Merge the shards of one bench.")
    case_ids = tuple(case_id for case_id in order if case_id in asked)
    if len(case_ids) < len(asked):
        raise UsageError(
            f"the runs of {first.system.name!r} asked cases that the eval set does not hold.",
            fix="Merge where the eval set is the one that was run.",
        )
    place = {case_id: at for at, case_id in enumerate(case_ids)}
    metrics = {metric.name: at for at, metric in enumerate(first.metrics)}
    answers = sorted((a for part in parts for a in part.answers), key=lambda a: (place[a.case_id], a.repeat))
    scores = sorted(
        (s for part in parts for s in part.scores), key=lambda s: (place[s.case_id], s.repeat, metrics[s.metric])
    )
    return replace(
        first,
        run_id=run_id,
        case_ids=case_ids,
        answers=tuple(answers),
        scores=tuple(scores),
        cost=_sum([part.cost for part in parts]),
        judge_cost=_sum([part.judge_cost for part in parts]),
        complete=all(part.complete for part in parts),
        started_at=min(part.started_at for part in parts),
        finished_at=max(part.finished_at for part in parts),
        environment=dict(environment),
    )


def _check(first: Run, other: Run) -> None:
    """Two parts of one run have all in common but their cases."""
    same = {
        "the system": (first.system.digest, other.system.digest),
        "the eval set": (first.evalset_digest, other.evalset_digest),
        "the scorers": ([m.digest for m in first.metrics], [m.digest for m in other.metrics]),
        "the number of tries": (first.repeats, other.repeats),
        "the sanitizer": (first.environment.get("sanitize_policy"), other.environment.get("sanitize_policy")),
    }
    for what, (one, another) in same.items():
        if one != another:
            raise UsageError(
                f"{first.run_id} and {other.run_id} are not of one bench: {what} differs.",
                fix="Run all shards with the same configuration, set and code.",
            )


def _sum(costs: Sequence[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None
