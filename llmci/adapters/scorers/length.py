"""How long the answer is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from llmci import seams
from llmci.adapters.scorers.rule import RuleScorer
from llmci.domain.run import Metric

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Answered


class LengthOptions(seams.Options):
    """What is counted, and how much is right.

    Attributes:
        count: Characters, or words between white space.
        least: With it the metric is binary: 1 for at least so many.
        most: With it the metric is binary: 1 for at most so many.
    """

    count: Literal["characters", "words"] = "characters"
    least: int | None = Field(default=None, ge=0)
    most: int | None = Field(default=None, ge=0)


class LengthScorer(RuleScorer[LengthOptions]):
    """The length, of which less is better; with `least` or `most`, 1 for a length within them."""

    Options = LengthOptions

    def metric(self) -> Metric:
        """See `Scorer.metric`."""
        if self._bounded():
            return Metric(name=self.context.name, kind="binary", digest=self.digest())
        name, unit = self.context.name, self.options.count
        return Metric(name=name, kind="ratio", digest=self.digest(), higher_is_better=False, unit=unit)

    def mark(self, case: Case, answer: Answered) -> float:  # noqa: ARG002  the same for every case
        """See `RuleScorer.mark`."""
        options, text = self.options, answer.text.strip()
        length = len(text) if options.count == "characters" else len(text.split())
        if not self._bounded():
            return length
        return float((options.least or 0) <= length <= (length if options.most is None else options.most))

    def _bounded(self) -> bool:
        return self.options.least is not None or self.options.most is not None
