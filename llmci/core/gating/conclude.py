"""Many verdicts to one: what decides the run, and the sentence that says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.core.gating.sentences import where
from llmci.core.wording import listed
from llmci.domain.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.domain.run import Metric
    from llmci.domain.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The outcome of a run with its reasons; `notes` did not decide it."""

    outcome: Outcome
    headline: str
    because: tuple[str, ...]
    notes: tuple[str, ...] = ()


# What a reader should hear of first. A proven drop stands even where another gate could not be asked.
_ORDER = (Outcome.REGRESSED, Outcome.NOT_COMPARABLE, Outcome.NO_EVIDENCE, Outcome.INCONCLUSIVE)


def conclude(verdicts: Sequence[Verdict], metrics: Sequence[Metric]) -> Conclusion:
    """Decide the run.

    It passes only if every primary rule does. Guardrails and critical slices fail it when a drop is
    proven and do not hold it up while they are merely uncertain.

    Args:
        verdicts: Of all rules and slices, in order.
        metrics: The metrics they are about.
    """
    measured = {metric.name: metric for metric in metrics}
    decided = [(verdict, _counts_as(verdict, measured)) for verdict in verdicts]
    for outcome in _ORDER:
        reasons = [verdict for verdict, counted in decided if counted is outcome]
        if reasons:
            return Conclusion(outcome, _headline(reasons), tuple(map(_reason, reasons)), _notes(decided))
    passed = [verdict for verdict, counted in decided if counted is Outcome.PASSED and verdict.slice is None]
    return Conclusion(Outcome.PASSED, _passing(passed), tuple(map(_reason, passed)), _notes(decided))


def barred(obstacles: Sequence[str]) -> Conclusion:
    """The conclusion on two runs that must not be compared."""
    return Conclusion(Outcome.NOT_COMPARABLE, obstacles[0], tuple(obstacles))


def _counts_as(verdict: Verdict, metrics: dict[str, Metric]) -> Outcome | None:
    """What a verdict means for the run; None where it only informs."""
    if not verdict.gating:
        return None
    if verdict.outcome in (Outcome.REGRESSED, Outcome.NOT_COMPARABLE, Outcome.PASSED):
        return verdict.outcome
    if verdict.outcome is Outcome.NO_EVIDENCE:
        metric = metrics.get(verdict.rule.metric)
        unpriced = metric is not None and metric.kind in ("ratio", "latency")
        # A cost nobody knows breaks no guardrail, and keeps none either: it is said and decides nothing.
        return None if unpriced and verdict.rule.role == "guardrail" else Outcome.NO_EVIDENCE
    if verdict.rule.role != "primary" or verdict.slice is not None:
        return None
    return {"error": Outcome.INCONCLUSIVE, "pass": Outcome.PASSED, "fail": Outcome.REGRESSED}[
        verdict.rule.on_inconclusive
    ]


def _headline(reasons: Sequence[Verdict]) -> str:
    first, rest = reasons[0], reasons[1:]
    also = f"; also {listed([where(verdict) for verdict in rest], most=4)}" if rest else ""
    return f"{_reason(first)}{also}"


def _passing(passed: Sequence[Verdict]) -> str:
    primary = [verdict for verdict in passed if verdict.rule.role == "primary"] or list(passed)
    if not primary:
        return "no gate is broken, and none had to be proven"
    return _headline(primary)


def _reason(verdict: Verdict) -> str:
    sentence = verdict.because if verdict.slice is None else f"{where(verdict)}: {verdict.because}"
    if verdict.outcome is Outcome.INCONCLUSIVE and verdict.rule.on_inconclusive == "fail":
        return f"{sentence}. This rule counts that as a failure"
    if verdict.outcome is Outcome.INCONCLUSIVE and verdict.rule.on_inconclusive == "pass":
        return f"{sentence}. This rule lets that pass"
    return sentence


def _notes(decided: Sequence[tuple[Verdict, Outcome | None]]) -> tuple[str, ...]:
    """What did not decide and should be known: what was left open, and warnings of what gates nothing."""
    aside = [verdict for verdict, counted in decided if counted is None]
    open_slices = [where(one) for one in aside if one.gating and one.slice and one.outcome is Outcome.INCONCLUSIVE]
    notes = [
        f"{verdict.rule.role} {where(verdict)} is {verdict.outcome.value}: {verdict.because}"
        for verdict in aside
        if verdict.outcome is Outcome.REGRESSED
        or (verdict.slice is None and verdict.outcome in (Outcome.INCONCLUSIVE, Outcome.NO_EVIDENCE))
    ]
    if open_slices:
        notes.append(f"not settled either way: {listed(open_slices)}")
    return tuple(notes)
