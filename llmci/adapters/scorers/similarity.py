"""How close the answer's characters are to the reference's."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field
from rapidfuzz.distance import Indel, Levenshtein

from llmci.adapters.scorers.rule import NoMark, RuleScorer
from llmci.adapters.scorers.wording import WordingOptions, plain
from llmci.domain.run import Metric

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


class LevenshteinOptions(WordingOptions):
    """What counts.

    Attributes:
        at_most: With it the metric is binary: 1 if so many edits or fewer make the answer the reference.
    """

    at_most: int | None = Field(default=None, ge=0)


class LevenshteinScorer(RuleScorer[LevenshteinOptions]):
    """1 less the edits (insertions, deletions, substitutions) over the longer length."""

    Options = LevenshteinOptions

    def metric(self) -> Metric:
        """See `Scorer.metric`."""
        kind: MetricKind = "graded" if self.options.at_most is None else "binary"
        return Metric(name=self.context.name, kind=kind, digest=self.digest())

    def mark(self, case: Case, answer: Answered) -> float | NoMark:
        """See `RuleScorer.mark`."""
        if case.reference is None:
            return NoMark("the case has no reference")
        both = plain(answer.text, self.options), plain(case.reference, self.options)
        if self.options.at_most is None:
            return float(Levenshtein.normalized_similarity(*both))
        return float(Levenshtein.distance(*both, score_cutoff=self.options.at_most) <= self.options.at_most)
