"""From an answer to a score: judges cached and within the budget, their words cleaned like any answer."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from llmci.core.bench.allowance import Allowance, laid_out
from llmci.core.bench.digests import pair_key, score_key
from llmci.core.bench.unanswered import score_without_answer
from llmci.domain.run import Scored, Unanswered, Unscored
from llmci.errors import LlmciError, PrivacyStop
from llmci.pipeline.bench.taping import played_score

if TYPE_CHECKING:
    from llmci.core.bench.ledger import Ledger
    from llmci.domain.case import Case
    from llmci.domain.run import Answer, Answered, Metric, Score
    from llmci.pipeline.bench.cleaning import Cleaning
    from llmci.pipeline.bench.job import BenchJob
    from llmci.seams import AnswerCache, PairScorer, Scorer


class Marker:
    """Scores the answers of one bench."""

    def __init__(self, job: BenchJob, ledger: Ledger, cleaning: Cleaning) -> None:
        self._job, self._ledger, self._cleaning = job, ledger, cleaning
        # The same text is judged once: the others wait for that verdict.
        self._judging: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._starting = asyncio.Lock()
        self._started = False
        self.reused = 0

    async def start(self) -> None:
        """Get the scorers ready, once: before the first call of anybody, so that a missing key costs nothing."""
        async with self._starting:
            if not self._started:
                for scorer, metric in zip(self._job.scorers, self._job.metrics, strict=True):
                    # A judge that is played need not be there.
                    if self._job.played is None or metric.judge is None:
                        await scorer.start()
                self._started = True

    async def score(
        self, scorer: Scorer, metric: Metric, case: Case, answer: Answer, *, mistimed: str | None
    ) -> Score | None:
        """The score, or why there is none; None if the budget has no room for the judge.

        Args:
            metric: The scorer's.
            mistimed: Why the answer's times are not to be trusted; None if they are.
        """
        if isinstance(answer, Unanswered):
            lost = score_without_answer(metric, answer)
            if metric.name in self._job.pairwise and isinstance(lost, Scored):
                # The baseline beside itself is a tie, whether or not it answers.
                return replace(lost, value=(metric.low + metric.high) / 2)
            return lost
        if mistimed is not None and metric.kind == "latency":
            return Unscored(
                case_id=case.case_id,
                repeat=answer.repeat,
                metric=metric.name,
                why=mistimed,
                fault="infrastructure",
            )
        if self._job.played is not None:
            key = score_key(metric, case, answer)
            played = played_score(self._job.played, metric, case, key, answer.repeat)
            return played or await self._mark(scorer, metric, case, answer)
        if metric.judge is None or self._job.cache is None:
            return await self._mark(scorer, metric, case, answer)
        return await self._judged(scorer, metric, case, answer, self._job.cache)

    async def _judged(
        self, scorer: Scorer, metric: Metric, case: Case, answer: Answered, cache: AnswerCache
    ) -> Score | None:
        """A verdict from the cache, or a new one that goes there."""
        key = score_key(metric, case, answer)
        async with self._judging[key]:
            if found := cache.score(key):
                self.reused += 1
                return replace(found, case_id=case.case_id, repeat=answer.repeat, metric=metric.name)
            score = await self._mark(scorer, metric, case, answer)
            if isinstance(score, Scored):
                cache.keep_score(key, score)
            return score

    async def compare(
        self, scorer: PairScorer, metric: Metric, case: Case, answer: Answer, other: Answer
    ) -> Score | None:
        """The candidate's score beside the baseline's answer; None if the budget has no room for the judge."""
        if isinstance(answer, Unanswered):
            return score_without_answer(metric, answer)
        if isinstance(other, Unanswered):
            # The baseline's own failing is a case won; what the infrastructure lost says nothing.
            lost = score_without_answer(metric, other)
            won = Scored(case_id=case.case_id, repeat=answer.repeat, metric=metric.name, value=metric.high)
            return won if isinstance(lost, Scored) else lost
        cache = self._job.cache
        key = pair_key(metric, case, answer, other)
        if self._job.played is not None:
            found = played_score(self._job.played, metric, case, key, answer.repeat)
            return found or await self._mark(scorer, metric, case, answer, other)
        async with self._judging[key]:
            if cache is not None and (kept := cache.score(key)):
                self.reused += 1
                return replace(kept, case_id=case.case_id, repeat=answer.repeat, metric=metric.name)
            score = await self._mark(scorer, metric, case, answer, other)
            if isinstance(score, Scored) and cache is not None:
                cache.keep_score(key, score)
            return score

    async def _mark(
        self,
        scorer: Scorer | PairScorer,
        metric: Metric,
        case: Case,
        answer: Answered,
        other: Answered | None = None,
    ) -> Score | None:
        await self.start()
        estimate = scorer.estimate(case)
        if metric.judge is None and estimate.worst_cost == 0:
            return await self._once(scorer, metric, case, answer, other)
        worst = estimate.worst_cost if self._ledger.limited else None
        if not await self._ledger.reserve(worst):
            self._job.halt("budget")
            return None
        # Tries beyond the first are no part of the estimate: they are reserved one by one.
        given = Allowance(self._ledger, worst or 0.0) if self._ledger.limited else None
        cost: float | None = None
        try:
            with laid_out(given):
                score = await self._once(scorer, metric, case, answer, other)
            cost = score.cost
        finally:
            if given is not None and cost is not None:
                # What was cut off may have to be paid as well as what was said in the end.
                cost = max(cost, given.spent)
            await self._ledger.settle(worst if given is None else given.reserved, cost, judge=True)
            self._job.progress.advance(0, cost=cost or None)
        if given is not None and given.refused:
            self._job.halt("budget")
            return None
        return await self._cleaned(score, case)

    async def _once(
        self, scorer: Scorer | PairScorer, metric: Metric, case: Case, answer: Answered, other: Answered | None
    ) -> Score:
        try:
            if other is not None:
                return await scorer.compare(case, answer, other)  # type: ignore[union-attr]
            return await scorer.score(case, answer)
        except LlmciError:
            raise
        except Exception as error:  # noqa: BLE001  a scorer's mistake loses one score, not the run
            return Unscored(
                case_id=case.case_id,
                repeat=answer.repeat,
                metric=metric.name,
                why=f"the scorer raised {type(error).__name__}",
                fault="infrastructure",
            )

    async def _cleaned(self, score: Score, case: Case) -> Score:
        """A judge may say anything: its words are sanitized like an answer's."""
        if not isinstance(score, Scored) or score.reason is None:
            return score
        try:
            return replace(score, reason=await self._cleaning.text(score.reason, case))
        except PrivacyStop:
            return replace(score, reason=None)
