"""`not-` before the name of a binary scorer: 1 where it gives 0."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from llmci.core.canonical import digest_of
from llmci.domain.run import Scored
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from llmci import seams
    from llmci.domain.case import Case
    from llmci.domain.run import Answer, Answered, Metric, Score
    from llmci.seams import Context, Estimate


class NegatedScorer:
    """See `llmci.seams.Scorer`; made by `negation_of`."""

    Options: ClassVar[type[seams.Options]]
    positive: ClassVar[Callable[..., Any]]

    def __init__(self, options: seams.Options, context: Context) -> None:
        self._scorer = type(self).positive(options, context)
        positive: Metric = self._scorer.metric()
        if positive.kind != "binary":
            raise UsageError(
                f"scorers.{context.name}: `not-` needs a scorer that says yes or no, and this one is {positive.kind}.",
                fix="Leave `not-` out, or give the scorer the option that makes it binary.",
            )
        # 1 is what is wished for: whoever writes `not-` says that the other is not.
        self._metric: Metric = replace(positive, digest=digest_of("not", positive.digest), higher_is_better=True)

    def metric(self) -> Metric:
        """See `Scorer.metric`."""
        return self._metric

    def estimate(self, case: Case) -> Estimate:
        """See `Scorer.estimate`."""
        estimate: Estimate = self._scorer.estimate(case)
        return estimate

    def judge_digests(self) -> list[str]:
        """See `llmci.seams.JudgedScorer`."""
        return list(self._scorer.judge_digests()) if hasattr(self._scorer, "judge_digests") else []

    async def start(self) -> None:
        """See `Scorer.start`."""
        await self._scorer.start()

    async def score(self, case: Case, answer: Answered) -> Score:
        """See `Scorer.score`."""
        return _turned(await self._scorer.score(case, answer))

    def across(self, cases: Sequence[Case], answers: Sequence[Answer], scores: Sequence[Score]) -> Iterator[Score]:
        """See `llmci.seams.AcrossScorer`."""
        if hasattr(self._scorer, "across"):
            yield from map(_turned, self._scorer.across(cases, answers, [_turned(score) for score in scores]))

    async def aclose(self) -> None:
        """See `Scorer.aclose`."""
        await self._scorer.aclose()


def negation_of(positive: Any) -> type[NegatedScorer]:  # noqa: ANN401  a scorer's class
    """The scorer that gives 1 where another gives 0."""
    return type(f"Not{positive.__name__}", (NegatedScorer,), {"Options": positive.Options, "positive": positive})


def _turned(score: Score) -> Score:
    return replace(score, value=1 - score.value) if isinstance(score, Scored) and score.error is None else score
