"""The score that came with a recorded answer: a reward, a rating, somebody's verdict."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from llmci import seams
from llmci.adapters.scorers.rule import NoMark, RuleScorer
from llmci.domain.run import Metric

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Answered


class RecordedOptions(seams.Options):
    """Which score, and what its numbers mean.

    Attributes:
        score: Its name in the traces.
        low: Smallest possible value.
        high: Largest possible value.
        higher_is_better: False where more is worse.
        binary: Only `low` and `high` occur.
    """

    score: str
    low: float = 0.0
    high: float = 1.0
    higher_is_better: bool = True
    binary: bool = False


class RecordedScorer(RuleScorer[RecordedOptions]):
    """Passes on the recorded score; a case without one, or with one out of range, is not scored."""

    Options = RecordedOptions

    def metric(self) -> Metric:
        """See `Scorer.metric`."""
        options = self.options
        return Metric(
            name=self.context.name,
            kind="binary" if options.binary else "graded",
            digest=self.digest(),
            low=options.low,
            high=options.high,
            higher_is_better=options.higher_is_better,
        )

    def mark(self, case: Case, answer: Answered) -> float | NoMark:  # noqa: ARG002  the score came with the answer
        """See `RuleScorer.mark`."""
        options = self.options
        value = answer.recorded_scores.get(options.score)
        if value is None or math.isnan(value):
            return NoMark(f"the recorded answer has no score {options.score!r}")
        if not options.low <= value <= options.high:
            return NoMark(f"the recorded {options.score!r} lies outside of {options.low:g} to {options.high:g}")
        return value
