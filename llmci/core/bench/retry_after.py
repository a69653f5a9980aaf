"""`Retry-After`, as servers write it."""

from __future__ import annotations

from email.utils import parsedate_to_datetime


def seconds_of(header: str | None, now: float) -> float | None:
    """Seconds to wait, from a number or an HTTP date; None if there is no header that can be read.

    Args:
        now: Seconds since 1970.
    """
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - now)
    except ValueError:
        return None
