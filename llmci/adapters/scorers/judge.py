"""A model that grades the answer against a rubric."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, TypeVar

from llmci.adapters.scorers.judging import JudgeModel, JudgingOptions
from llmci.core.bench.digests import case_digest
from llmci.core.canonical import digest_of
from llmci.core.judging.question import VERSION, judge_messages
from llmci.core.judging.verdicts import NO_VERDICT
from llmci.core.privacy.replies import unclean
from llmci.domain.run import Answered, Metric, Scored, Unscored, Usage
from llmci.seams import Failed

if TYPE_CHECKING:
    from llmci import seams
    from llmci.domain.case import Case
    from llmci.domain.run import Score

Scale = Literal["binary", "1-5"]
# The first word is the example that the judge is shown; it is never the good one, so that a parrot fails.
MENUS: dict[Scale, tuple[str, ...]] = {"binary": ("fail", "pass"), "1-5": ("1", "2", "3", "4", "5")}


class ScaledOptions(JudgingOptions):
    """A judge with a scale.

    Attributes:
        scale: binary: pass or fail. 1-5: a grade.
    """

    scale: Scale = "binary"


class JudgeOptions(ScaledOptions):
    """A judge with a rubric of yours.

    Attributes:
        scale: binary: pass or fail. 1-5: a grade.
        reference: Show the judge the reference answer.
    """

    scale: Scale
    reference: bool = True


OptionsT = TypeVar("OptionsT", bound=ScaledOptions)


class RubricScorer(Generic[OptionsT]):
    """See `llmci.seams.Scorer`.

    Attributes:
        standard: The rubric where neither the configuration nor the case has one; None has none.
    """

    standard: ClassVar[str | None] = None

    def __init__(self, options: OptionsT, context: seams.Context) -> None:
        self.options, self._context = options, context
        self.menu = MENUS[options.scale]
        self._judge = JudgeModel(options, context, self.menu)
        self._metric = self._make_metric()
        self._longest = options.max_bytes

    def expect(self, longest: int) -> None:
        """Say how many bytes the longest answer has, where all are at hand: estimates are then no higher than need be."""
        self._longest = min(self.options.max_bytes, longest)

    def shows_reference(self) -> bool:
        """Whether the judge is shown the reference answer."""
        return True

    def lacks(self, case: Case, answer: Answered) -> str | None:  # noqa: ARG002  a rubric needs nothing else
        """What the case lacks to be judged; None if it has all that is needed."""
        return None

    def metric(self) -> Metric:
        """See `Scorer.metric`."""
        return self._metric

    def judge_digests(self) -> list[str]:
        """See `JudgedScorer.judge_digests`."""
        return [self._metric.digest]

    def estimate(self, case: Case) -> seams.Estimate:
        """See `Scorer.estimate`; the answer is taken for as long as it may be."""
        longest = Answered(case_id=case.case_id, repeat=0, text=unclean("x" * self._longest), usage=Usage())
        return self._judge.estimate(partial(judge_messages, case, longest))

    async def start(self) -> None:
        """See `Scorer.start`."""
        await self._judge.start()

    async def score(self, case: Case, answer: Answered) -> Score:
        """See `Scorer.score`."""
        if (lacking := self.lacks(case, answer)) is not None:
            return self._unscored(case, answer, lacking, fault="case")
        rubric = self._judge.rubric or self.standard or case.rubric
        if rubric is None:
            return self._unscored(case, answer, "there is no rubric", fault="case")
        # Whoever wrote the answer would have to know its digest before writing it.
        nonce = digest_of(self._metric.digest, case_digest(case), answer.text, answer.messages)[:16]
        asked = partial(judge_messages, case, answer)
        opinion = await self._judge.opinion(asked, rubric=rubric, nonce=nonce, reference=self.shows_reference())
        if isinstance(opinion, Failed):
            return self._unscored(case, answer, f"the judge did not answer: {opinion.why}", cost=opinion.cost)
        if opinion.verdict is None:
            return self._unscored(case, answer, NO_VERDICT, cost=opinion.cost)
        return Scored(
            case_id=case.case_id,
            repeat=answer.repeat,
            metric=self._metric.name,
            value=self.value_of(opinion.verdict),
            reason=unclean(opinion.text),
            cost=opinion.cost,
        )

    def value_of(self, verdict: str) -> float:
        """The number that a verdict from the menu stands for."""
        return float(verdict == "pass") if self.options.scale == "binary" else float(verdict)

    async def aclose(self) -> None:
        """See `Scorer.aclose`."""
        await self._judge.aclose()

    def _unscored(
        self,
        case: Case,
        answer: Answered,
        why: str,
        *,
        fault: Literal["infrastructure", "case"] = "infrastructure",
        cost: float | None = 0.0,
    ) -> Unscored:
        name = self._metric.name
        return Unscored(case_id=case.case_id, repeat=answer.repeat, metric=name, why=why, fault=fault, cost=cost)

    def _make_metric(self) -> Metric:
        binary = self.options.scale == "binary"
        asked = (self._judge.digested(), self.options.scale, self.shows_reference(), self.standard)
        return Metric(
            name=self._context.name,
            kind="binary" if binary else "graded",
            digest=digest_of(type(self).__name__, VERSION, *asked),
            low=0.0 if binary else 1.0,
            high=1.0 if binary else 5.0,
            judge=self.options.model,
        )


class JudgeScorer(RubricScorer[JudgeOptions]):
    """Grades by a rubric of yours."""

    Options = JudgeOptions

    def shows_reference(self) -> bool:
        """See `RubricScorer.shows_reference`."""
        return self.options.reference
