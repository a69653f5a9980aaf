"""verdict → **promote** → baseline: the winner becomes the baseline, and new failures are proposed for the eval set."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from llmci.core.grouping.anomalies import FAILURES
from llmci.domain.verdict import Outcome
from llmci.errors import NoDecisionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from llmci.domain.case import Case
    from llmci.domain.run import Run
    from llmci.domain.trace import TraceRow
    from llmci.domain.verdict import GateResult


@dataclass(frozen=True, slots=True)
class Proposal:
    """A production trace that failed and that the eval set does not hold."""

    trace_id: str
    reasons: tuple[str, ...]
    cluster: str


def baseline_record(result: GateResult, candidate: Run, *, now: str, reason: str | None) -> dict[str, object]:
    """What `baseline.json` says after a promotion.

    Args:
        reason: Why a candidate is promoted that did not pass; None where it passed.

    Raises:
        NoDecisionError: The candidate did not pass and no reason is given.
    """
    if result.outcome is not Outcome.PASSED and not reason:
        raise NoDecisionError(
            f"the candidate is not promoted: {result.headline}",
            fix="Promote a run that passed, or say why with --reason; the reason goes into the audit log.",
        )
    return {
        "schema": "baseline/1",
        "system": asdict(candidate.system),
        "run": candidate.run_id,
        "evalset": {
            "name": candidate.evalset_name,
            "version": candidate.evalset_version,
            "digest": candidate.evalset_digest,
        },
        "metrics": {metric.name: metric.digest for metric in candidate.metrics},
        "verdict": {"outcome": str(result.outcome), "headline": result.headline, "against": result.baseline_run},
        "reason": reason,
        "promoted_at": now,
    }


def proposals(labels: Iterable[TraceRow], cases: Sequence[Case], *, most: int) -> list[Proposal]:
    """Failed production traces that the set does not hold, one of each cluster in turn, most unusual first.

    Args:
        labels: Rows of `label/1`.
        cases: The set that they would join.
        most: How many to propose at the most.
    """
    held = {case.origin.trace_id for case in cases}
    by_cluster: dict[str, list[tuple[float, Proposal]]] = {}
    for row in labels:
        reasons = tuple(sorted(FAILURES.intersection(row.get("flags") or ())))
        if reasons and row["trace_id"] not in held and not row.get("near_duplicate_of"):
            cluster = row.get("cluster_name") or "other"
            by_cluster.setdefault(cluster, []).append(
                (row.get("anomaly") or 0.0, Proposal(row["trace_id"], reasons, cluster))
            )
    queues = [sorted(found, key=lambda item: (-item[0], item[1].trace_id)) for _, found in sorted(by_cluster.items())]
    rounds = max(map(len, queues), default=0)
    chosen = [queue[turn][1] for turn in range(rounds) for queue in queues if turn < len(queue)]
    return chosen[:most]
