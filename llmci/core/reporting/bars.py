"""Shares with their ranges, and counts, as rows that can be drawn on one scale from 0."""

from __future__ import annotations

from dataclasses import dataclass

from llmci.core.reporting.inert import one_line
from llmci.core.reporting.stored import mapping

_NAME = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """An estimate with its range; positions are shares of the drawing's width, in [0, 1].

    Attributes:
        note: What tells it from others of its name, such as a slice; empty where nothing does.
        words: What the drawing shows.
        before: Where it was, with the range of that: low, value, high; None where there is no before.
    """

    name: str
    note: str = ""
    words: str
    low: float
    value: float
    high: float
    before: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """A count; `share` is of the largest in its list, in [0, 1]."""

    name: str
    count: int
    share: float


def tallies(counts: object) -> tuple[Tally, ...]:
    """Counts by name, the largest first; what is no count of a stored document is left out."""
    known = {str(name): count for name, count in mapping(counts).items() if isinstance(count, int) and count > 0}
    most = max(known.values(), default=1)
    ordered = sorted(known.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Tally(name=one_line(name, _NAME), count=count, share=count / most) for name, count in ordered)


def bounded(share: float) -> float:
    """A position that is in the drawing."""
    return min(max(share, 0.0), 1.0)
