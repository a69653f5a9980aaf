"""How many cases of a set each gate takes, on all of them and on each slice, before anybody is asked."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.core.bench.schedule import design, questions
from llmci.core.stats.power import cases_needed, detectable_drop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.domain.case import Case
    from llmci.domain.verdict import Rule

_DECIDING = ("primary", "guardrail")
_ALPHA = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one gate takes.

    Attributes:
        metric: That it watches.
        tolerance: The drop that it must notice.
        slice: Label and value; None is all cases.
        cases: That are asked there; those kept for release gates are not among them.
        worth: Cases of equal weight that depend on no other that they are worth.
        takes: Cases of this kind that notice such a drop 9 times in 10.
        notices: The drop that these cases notice 9 times in 10; 1 where they notice none.
    """

    metric: str
    tolerance: float
    slice: tuple[str, str] | None
    cases: int
    worth: float
    takes: int
    notices: float


def needs(cases: Sequence[Case], rules: Sequence[Rule], *, discordance: float) -> list[Need]:
    """What the gates take that can fail a run, each with its slices, most cases first.

    Counted as a bench plans it, without looks before the end. Error rates are those of the whole run, shared by all questions that can fail it.

    Args:
        cases: Of the set.
        rules: Gates of scores; amounts, whose tolerance is a share of the baseline, are not to be among them.
        discordance: Share of cases that differ between two runs of an unchanged system.
    """
    asked = _asked(cases)
    deciding = _deciding(rules)
    family = sum(questions(rule, asked) for rule in deciding)
    found = []
    for rule in deciding:
        slices: defaultdict[tuple[str, str], list[Case]] = defaultdict(list)
        for case in asked:
            for label in rule.slice_by:
                if (value := case.slices.get(label)) is not None:
                    slices[label, value].append(case)
        ordered = sorted(slices.items(), key=lambda item: (-len(item[1]), item[0]))
        for where, members in [(None, asked), *ordered]:
            if members:
                found.append(_need(rule, where, members, discordance, rule.alpha / family))
    return found


def lacking(cases: Sequence[Case], rules: Sequence[Rule], *, drop: float, discordance: float) -> float:
    """How many times as many such cases it takes to notice a drop on all of them 9 times in 10; at most 1 where these do.

    Args:
        cases: That are drawn; those kept for release gates are not asked.
        rules: Gates of scores, which share the error rate; one of .05 without any.
        drop: To notice.
        discordance: Share of cases that differ between two runs of an unchanged system.
    """
    asked = _asked(cases)
    if not asked:
        return math.inf
    needed = cases_needed(discordance, drop, alpha=_alpha(asked, rules))
    return needed * design(asked) / len(asked)


def notices(cases: Sequence[Case], rules: Sequence[Rule], *, discordance: float) -> float:
    """The drop that these cases notice 9 times in 10; 1 where they notice none. See `lacking`."""
    asked = _asked(cases)
    if not asked:
        return 1.0
    return detectable_drop(discordance, len(asked) / design(asked), alpha=_alpha(asked, rules))


def _alpha(asked: Sequence[Case], rules: Sequence[Rule]) -> float:
    deciding = _deciding(rules)
    family = sum(questions(rule, asked) for rule in deciding)
    return min((rule.alpha for rule in deciding), default=_ALPHA) / max(family, 1)


def _asked(cases: Sequence[Case]) -> list[Case]:
    return [case for case in cases if not case.holdout]


def _deciding(rules: Sequence[Rule]) -> list[Rule]:
    return [rule for rule in rules if rule.role in _DECIDING]


def _need(rule: Rule, where: tuple[str, str] | None, members: Sequence[Case], discordance: float, alpha: float) -> Need:
    each = design(members)
    differing = min(discordance, 1 - rule.tolerance)
    return Need(
        metric=rule.metric,
        tolerance=rule.tolerance,
        slice=where,
        cases=len(members),
        worth=len(members) / each,
        takes=math.ceil(cases_needed(differing, rule.tolerance, alpha=alpha) * each),
        notices=detectable_drop(differing, len(members) / each, alpha=alpha),
    )
