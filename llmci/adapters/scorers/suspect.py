"""A judge that says at which step an agent went wrong, rather than how good its answer is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from llmci.adapters.scorers.judging import JudgeModel, JudgingOptions
from llmci.core.bench.digests import case_digest
from llmci.core.canonical import digest_of
from llmci.core.judging.question import VERSION, step_messages, told_steps
from llmci.core.judging.verdicts import NO_VERDICT
from llmci.core.privacy.replies import unclean
from llmci.domain.run import Metric, Scored, Unscored
from llmci.seams import Failed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci import seams
    from llmci.core.attribution.moves import Move
    from llmci.domain.case import Case
    from llmci.domain.run import Answered, Score

# Later steps are not shown: what goes wrong first is asked for.
MOST_STEPS = 150
_MENU = tuple(str(number) for number in range(MOST_STEPS + 1))
_RUBRIC = "The agent does what it was asked for."


class SuspectScorer:
    """See `llmci.seams.Scorer`; the value is the number of the step, and 0 for none.

    Args:
        options: Of the judge whose model is asked.
        steps: What was done, by case id.
    """

    Options: ClassVar[type[seams.Options]] = JudgingOptions

    def __init__(self, options: JudgingOptions, context: seams.Context, steps: Mapping[str, Sequence[Move]]) -> None:
        self._options, self._steps = options, steps
        self._judge = JudgeModel(options, context, _MENU)
        self._metric = Metric(
            name=context.name,
            kind="graded",
            digest=digest_of(type(self).__name__, VERSION, self._judge.digested()),
            high=float(MOST_STEPS),
            judge=options.model,
        )

    def metric(self) -> Metric:
        """See `Scorer.metric`."""
        return self._metric

    def judge_digests(self) -> list[str]:
        """See `JudgedScorer.judge_digests`."""
        return [self._metric.digest]

    def estimate(self, case: Case) -> seams.Estimate:
        """See `Scorer.estimate`."""
        return self._judge.estimate(partial(step_messages, case, self._told(case)))

    async def start(self) -> None:
        """See `Scorer.start`."""
        await self._judge.start()

    async def score(self, case: Case, answer: Answered) -> Score:
        """See `Scorer.score`."""
        told = self._told(case)
        # Whoever wrote the steps would have to know its digest before writing them.
        nonce = digest_of(self._metric.digest, case_digest(case), told)[:16]
        rubric = self._judge.rubric or case.rubric or _RUBRIC
        opinion = await self._judge.opinion(
            partial(step_messages, case, told), rubric=rubric, nonce=nonce, reference=True
        )
        if isinstance(opinion, Failed):
            return self._unscored(case, answer, f"the judge did not answer: {opinion.why}", 0.0)
        if opinion.verdict is None or int(opinion.verdict) > len(self._steps[case.case_id]):
            return self._unscored(case, answer, NO_VERDICT, opinion.cost)
        return Scored(
            case_id=case.case_id,
            repeat=answer.repeat,
            metric=self._metric.name,
            value=float(opinion.verdict),
            reason=unclean(opinion.text),
            cost=opinion.cost,
        )

    async def aclose(self) -> None:
        """See `Scorer.aclose`."""
        await self._judge.aclose()

    def _unscored(self, case: Case, answer: Answered, why: str, cost: float | None) -> Unscored:
        name = self._metric.name
        return Unscored(
            case_id=case.case_id, repeat=answer.repeat, metric=name, why=why, fault="infrastructure", cost=cost
        )

    def _told(self, case: Case) -> str:
        return told_steps(self._steps[case.case_id][:MOST_STEPS], self._options.max_bytes)
