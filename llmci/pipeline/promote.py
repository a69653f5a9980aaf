"""verdict → **promote** → baseline: the winner becomes the baseline, and changes to the eval set are proposed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from llmci.domain.change import Change
from llmci.domain.label import FAILURES
from llmci.domain.verdict import Outcome
from llmci.errors import NoDecisionError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from llmci.domain.case import Case
    from llmci.domain.run import Run
    from llmci.domain.trace import TraceRow
    from llmci.domain.verdict import GateResult

# A failure that passed in so many runs one after the other is stale.
STALE_AFTER = 5
_DECIDES = ("primary", "must_pass")


@dataclass(frozen=True, slots=True)
class Failure:
    """A production trace that failed; `variant` says who answered."""

    trace_id: str
    case_id: str
    reasons: tuple[str, ...]
    topic: str
    variant: str | None


@dataclass(frozen=True, slots=True)
class Held:
    """What a set holds.

    Attributes:
        cases: Of the newest version.
        wanted: Traces that were reviewed before, and are drawn in any case.
        retired: Ids of cases that were retired.
    """

    cases: Sequence[Case] = ()
    wanted: Collection[str] = ()
    retired: Collection[str] = ()


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


def rollout_record(
    moves: Sequence[Mapping[str, object]], *, treatment: str, control: str, now: str, reason: str | None
) -> dict[str, object]:
    """What `baseline.json` says after a rollout is promoted.

    Args:
        moves: Facts of every move of the plan's share, in order.
        treatment: Variant that becomes the baseline.
        control: Variant that was.
        now: ISO 8601.
        reason: Why it is promoted although it has not all of the traffic; None where it has.

    Raises:
        NoDecisionError: The candidate has not all of the traffic and no reason is given.
    """
    last: Mapping[str, object] = moves[-1] if moves else {"to": 0.0, "because": "no share was moved yet."}
    complete = last["to"] == 1.0
    if not complete and not reason:
        raise NoDecisionError(
            f"the rollout is not promoted: the candidate has {last['to']:.0%} of the traffic: {last['because']}",
            fix="Promote it when it has all of the traffic, or say why with --reason. --failures-only proposes its failures.",
        )
    return {
        "schema": "baseline/1",
        "system": {"name": treatment},
        "rollout": {"plan": last.get("plan"), "digest": last.get("digest"), "moves": len(moves)},
        "verdict": {
            "outcome": str(Outcome.PASSED if complete else Outcome.INCONCLUSIVE),
            "headline": last["because"],
            "against": control,
        },
        "reason": reason,
        "promoted_at": now,
    }


def failing(labels: Iterable[TraceRow], held: Held, *, most: int) -> dict[str, TraceRow]:
    """Labels of failed traces that are worth a look, by trace, one of each topic in turn, most unusual first.

    Of traces that say nearly the same only one is looked at.

    Args:
        labels: Rows of `label/1`.
        held: What the set holds already.
        most: How many at the most.
    """
    known = {case.origin.trace_id for case in held.cases if case.origin.kind == "failure"} | set(held.wanted)
    by_topic: dict[str, dict[str, TraceRow]] = {}
    for row in labels:
        twin = row.get("near_duplicate_of") or row["trace_id"]
        if FAILURES.isdisjoint(row.get("flags") or ()) or not known.isdisjoint({twin, row["trace_id"]}):
            continue
        found = by_topic.setdefault(row.get("cluster_name") or "other", {})
        found[twin] = min((row, found.get(twin, row)), key=_rank)
    queues = [sorted(found.values(), key=_rank) for _, found in sorted(by_topic.items())]
    rounds = max(map(len, queues), default=0)
    chosen = [queue[turn] for turn in range(rounds) for queue in queues if turn < len(queue)]
    return {row["trace_id"]: row for row in chosen[:most]}


def _rank(row: TraceRow) -> tuple[float, str]:
    return (-(row.get("anomaly") or 0.0), row["trace_id"])


def reasons_of(label: TraceRow) -> tuple[str, ...]:
    """Flags that say that the answer was no good."""
    return tuple(sorted(FAILURES.intersection(label.get("flags") or ())))


def additions(failures: Iterable[Failure], held: Held, *, treatment: str, promotion: str, most: int) -> list[Change]:
    """Failures of production and of the canary that the set does not hold, each input once.

    Args:
        failures: Best first.
        held: What the set holds; an input that it holds as a failure is not proposed again.
        treatment: Variant label of the canary's candidate.
        promotion: What is promoted.
        most: How many at the most.
    """
    seen = {case.case_id for case in held.cases if case.origin.kind in ("failure", "hand")}
    changes: list[Change] = []
    for failure in failures:
        if failure.case_id in seen:
            continue
        seen.add(failure.case_id)
        changes.append(
            Change(
                action="reopen" if failure.case_id in held.retired else "add",
                case_id=failure.case_id,
                trace_id=failure.trace_id,
                reasons=failure.reasons,
                topic=failure.topic,
                seen_in=f"canary {treatment}" if failure.variant == treatment else "production",
                promotion=promotion,
            )
        )
    return changes[:most]


def broken_in_bench(result: GateResult, held: Held, *, promotion: str, most: int) -> list[Change]:
    """Cases that the candidate broke under a metric that decides: from now on they are drawn in any case.

    Cases that somebody wrote, or wanted before, are in every version anyway.
    """
    deciding = {verdict.rule.metric for verdict in result.verdicts if verdict.rule.role in _DECIDES}
    worse = [c for c in result.changes if c.metric in deciding and c.difference is not None and c.difference < 0]
    cases = {case.case_id: case for case in held.cases}
    broken: dict[str, list[str]] = {}
    for change in worse:
        case = cases.get(change.case_id)
        if case is not None and case.origin.trace_id and case.origin.trace_id not in held.wanted:
            broken.setdefault(change.case_id, []).append(f"{change.metric} fell")
    return [
        Change(
            action="add",
            case_id=case_id,
            trace_id=cases[case_id].origin.trace_id,
            reasons=tuple(reasons),
            topic=cases[case_id].stratum,
            seen_in=f"bench {result.candidate_run}",
            promotion=promotion,
        )
        for case_id, reasons in list(broken.items())[:most]
    ]


def stale(held: Held, runs: Sequence[Run], failing_now: Collection[str], *, promotion: str) -> list[Change]:
    """Failures that passed every deciding metric in each of the last runs, and fail in production no more.

    Args:
        held: What the set holds.
        runs: Of any system on this set, newest first.
        failing_now: Cases that fail in production.
        promotion: What is promoted.
    """
    recent = runs[:STALE_AFTER]
    if len(recent) < STALE_AFTER:
        return []
    passed = set.intersection(*(_perfect(run) for run in recent))
    return [
        Change(
            action="retire",
            case_id=case.case_id,
            trace_id=None,
            reasons=(f"passed in the last {STALE_AFTER} runs",),
            topic=case.stratum,
            seen_in=f"bench {recent[0].run_id}",
            promotion=promotion,
        )
        for case in held.cases
        if case.origin.kind == "failure" and case.case_id in passed and case.case_id not in failing_now
    ]


def _perfect(run: Run) -> set[str]:
    """Cases with the best possible value under every score of a run."""
    metrics = {metric.name: metric for metric in run.metrics if metric.kind in ("binary", "graded")}
    best = {name: metric.high if metric.higher_is_better else metric.low for name, metric in metrics.items()}
    scored = [score for score in run.scores if score.metric in best]
    imperfect = {score.case_id for score in scored if getattr(score, "value", None) != best[score.metric]}
    return {score.case_id for score in scored} - imperfect
