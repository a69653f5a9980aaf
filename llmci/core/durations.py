"""Lengths of time in words."""

from __future__ import annotations

_LONG_S = 100


def lasting(seconds: float) -> str:
    """Such as "12 s", "3 min 5 s" or "2 h 10 min"."""
    if seconds < _LONG_S:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
