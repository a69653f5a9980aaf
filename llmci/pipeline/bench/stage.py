"""The stage itself: workers that take the tries one by one until all are done or none may be made."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from llmci.core.bench.ledger import Ledger
from llmci.core.bench.pace import MOST
from llmci.errors import UsageError
from llmci.pipeline.bench.afterwards import afterwards
from llmci.pipeline.bench.asking import Asker
from llmci.pipeline.bench.cleaning import Cleaning
from llmci.pipeline.bench.job import BenchResult
from llmci.pipeline.bench.lag import Lag
from llmci.pipeline.bench.lane import Lane
from llmci.pipeline.bench.scoring import Marker
from llmci.pipeline.bench.standing import Standing
from llmci.pipeline.bench.taping import record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmci.core.bench.schedule import Schedule
    from llmci.domain.case import Case
    from llmci.domain.run import Run
    from llmci.pipeline.bench.job import BenchJob, Entrant

Try = tuple[Lane, "Case", int]

# Workers that begin in one turn of the loop: hundreds at once would hold up the calls that they time.
_TOGETHER = 8


async def bench(job: BenchJob, entrants: Sequence[Entrant]) -> BenchResult:
    """Ask every system every case and score the answers.

    A fault never ends the bench: it becomes an `Unanswered` or an `Unscored` with its reason. What
    cannot work at all, such as a wrong configuration, raises `UsageError` or `OutsideError`.
    """
    ledger = Ledger(job.settings.budget_usd, allow_unknown=job.allow_unknown_cost)
    lanes = [Lane(entrant, job, is_baseline=index == 0) for index, entrant in enumerate(entrants)]
    cleaning = Cleaning(job.cleaner, job.search_ahead)
    marker = Marker(job, ledger, cleaning)
    standing = _standing(job, lanes)
    lag = Lag()
    asker = Asker(job, ledger, cleaning, lag, before=marker.start)
    if ledger.limited and job.played is None and not job.allow_unknown_cost:
        _check_prices(job, lanes)
    started = job.clock().isoformat()

    def runs(look: int) -> tuple[Run, ...]:
        finished = job.clock().isoformat()
        return tuple(lane.run(job.metrics, started, finished, look) for lane in lanes)

    schedule = job.planned()
    last = len(schedule.looks) - 1
    total = len(schedule.upto(last)) * len(lanes)
    job.progress.begin("bench", total, "answers", budget=job.settings.budget_usd)
    # Closed one after the other: libraries keep connections in common.
    async with AsyncExitStack() as stack:
        for scorer in job.scorers:
            stack.push_async_callback(scorer.aclose)
        for lane in lanes:
            stack.push_async_callback(lane.system.aclose)
        stack.callback(job.progress.end)
        await stack.enter_async_context(lag.watched())
        look = 0
        await _work(job, _tries(schedule, 0, lanes), lanes, asker, marker, standing)
        while look < last and job.stop.why is None and not job.decided(runs(look)):
            look += 1
            job.progress.note(f"look {look} of {last + 1}: no verdict yet")
            await _work(job, _tries(schedule, look, lanes), lanes, asker, marker, standing)
        job.progress.stand(standing.words())
    if job.tape is not None and not job.tape.replays:
        record(job.tape, job, lanes)
    if look < last and job.stop.why is None:
        spared = sum(len(schedule.batch(at)) for at in range(look + 1, last + 1))
        job.progress.note(f"decided at look {look + 1} of {last + 1}: {spared * len(lanes):,} calls saved")
    return BenchResult(
        runs=runs(look),
        spent=ledger.spent,
        spent_on_judges=ledger.judging,
        unknown_cost_calls=ledger.unknown_calls,
        called=asker.called,
        reused=asker.reused,
        cached=asker.cached,
        verdicts_cached=marker.reused,
        halted=job.stop.why,
        unfinished=tuple(lane.spec.name for lane in lanes if lane.has_failures()),
    )


def _standing(job: BenchJob, lanes: Sequence[Lane]) -> Standing:
    """Counts beside one candidate; several would need a line each."""
    candidates = len(lanes) - (job.known is None)
    metric = next((metric for metric in job.metrics if metric.name == job.deciding), None)
    return Standing(metric if candidates == 1 else None, job.known.scores if job.known else ())


def _check_prices(job: BenchJob, lanes: Sequence[Lane]) -> None:
    """A budget is kept by knowing beforehand what a call can cost."""
    case = job.cases[0]
    estimates = {f"the system {lane.spec.name!r}": lane.system.estimate(case) for lane in lanes}
    scorers = zip(job.scorers, job.metrics, strict=True)
    estimates |= {f"the scorer {metric.name!r}": scorer.estimate(case) for scorer, metric in scorers}
    for name, estimate in estimates.items():
        if estimate.worst_cost is None:
            raise UsageError(
                f"there is a budget, and nobody knows what a call of {name} may cost.",
                fix="Say it with max_cost_usd in its block (0 if it is free), or leave it out of the budget "
                "with --allow-unknown-cost.",
            )


async def _work(
    job: BenchJob, tries: Iterator[Try], lanes: Sequence[Lane], asker: Asker, marker: Marker, standing: Standing
) -> None:
    most = (job.settings.concurrency or MOST) * len(lanes)
    workers: list[asyncio.Task[None]] = []
    try:
        for number in range(most):
            workers.append(asyncio.create_task(_worker(job, tries, asker, marker, standing)))
            if number % _TOGETHER == 0:
                await asyncio.sleep(0)
        await asyncio.gather(*workers)
        await afterwards(job, lanes, marker)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


def _tries(schedule: Schedule, look: int, lanes: Sequence[Lane]) -> Iterator[Try]:
    """Case by case, all systems side by side, so that a bench that is cut short still has pairs."""
    for case, repeat in schedule.batch(look):
        for lane in lanes:
            yield lane, case, repeat


async def _worker(job: BenchJob, tries: Iterator[Try], asker: Asker, marker: Marker, standing: Standing) -> None:
    for lane, case, repeat in tries:
        if job.stop.why is None:
            await _try(job, (lane, case, repeat), asker, marker, standing)


async def _try(job: BenchJob, one: Try, asker: Asker, marker: Marker, standing: Standing) -> None:
    lane, case, repeat = one
    answer = lane.answer(case.case_id, repeat)
    if answer is None:
        answer = await asker.answer(lane, case, repeat)
        if answer is None:
            return
        lane.answered(answer)
    else:
        asker.reused += 1
    for scorer, metric in zip(job.scorers, job.metrics, strict=True):
        if metric.name in job.pairwise and not lane.is_baseline:
            # It needs the baseline's answer as well, and has its say when all are there.
            continue
        if not lane.has_score(case.case_id, repeat, metric.name):
            score = await marker.score(scorer, metric, case, answer, mistimed=lane.mistimed.get((case.case_id, repeat)))
            if score is None:
                return
            lane.scored(score)
    score = lane.score(case.case_id, repeat, job.deciding) if job.deciding else None
    if score is not None:
        standing.add(score, of_baseline=job.known is None and lane.is_baseline)
    job.progress.stand(standing.so_far())
    job.progress.advance(1)
