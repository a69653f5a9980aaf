"""How cases stand to each other: what each weighs, which stratum it is from, which cases depend on each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llmci.errors import UsageError

if TYPE_CHECKING:
    from llmci.core.stats.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The cases of one comparison, prepared once for every metric that is compared on them.

    Attributes:
        weights: Shape (n,), summing to 1; a case of weight 0 does not count.
        strata: Number of each case's stratum, shape (n,); None where there is only one.
        stratum_weights: Sum of the weights in each stratum.
        stratum_factors: n_s / (n_s - 1) of each stratum.
        groups: Number of each case's dependence group, shape (n,); None where no two cases depend
            on each other.
        cases: Cases that count.
        group_count: Groups that count; `cases` where there are no groups.
        effective: Kish's effective number of cases.
        effective_groups: The same for groups: what could be known if a group were one observation.
        df: Degrees of freedom; below 1 nothing can be known.
    """

    weights: FloatArray
    strata: IntArray | None
    stratum_weights: FloatArray
    stratum_factors: FloatArray
    groups: IntArray | None
    cases: int
    group_count: int
    effective: float
    effective_groups: float
    df: int


def layout(
    cases: int,
    *,
    weights: FloatArray | None = None,
    strata: IntArray | None = None,
    groups: IntArray | None = None,
) -> Layout:
    """Prepare cases for comparison.

    Args:
        cases: How many there are.
        weights: Share of production of each case, in any unit; equal by default.
        strata: Stratum number of each case. Strata with a single observation say nothing of their
            own spread and are pooled (Cochran 1977, collapsed strata).
        groups: Dependence group number of each case; ignored where every case is its own group.

    Raises:
        UsageError: No case, or weights that are negative, not finite, or sum to zero.
    """
    shares = _shares(cases, weights)
    counted = shares > 0
    grouped = None if groups is None else np.unique(groups, return_inverse=True)[1]
    size = int(counted.sum())
    group_count = size if grouped is None else len(np.unique(grouped[counted]))
    if group_count == size:
        grouped = None
    layers = None if strata is None else _pooled(strata, grouped, counted)
    per_stratum = np.array([size]) if layers is None else np.bincount(layers[counted])
    group_weights = shares if grouped is None else _sums(grouped, shares)
    return Layout(
        weights=shares,
        strata=layers,
        stratum_weights=np.ones(1) if layers is None else _sums(layers, shares),
        stratum_factors=per_stratum / np.maximum(per_stratum - 1, 1),
        groups=grouped,
        cases=size,
        group_count=group_count,
        effective=float(1 / np.sum(shares**2)),
        effective_groups=float(1 / np.sum(group_weights**2)),
        df=group_count - len(per_stratum),
    )


def _shares(cases: int, weights: FloatArray | None) -> FloatArray:
    if cases < 1:
        raise UsageError("there is no case to compare.", fix="Build an eval set with at least one case.")
    if weights is None:
        return np.full(cases, 1 / cases)
    total = float(np.sum(weights))
    if not np.all(np.isfinite(weights)) or np.any(weights < 0) or total <= 0:
        raise UsageError(
            "the weights of the cases are negative, not finite, or sum to zero.",
            fix="Give every case its share of production as a positive number.",
        )
    return np.asarray(weights / total, dtype=np.float64)


def _sums(numbers: IntArray, weights: FloatArray) -> FloatArray:
    return np.asarray(np.bincount(numbers, weights=weights), dtype=np.float64)


def _pooled(strata: IntArray, groups: IntArray | None, counted: np.ndarray) -> IntArray | None:
    """Number strata densely, those with a single observation pooled into one; None where one is left."""
    codes = np.unique(strata, return_inverse=True)[1]
    observations = _observations(codes, groups, counted)
    while len(observations) > 1 and observations.min() < 2:
        # The thin ones together, and if they are thin still, with the next smallest.
        thin = np.flatnonzero(observations < 2)
        joined = thin if len(thin) > 1 else np.argsort(observations, kind="stable")[:2]
        codes = np.unique(np.where(np.isin(codes, joined), joined[0], codes), return_inverse=True)[1]
        observations = _observations(codes, groups, counted)
    return None if len(observations) == 1 else codes


def _observations(codes: IntArray, groups: IntArray | None, counted: np.ndarray) -> IntArray:
    """Independent observations in each stratum."""
    strata = codes[counted]
    if groups is None:
        return np.bincount(strata, minlength=int(codes.max()) + 1)
    pairs = np.unique(np.stack([strata, groups[counted]]), axis=1)
    return np.bincount(pairs[0], minlength=int(codes.max()) + 1)
