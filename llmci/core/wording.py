"""Numbers to words: a difference is never rounded to zero, an unknown never to 0, a bound never onto its limit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

UNKNOWN = "unknown"
# Below it a mean of exact ties is told from zero only by the rounding of its sum.
_NOTHING = 1e-12
_MOST_DECIMALS = 12


def rounded(value: float, decimals: int = 1, *, apart_from: Iterable[float] = (0.0,)) -> str:
    """Round for people, with more decimals where fewer would turn the value into one that it is not.

    Args:
        value: Any number; what is no finite number is "unknown".
        decimals: Usual number of decimals; trailing zeros are left away.
        apart_from: Values that the text must not become unless it is one, such as a tolerance.
    """
    if not math.isfinite(value):
        return UNKNOWN
    if abs(value) < _NOTHING:
        return "0"
    others = [other for other in apart_from if abs(other - value) >= _NOTHING]
    for places in range(decimals, _MOST_DECIMALS + 1):
        text = f"{value:.{places}f}"
        if all(float(text) != round(other, places) for other in others):
            break
    whole = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if whole == "-0" else whole


def signed(value: float, decimals: int = 1, *, apart_from: Iterable[float] = (0.0,)) -> str:
    """The same with its sign: +3.2, -0.4, 0."""
    text = rounded(value, decimals, apart_from=apart_from)
    return f"+{text}" if value > 0 and text not in {"0", UNKNOWN} else text


def points(fraction: float) -> str:
    """A size as points of the metric's range: 0.05 is "5 points"."""
    text = rounded(abs(fraction) * 100)
    return f"{text} point" if text == "1" else f"{text} points"


def percent(fraction: float) -> str:
    """A share or a ratio as a percentage: 0.1 is "10 %"."""
    return f"{rounded(fraction * 100)} %"


def signed_percent(fraction: float) -> str:
    """A change as a percentage, with its sign: 0.04 is "+4 %"."""
    return f"{signed(fraction * 100)} %"


def money(dollars: float | None) -> str:
    """US dollars with at least two meaningful digits; None is "unknown", which is not $0."""
    if dollars is None or not math.isfinite(dollars):
        return UNKNOWN
    return f"-${_digits(-dollars)}" if dollars < 0 else f"${_digits(dollars)}"


def value(number: float | None, unit: str) -> str:
    """A metric's own value with its unit: shares of points as percentages, dollars, tokens, milliseconds."""
    if number is None or not math.isfinite(number):
        return UNKNOWN
    if unit == "USD":
        return money(number)
    if unit == "points":
        return rounded(number, 3)
    return f"{number:,.0f} {unit}" if abs(number) >= 100 else f"{rounded(number)} {unit}"


def count(number: int, one: str, many: str | None = None) -> str:
    """A number and its noun: "1 case", "1,319 cases"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def about(number: float) -> str:
    """A whole number with two meaningful digits, rounded up: 387 is "about 390"."""
    if number < 100:
        return f"about {math.ceil(number):,}"
    unit = 10 ** (math.floor(math.log10(number)) - 1)
    return f"about {math.ceil(number / unit) * unit:,}"


def sure(alpha: float) -> str:
    """A one-sided error rate as what is left of it: 0.05 is "95 % sure"."""
    return f"{rounded((1 - alpha) * 100)} % sure"


def listed(items: Iterable[str], most: int = 5) -> str:
    """Items as an enumeration, the rest as a number: "a, b and 3 more"."""
    texts = list(items)
    if len(texts) > most:
        return f"{', '.join(texts[:most])} and {len(texts) - most} more"
    return " and ".join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else "".join(texts)


def _digits(number: float) -> str:
    """At least two meaningful digits, and cents for what is above a dollar."""
    if abs(number) < _NOTHING:
        return "0"
    places = 2 if abs(number) >= 1 else 1 - math.floor(math.log10(abs(number)))
    text = f"{number:,.{places}f}"
    return text.removesuffix(".00")
