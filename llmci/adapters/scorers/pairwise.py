"""A model that says whose answer is better: the baseline's or the candidate's."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Literal

from llmci.adapters.scorers.judging import JudgeModel, JudgingOptions
from llmci.core.bench.digests import case_digest
from llmci.core.canonical import digest_of
from llmci.core.judging.question import VERSION, pair_messages
from llmci.core.judging.verdicts import NO_VERDICT
from llmci.core.privacy.replies import unclean
from llmci.domain.run import Answered, Metric, Scored, Unscored, Usage
from llmci.seams import Failed

if TYPE_CHECKING:
    from llmci import seams
    from llmci.adapters.scorers.judging import Opinion
    from llmci.domain.case import Case
    from llmci.domain.run import Score

# The example that the judge is shown is no preference.
_MENU = ("tie", "A", "B")
_STANDARD = (
    "Which answer serves the user better? First whether it is right and does what was asked, then whether it is complete,"
    " then whether it is clear. If neither is better in what matters, it is a tie."
)
_TIE = 0.5


class PairwiseOptions(JudgingOptions):
    """Without a rubric, and where the case has none, the better answer is the one that serves the user better.

    Attributes:
        orders: both: the judge is asked twice, with either answer first, and it is a tie where it
            contradicts itself. one: half as dear, and only as good as the judge is indifferent to places.
        reference: Show the judge the reference answer.
    """

    orders: Literal["both", "one"] = "both"
    reference: bool = True


class PairwiseScorer:
    """1 where the candidate's answer is better, 0.5 for a tie, 0 where it is worse; see `llmci.seams.PairScorer`.

    The baseline has 0.5 everywhere: so a gate with a tolerance of 5 points asks that the candidate is
    preferred in at least 45 % of the cases, ties counting half.
    """

    Options = PairwiseOptions

    def __init__(self, options: PairwiseOptions, context: seams.Context) -> None:
        self._options, self._context = options, context
        self._judge = JudgeModel(options, context, _MENU)
        self._against = ""

    def against(self, baseline: str) -> None:
        """See `PairScorer.against`."""
        self._against = baseline

    def metric(self) -> Metric:
        """See `Scorer.metric`."""
        digest = digest_of(self.judge_digests(), self._against)
        return Metric(name=self._context.name, kind="graded", digest=digest, judge=self._options.model)

    def judge_digests(self) -> list[str]:
        """See `JudgedScorer.judge_digests`; whom the answers are compared with does not change the judge."""
        asked = (self._judge.digested(), self._options.orders, self._options.reference)
        return [digest_of("pairwise", VERSION, *asked)]

    def estimate(self, case: Case) -> seams.Estimate:
        """See `Scorer.estimate`; of one candidate's answer, which the baseline's half has no part in."""
        longest = Answered(case_id=case.case_id, repeat=0, text=unclean("x" * self._options.max_bytes), usage=Usage())
        once = self._judge.estimate(partial(pair_messages, case, longest, longest))
        times = 2 if self._options.orders == "both" else 1
        return type(once)(
            input_tokens=None if once.input_tokens is None else times * once.input_tokens,
            output_tokens=None if once.output_tokens is None else times * once.output_tokens,
            worst_cost=None if once.worst_cost is None else times * once.worst_cost,
        )

    async def start(self) -> None:
        """See `Scorer.start`."""
        await self._judge.start()

    async def score(self, case: Case, answer: Answered) -> Score:
        """An answer beside itself: a tie."""
        return self._scored(case, answer, _TIE)

    async def compare(self, case: Case, answer: Answered, other: Answered) -> Score:
        """See `PairScorer.compare`."""
        if (answer.text, answer.messages) == (other.text, other.messages):
            return self._scored(case, answer, _TIE)
        pairs = [(answer, other), (other, answer)][: 2 if self._options.orders == "both" else 1]
        opinions = await asyncio.gather(*(self._opinion(case, *pair) for pair in pairs))
        costs = [opinion.cost for opinion in opinions]
        cost = None if None in costs else sum(item or 0.0 for item in costs)
        shares, words = [], []
        for opinion, wins in zip(opinions, "AB", strict=False):
            if isinstance(opinion, Failed):
                return self._unscored(case, answer, f"the judge did not answer: {opinion.why}", cost)
            if opinion.verdict is None:
                return self._unscored(case, answer, NO_VERDICT, cost)
            shares.append(_TIE if opinion.verdict == "tie" else float(opinion.verdict == wins))
            words.append(opinion.text)
        value = shares[0] if len(set(shares)) == 1 else _TIE
        return self._scored(case, answer, value, "\n\n".join(words), cost)

    async def aclose(self) -> None:
        """See `Scorer.aclose`."""
        await self._judge.aclose()

    async def _opinion(self, case: Case, first: Answered, second: Answered) -> Opinion | Failed:
        # Whoever wrote the answers would have to know their digest before writing them.
        texts = (first.text, first.messages, second.text, second.messages)
        nonce = digest_of(self.metric().digest, case_digest(case), *texts)[:16]
        return await self._judge.opinion(
            partial(pair_messages, case, first, second),
            rubric=self._judge.rubric or case.rubric or _STANDARD,
            nonce=nonce,
            reference=self._options.reference,
        )

    def _scored(
        self, case: Case, answer: Answered, value: float, words: str | None = None, cost: float | None = 0.0
    ) -> Scored:
        return Scored(
            case_id=case.case_id,
            repeat=answer.repeat,
            metric=self._context.name,
            value=value,
            reason=None if words is None else unclean(words),
            cost=cost,
        )

    def _unscored(self, case: Case, answer: Answered, why: str, cost: float | None) -> Unscored:
        return Unscored(
            case_id=case.case_id,
            repeat=answer.repeat,
            metric=self._context.name,
            why=why,
            fault="infrastructure",
            cost=cost,
        )
