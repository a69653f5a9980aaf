"""How many calls an endpoint is asked to answer at once: as many as the user says, or found out by asking.

Additive increase, multiplicative decrease (Jacobson 1988, as TCP does it): the limit starts at 20,
doubles every round until the first sign of trouble, then grows by one a round, and is halved by a
429, a 5xx, a broken connection or a timeout. What an endpoint asks for (`Retry-After`, an exhausted
rate limit) holds every call to it, whichever system or judge makes them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Literal
from weakref import WeakKeyDictionary

from llmci.core.bench.patience import LONGEST_S

START = 20
MOST = 256
# Growing further is no use once the endpoint only makes calls wait.
_SLOWER = 1.5
_SMOOTHING = 0.05

CallOutcome = Literal["answered", "overloaded", "refused"]


class Pace:
    """The limit of one endpoint; used by one event loop.

    Attributes:
        limit: Calls in flight that are allowed now, at least 1.
    """

    def __init__(self) -> None:
        self.limit = float(START)
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._held_until = 0.0
        # Until the first trouble the limit doubles; from half of what was too much on it creeps.
        self._creeps_from = float(MOST)
        self._cut_at = 0.0
        self._calls = 0
        self._taken = self._fastest = 0.0

    def widen(self, calls: int) -> None:
        """Begin with so many, where somebody has said that the endpoint can take them; trouble halves them as ever."""
        if not self._calls and not self._cut_at:
            self.limit = float(min(MOST, max(self.limit, calls)))

    async def enter(self) -> float:
        """Wait for room; gives the time on the loop's clock, to be handed to `leave`."""
        loop = asyncio.get_running_loop()
        while self._in_flight >= int(self.limit) or loop.time() < self._held_until:
            turn = loop.create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                self._wake()
                raise
        self._in_flight += 1
        return loop.time()

    def leave(self, entered: float, outcome: CallOutcome, retry_after_s: float | None = None) -> None:
        """A call is over.

        Args:
            entered: What `enter` gave.
            outcome: "refused" is an answer of its own, such as a 400 or a 401, and says nothing of the load.
            retry_after_s: What the endpoint asked for.
        """
        now = asyncio.get_running_loop().time()
        full = self._in_flight >= int(self.limit) or bool(self._waiting)
        self._in_flight -= 1
        if outcome == "overloaded":
            self._cut(entered, now)
        elif outcome == "answered":
            self._measure(now - entered)
            if full and self._taken <= _SLOWER * self._fastest:
                self.limit = min(MOST, self.limit + (1.0 if self.limit < self._creeps_from else 1.0 / self.limit))
        self.hold(retry_after_s)
        self._wake()

    def hold(self, seconds: float | None) -> None:
        """Make no call for so long; what nobody would wait for is left to the calls themselves."""
        if not seconds or seconds > LONGEST_S:
            return
        loop = asyncio.get_running_loop()
        self._held_until = max(self._held_until, loop.time() + seconds)
        # A timer may fire a moment early.
        loop.call_at(self._held_until + 0.002, self._wake)

    def _cut(self, entered: float, now: float) -> None:
        # Calls that were in flight together fail together: they are one sign of trouble.
        if entered >= self._cut_at:
            self.limit = self._creeps_from = max(1.0, self.limit / 2)
            self._cut_at = now

    def _measure(self, seconds: float) -> None:
        self._calls += 1
        weight = max(_SMOOTHING, 1 / self._calls)
        self._taken += weight * (seconds - self._taken)
        if self._calls <= START or self._taken < self._fastest:
            self._fastest = self._taken

    def _wake(self) -> None:
        """Let as many as there is room for look again."""
        if asyncio.get_running_loop().time() < self._held_until:
            return
        room = int(self.limit) - self._in_flight
        while room > 0 and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                room -= 1


# One endpoint has one pace, whoever calls it; a loop ends and takes its paces along.
_PACES: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Pace]] = WeakKeyDictionary()


def pace_of(endpoint: str) -> Pace:
    """The pace that all calls of this event loop to an endpoint share."""
    paces = _PACES.setdefault(asyncio.get_running_loop(), {})
    return paces.setdefault(endpoint, Pace())
