"""The number in the answer is the expected one, within a tolerance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from llmci.adapters.scorers.numbers import Closeness, numbers_in
from llmci.adapters.scorers.rule import NoMark, RuleScorer

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Answered


class NumberOptions(Closeness):
    """Which number, and how close.

    Attributes:
        expectation: Name of the expectation that holds the number of a case; without one the last
            number of its reference.
        take: Which number of the answer counts: the last, the first, any, or the only one.
    """

    expectation: str = "number"
    take: Literal["last", "first", "any", "only"] = "last"


class NumberScorer(RuleScorer[NumberOptions]):
    """1 if the number is close enough; 0 if it is not, or if there is none."""

    Options = NumberOptions

    def mark(self, case: Case, answer: Answered) -> float | NoMark:
        """See `RuleScorer.mark`."""
        known = numbers_in(str(case.expectations.get(self.options.expectation, case.reference or "")))
        if not known:
            return NoMark(f"neither the case's expectation {self.options.expectation!r} nor its reference has a number")
        given = numbers_in(answer.text)
        match self.options.take:
            case "last":
                given = given[-1:]
            case "first":
                given = given[:1]
            case "only" if len(given) != 1:
                given = []
        return float(any(self.options.near(number, known[-1]) for number in given))
