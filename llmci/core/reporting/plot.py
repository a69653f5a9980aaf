"""Plausible ranges to coordinates of a small plot: left is worse, right is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmci.core.reporting.view import Interval

WIDTH, HEIGHT = 200, 24
_EDGE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Positions from the left, in the units of a `WIDTH` by `HEIGHT` drawing.

    Attributes:
        margin: Where the tolerance lies; what is left of it is too large a drop.
        beyond_left: Whether the range goes on outside of the drawing; likewise `beyond_right`.
    """

    low: float
    estimate: float
    high: float
    zero: float
    margin: float
    beyond_left: bool
    beyond_right: bool


def across(share: float) -> float:
    """A share of the drawing's width, in [0, 1], as a position from the left."""
    return round(_EDGE + share * (WIDTH - 2 * _EDGE), 1)


def plot_of(interval: Interval) -> Plot:
    """Lay a range out on the scale of its table."""

    def at(value: float) -> float:
        return across((min(max(value, -interval.reach), interval.reach) + interval.reach) / (2 * interval.reach))

    return Plot(
        low=at(interval.low),
        estimate=at(interval.estimate),
        high=at(interval.high),
        zero=at(0.0),
        margin=at(-1.0),
        beyond_left=interval.low < -interval.reach,
        beyond_right=interval.high > interval.reach,
    )
