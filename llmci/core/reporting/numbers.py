"""Numbers for the tables of reports: differences as in sentences, values of one metric with equal decimals."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from llmci.core import wording
from llmci.core.reporting.inert import one_line

if TYPE_CHECKING:
    from llmci.domain.run import Metric, MetricKind

_MOST_DECIMALS = 8


def shown(value: float, decimals: int = 1) -> str:
    """A finite number with so many decimals, or with as many more as it takes not to show 0 for what is not 0."""
    while value != 0 and decimals < _MOST_DECIMALS and round(value, decimals) == 0:
        decimals += 1
    if value != 0 and round(value, decimals) == 0:
        return f"{value:.1e}"
    return f"{value:,.{decimals}f}"


def change(value: float, kind: MetricKind) -> str:
    """A difference in points of the metric's range, or in percent of the baseline for ratios."""
    if not math.isfinite(value):
        return "from 0"
    return f"{wording.signed(value * 100)} {_unit(kind)}"


def plausible(low: float, high: float, kind: MetricKind, tolerance: float = 0.0) -> str:
    """The range that a difference plausibly lies in; no end is rounded onto the tolerance."""
    if not math.isfinite(low) and not math.isfinite(high):
        return "-"
    apart = (0.0, 100 * tolerance, -100 * tolerance)
    ends = (wording.signed(end * 100, apart_from=apart) if math.isfinite(end) else "no limit" for end in (low, high))
    return f"{' … '.join(ends)} {_unit(kind)}"


def size(value: float, kind: MetricKind) -> str:
    """An amount without sign: a tolerance, a detectable drop."""
    return f"{wording.rounded(value * 100)} {_unit(kind)}"


def pair(metric: Metric, baseline: float | None, candidate: float | None) -> tuple[str, str]:
    """Two values of one metric, with enough decimals to be told apart if they differ."""
    decimals = _decimals(metric)
    while (
        baseline is not None
        and candidate is not None
        and baseline != candidate
        and decimals < _MOST_DECIMALS
        and amount(metric, baseline, decimals) == amount(metric, candidate, decimals)
    ):
        decimals += 1
    return amount(metric, baseline, decimals), amount(metric, candidate, decimals)


def amount(metric: Metric, value: float | None, decimals: int | None = None) -> str:
    """A mean of one metric in its own unit."""
    if value is None or not math.isfinite(value):
        return wording.UNKNOWN
    decimals = _decimals(metric) if decimals is None else decimals
    if metric.kind == "binary":
        return rate(value, decimals)
    if metric.unit == "USD":
        return f"${shown(value, decimals)}"
    text = shown(value, decimals)
    return text if metric.unit == "points" else f"{text} {metric.unit}"


def rate(value: float, decimals: int = 1) -> str:
    """A share as a percentage; only all is 100 % and only none is 0 %."""
    while 0 < value < 1 and decimals < _MOST_DECIMALS and round(value * 100, decimals) in (0, 100):
        decimals += 1
    return f"{value * 100:.{decimals}f} %"


def duration(milliseconds: float | None) -> str:
    """A time, in seconds from ten on."""
    if milliseconds is None:
        return wording.UNKNOWN
    return f"{shown(milliseconds / 1000)} s" if milliseconds >= 10_000 else f"{shown(milliseconds, 0)} ms"


def relative(baseline: float | None, candidate: float | None) -> str:
    """How much larger the second is, in percent of the first."""
    if baseline is None or candidate is None or baseline == 0:
        return "-"
    return "no change" if baseline == candidate else wording.signed_percent(candidate / baseline - 1)


def moment(iso: str) -> str:
    """A time in ISO 8601 as people write it; what is not one stands as it is."""
    try:
        return f"{datetime.fromisoformat(iso).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return one_line(iso, 40)


def _decimals(metric: Metric) -> int:
    return {"binary": 1, "graded": 3, "latency": 0, "ratio": 4 if metric.unit == "USD" else 0}[metric.kind]


def _unit(kind: MetricKind) -> str:
    return "%" if kind == "ratio" else "pt"
