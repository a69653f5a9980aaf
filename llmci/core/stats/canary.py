"""Anytime-valid evidence on live traffic: betting e-processes on blocks of treatment and control.

A block holds treatment units and the control units that arrived with them, so drift in the traffic
(hours of the day, a new kind of user) hits both sides alike. Blocks are closed by arrivals alone,
never by values, and every unit is used once; under the null the bets are therefore a
supermartingale, and the chance that evidence *ever* reaches 1 / alpha is at most alpha (Ville),
however often one looks.

Sources: Waudby-Smith and Ramdas (2023), Estimating means of bounded random variables by betting;
Vovk and Wang (2021), E-values: calibration, combination and applications; Lindon and Malek (2022),
Anytime-valid inference for multinomial count data (sample ratio).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EvidencePaths:
    """Evidence after each block, shape (b,): against the treatment, and in favour of it.

    Attributes:
        closed_at: Index of the unit that closed the block, in the order of arrival, shape (b,).
    """

    against: FloatArray
    in_favour: FloatArray
    closed_at: IntArray


class MeanEvidence:
    """The mean over criteria of the evidence against the treatment, whenever one of them changes.

    A mean of e-values is an e-value whatever their dependence, so no correction is needed for
    watching several things at once.

    Args:
        criteria: How many there are; each counts as 1 until it has a block.
    """

    def __init__(self, criteria: int) -> None:
        self._held = [1.0] * criteria

    def add(self, paths: Sequence[EvidencePaths]) -> tuple[IntArray, FloatArray]:
        """Take in what the criteria found on one and the same stretch.

        Returns:
            Moments, as in `closed_at`, shape (m,), and the mean from each of them on, shape (m,).
        """
        moments = (
            np.unique(np.concatenate([path.closed_at for path in paths])) if paths else np.zeros(0, dtype=np.int64)
        )
        total = np.zeros(len(moments))
        for at, path in enumerate(paths):
            held = np.concatenate(([self._held[at]], path.against))
            total += held[np.searchsorted(path.closed_at, moments, side="right")]
            self._held[at] = float(held[-1])
        return moments, total / max(len(paths), 1)


def sample_ratio_evidence(treated: int, units: int, *, share: float) -> float:
    """Evidence that the traffic was not split as intended: a beta-binomial e-value.

    Returns:
        1 with no units; 1000 and more means that the split is broken.
    """
    log = (
        math.lgamma(1 + treated)
        + math.lgamma(1 + units - treated)
        - math.lgamma(2 + units)
        - treated * math.log(share)
        - (units - treated) * math.log1p(-share)
    )
    return math.exp(min(log, 700.0))


def evidence_against(alpha: float, stage: int) -> float:
    """How much mean evidence against the treatment rolls it back at a stage, counted from 0.

    The first stage, where nearly every bad candidate is stopped, spends three quarters of alpha, each later
    one a quarter of what the one before it had: over all of them an unchanged candidate is rolled back with
    probability alpha at most.
    """
    return 1.0 / (alpha * 0.75 * 0.25**stage)


def required_evidence(next_share: float) -> float:
    """How much evidence in favour a larger share needs: more exposure, more evidence."""
    if next_share <= 0.25:
        return 3.0
    return 10.0 if next_share <= 0.5 else 20.0


def expected_units(margin: float, base_rate: float, *, share: float, alpha: float) -> int:
    """Treatment units until a worsening by the margin is expected to be noticed.

    Growth of the log-wealth of the best bet is about margin squared over twice the variance of a
    block, so evidence of 1 / alpha takes 2 ln(1 / alpha) variance / margin squared.
    """
    variance = base_rate * (1 + share / max(1 - share, share))
    return math.ceil(2 * math.log(1 / alpha) * variance / margin**2)
