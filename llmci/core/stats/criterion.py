"""One criterion of a canary: its values on live units to evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from llmci.core.stats import canary as stats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]

_LATENCY_QUANTILE = 0.95


class Watched(Protocol):
    """What a criterion must say to be simulated; `llmci.domain.rollout.Criterion` does."""

    @property
    def name(self) -> str:
        """As in the plan."""

    @property
    def kind(self) -> str:
        """score, error, cost or latency."""

    @property
    def margin(self) -> float:
        """Worsening that is not acceptable."""

    @property
    def base_rate(self) -> float:
        """Guess of the variance scale."""


def evidence_of(values: FloatArray, treated: BoolArray, criterion: Watched, *, share: float) -> stats.EvidencePaths:
    """One criterion's evidence on units in order of arrival.

    Args:
        values: More is worse; nan where unknown, shape (n,).
        treated: Whether the unit is of the treatment, shape (n,).
        criterion: What is watched.
        share: The treatment's intended share of the traffic, in (0, 1].

    Returns:
        Paths whose `closed_at` counts all units, so that several criteria share one clock.
    """
    if criterion.kind == "latency":
        values = stats.rolling_exceedance(values, treated, quantile=_LATENCY_QUANTILE)
    known = np.flatnonzero(~np.isnan(values))
    found = stats.blocks_of(values[known], treated[known], share=min(share, 0.99))
    blocks = replace(found, closed_at=known[found.closed_at])
    if criterion.kind == "cost":
        return stats.relative_evidence(blocks, margin=criterion.margin, base_rate=criterion.base_rate)
    return stats.evidence(
        blocks.treatment - blocks.control, blocks.closed_at, margin=criterion.margin, base_rate=criterion.base_rate
    )
