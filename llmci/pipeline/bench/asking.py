"""From a case to an answer: cached, within the budget, tried again where that helps, and cleaned."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from llmci.core.bench.digests import answer_key
from llmci.core.bench.patience import wait_s
from llmci.domain.run import Answered, Unanswered
from llmci.errors import LlmciError, PrivacyStop
from llmci.pipeline.bench.lag import honest
from llmci.pipeline.bench.taping import played_answer
from llmci.seams import Failed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from llmci.core.bench.ledger import Ledger
    from llmci.core.bench.pace import CallOutcome
    from llmci.domain.case import Case
    from llmci.domain.run import Answer
    from llmci.pipeline.bench.cleaning import Cleaning
    from llmci.pipeline.bench.job import BenchJob
    from llmci.pipeline.bench.lag import Lag
    from llmci.pipeline.bench.lane import Lane
    from llmci.seams import Reply


class Asker:
    """Asks the systems of one bench.

    Args:
        before: Awaited before every call.
    """

    def __init__(
        self, job: BenchJob, ledger: Ledger, cleaning: Cleaning, lag: Lag, before: Callable[[], Awaitable[None]]
    ) -> None:
        self._job, self._ledger, self._cleaning, self._lag, self._before = job, ledger, cleaning, lag, before
        self._jitter = Random(job.settings.seed)  # noqa: S311  spreads retries
        # What several tries have in common is asked once: the others wait for that answer.
        self._asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.called = self.reused = self.cached = 0

    async def answer(self, lane: Lane, case: Case, repeat: int) -> Answer | None:
        """The answer, cached or asked for; None if no further call may be made."""
        if self._job.played is not None:
            self.reused += 1
            return played_answer(self._job.played, self._job, lane, case, repeat)
        cache = self._job.cache if lane.spec.cacheable else None
        if cache is None:
            return await self._ask(lane, case, repeat)
        key = answer_key(lane.spec, lane.system.request_digest(case), case, repeat, self._job.policy)
        async with self._asking[key]:
            if found := cache.answer(key):
                self.reused += 1
                self.cached += 1
                answer: Answer | None = replace(found, case_id=case.case_id, repeat=repeat, cached=True)
            else:
                answer = await self._ask(lane, case, repeat)
                if isinstance(answer, Answered):
                    cache.keep_answer(key, answer)
        # Whoever comes now finds it in the cache.
        self._asking.pop(key, None)
        return answer

    async def _ask(self, lane: Lane, case: Case, repeat: int) -> Answer | None:
        """Ask until there is an answer, a fault that does not pass, or no patience left; None if stopped before."""
        await self._before()
        outcome = await self._paid(lane, case, repeat)
        for attempt in range(self._job.settings.retries):
            if not isinstance(outcome, Failed) or not outcome.retryable:
                break
            wait = wait_s(attempt, outcome.retry_after_s, self._jitter.random())
            if wait is None or await self._job.stop.within(wait):
                break
            outcome = await self._paid(lane, case, repeat)
        return None if outcome is None else await self._as_answer(outcome, case, repeat)

    async def _paid(self, lane: Lane, case: Case, repeat: int) -> Reply | Failed | None:
        """One call within the budget; its worst case is reserved before it is sent. None if it may not be made."""
        worst = lane.system.estimate(case).worst_cost if self._ledger.limited else None
        if not await self._ledger.reserve(worst):
            self._job.halt("budget")
            return None
        cost: float | None = None
        try:
            outcome = await self._once(lane, case, repeat)
            cost = _cost(outcome)
        finally:
            await self._ledger.settle(worst, cost)
            self._job.progress.advance(0, cost=cost or None)
        return outcome

    async def _once(self, lane: Lane, case: Case, repeat: int) -> Reply | Failed | None:
        """One call, when there is room for it: waiting for that is not waiting for the answer."""
        async with await lane.slots():
            await self._cleaning.room()
            if lane.pace is None:
                return await self._timed(lane, case, repeat)
            await self._cleaning.start()
            entered = await lane.pace.enter()
            outcome: Reply | Failed | None = None
            try:
                outcome = await self._timed(lane, case, repeat)
                return outcome
            finally:
                lane.pace.leave(entered, *_sign(outcome))

    async def _timed(self, lane: Lane, case: Case, repeat: int) -> Reply | Failed | None:
        if self._job.stop.why is not None:
            # It was waiting for room when the bench was stopped.
            return None
        seconds = self._job.settings.timeout_s
        started = asyncio.get_running_loop().time()
        self.called += 1
        deadline = asyncio.timeout(seconds)
        try:
            async with deadline:
                outcome = await lane.system.answer(case, repeat)
        except LlmciError:
            raise
        except Exception as error:  # noqa: BLE001  an adapter's mistake loses one case, not the run
            if deadline.expired():
                return _TooLate(f"no answer within {seconds:g} s", "system")
            return Failed(f"the {lane.spec.kind} adapter raised {type(error).__name__}", "infrastructure")
        if isinstance(outcome, Failed):
            return outcome
        reply, why = honest(outcome, self._lag.worst_since(started))
        if why is not None:
            lane.mistimed[case.case_id, repeat] = why
        return reply

    async def _as_answer(self, outcome: Reply | Failed, case: Case, repeat: int) -> Answer:
        if isinstance(outcome, Failed):
            return Unanswered(case_id=case.case_id, repeat=repeat, why=outcome.why, fault=outcome.fault)
        if why := _unusable(outcome, self._job.settings.max_answer_chars):
            return Unanswered(
                case_id=case.case_id, repeat=repeat, why=why, fault="system", latency_ms=outcome.latency_ms
            )
        try:
            return await self._cleaned(outcome, case, repeat)
        except PrivacyStop:
            why = "the answer could not be sanitized and was not kept"
            return Unanswered(case_id=case.case_id, repeat=repeat, why=why, fault="infrastructure")

    async def _cleaned(self, reply: Reply, case: Case, repeat: int) -> Answered:
        said = await self._cleaning.reply(reply, case)
        return Answered(
            case_id=case.case_id,
            repeat=repeat,
            text=said.text,
            messages=said.messages,
            documents=said.documents,
            usage=reply.usage,
            cost=reply.cost,
            latency_ms=reply.latency_ms,
            ttft_ms=reply.ttft_ms,
            request_digest=reply.request_digest,
            recorded_scores=dict(reply.recorded_scores),
        )


class _TooLate(Failed):
    """A deadline that passed: the system's fault, and a sign that it has too much to do."""


def _cost(outcome: Reply | Failed | None) -> float | None:
    """US dollars of a call; None is unknown."""
    if outcome is None:
        return 0.0
    if isinstance(outcome, Failed):
        return outcome.cost
    return 0.0 if outcome.recorded else outcome.cost


def _sign(outcome: Reply | Failed | None) -> tuple[CallOutcome, float | None]:
    """What a call says of how busy the endpoint is, and how long it wants to be left alone."""
    if outcome is None:
        return "refused", None
    if not isinstance(outcome, Failed):
        return "answered", None
    busy = outcome.retryable or isinstance(outcome, _TooLate)
    return "overloaded" if busy else "refused", outcome.retry_after_s


def _unusable(reply: Reply, max_chars: int) -> str | None:
    """Why a reply cannot count as an answer."""
    if len(reply.text) > max_chars:
        return f"the answer is longer than {max_chars} characters"
    if not reply.text.strip() and not reply.messages and not reply.recorded_scores:
        return "the answer is empty"
    return None
