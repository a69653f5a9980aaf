"""What an answer took: time, money, tokens. What is not known is not scored; it is never 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from llmci import seams
from llmci.adapters.scorers.rule import NoMark, RuleScorer
from llmci.domain.run import Metric

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Answered


class LatencyScorer(RuleScorer[seams.Options]):
    """Milliseconds to the whole answer."""

    Options = seams.Options

    def metric(self) -> Metric:
        """See `Scorer.metric`."""
        return Metric(name=self.context.name, kind="latency", digest=self.digest(), higher_is_better=False, unit="ms")

    def mark(self, case: Case, answer: Answered) -> float | NoMark:  # noqa: ARG002  the same for every case
        """See `RuleScorer.mark`."""
        if answer.cached:
            return NoMark("the answer came from the cache: its latency was measured at another time")
        return NoMark("the latency was not measured") if answer.latency_ms is None else answer.latency_ms


class TtftScorer(RuleScorer[seams.Options]):
    """Milliseconds to the first token."""

    Options = seams.Options

    def metric(self) -> Metric:
        """See `Scorer.metric`."""
        return Metric(name=self.context.name, kind="latency", digest=self.digest(), higher_is_better=False, unit="ms")

    def mark(self, case: Case, answer: Answered) -> float | NoMark:  # noqa: ARG002  the same for every case
        """See `RuleScorer.mark`."""
        if answer.cached:
            return NoMark("the answer came from the cache: its time to first token was measured at another time")
        return NoMark("the time to first token was not measured") if answer.ttft_ms is None else answer.ttft_ms


class CostScorer(RuleScorer[seams.Options]):
    """US dollars of the answer."""

    Options = seams.Options

    def metric(self) -> Metric:
        """See `Scorer.metric`."""
        return Metric(name=self.context.name, kind="ratio", digest=self.digest(), higher_is_better=False, unit="USD")

    def mark(self, case: Case, answer: Answered) -> float | NoMark:  # noqa: ARG002  the same for every case
        """See `RuleScorer.mark`."""
        return NoMark("the cost is unknown") if answer.cost is None else answer.cost


class TokensOptions(seams.Options):
    """Which tokens are counted.

    Attributes:
        count: Those of the request, those of the answer, or both.
    """

    count: Literal["total", "input", "output"] = "total"


class TokensScorer(RuleScorer[TokensOptions]):
    """Tokens of the answer; input includes cached tokens."""

    Options = TokensOptions

    def metric(self) -> Metric:
        """See `Scorer.metric`."""
        return Metric(name=self.context.name, kind="ratio", digest=self.digest(), higher_is_better=False, unit="tokens")

    def mark(self, case: Case, answer: Answered) -> float | NoMark:  # noqa: ARG002  the same for every case
        """See `RuleScorer.mark`."""
        wanted = ("input", "output") if self.options.count == "total" else (self.options.count,)
        counts = [getattr(answer.usage, name) for name in wanted]
        return NoMark("the number of tokens is unknown") if None in counts else float(sum(counts))
