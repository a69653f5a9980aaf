"""Scores that need more than one answer: the baseline's beside the candidate's, or all answers of a system."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from llmci.seams import AcrossScorer, PairScorer

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from llmci.domain.case import Case
    from llmci.pipeline.bench.job import BenchJob
    from llmci.pipeline.bench.lane import Lane
    from llmci.pipeline.bench.scoring import Marker

# Comparisons at a time where the settings leave it open.
_AT_ONCE = 20


async def afterwards(job: BenchJob, lanes: Sequence[Lane], marker: Marker) -> None:
    """Give those scores; what cannot be given any more, because the bench was stopped, is left for a resumed run."""
    baseline, *candidates = lanes
    cases = {case.case_id: case for case in job.cases}
    pairs = [
        _compared(job, marker, scorer, (baseline, lane), cases[answer.case_id], answer.repeat)
        for scorer in job.scorers
        if isinstance(scorer, PairScorer)
        for lane in candidates
        for answer in lane.answers()
        if not lane.has_score(answer.case_id, answer.repeat, scorer.metric().name)
    ]
    room = asyncio.Semaphore(job.settings.concurrency or _AT_ONCE)

    async def within(pair: Coroutine[None, None, None]) -> None:
        async with room:
            await pair

    await asyncio.gather(*map(within, pairs))
    if job.stop.why is None:
        for scorer in job.scorers:
            if isinstance(scorer, AcrossScorer):
                _look_across(job, scorer, lanes)


async def _compared(
    job: BenchJob, marker: Marker, scorer: PairScorer, lanes: tuple[Lane, Lane], case: Case, repeat: int
) -> None:
    baseline, candidate = lanes
    answer, other = candidate.answer(case.case_id, repeat), baseline.answer(case.case_id, repeat)
    if job.stop.why is not None or answer is None or other is None:
        return
    score = await marker.compare(scorer, scorer.metric(), case, answer, other)
    if score is not None:
        candidate.scored(score)


def _look_across(job: BenchJob, scorer: AcrossScorer, lanes: Sequence[Lane]) -> None:
    name = scorer.metric().name
    for lane in lanes:
        for score in list(scorer.across(job.cases, lane.answers(), lane.scores(name))):
            lane.scored(score)
