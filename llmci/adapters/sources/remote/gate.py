"""How often and how much at once a source is asked: one gate for all threads that read it."""

from __future__ import annotations

import contextlib
import statistics
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from llmci.core.pulling.limits import Limits

# Of an advertised limit; the same bucket often serves production's own writes.
SHARE = 0.5
# Where a server names a limit but not its period.
_PERIOD_S = 60.0
# Clean requests after which one more is let in at once.
_CLEAN_RUN = 20
# A request slower than so many medians is a sign of strain, from this many seconds on.
_SLOW, _SLOW_S = 3.0, 2.0
# Requests in flight fail together; they are one sign of strain, not several.
_ONE_STRAIN_S = 1.0


class Closed(Exception):
    """The gate was closed: whoever waits gives up."""


class Gate:
    """Lets requests through; thread-safe.

    Advertised limits are kept to `SHARE`, counted by period; a pause holds everybody. What is in
    flight at once grows by one after `_CLEAN_RUN` clean requests and is halved on strain (AIMD).

    Args:
        at_once: Most requests in flight.
        max_rate: Most requests a second; takes the place of `SHARE` of an advertised limit.
        clock: Seconds, monotonic.
    """

    def __init__(
        self, *, at_once: int = 4, max_rate: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock, self._max_rate, self._most = clock, max_rate, at_once
        self._changed = threading.Condition()
        self._closed = False
        self._in_flight, self._width, self._clean = 0, max(1, at_once // 2), 0
        self._free_at = 0.0
        self._allowance: int | None = None
        self._used, self._period_end, self._told = 0, 0.0, False
        self._strained_at = float("-inf")
        self._latencies: deque[float] = deque(maxlen=32)

    @property
    def width(self) -> int:
        """How many requests may be in flight now."""
        return self._width

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn and take it.

        Raises:
            Closed: The gate was closed.
        """
        with self._changed:
            while (seconds := self._to_wait()) > 0:
                self._changed.wait(seconds)
            self._in_flight += 1
            self._used += 1
            if self._max_rate:
                self._free_at = max(self._free_at, self._clock()) + 1 / self._max_rate
        try:
            yield
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()

    def heard(self, limits: Limits) -> None:
        """Take what a response said about limits."""
        with self._changed:
            now = self._clock()
            if limits.limit and self._max_rate is None:
                self._allowance = max(1, int(limits.limit * SHARE))
            if limits.reset_s is not None and not self._told:
                # Only once a period: a reset that slides along would never let a period end.
                self._period_end, self._told = now + limits.reset_s, True
            if limits.remaining == 0 and limits.reset_s:
                self._free_at = max(self._free_at, now + limits.reset_s)

    def pause(self, seconds: float) -> None:
        """Hold everybody for so long."""
        with self._changed:
            self._free_at = max(self._free_at, self._clock() + seconds)
            self._changed.notify_all()

    def went_well(self, seconds: float) -> None:
        """A request was answered in so many seconds."""
        with self._changed:
            usual = statistics.median(self._latencies) if len(self._latencies) >= _CLEAN_RUN else seconds
            self._latencies.append(seconds)
            if seconds > _SLOW * usual and seconds > _SLOW_S:
                self._strain()
                return
            self._clean += 1
            if self._clean >= _CLEAN_RUN and self._width < self._most:
                self._width, self._clean = self._width + 1, 0
                self._changed.notify_all()

    def went_badly(self) -> None:
        """The server is under strain: half as much at once."""
        with self._changed:
            self._strain()

    def close(self) -> None:
        """Let nobody in any more; who waits gives up."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _strain(self) -> None:
        now = self._clock()
        if now - self._strained_at > _ONE_STRAIN_S:
            self._width, self._clean, self._strained_at = max(1, self._width // 2), 0, now

    def _to_wait(self) -> float:
        """Seconds until it is worth looking again; 0 lets one in."""
        if self._closed:
            raise Closed
        now = self._clock()
        if now >= self._period_end:
            self._used, self._period_end, self._told = 0, now + _PERIOD_S, False
        if now < self._free_at:
            return self._free_at - now
        if self._allowance is not None and self._used >= self._allowance:
            return self._period_end - now
        return 60.0 if self._in_flight >= self._width else 0.0
