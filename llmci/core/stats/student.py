"""Student's t distribution: a gate's few numbers by plain arithmetic, whole tables by scipy.

Importing `scipy.special` takes longer than a gate does, and most gates ask for a few dozen numbers.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmci.core.stats.arrays import FloatArray

# Up to so many numbers are computed one by one.
_FEW = 256
_MOST_STEPS = 20_000
_TINY = 1e-300
_EXACT = 1e-15


def t_cdf(df: FloatArray | float, t: FloatArray | float) -> FloatArray:
    """Chance to fall below `t`; `df` (at least 1) and `t` broadcast.

    Source: DLMF 8.17.5 and 8.17.22, the continued fraction evaluated by Lentz's method.
    """
    return _each(df, t, _below, "stdtr")


def t_quantile(df: FloatArray | float, share: FloatArray | float) -> FloatArray:
    """The value below which a share in (0, 1) falls; the inverse of `t_cdf`."""
    return _each(df, share, _value, "stdtrit")


def _each(
    df: FloatArray | float, x: FloatArray | float, one: Callable[[float, float], float], of_scipy: str
) -> FloatArray:
    if np.ndim(df) == np.ndim(x) == 0:
        return np.asarray(one(float(df), float(x)))
    freedom, at = np.broadcast_arrays(np.asarray(df, float), np.asarray(x, float))
    if at.size > _FEW:
        from scipy import special

        many: FloatArray = getattr(special, of_scipy)(freedom, at)
        return many
    found = [one(float(f), float(v)) for f, v in zip(freedom.ravel(), at.ravel(), strict=True)]
    return np.array(found, dtype=np.float64).reshape(at.shape)


def _below(df: float, t: float) -> float:
    if math.isnan(t) or math.isnan(df):
        return math.nan
    tail = 0.0 if math.isinf(t) else _tail(df, t * t / df)
    return tail if t < 0 else 1.0 - tail


def _tail(df: float, x: float) -> float:
    """Chance to fall further out than t on one side, where `x` is t²/df."""
    if x == 0:
        return 0.5
    a, y = df / 2, 1 / (1 + x)
    scale = math.exp(_log_ratio(a) - math.log(math.pi) / 2 - a * math.log1p(x) + math.log(x * y) / 2)
    if y < (a + 1) / (a + 2.5):
        return scale * _fraction(a, 0.5, y) / a / 2
    return 0.5 - scale * _fraction(0.5, a, x * y)


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function."""
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1) or _TINY)
    found = d
    for m in range(1, _MOST_STEPS):
        at = a + 2 * m
        even = m * (b - m) * x / ((at - 1) * at)
        d, c = 1 / (1 + even * d or _TINY), 1 + even / c or _TINY
        found *= c * d
        odd = -(a + m) * (a + b + m) * x / (at * (at + 1))
        d, c = 1 / (1 + odd * d or _TINY), 1 + odd / c or _TINY
        found *= c * d
        if abs(c * d - 1) < _EXACT:
            break
    return found


def _log_ratio(a: float) -> float:
    """The logarithm of gamma(a + 1/2) / gamma(a)."""
    if a < 100:
        return math.lgamma(a + 0.5) - math.lgamma(a)
    # Tricomi and Erdélyi (1951); the difference of two logarithms would lose digits.
    series = 1 - 1 / (8 * a) + 1 / (128 * a**2) + 5 / (1024 * a**3) - 21 / (32768 * a**4)
    return math.log(a) / 2 + math.log(series)


@lru_cache(maxsize=4096)
def _value(df: float, share: float) -> float:
    """Newton's steps from the normal distribution's value, kept between bounds that close in."""
    if math.isnan(share) or math.isnan(df) or not 0 <= share <= 1:
        return math.nan
    if share in (0, 1):
        return math.inf if share else -math.inf
    if share < 0.5:
        # Near 1 a chance has few digits left.
        return -_upper(df, share)
    return _upper(df, 1 - share) if share > 0.5 else 0.0


def _upper(df: float, beyond: float) -> float:
    """The positive value that is exceeded with a chance below one half."""
    low, high = 0.0, 1.0
    while _tail(df, high * high / df) > beyond:
        low, high = high, 2 * high
    t = min(max(-NormalDist().inv_cdf(beyond), low), high)
    density = _log_ratio(df / 2) - math.log(df * math.pi) / 2
    for _ in range(100):
        over = _tail(df, t * t / df) - beyond
        low, high = (t, high) if over > 0 else (low, t)
        step = over / math.exp(density - (df + 1) / 2 * math.log1p(t * t / df))
        following = t + step if low < t + step < high else (low + high) / 2
        if abs(following - t) <= 1e-15 * t:
            return following
        t = following
    return t
