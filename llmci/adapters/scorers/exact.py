"""The answer is the reference, word for word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.adapters.scorers.rule import NoMark, RuleScorer
from llmci.adapters.scorers.wording import WordingOptions, plain

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Answered


class ExactScorer(RuleScorer[WordingOptions]):
    """1 if the answer equals the reference of the case."""

    Options = WordingOptions

    def mark(self, case: Case, answer: Answered) -> float | NoMark:
        """See `RuleScorer.mark`."""
        if case.reference is None:
            return NoMark("the case has no reference")
        return float(plain(answer.text, self.options) == plain(case.reference, self.options))
