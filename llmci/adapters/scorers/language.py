"""Whether the answer is in the language of the question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci import seams
from llmci.adapters.scorers.rule import Marked, NoMark, RuleScorer
from llmci.core.bench.chat import question_of
from llmci.core.grouping.language import UNKNOWN, language_of

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Answered


class LanguageKeptOptions(seams.Options):
    """Which language is right.

    Attributes:
        language: ISO 639-1 code for every case, such as `de`; without one the case's expectation, else
            the language of the last question.
        expectation: Name of the expectation that holds the code of a case.
    """

    language: str | None = None
    expectation: str = "language"


class LanguageKeptScorer(RuleScorer[LanguageKeptOptions]):
    """1 if the answer is in the right language. Where either is too short or too mixed to tell, it is not scored."""

    Options = LanguageKeptOptions

    def mark(self, case: Case, answer: Answered) -> float | Marked | NoMark:
        """See `RuleScorer.mark`."""
        right = self.options.language or case.expectations.get(self.options.expectation)
        right = str(right).lower() if right else language_of(question_of(case))
        if right == UNKNOWN:
            return NoMark("the language of the question cannot be told")
        found = language_of(answer.text)
        if found == UNKNOWN:
            return NoMark("the language of the answer cannot be told")
        return 1.0 if found == right else Marked(0.0, f"{found} instead of {right}")
