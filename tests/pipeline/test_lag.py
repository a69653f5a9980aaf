"""How late the event loop was, and what of a call's latency that may be."""

from __future__ import annotations

import asyncio
import time

import pytest
from bench_builders import a_reply

from llmci.pipeline.bench.lag import Lag, honest


async def test_a_call_waits_for_a_busy_loop_on_its_way_out_and_on_its_way_back() -> None:
    lag = Lag()
    async with lag.watched():
        await asyncio.sleep(0.03)
        started = asyncio.get_running_loop().time()
        for _ in range(3):
            time.sleep(0.05)  # noqa: ASYNC251  what keeps a loop busy
            await asyncio.sleep(0.03)

        # Two of three delays: the way out and the way back.
        assert 0.07 <= lag.worst_since(started) <= 0.3


async def test_a_delay_before_the_call_is_none_of_it() -> None:
    lag = Lag()
    async with lag.watched():
        await asyncio.sleep(0.03)
        time.sleep(0.2)  # noqa: ASYNC251
        await asyncio.sleep(0.03)

        assert lag.worst_since(asyncio.get_running_loop().time()) < 0.1


@pytest.mark.parametrize(("late_s", "told"), [(0.0, True), (0.049, True), (0.051, False)])
def test_a_latency_is_told_where_the_loop_was_late_by_a_twentieth_of_it_at_most(late_s: float, told: bool) -> None:
    reply, why = honest(a_reply(latency_ms=1000.0, timed_here=True), late_s)

    assert (reply.latency_ms == 1000.0) is told
    assert (why is None) is told
    if why is not None:
        assert "llmci was itself busy" in why
