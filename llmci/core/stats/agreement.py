"""How far a judge agrees with people: agreement, kappa, sensitivity, specificity, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

# Two-sided 95 % quantile of the normal distribution.
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval; `of` is how many observations it rests on."""

    value: float
    low: float
    high: float
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A judge's passes and fails beside people's.

    Attributes:
        agreement: Share of cases with the same verdict.
        kappa: Agreement beyond chance, in [-1, 1]; 0 where one side never varies.
        sensitivity: Share of the good that the judge passes; None if people passed nothing.
        specificity: Share of the bad that the judge fails; None if people failed nothing.
        informedness: sensitivity + specificity - 1 (Youden's J): the share of a true difference that
            the judge lets through; None if either is unknown.
    """

    agreement: Estimate
    kappa: Estimate
    sensitivity: Estimate | None
    specificity: Estimate | None
    informedness: Estimate | None


def wilson(successes: int, of: int) -> Estimate:
    """A share with its Wilson interval; with no observation the interval is everything.

    Example:
        >>> wilson(81, 263)
        Estimate(value=0.30798..., low=0.25528..., high=0.36617..., of=263)
    """
    if of == 0:
        return Estimate(0.0, 0.0, 1.0, 0)
    return Estimate(successes / of, *wilson_range(successes / of, of), of)


def wilson_range(share: float, of: float) -> tuple[float, float]:
    """The ends of the 95 % interval of a share of so many observations, be it an effective number of them.

    Source:
        Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    shrink = 1 + _Z**2 / of
    middle = (share + _Z**2 / (2 * of)) / shrink
    half = _Z / shrink * sqrt(share * (1 - share) / of + _Z**2 / (4 * of**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def agreement_of(judge: ArrayLike, human: ArrayLike) -> Agreement:
    """Compare a judge's verdicts with people's.

    Args:
        judge: True for a pass, shape (n,).
        human: The same cases in the same order.

    Raises:
        ValueError: There are none, or the lengths differ.
    """
    said, right = np.asarray(judge, dtype=bool), np.asarray(human, dtype=bool)
    if said.shape != right.shape or said.size == 0:
        raise ValueError("give as many verdicts of the judge as of people, and at least one")
    both, neither = int((said & right).sum()), int((~said & ~right).sum())
    good, bad = int(right.sum()), int((~right).sum())
    sensitivity = wilson(both, good) if good else None
    specificity = wilson(neither, bad) if bad else None
    return Agreement(
        agreement=wilson(both + neither, said.size),
        kappa=_kappa(np.array([[both, int((said & ~right).sum())], [int((~said & right).sum()), neither]])),
        sensitivity=sensitivity,
        specificity=specificity,
        informedness=_informedness(sensitivity, specificity) if sensitivity and specificity else None,
    )


def agreement_of_preferences(judge: ArrayLike, human: ArrayLike) -> Agreement:
    """Compare a judge's preferences between two answers with people's.

    Args:
        judge: 1 for the first answer, -1 for the second, 0 for a tie, shape (n,).
        human: The same pairs in the same order.

    Returns:
        Agreement and kappa over all three; `sensitivity` and `specificity` over the pairs where people
        prefer the first and the second, so that a tie of the judge is a difference that is lost.

    Raises:
        ValueError: There are none, or the lengths differ.
    """
    said, right = np.asarray(judge, dtype=np.int64), np.asarray(human, dtype=np.int64)
    if said.shape != right.shape or said.size == 0:
        raise ValueError("give as many preferences of the judge as of people, and at least one")
    table = np.array(
        [[int(((said == ours) & (right == theirs)).sum()) for theirs in (1, 0, -1)] for ours in (1, 0, -1)]
    )
    first, second = int((right == 1).sum()), int((right == -1).sum())
    sensitivity = wilson(int(table[0, 0]), first) if first else None
    specificity = wilson(int(table[2, 2]), second) if second else None
    return Agreement(
        agreement=wilson(int(np.trace(table)), said.size),
        kappa=_kappa(table),
        sensitivity=sensitivity,
        specificity=specificity,
        informedness=_informedness(sensitivity, specificity) if sensitivity and specificity else None,
    )


def longer_share(lengths: Sequence[int], passed: ArrayLike) -> float | None:
    """Chance that a passed answer is longer than a failed one, ties half: 0.5 is no preference.

    None where all were passed, or none. This is the area under the ROC curve of length.
    """
    size, is_pass = np.asarray(lengths), np.asarray(passed, dtype=bool)
    ours, theirs = size[is_pass], np.sort(size[~is_pass])
    if ours.size == 0 or theirs.size == 0:
        return None
    below = np.searchsorted(theirs, ours, side="left")
    up_to = np.searchsorted(theirs, ours, side="right")
    return float((below + up_to).mean() / (2 * theirs.size))


def _kappa(table: np.ndarray) -> Estimate:
    """Cohen's kappa of a square table with its large-sample interval.

    Source:
        Fleiss, Cohen & Everitt (1969), Large sample standard errors of kappa and weighted kappa, eq. (13).
    """
    n = int(table.sum())
    share = table / n
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    observed, expected = float(np.trace(share)), float(rows @ columns)
    if expected >= 1 - 1e-12:
        return Estimate(0.0, -1.0, 1.0, n)
    kappa = (observed - expected) / (1 - expected)
    every = range(len(table))
    diagonal = sum(share[i, i] * (1 - (rows[i] + columns[i]) * (1 - kappa)) ** 2 for i in every)
    aside = sum(share[i, j] * (columns[i] + rows[j]) ** 2 for i in every for j in every if i != j)
    variance = (diagonal + (1 - kappa) ** 2 * aside - (kappa - expected * (1 - kappa)) ** 2) / (n * (1 - expected) ** 2)
    half = _Z * sqrt(max(0.0, float(variance)))
    return Estimate(kappa, max(-1.0, kappa - half), min(1.0, kappa + half), n)


def _informedness(sensitivity: Estimate, specificity: Estimate) -> Estimate:
    """The sum of two shares less one, with the interval made of both Wilson intervals.

    Source:
        Newcombe (1998), Interval estimation for the difference between independent proportions, method 10.
    """
    value = sensitivity.value + specificity.value - 1
    down = sqrt((sensitivity.value - sensitivity.low) ** 2 + (specificity.value - specificity.low) ** 2)
    up = sqrt((sensitivity.high - sensitivity.value) ** 2 + (specificity.high - specificity.value) ** 2)
    return Estimate(value, max(-1.0, value - down), min(1.0, value + up), sensitivity.of + specificity.of)
