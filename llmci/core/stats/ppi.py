"""What people would say on average, from few labels of people and many of a judge."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A mean of people's labels, with its interval.

    Attributes:
        value: In the unit of the labels.
        low: Lower end of the interval.
        high: Upper end.
        weight: How much of the judge is used: 0 is not at all, so that a useless judge does no harm.
        worth: How many labels of people alone would have said as much.
    """

    value: float
    low: float
    high: float
    weight: float
    worth: float


def corrected_mean(human: ArrayLike, judge: ArrayLike, judge_alone: ArrayLike, *, confidence: float) -> Corrected:
    """Estimate the mean of people's labels over everything that the judge has seen.

    The judge's mean over the many is corrected by its error on the few that people labelled, which
    must be drawn at random from the same source. It is unbiased however wrong the judge is; a judge
    that agrees with people only narrows the interval.

    Args:
        human: People's labels, shape (n,).
        judge: The judge's labels of the same, in the same order, shape (n,).
        judge_alone: The judge's labels of what people did not label, shape (N,).
        confidence: Two-sided coverage of the interval, in (0, 1).

    Raises:
        ValueError: There are fewer than two labels of either kind, or the shapes differ.

    Source:
        Angelopoulos, Duchi & Zrnic (2023), PPI++: Efficient prediction-powered inference, section 2
        for the mean and section 6 for the weight.
    """
    from scipy.special import ndtri

    right, said, rest = (np.asarray(each, dtype=np.float64) for each in (human, judge, judge_alone))
    if right.shape != said.shape or right.ndim != 1 or min(right.size, rest.size) < 2:
        raise ValueError("give as many labels of people as of the judge, and at least two of each kind")
    weight = _weight(right, said, rest)
    value = weight * float(rest.mean()) + float((right - weight * said).mean())
    variance = weight**2 * float(rest.var(ddof=1)) / rest.size + float((right - weight * said).var(ddof=1)) / right.size
    half = float(ndtri((1 + confidence) / 2)) * sqrt(variance)
    worth = float(right.var(ddof=1)) / variance if variance else float(right.size)
    return Corrected(value=value, low=value - half, high=value + half, weight=weight, worth=worth)


def _weight(right: np.ndarray, said: np.ndarray, rest: np.ndarray) -> float:
    """The weight of the judge that makes the interval narrowest, within 0..1."""
    spread = float(np.concatenate([said, rest]).var())
    if spread == 0:
        return 0.0
    together = float(((right - right.mean()) * (said - said.mean())).mean())
    return min(1.0, max(0.0, together / ((1 + right.size / rest.size) * spread)))
