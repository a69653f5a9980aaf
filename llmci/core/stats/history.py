"""The same certainty from fewer cases: what earlier runs scored on all cases, as a control variate.

The baseline and earlier runs tell of every case how hard it is, asked or not yet. Where the cases asked
so far happened to be the hard ones, the estimate is moved by what that explains. Nothing is gained once all
cases are asked: it lets a bench stop earlier, and changes no final verdict.

Source:
    Cochran (1977), Sampling Techniques, chapter 12 (regression estimator in double sampling); the same
    estimator is CUPED (Deng, Xu, Kohavi & Walker 2013) and PPI++ (Angelopoulos, Duchi & Zrnic 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.core.stats.paired import from_moments, sums

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.core.stats.arrays import BoolArray, FloatArray
    from llmci.core.stats.layout import Layout
    from llmci.core.stats.paired import Moments

# Share of the variance that history is taken to explain when looks are planned.
PLANNED = 1 / 3
# The coefficient is drawn towards a half, as by so many cases: with few cases it is mostly noise.
_DRAWN_TO, _DRAWN_BY = 0.5, 30.0


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """How hard the cases are, by earlier runs.

    Attributes:
        values: Mean of earlier runs minus the baseline of each case asked, as a fraction of the metric's
            range, higher is better; shape (n,).
        mean: Weighted mean of the same over all cases that could be asked.
        effective: Effective number of all these cases.
    """

    values: FloatArray
    mean: float
    effective: float

    def among(self, kept: BoolArray) -> History:
        """The same for some of the cases asked."""
        return History(self.values[kept], self.mean, self.effective)


def moments_with_history(differences: FloatArray, cases: Layout, history: History) -> Moments:
    """Reduce differences to their moments, as `moments`, with history as a control variate.

    Args:
        differences: Candidate minus baseline of each case asked, shape (n,).
        cases: Weights, strata and dependence groups of the same n cases.
        history: Of the same n cases.

    Raises:
        UsageError: A difference is not a finite number.
    """
    plain = sums(differences, cases)
    shift = history.values - history.mean
    slope = _slope(differences, shift, cases)
    rest = sums(differences - slope * shift, cases)
    # Only what was not asked is known better; of the cases asked, all is known already.
    seen = min(cases.effective / history.effective, 1.0)
    return from_moments(
        rest.estimate,
        (1 - seen) * rest.variance + seen * plain.variance,
        plain.effective,
        df=cases.df,
        cubes=None if plain.cubes is None or rest.cubes is None else (1 - seen) * rest.cubes + seen * plain.cubes,
        witnesses=plain.witnesses,
    )


def times_with_history(looks: Sequence[int], cases: int) -> tuple[float, ...]:
    """Share of the whole information at each look, if history explains `PLANNED` of the variance.

    Args:
        looks: Cases asked at each look, ascending.
        cases: How many could be asked; at least as many as at the last look.
    """
    variances = [(1 - PLANNED) * (1 / asked - 1 / cases) + 1 / cases for asked in looks]
    return tuple(variances[-1] / variance for variance in variances)


def _slope(differences: FloatArray, shift: FloatArray, cases: Layout) -> float:
    weights = cases.weights
    centred = shift - float(weights @ shift)
    spread = float(weights @ centred**2)
    if spread <= 0:
        return 0.0
    fitted = float(weights @ (centred * differences)) / spread
    return (cases.effective * fitted + _DRAWN_BY * _DRAWN_TO) / (cases.effective + _DRAWN_BY)
