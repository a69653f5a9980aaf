"""The answer contains what it must."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from llmci.adapters.scorers.rule import NoMark, RuleScorer
from llmci.adapters.scorers.wording import WordingOptions, plain, strings

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Answered


class ContainsOptions(WordingOptions):
    """What must be in the answer.

    Attributes:
        values: Texts for every case; without them the case's expectation, else its reference.
        expectation: Name of the expectation that holds the texts of a case.
        need: All of them, or any.
    """

    values: tuple[str, ...] = ()
    expectation: str = "contains"
    need: Literal["all", "any"] = "all"


class ContainsScorer(RuleScorer[ContainsOptions]):
    """1 if all (or any) of the texts stand in the answer."""

    Options = ContainsOptions

    def mark(self, case: Case, answer: Answered) -> float | NoMark:
        """See `RuleScorer.mark`."""
        expected = (
            self.options.values or strings(case.expectations.get(self.options.expectation)) or strings(case.reference)
        )
        if expected is None:
            return NoMark(f"the case has neither an expectation {self.options.expectation!r} nor a reference")
        text = plain(answer.text, self.options)
        found = [plain(value, self.options) in text for value in expected]
        return float(all(found) if self.options.need == "all" else any(found))


class ContainsAnyOptions(ContainsOptions):
    """One of the texts is enough."""

    need: Literal["all", "any"] = "any"


class ContainsAnyScorer(ContainsScorer):
    """`contains`, where one of the texts is enough."""

    Options = ContainsAnyOptions


class IcontainsOptions(ContainsOptions):
    """Upper and lower case are the same."""

    ignore_case: bool = True


class IcontainsScorer(ContainsScorer):
    """`contains`, whatever the case of the letters."""

    Options = IcontainsOptions
