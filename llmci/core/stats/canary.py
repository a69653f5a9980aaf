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
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]
    IntArray = NDArray[np.int64]

# Two bets, a careful and a bold one; their mixture is a bet too.
_BETS = ((0.75, 1.0), (0.25, 3.0))
_PRIOR_BLOCKS = 20
_WARM_UP = 20


@dataclass(frozen=True, slots=True)
class Blocks:
    """Differences of blocks.

    Attributes:
        control: Mean of the control units of each block, shape (b,).
        treatment: Mean of its treatment units, shape (b,).
        closed_at: Index of the unit that closed it, in the order of arrival, shape (b,).
    """

    control: FloatArray
    treatment: FloatArray
    closed_at: IntArray


@dataclass(frozen=True, slots=True)
class EvidencePaths:
    """Evidence after each block, shape (b,): against the treatment, and in favour of it."""

    against: FloatArray
    in_favour: FloatArray
    closed_at: IntArray


def blocks_of(values: FloatArray, treated: BoolArray, *, share: float) -> Blocks:
    """Pair treatment units with the control units that arrived with them.

    Args:
        values: One number a unit, in order of arrival, shape (n,).
        treated: Whether the unit is of the treatment, shape (n,).
        share: The treatment's intended share of traffic, in (0, 1).

    Returns:
        Blocks of at least one treatment unit and a quarter of the controls that come with one.
    """
    fewest_controls = max(1, round((1 - share) / share) // 4)
    ends = _ends(treated, fewest_controls)
    if not len(ends):
        return Blocks(np.zeros(0), np.zeros(0), ends)
    starts, last = np.concatenate(([0], ends[:-1] + 1)), ends[-1] + 1
    arms = treated[:last].astype(np.float64)
    candidates = np.add.reduceat(arms, starts)
    sums = np.add.reduceat(values[:last] * arms, starts), np.add.reduceat(values[:last] * (1.0 - arms), starts)
    return Blocks(sums[1] / (ends - starts + 1 - candidates), sums[0] / candidates, ends)


def _ends(treated: BoolArray, fewest_controls: int) -> IntArray:
    """Index of the unit that closes each block, one step a block."""
    of_treatment, of_control = np.flatnonzero(treated), np.flatnonzero(~treated)
    # Views, because indexing an array for one number at a time takes ten times as long.
    treatments, controls = of_treatment.data, of_control.data
    before = np.cumsum(treated, dtype=np.int64).data
    found = array("q")
    seen_t = seen_c = 0
    while seen_t < len(treatments) and seen_c + fewest_controls <= len(controls):
        end = max(treatments[seen_t], controls[seen_c + fewest_controls - 1])
        found.append(end)
        seen_t = before[end]
        seen_c = end + 1 - seen_t
    return np.array(found, dtype=np.int64)


def evidence(worsening: FloatArray, closed_at: IntArray, *, margin: float, base_rate: float) -> EvidencePaths:
    """Evidence that the treatment is worse, and that it is not worse by the margin.

    Args:
        worsening: Treatment minus control of each block in the direction where more is worse,
            within [-1, 1], shape (b,).
        closed_at: As in `Blocks`.
        margin: Worsening that is not acceptable, in (0, 1).
        base_rate: Guess of the blocks' second moment before any is seen.
    """
    better = -np.clip(worsening, -1.0, 1.0)
    against = _wealth(-better, better, margin=margin, base_rate=base_rate, cap=0.9)
    in_favour = _wealth(better + margin, better + margin, margin=margin, base_rate=base_rate, cap=0.95)
    return EvidencePaths(against=against, in_favour=in_favour, closed_at=closed_at)


def relative_evidence(blocks: Blocks, *, margin: float, base_rate: float) -> EvidencePaths:
    """The same for a cost that may rise by a fraction of the control's.

    "Not dearer by the margin" is tested on (1 + margin) x control - treatment, which needs no ratio.
    The first `_WARM_UP` blocks only set the scale, which must be known before a bet is placed.

    Args:
        blocks: In the cost's own unit.
        margin: Rise that is not acceptable, as a fraction.
        base_rate: As in `evidence`.
    """
    warm, rest = slice(0, _WARM_UP), slice(_WARM_UP, None)
    control, treatment = blocks.control[rest], blocks.treatment[rest]
    if not len(control):
        return EvidencePaths(np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64))
    scale = max(3.0 * float(np.max(blocks.control[warm])), 1e-12)
    step = margin * float(np.mean(blocks.control[warm])) / scale
    saved = np.clip((control - treatment) / scale, -1.0, 1.0)
    spared = np.clip(((1 + margin) * control - treatment) / scale, -1.0, 1.0)
    return EvidencePaths(
        against=_wealth(-saved, saved, margin=step, base_rate=base_rate, cap=0.9),
        in_favour=_wealth(spared, spared, margin=step, base_rate=base_rate, cap=0.95),
        closed_at=blocks.closed_at[rest],
    )


def _wealth(gains: FloatArray, scale: FloatArray, *, margin: float, base_rate: float, cap: float) -> FloatArray:
    """Wealth after each bet on `gains`; the stake is set by the earlier blocks alone."""
    before = np.concatenate(([0.0], np.cumsum(scale**2)[:-1])) if len(scale) else np.zeros(0)
    seen = np.arange(len(scale))
    variance = (_PRIOR_BLOCKS * base_rate + before) / (_PRIOR_BLOCKS + seen)
    total = np.zeros(len(gains))
    for weight, boldness in _BETS:
        stake = np.minimum(boldness * margin / variance, cap)
        total += weight * np.exp(np.cumsum(np.log1p(stake * gains)))
    return total


def mean_path(paths: Sequence[EvidencePaths]) -> tuple[IntArray, FloatArray]:
    """The mean over criteria of the evidence against the treatment, whenever one of them changes.

    A mean of e-values is an e-value whatever their dependence, so no correction is needed for
    watching several things at once.

    Returns:
        Moments, as in `closed_at`, shape (m,), and the mean from each of them on, shape (m,).
    """
    moments = np.unique(np.concatenate([path.closed_at for path in paths])) if paths else np.zeros(0, dtype=np.int64)
    total = np.zeros(len(moments))
    for path in paths:
        held = np.concatenate(([1.0], path.against))
        total += held[np.searchsorted(path.closed_at, moments, side="right")]
    return moments, total / max(len(paths), 1)


def strongest_mean(paths: Sequence[EvidencePaths]) -> float:
    """Largest value ever reached by `mean_path`; 1 where there is none."""
    _, means = mean_path(paths)
    return float(np.max(means)) if len(means) else 1.0


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


def rolling_exceedance(values: FloatArray, treated: BoolArray, *, quantile: float, window: int = 2000) -> FloatArray:
    """Whether each unit exceeds a quantile of the control units before it, shape (n,) of 0 and 1.

    The quantile is refreshed every 100 controls and never from a unit that it is applied to. Units
    before the first 100 controls are nan.
    """
    exceeds = np.full(len(values), np.nan)
    controls = values[~treated]
    seen: IntArray = np.cumsum(~treated) - (~treated).astype(np.int64)
    refreshed = range(100, len(controls) + 1, 100)
    limits = [np.nan, *(np.quantile(controls[max(0, count - window) : count], quantile) for count in refreshed)]
    limit = np.array(limits)[np.minimum(seen // 100, len(limits) - 1)]
    known = ~np.isnan(limit)
    exceeds[known] = values[known] > limit[known]
    return exceeds


def expected_units(margin: float, base_rate: float, *, share: float, alpha: float) -> int:
    """Treatment units until a worsening by the margin is expected to be noticed.

    Growth of the log-wealth of the best bet is about margin squared over twice the variance of a
    block, so evidence of 1 / alpha takes 2 ln(1 / alpha) variance / margin squared.
    """
    variance = base_rate * (1 + share / max(1 - share, share))
    return math.ceil(2 * math.log(1 / alpha) * variance / margin**2)
