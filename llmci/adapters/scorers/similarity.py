"""How close the answer's characters are to the reference's."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rapidfuzz.distance import Indel

from llmci.adapters.scorers.rule import NoMark, RuleScorer
from llmci.adapters.scorers.wording import WordingOptions, plain

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Answered, MetricKind


class SimilarityScorer(RuleScorer[WordingOptions]):
    """1 for the same text, 0 for no character in common: insertions and deletions over both lengths."""

    Options = WordingOptions
    kind: ClassVar[MetricKind] = "graded"

    def mark(self, case: Case, answer: Answered) -> float | NoMark:
        """See `RuleScorer.mark`."""
        if case.reference is None:
            return NoMark("the case has no reference")
        return float(Indel.normalized_similarity(plain(answer.text, self.options), plain(case.reference, self.options)))
