"""Evidence and exposure over time as points of a drawing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 640, 160
# Evidence is drawn on a logarithmic scale between these.
_LOW, _HIGH = 0.01, 10_000.0


@dataclass(frozen=True, slots=True)
class Curve:
    """A drawing `WIDTH` by `HEIGHT`.

    Attributes:
        points: For an SVG polyline.
        boundary: Height of the line that decides.
        one: Height of no evidence either way.
    """

    points: str
    boundary: float
    one: float


def evidence_curve(points: Sequence[tuple[float, float]], *, boundary: float) -> Curve:
    """Draw evidence over units.

    Args:
        points: How far through the traffic, in [0, 1], and the evidence there, as an e-value.
        boundary: Evidence that decides.
    """
    drawn = [(0.0, _height(1.0)), *((x * WIDTH, _height(value)) for x, value in points)]
    return Curve(_text(drawn), _height(boundary), _height(1.0))


def exposure_curve(moves: Sequence[tuple[float, float]]) -> str:
    """Steps of the share, for an SVG polyline.

    Args:
        moves: Moment (any unit, ascending) and share from then on; the last one is where the drawing ends.
    """
    if not moves:
        return ""
    first, last = moves[0][0], moves[-1][0]
    span = (last - first) or 1.0
    drawn: list[tuple[float, float]] = []
    for moment, share in moves:
        x = (moment - first) / span * WIDTH
        if drawn:
            drawn.append((x, drawn[-1][1]))
        drawn.append((x, HEIGHT - 4 - share * (HEIGHT - 8)))
    return _text(drawn)


def _height(value: float) -> float:
    bounded = min(max(value, _LOW), _HIGH)
    part = (math.log(bounded) - math.log(_LOW)) / (math.log(_HIGH) - math.log(_LOW))
    return round(HEIGHT - part * HEIGHT, 1)


def _text(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
