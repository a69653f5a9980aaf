"""Verdicts as sentences: better and worse, plausible range and tolerance; no p-values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.core.stats.differences import slow_threshold
from llmci.core.wording import about, count, percent, points, rounded, signed, sure, value
from llmci.domain.verdict import Outcome

if TYPE_CHECKING:
    from llmci.core.gating.questions import Question
    from llmci.domain.verdict import Difference, Verdict


@dataclass(frozen=True, slots=True)
class _Phrase:
    """How one metric is talked about.

    Attributes:
        subject: What moves.
        falling: Whether less of it is worse.
        relative: Whether changes are shares of the baseline rather than points.
    """

    subject: str
    falling: bool
    relative: bool

    def size(self, change: float) -> str:
        return percent(abs(change)) if self.relative else points(change)

    def spread(self, low: float, high: float, limit: float) -> str:
        """Where the change lies, as the metric itself moves, with no end rounded onto zero or the tolerance."""
        ends = (low, high) if self.falling else (-high, -low)
        apart = (0.0, -100 * limit, 100 * limit)
        first, last = (signed(100 * end, apart_from=apart) for end in ends)
        unit = "%" if self.relative else "points"
        match [math.isfinite(end) for end in ends]:
            case [True, True]:
                return f"lies between {first} and {last} {unit}"
            case [True, False]:
                return f"is at least {first} {unit}"
            case [False, True]:
                return f"is at most {last} {unit}"
            case _:
                return "may be anything"

    def verb(self, *, worse: bool) -> str:
        return "fell" if worse == self.falling else "rose"

    @property
    def loss(self) -> str:
        return "drop" if self.falling else "rise"


def because(of: Question, outcome: Outcome, seen: Difference, *, needed: int | None, alone: bool) -> str:
    """One sentence or two for a verdict that was reached by comparing.

    Args:
        of: What was asked.
        outcome: What came out.
        seen: The difference.
        needed: Cases that would settle it.
        alone: Whether a drop is proven for this question taken alone, though not among all that
            were asked.
    """
    phrase = _phrase(of)
    match outcome:
        case Outcome.REGRESSED:
            return _regressed(of, phrase, seen)
        case Outcome.PASSED:
            return _passed(of, phrase, seen)
        case _:
            return _inconclusive(of, phrase, seen, needed=needed, alone=alone)


def too_few(of: Question) -> str:
    """For a slice that is too thin to be judged."""
    return f"too few cases: {len(of.baseline):,}, and a slice needs at least {of.rule.min_cases:,}"


def where(verdict: Verdict) -> str:
    """What a verdict is about: the metric, and the slice if it is one."""
    if verdict.slice is None:
        return verdict.rule.metric
    label, name = verdict.slice
    return f"{verdict.rule.metric} in {label} {name}"


def _phrase(of: Question) -> _Phrase:
    name = of.metric.name
    if of.metric.kind == "latency":
        threshold = value(slow_threshold(of.baseline, of.candidate), of.metric.unit)
        return _Phrase(f"the share of slow answers ({name} above {threshold})", falling=False, relative=False)
    return _Phrase(name, falling=of.metric.higher_is_better, relative=of.metric.kind == "ratio")


def _regressed(of: Question, phrase: _Phrase, seen: Difference) -> str:
    if not math.isfinite(seen.estimate):
        return f"{phrase.subject} rose from 0 to {value(seen.candidate, of.metric.unit)}"
    least = f" (at least {_least(seen.high, phrase)}, {sure(of.rule.alpha)})"
    beyond = f", and {phrase.size(of.rule.tolerance)} are tolerated" if of.failing_margin else ""
    return f"{phrase.subject} {phrase.verb(worse=True)} by about {phrase.size(seen.estimate)}{least}{beyond}"


def _passed(of: Question, phrase: _Phrase, seen: Difference) -> str:
    tolerance, spread = of.rule.tolerance, phrase.spread(seen.low, seen.high, of.rule.tolerance)
    ruled_out = f"a {phrase.loss} of {phrase.size(tolerance)} in {phrase.subject} is ruled out: the change {spread}"
    if seen.low > 0:
        sign = phrase.verb(worse=False)
        least = f"at least {_least(seen.low, phrase)}, {sure(of.rule.alpha)}"
        return f"{phrase.subject} {sign} by about {phrase.size(seen.estimate)} ({least})"
    if seen.high < 0:
        return f"{ruled_out}; it {phrase.verb(worse=True)} by about {phrase.size(seen.estimate)}, which is tolerated"
    return ruled_out


def _inconclusive(of: Question, phrase: _Phrase, seen: Difference, *, needed: int | None, alone: bool) -> str:
    cases = count(len(of.baseline), "case")
    if of.layout.df < 1:
        if of.layout.cases < 2:
            return f"{cases} can show no change in {phrase.subject}"
        return f"{cases} in {count(of.layout.group_count, 'independent group')} can show no change in {phrase.subject}"
    first = f"the change in {phrase.subject} {phrase.spread(seen.low, seen.high, of.rule.tolerance)}"
    if alone:
        first += (
            f". Alone it would count as a {phrase.loss}; among so many questions one such finding is expected by chance"
        )
    shown = (
        f"{cases} show a {phrase.loss} of {phrase.size(seen.detectable)} or more 9 times in 10"
        if seen.detectable < 1
        else f"With {cases} no {phrase.loss} shows reliably"
    )
    if needed is None:
        return f"{first}. {shown}"
    return f"{first}. {shown}; {about(needed)} would settle a tolerance of {phrase.size(of.rule.tolerance)}"


def _least(bound: float, phrase: _Phrase) -> str:
    text = rounded(abs(bound) * 100)
    return f"{text} %" if phrase.relative else text
