"""Many verdicts to one: what decides the run, and the sentence that says so."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.core.gating.sentences import where
from llmci.core.wording import listed
from llmci.domain.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.domain.case import Case
    from llmci.domain.run import Metric
    from llmci.domain.verdict import GateResult, Rule, Verdict


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
    unknown = [verdict for verdict, _ in decided if verdict.gating and verdict.outcome is Outcome.NO_EVIDENCE]
    if unknown and not passed:
        # Nothing at all was weighed: an unknown price may not hold up a pass, and is none by itself.
        return Conclusion(Outcome.NO_EVIDENCE, _headline(unknown), tuple(map(_reason, unknown)), _notes(decided))
    return Conclusion(Outcome.PASSED, _passing(passed), tuple(map(_reason, passed)), _notes(decided))


def settled(result: GateResult, rules: Sequence[Rule], cases: Sequence[Case]) -> bool:
    """Whether more cases could change nothing: a gate has failed, or every gate is decided.

    Args:
        result: What was said of the cases asked so far.
        rules: The gates.
        cases: All cases that may be asked. A slice that has enough of them is waited for.
    """
    if result.outcome in (Outcome.REGRESSED, Outcome.NOT_COMPARABLE):
        return any(v.gating and v.outcome is result.outcome for v in result.verdicts) or not result.verdicts
    said = {(verdict.rule, verdict.slice): verdict for verdict in result.verdicts}
    awaited: list[tuple[Rule, tuple[str, str] | None]] = [(rule, None) for rule in rules if rule.role != "watch"]
    awaited += [
        (rule, (label, value))
        for rule in rules
        if rule.critical and rule.role != "watch"
        for label in rule.slice_by
        for value, held in Counter(case.slices.get(label) for case in cases).items()
        if value and held >= rule.min_cases
    ]
    return all(_decided(said.get(one)) for one in awaited)


def _decided(verdict: Verdict | None) -> bool:
    """Whether a gate has had its say; an unknown price will not become known."""
    if verdict is None or verdict.outcome is Outcome.INCONCLUSIVE:
        return False
    return verdict.outcome is not Outcome.NO_EVIDENCE or verdict.rule.role == "guardrail"


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
    # What could be extended has been: the bench asks again before anything is concluded.
    return {"pass": Outcome.PASSED, "fail": Outcome.REGRESSED}.get(verdict.rule.on_inconclusive, Outcome.INCONCLUSIVE)


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
