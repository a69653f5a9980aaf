"""Runs and rules to questions: what each rule asks, or why it cannot ask anything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.gating.causes import causes
from llmci.core.gating.columns import columns
from llmci.core.gating.comparable import metric_obstacle
from llmci.core.gating.earlier import earlier
from llmci.core.gating.frame import frame
from llmci.core.gating.must_pass import must_pass
from llmci.core.gating.pairs import pairs
from llmci.core.gating.questions import question
from llmci.domain.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.core.gating.frame import Frame, SliceKey
    from llmci.core.gating.pairs import Pairs
    from llmci.core.gating.questions import Question
    from llmci.core.stats.arrays import BoolArray
    from llmci.domain.case import Case
    from llmci.domain.run import Run
    from llmci.domain.verdict import Rule


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A rule with its questions, in order: all cases, then its slices.

    Attributes:
        parts: A question each, or a verdict where there is nothing to weigh.
    """

    rule: Rule
    parts: tuple[Question | Verdict, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two runs, paired up.

    Attributes:
        asked: One for each rule, in order.
        compared: The metrics that could be paired, by name.
    """

    frame: Frame
    asked: tuple[Asked, ...]
    compared: Mapping[str, Pairs]

    def questions(self) -> list[Question]:
        """Every question, in order."""
        return [part for asked in self.asked for part in asked.parts if not isinstance(part, Verdict)]


def compare(baseline: Run, candidate: Run, cases: Sequence[Case], rules: Sequence[Rule], max_lost: float) -> Comparison:
    """Pair up two comparable runs and ask every rule.

    Args:
        baseline: The system in production.
        candidate: The system that would replace it.
        cases: The cases of the set; those that were not asked are left out.
        rules: What to ask.
        max_lost: Share of cases that may be lost to faults that are not a system's.
    """
    wanted = set(baseline.case_ids)
    asked_cases = [case for case in cases if case.case_id in wanted]
    arranged = frame(asked_cases, baseline.case_ids, baseline.looks)
    barred = {rule.metric: metric_obstacle(baseline, candidate, rule.metric) for rule in rules}
    metrics = [metric for metric in baseline.metrics if metric.name in barred and not barred[metric.name]]
    index = arranged.index()
    before, after = columns(baseline, metrics, index), columns(candidate, metrics, index)
    compared = {m.name: pairs(m, before[m.name], after[m.name], max_lost) for m in metrics}
    compared = {
        name: replace(paired, history=earlier(paired.metric, baseline, arranged, cases))
        for name, paired in compared.items()
    }
    compared = {name: _explained(paired, causes(name, baseline, candidate)) for name, paired in compared.items()}
    asked = (
        Asked(rule, tuple(_parts(rule, barred[rule.metric], compared.get(rule.metric), arranged))) for rule in rules
    )
    return Comparison(arranged, tuple(asked), compared)


def _explained(paired: Pairs, why: str) -> Pairs:
    return replace(paired, no_evidence=f"{paired.no_evidence}: {why}") if paired.no_evidence and why else paired


def _parts(rule: Rule, barred: str | None, paired: Pairs | None, cases: Frame) -> list[Question | Verdict]:
    if barred or paired is None:
        return [_settled(rule, Outcome.NOT_COMPARABLE, f"{barred}")]
    if paired.no_evidence:
        return [_settled(rule, Outcome.NO_EVIDENCE, paired.no_evidence)]
    if rule.role == "must_pass":
        return [must_pass(rule, paired, cases)]
    if not np.any(cases.weights[paired.kept & cases.looked]):
        return [_settled(rule, Outcome.NO_EVIDENCE, f"the cases that {rule.metric} compares weigh nothing")]
    whole = question(rule, paired, cases, None, None)
    return [whole, *(part for label in rule.slice_by for part in _slices(rule, paired, cases, label))]


def _slices(rule: Rule, paired: Pairs, cases: Frame, label: str) -> list[Question | Verdict]:
    members = cases.slices(label)
    if not members:
        # A misspelt label must not silently gate nothing.
        return [_settled(rule, Outcome.NO_EVIDENCE, f"no case has a label called {label}", (label, ""))]
    return [_slice(rule, paired, cases, key, of) for key, of in members.items()]


def _slice(rule: Rule, paired: Pairs, cases: Frame, key: SliceKey, members: BoolArray) -> Question | Verdict:
    kept = paired.kept & members & cases.looked
    if lost := paired.lost_among(members & cases.looked):
        return _settled(rule, Outcome.NO_EVIDENCE, lost, key)
    if not np.any(cases.weights[kept]):
        why = (
            "its cases carry no weight"
            if kept.any()
            else f"none of its cases has a value of {rule.metric} in both runs"
        )
        return Verdict(rule=rule, outcome=Outcome.INCONCLUSIVE, because=why, gating=False, slice=key)
    return question(rule, paired, cases, key, members)


def _settled(rule: Rule, outcome: Outcome, why: str, key: SliceKey | None = None) -> Verdict:
    gating = rule.role != "watch" and (key is None or rule.critical)
    return Verdict(rule=rule, outcome=outcome, because=why, gating=gating, slice=key)
