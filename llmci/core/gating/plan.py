"""What gates can see on these cases: which drops are noticed how often, and what a tolerance would take."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llmci.core.gating.measure import measure, planned_cases
from llmci.core.gating.questions import score_moments
from llmci.core.stats.chances import at_fixed_size
from llmci.core.stats.power import chance_to_notice, chance_to_rule_out, discordance_seen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.core.gating.frame import SliceKey
    from llmci.core.gating.questions import Question

# Every table of wins and losses is counted up to here; beyond it the normal approximation is as good.
_COUNTED = 1000
_TOLERANCES = (0.01, 0.02, 0.03, 0.05, 0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one rule can see on all cases, or on one slice.

    Attributes:
        detectable: Smallest drop that is noticed 9 times in 10.
        noticed: Chance to notice a drop as large as the tolerance; None for ratios.
        ruled_out: Chance that an unchanged system passes; None for ratios.
        needed_cases: Cases that notice a drop of the tolerance 9 times in 10; None if not known.
    """

    metric: str
    slice: SliceKey | None
    gating: bool
    cases: int
    tolerance: float
    detectable: float
    noticed: float | None
    ruled_out: float | None
    needed_cases: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a tolerance of a gate would take.

    Attributes:
        noticed: Chance that the cases at hand notice a drop as large.
        cases: Cases that notice it 9 times in 10; None if not known.
        calls: Of the candidate for as many, with as many tries as now.
        cost: US dollars for them, judges included; None is unknown.
    """

    metric: str
    tolerance: float
    noticed: float
    cases: int | None
    calls: int | None
    cost: float | None


def prices(questions: Sequence[Question], *, repeats: int, cost_per_call: float | None) -> list[Price]:
    """What other tolerances of the gates on all cases would take; ratios are left out.

    Args:
        questions: In order.
        repeats: Tries of each case.
        cost_per_call: US dollars of one answer of the candidate, judged; None is unknown.
    """
    found = []
    for asked in questions:
        if asked.slice is not None or not asked.gating or asked.metric.kind == "ratio":
            continue
        seen = measure(asked)
        for tolerance in sorted({*_TOLERANCES, asked.rule.tolerance}):
            other = replace(asked, rule=replace(asked.rule, tolerance=tolerance))
            cases = planned_cases(other, seen)
            calls = None if cases is None else cases * repeats
            cost = None if calls is None or cost_per_call is None else calls * cost_per_call
            noticed = _chances(other)[0]
            found.append(
                Price(
                    metric=asked.metric.name, tolerance=tolerance, noticed=noticed, cases=cases, calls=calls, cost=cost
                )
            )
    return found


def sights(questions: Sequence[Question]) -> list[Sight]:
    """Look at every question, in order."""
    return [_sight(asked) for asked in questions]


def _sight(asked: Question) -> Sight:
    seen = measure(asked)
    noticed, ruled_out = (None, None) if asked.metric.kind == "ratio" else _chances(asked)
    return Sight(
        metric=asked.rule.metric,
        slice=asked.slice,
        gating=asked.gating,
        cases=seen.cases,
        tolerance=asked.rule.tolerance,
        detectable=seen.detectable,
        noticed=noticed,
        ruled_out=ruled_out,
        needed_cases=planned_cases(asked, seen),
    )


def _chances(asked: Question) -> tuple[float, float]:
    measured = score_moments(asked)
    cases, discordance = float(measured.effective), discordance_seen(measured)
    margin, alpha = asked.rule.tolerance, asked.rule.alpha
    if asked.layout.df < 1:
        return 0.0, 0.0
    # A slice of very different cases may differ in more of them than a drop leaves room for.
    discordance = min(discordance, 1 - margin)
    if cases > _COUNTED:
        return (
            chance_to_notice(discordance, margin, cases, alpha=alpha),
            chance_to_rule_out(discordance, margin, cases, alpha=alpha),
        )
    whole = max(math.floor(cases), 2)
    dropped = at_fixed_size(whole, discordance=discordance, drop=margin, margin=margin, alpha=alpha)
    unchanged = at_fixed_size(whole, discordance=discordance, drop=0.0, margin=margin, alpha=alpha)
    return dropped.fails, unchanged.passes
