"""The answer begins as it must."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.adapters.scorers.rule import NoMark, RuleScorer
from llmci.adapters.scorers.wording import WordingOptions, plain, strings

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Answered


class StartsWithOptions(WordingOptions):
    """What the answer begins with.

    Attributes:
        values: Beginnings for every case, one of which is enough; without them the case's expectation.
        expectation: Name of the expectation that holds the beginnings of a case.
    """

    values: tuple[str, ...] = ()
    expectation: str = "starts_with"


class StartsWithScorer(RuleScorer[StartsWithOptions]):
    """1 if the answer begins with one of the texts."""

    Options = StartsWithOptions

    def mark(self, case: Case, answer: Answered) -> float | NoMark:
        """See `RuleScorer.mark`."""
        expected = self.options.values or strings(case.expectations.get(self.options.expectation))
        if expected is None:
            return NoMark(f"the case has no expectation {self.options.expectation!r}")
        beginnings = tuple(plain(value, self.options) for value in expected)
        return float(plain(answer.text, self.options).startswith(beginnings))
