"""What one verdict may take: reserved as it was estimated, and more for calls that are tried again.

Whoever asks a scorer lays out the allowance, and the model that the scorer asks finds it, whatever
stands between the two: a composite, a metric of another library, two calls side by side.
"""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmci.core.bench.ledger import Ledger


class Allowance:
    """The part of a budget that is spoken for by one verdict.

    Args:
        ledger: Keeps the budget.
        reserved: US dollars that are reserved there already.

    Attributes:
        reserved: US dollars that are reserved now.
        spent: US dollars of the calls that are over; one whose cost is unknown counts as its worst case.
        refused: Whether a call was not made, because the budget had no room for it.
    """

    def __init__(self, ledger: Ledger, reserved: float) -> None:
        self._ledger = ledger
        self.reserved = reserved
        self.spent = self._in_flight = 0.0
        self.refused = False

    async def take(self, worst: float) -> bool:
        """Speak for a call before it is made; False if it may not be made."""
        self._in_flight += worst
        lacking = self.spent + self._in_flight - self.reserved
        if lacking <= 0:
            return True
        # Taken at once, so that a call beside this one does not count on it.
        self.reserved += lacking
        if not await self._ledger.more(lacking):
            self.reserved -= lacking
            self._in_flight -= worst
            self.refused = True
            return False
        return True

    def over(self, worst: float, cost: float | None) -> None:
        """A call is over; None is a cost that nobody knows."""
        self._in_flight -= worst
        self.spent += worst if cost is None else cost


_LAID_OUT: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


def allowance() -> Allowance | None:
    """The allowance of whoever asks; None where nobody counts."""
    return _LAID_OUT.get()


@contextlib.contextmanager
def laid_out(given: Allowance | None) -> Iterator[None]:
    """Lay out an allowance for all that is asked in the block, and in the tasks that it starts."""
    token = _LAID_OUT.set(given)
    try:
        yield
    finally:
        _LAID_OUT.reset(token)
