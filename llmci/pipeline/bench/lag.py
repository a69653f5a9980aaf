"""Whether times that are taken here are honest: an event loop that is busy sees every answer too late.

A heartbeat notes how late it comes. What it was late by while a call was in flight is what llmci
itself may have added to the call's latency.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from llmci.seams import Reply

_BEAT_S = 0.01
# Less than this is the machine's own unrest.
_NOTABLE_S = 0.002
# What may be llmci's own of a latency; below so many seconds it is never worth a word.
_SHARE = 0.05
_LEAST_S = 0.01
# Longer than any call is waited for.
_KEPT = 100_000


class Lag:
    """How late the event loop was, and when."""

    def __init__(self) -> None:
        self._late: deque[tuple[float, float]] = deque(maxlen=_KEPT)
        self._due = 0.0

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Watch the loop for as long as the block runs."""
        beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await beating

    def worst_since(self, moment: float) -> float:
        """Seconds that the loop may have added to a call since a moment on its clock: the two worst delays together.

        A call waits for the loop on its way out and again on its way back.
        """
        # What holds the loop up right now has not been noted yet.
        first = max(0.0, asyncio.get_running_loop().time() - self._due) if self._due else 0.0
        second = 0.0
        for at, late in reversed(self._late):
            if at < moment:
                break
            if late > first:
                first, second = late, first
            elif late > second:
                second = late
        return first + second

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._due = loop.time() + _BEAT_S
            await asyncio.sleep(_BEAT_S)
            now = loop.time()
            if now - self._due > _NOTABLE_S:
                self._late.append((now, now - self._due))


def honest(reply: Reply, late_s: float) -> tuple[Reply, str | None]:
    """The reply, without its times where llmci was too busy to take them; and why, for whoever asks for them.

    Args:
        late_s: What the loop was late by at most while the call was in flight.
    """
    if not reply.timed_here or reply.latency_ms is None:
        return reply, None
    if late_s <= max(_LEAST_S, _SHARE * reply.latency_ms / 1000):
        return reply, None
    why = (
        f"the latency is not honest: llmci was itself busy for more than {_SHARE:.0%} of it; "
        "run fewer calls at once (-j), or on a machine with less to do"
    )
    return replace(reply, latency_ms=None, ttft_ms=None), why
