"""How long to wait before asking again."""

from __future__ import annotations

LONGEST_S = 120.0
_FIRST_S = 0.5
_GROWN_S = 30.0


def wait_s(attempt: int, asked_s: float | None, jitter: float) -> float | None:
    """Seconds to wait after a failed try.

    Args:
        attempt: 0 after the first try; waits double from there.
        asked_s: What the other side asked for (`Retry-After`); it is obeyed.
        jitter: In [0, 1); spreads the callers, so that they do not all come back at once.

    Returns:
        The wait; None if the other side asks for longer than anyone would wait here.
    """
    grown = min(_FIRST_S * float(2**attempt), _GROWN_S) * (0.5 + jitter / 2)
    if asked_s is None:
        return grown
    # A little later than asked, never earlier.
    return asked_s + min(grown, 0.1 * asked_s) if asked_s <= LONGEST_S else None
