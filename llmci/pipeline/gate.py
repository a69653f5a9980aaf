"""bench -> **gate** -> report: two runs and rules in, a verdict out."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from llmci.core.gating.ask import compare
from llmci.core.gating.changes import changes
from llmci.core.gating.comparable import nothing_changed, obstacles
from llmci.core.gating.conclude import Conclusion, barred, conclude
from llmci.core.gating.decide import decide, in_family
from llmci.core.gating.explain import explain, fooled
from llmci.core.gating.remarks import remarks
from llmci.core.gating.traits import said_of
from llmci.domain.verdict import GateResult, Outcome, Verdict
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.core.gating.ask import Comparison
    from llmci.core.gating.traits import Said
    from llmci.domain.case import Case
    from llmci.domain.run import Run
    from llmci.domain.verdict import Rule

UNSAID: tuple[Mapping[str, Said], Mapping[str, Said]] = ({}, {})
UNCHANGED = "nothing changed: every request is the same as before"


def gate(
    baseline: Run,
    candidate: Run,
    cases: Sequence[Case],
    rules: Sequence[Rule],
    *,
    max_infrastructure_failures: float = 0.02,
    max_days_apart: float = math.inf,
    said: tuple[Mapping[str, Said], Mapping[str, Said]] | None = None,
) -> GateResult:
    """Decide whether the candidate regressed.

    Args:
        baseline: Run of the system in production.
        candidate: Run of the system that would replace it, on the same cases with the same scorers.
        cases: The cases of the eval set that both ran on.
        rules: What to ask; at least one.
        max_infrastructure_failures: Share of cases that may be lost to faults that are not a
            system's; above it a metric is no evidence.
        max_days_apart: Days that may lie between the two runs.
        said: What both systems answered, by case id, where the runs themselves do not hold it;
            `UNSAID` where nobody wants to know what changed about the answers.

    Returns:
        A verdict in every event that can be reported: not comparable and no evidence are verdicts.

    Raises:
        UsageError: There is no rule, or a run is damaged.
    """
    if not rules:
        raise UsageError(
            "there is no gate.", fix="Add at least one under `gates:`, such as `- {metric: correct, tolerance: 5pt}`."
        )
    if stops := obstacles(baseline, candidate, cases, max_days_apart):
        return _result(baseline, candidate, barred(stops), verdicts=())
    comparison = compare(baseline, candidate, cases, rules, max_infrastructure_failures)
    verdicts, notes = _verdicts(comparison), list(remarks(comparison, baseline, candidate, len(cases)))
    # What was not asked yet may have changed.
    partial = candidate.looks is not None and candidate.looks.asked < candidate.looks.planned[-1]
    unchanged = not partial and nothing_changed(baseline, candidate)
    if unchanged:
        notes += [
            f"{UNCHANGED}, and yet: {verdict.because}" for verdict in verdicts if verdict.outcome is Outcome.REGRESSED
        ]
        verdicts = [_excused(verdict) for verdict in verdicts]
    concluded = conclude(verdicts, baseline.metrics)
    if unchanged and concluded.outcome is Outcome.PASSED:
        concluded = replace(concluded, headline=UNCHANGED)
    concluded = replace(concluded, notes=(*concluded.notes, *notes))
    result = _result(baseline, candidate, concluded, verdicts=tuple(verdicts))
    compared = [comparison.compared[name] for name in _gated(comparison)]
    result = replace(result, changes=changes(comparison.frame, compared), facts=_facts(comparison))
    found = explain(comparison, (baseline, candidate), *(said or (said_of(baseline), said_of(candidate))))
    result = replace(result, findings=found.findings, unchanged=found.unchanged)
    if result.outcome is Outcome.PASSED and (constant := fooled(found)):
        # Whatever scored it so high does not see what is wrong with it.
        said_of_it = f"the scores pass and cannot be believed: {constant}"
        return replace(result, outcome=Outcome.INCONCLUSIVE, headline=said_of_it, because=(said_of_it,))
    return result


def _verdicts(comparison: Comparison) -> list[Verdict]:
    decided = iter(decide(comparison.questions()))
    return [part if isinstance(part, Verdict) else next(decided) for asked in comparison.asked for part in asked.parts]


def _excused(verdict: Verdict) -> Verdict:
    """The same requests cannot have regressed: what differs is chance, or the world behind the model."""
    if verdict.gating and verdict.outcome in (Outcome.REGRESSED, Outcome.INCONCLUSIVE):
        return replace(verdict, outcome=Outcome.PASSED, because=UNCHANGED, needed_cases=None)
    return verdict


def _gated(comparison: Comparison) -> list[str]:
    """Metrics of rules that gate, once each, in order; of all rules where none does."""
    rules = [asked.rule for asked in comparison.asked]
    gating = [rule.metric for rule in rules if rule.role != "watch"] or [rule.metric for rule in rules]
    return [name for name in dict.fromkeys(gating) if name in comparison.compared]


def _facts(comparison: Comparison) -> dict[str, object]:
    frame = comparison.frame
    early = {"look": frame.look.at + 1, "looks": len(frame.look.times)} if frame.look else {}
    return early | {
        "cases": len(frame.cases),
        "questions_that_can_fail": sum(in_family(asked) for asked in comparison.questions()),
        "lost_cases": {name: pairs.lost for name, pairs in comparison.compared.items()},
    }


def _result(baseline: Run, candidate: Run, concluded: Conclusion, *, verdicts: tuple[Verdict, ...]) -> GateResult:
    return GateResult(
        outcome=concluded.outcome,
        headline=concluded.headline,
        because=concluded.because,
        verdicts=verdicts,
        changes=(),
        baseline_run=baseline.run_id,
        candidate_run=candidate.run_id,
        notes=concluded.notes,
    )
