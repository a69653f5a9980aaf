"""Money: what was spent, what is spoken for, and whether one more call fits."""

from __future__ import annotations

import asyncio


class Ledger:
    """Keeps spending below a limit, calls in flight included.

    A call's worst case is reserved before it is sent and replaced by what it really took when it is
    back. While others are in flight, a call that does not fit waits: they may turn out cheaper. What is in
    flight may ask for more, such as a judge that is tried again; when all that is in flight waits for more,
    nothing will become cheaper, and one of them is refused.

    Args:
        limit: Most that may be spent, in US dollars; None is no limit.
        allow_unknown: Let calls through whose worst case nobody knows; the limit holds for the others.

    Attributes:
        spent: US dollars so far; a call whose cost stays unknown counts as its worst case.
        judging: What judges took of that.
        unknown_calls: Calls whose cost stayed unknown.
    """

    def __init__(self, limit: float | None, *, allow_unknown: bool = False) -> None:
        self._limit, self._allow_unknown = limit, allow_unknown
        self._reserved = 0.0
        self._in_flight = self._asking_for_more = 0
        self._changed = asyncio.Condition()
        self.spent = self.judging = 0.0
        self.unknown_calls = 0

    @property
    def limited(self) -> bool:
        """Whether there is a limit at all."""
        return self._limit is not None

    async def reserve(self, worst: float | None) -> bool:
        """Speak for the worst case of a call; False if the budget has no room for it, now or later.

        Raises:
            ValueError: There is a limit, and nobody knows the worst case.
        """
        if self._limit is None:
            return True
        if worst is None:
            if not self._allow_unknown:
                raise ValueError("a call of unknown cost cannot be kept within a budget")
            worst = 0.0
        async with self._changed:
            await self._changed.wait_for(lambda: self._fits(worst) or not self._in_flight)
            if not self._fits(worst):
                return False
            self._reserved += worst
            self._in_flight += 1
            return True

    async def more(self, worst: float) -> bool:
        """Add to a reservation that is held; False if the budget has no room for it, now or later."""
        if self._limit is None:
            return True
        async with self._changed:
            self._asking_for_more += 1
            # Whoever waits already may now be waiting for nobody.
            self._changed.notify_all()
            try:
                await self._changed.wait_for(lambda: self._fits(worst) or self._asking_for_more >= self._in_flight)
            finally:
                self._asking_for_more -= 1
            if not self._fits(worst):
                return False
            self._reserved += worst
            return True

    async def settle(self, worst: float | None, actual: float | None, *, judge: bool = False) -> None:
        """Replace a reservation by the actual cost; one that stays unknown counts as the worst case."""
        if actual is None:
            self.unknown_calls += 1
        counted = actual if actual is not None else (worst or 0.0)
        self.spent += counted
        self.judging += counted if judge else 0.0
        if self._limit is None:
            return
        async with self._changed:
            self._reserved -= worst or 0.0
            self._in_flight -= 1
            self._changed.notify_all()

    def _fits(self, worst: float) -> bool:
        # The tolerance is for sums of floats, not for money.
        return self._limit is None or self.spent + self._reserved + worst <= self._limit + 1e-12
