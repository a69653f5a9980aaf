"""The answer matches a pattern."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import field_validator

from llmci import seams
from llmci.adapters.scorers.rule import NoMark, RuleScorer
from llmci.adapters.scorers.wording import strings

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Answered


class RegexOptions(seams.Options):
    """What to look for.

    Attributes:
        pattern: Python regular expression for every case; without it the case's expectation.
        expectation: Name of the expectation that holds the pattern of a case.
        whole: The whole answer must match, not a part of it.
        ignore_case: Upper and lower case are the same.
    """

    pattern: str | None = None
    expectation: str = "pattern"
    whole: bool = False
    ignore_case: bool = False

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return pattern


class RegexScorer(RuleScorer[RegexOptions]):
    """1 if the pattern is found in the answer."""

    Options = RegexOptions

    def mark(self, case: Case, answer: Answered) -> float | NoMark:
        """See `RuleScorer.mark`."""
        patterns = strings(self.options.pattern or case.expectations.get(self.options.expectation))
        if patterns is None:
            return NoMark(f"the case has no expectation {self.options.expectation!r}")
        flags = re.DOTALL | (re.IGNORECASE if self.options.ignore_case else 0)
        try:
            compiled = [re.compile(pattern, flags) for pattern in patterns]
        except re.error:
            return NoMark("the pattern of the case is not a regular expression")
        text = answer.text.strip()
        return float(all(item.fullmatch(text) if self.options.whole else item.search(text) for item in compiled))
