"""The paired statistic: one imaginary win and one imaginary loss, corrected for skewness ("J±1").

The ordinary paired t finds "no drop" proven in up to two thirds of the runs where a rare drop is
real, because a sample without losses has no spread. Two imaginary cases (Bonett & Price 2012) and
Johnson's correction for skewness (1978) keep both errors near the nominal 5 % for every metric:
pass/fail, graded, preferences, cost ratios, exceedances.

Everything here is elementwise: a `Moments` holds numbers, or arrays of one shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.stats.student import t_cdf, t_quantile
from llmci.errors import UsageError

if TYPE_CHECKING:
    from llmci.core.stats.arrays import FloatArray
    from llmci.core.stats.layout import Layout

# Slope of the skewness correction below which it is not followed.
_SLOPE = 0.5
_FLAT = 1e-30

METHOD = (
    "paired differences with one imaginary win and one imaginary loss (Bonett & Price 2012), "
    "corrected for skewness (Johnson 1978)"
)


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """What the decision needs to know of a sample of differences.

    Attributes:
        estimate: Weighted mean difference.
        se: Its standard error before the imaginary cases.
        centre: The mean with the imaginary cases.
        spread: The standard error with the imaginary cases; never 0.
        skew: Third moment with the imaginary cases; 0 with dependence groups, where the correction
            does harm.
        effective: Effective number of cases.
        witnesses: Observations that could have shown a rare drop: the exponent of the rule of three.
        df: Degrees of freedom; below 1 nothing is known.
    """

    estimate: FloatArray
    se: FloatArray
    centre: FloatArray
    spread: FloatArray
    skew: FloatArray
    effective: FloatArray
    witnesses: FloatArray
    df: FloatArray


def moments(differences: FloatArray, cases: Layout) -> Moments:
    """Reduce differences to their moments.

    Args:
        differences: Candidate minus baseline of each case, higher is better, in [-1, 1], shape (n,).
        cases: Weights, strata and dependence groups of the same n cases.

    Raises:
        UsageError: A difference is not a finite number.
    """
    of = sums(differences, cases)
    return from_moments(of.estimate, of.variance, of.effective, df=cases.df, cubes=of.cubes, witnesses=of.witnesses)


@dataclass(frozen=True, slots=True)
class Sums:
    """Moments without the imaginary cases; see `Moments` and `from_moments`."""

    estimate: float
    variance: float
    effective: float
    cubes: float | None
    witnesses: float


def sums(differences: FloatArray, cases: Layout) -> Sums:
    """Mean difference, its variance, and how many cases that is worth; raises as `moments`."""
    if not np.all(np.isfinite(differences)):
        raise UsageError("a difference is not a finite number.", fix="Leave out cases that have no score.")
    weights, strata = cases.weights, cases.strata
    estimate = float(weights @ differences)
    if strata is None:
        centred = differences - estimate
    else:
        totals = np.bincount(strata, weights=weights * differences)
        means = np.divide(totals, cases.stratum_weights, out=np.zeros_like(totals), where=cases.stratum_weights > 0)
        centred = differences - means[strata]
    influence = weights * centred
    if cases.groups is None:
        squares = influence * influence
        spreads = np.array([squares.sum()]) if strata is None else np.bincount(strata, weights=squares)
        variance = float(cases.stratum_factors @ spreads)
        return Sums(estimate, variance, cases.effective, float(squares @ influence), cases.effective)
    totals = np.bincount(cases.groups, weights=influence)
    variance = float(totals @ totals) * cases.group_count / max(cases.group_count - 1, 1)
    of_one = float(influence @ centred) * cases.cases / max(cases.cases - 1, 1)
    effective = min(cases.effective, of_one / variance) if variance > 0 else cases.effective
    witnesses = min(effective, cases.effective_groups)
    return Sums(estimate, variance, max(effective, 1.0), None, witnesses)


def of_table(wins: FloatArray, losses: FloatArray, cases: FloatArray | float) -> Moments:
    """Moments of a pass/fail metric from counts: `wins` cases got better, `losses` worse, the rest tied."""
    mean = (wins - losses) / cases
    squares = (wins + losses) - cases * mean**2
    cubes = (wins - losses) - 3 * mean * (wins + losses) + 2 * cases * mean**3
    size = np.asarray(cases, dtype=np.float64)
    return from_moments(mean, squares / (size * (size - 1)), size, df=size - 1, cubes=cubes / size**3)


def from_moments(
    estimate: FloatArray | float,
    variance: FloatArray | float,
    effective: FloatArray | float,
    *,
    df: FloatArray | float,
    cubes: FloatArray | float | None = None,
    witnesses: FloatArray | float | None = None,
) -> Moments:
    """Add the imaginary win and loss, each weighing one effective case.

    Args:
        estimate: Mean difference.
        variance: Its variance.
        effective: Effective number of cases.
        df: Degrees of freedom.
        cubes: Sum of the cubed influence values; None leaves the skewness alone.
        witnesses: See `Moments`; the effective number of cases by default.
    """
    mean, var, n = np.asarray(estimate, float), np.asarray(variance, float), np.asarray(effective, float)
    size = n + 2
    centre = mean * n / size
    shift = mean - centre
    squares = var * n * (n - 1)
    imaginary = (1 - centre) ** 2 + (1 + centre) ** 2
    spread = np.sqrt((squares + n * shift**2 + imaginary) / (size * (size - 1)))
    skew = np.zeros_like(centre)
    if cubes is not None:
        tilt = (1 - centre) ** 3 - (1 + centre) ** 3
        skew = (cubes * n**3 + 3 * shift * squares + n * shift**3 + tilt) / size**3
    return Moments(
        estimate=mean,
        se=np.sqrt(var),
        centre=centre,
        spread=spread,
        skew=skew,
        effective=n,
        witnesses=n if witnesses is None else np.asarray(witnesses, float),
        df=np.asarray(df, float),
    )


def statistic(of: Moments, at: FloatArray | float) -> FloatArray:
    """The t statistic against a mean difference of `at`.

    Johnson's correction bends the distance into a parabola, which holds near the estimate only: far
    from it the parabola turns back, and a system that fails every case would be no evidence. From
    where its slope has fallen to a half, it goes on as a straight line.
    """
    offset, bend = _correction(of)
    result: FloatArray = (_bent(of.centre - np.asarray(at, float), bend) + offset) / of.spread
    return result


def p_below(of: Moments, limit: FloatArray | float) -> FloatArray:
    """Evidence that the mean difference is below `limit`: small when that is proven, 1 where nothing is known."""
    result: FloatArray = np.where(of.df >= 1, t_cdf(np.maximum(of.df, 1), statistic(of, limit)), 1.0)
    return result


def p_above(of: Moments, limit: FloatArray | float) -> FloatArray:
    """The same for "above `limit`"."""
    result: FloatArray = np.where(of.df >= 1, t_cdf(np.maximum(of.df, 1), -statistic(of, limit)), 1.0)
    return result


def p_worse(of: Moments, margin: FloatArray | float = 0.0) -> FloatArray:
    """Evidence for "worse by more than `margin`": small when a drop beyond it is proven."""
    return p_below(of, -np.asarray(margin, float))


def p_not_worse(of: Moments, margin: FloatArray | float) -> FloatArray:
    """Evidence for "not worse by `margin` or more": small when such a drop is ruled out.

    Never smaller than the chance that a drop of `margin` leaves no trace at all in so many cases
    (the rule of three): nobody can rule out 5 points with fewer than 59 clean cases. A proven rise
    rules out every drop by itself.
    """
    allowed = np.asarray(margin, float)
    unseen = np.clip(1 - allowed, 0, 1) ** of.witnesses
    result: FloatArray = np.minimum(np.maximum(p_above(of, -allowed), unseen), p_above(of, 0.0))
    return result


def bounds(of: Moments, alpha: float) -> tuple[FloatArray, FloatArray]:
    """One-sided lower and upper bounds of the mean difference, each missed with chance `alpha`.

    The set of values that `statistic` does not reject; (-1, 1) where nothing is known.
    """
    quantile = t_quantile(np.maximum(of.df, 1), 1 - alpha)
    low = np.where(of.df >= 1, _root(of, quantile), -1.0)
    high = np.where(of.df >= 1, _root(of, -quantile), 1.0)
    return np.clip(low, -1, 1), np.clip(high, -1, 1)


def guarded_bounds(of: Moments, alpha: float) -> tuple[FloatArray, FloatArray]:
    """`bounds`, with a lower one that agrees with `p_not_worse` about what may be ruled out."""
    low, high = bounds(of, alpha)
    return np.where(low > 0, low, np.minimum(low, alpha ** (1 / of.witnesses) - 1)), high


def _correction(of: Moments) -> tuple[FloatArray, FloatArray]:
    """What Johnson adds to the distance, and by how much its square is bent; nothing where it hardly bends."""
    bend = of.skew / (3 * of.spread**4)
    bend = np.where(np.abs(bend) < _FLAT, 0.0, bend)
    return bend * of.spread**2 / 2, bend


def _bent(distance: FloatArray, bend: FloatArray) -> FloatArray:
    """A distance plus its bent square, straightened where its slope is below a half."""
    joint = _joint(bend)
    straight = joint + bend * joint**2 + _SLOPE * (distance - joint)
    result: FloatArray = np.where(bend * (distance - joint) < 0, straight, distance + bend * distance**2)
    return result


def _straightened(height: FloatArray, bend: FloatArray) -> FloatArray:
    """The distance at which `_bent` reaches a height."""
    joint = _joint(bend)
    top = joint + bend * joint**2
    inside = np.maximum(1 + 4 * bend * height, 0)
    result: FloatArray = np.where(
        bend * (height - top) < 0, joint + (height - top) / _SLOPE, 2 * height / (1 + np.sqrt(inside))
    )
    return result


def _joint(bend: FloatArray) -> FloatArray:
    """Where the slope of the parabola is `_SLOPE`; out of reach where there is none."""
    result: FloatArray = (_SLOPE - 1) / (2 * np.where(bend == 0, _FLAT, bend))
    return result


def _root(of: Moments, quantile: FloatArray) -> FloatArray:
    """The mean difference at which the statistic reaches a quantile."""
    offset, bend = _correction(of)
    result: FloatArray = of.centre - _straightened(quantile * of.spread - offset, bend)
    return result
