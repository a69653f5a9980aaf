"""One criterion of a canary: its values on live units to evidence, a stretch of traffic at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from llmci.core.stats.blocks import Blocking, Blocks
from llmci.core.stats.canary import EvidencePaths
from llmci.core.stats.exceedance import Exceedance
from llmci.core.stats.wealth import Wealth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]

_LATENCY_QUANTILE = 0.95
# Stakes stay below 1 over the largest loss: 1 against, and 1 - margin in favour.
_CAP_AGAINST, _CAP_IN_FAVOUR = 0.9, 0.95
_WARM_UP = 20
# Blocks without treatment or without control are not closed, however small the control's share.
_LARGEST_SHARE = 0.99


class Watched(Protocol):
    """What a criterion must say to be simulated; `llmci.domain.rollout.Criterion` does."""

    @property
    def name(self) -> str:
        """As in the plan."""

    @property
    def kind(self) -> str:
        """score, error, flag, cost, tokens or latency."""

    @property
    def margin(self) -> float:
        """Worsening that is not acceptable."""

    @property
    def base_rate(self) -> float:
        """Guess of the variance scale."""


class Tracked:
    """The evidence on one criterion, in bounded memory.

    Args:
        criterion: What is watched.
        share: The treatment's intended share of the traffic, in (0, 1].
    """

    def __init__(self, criterion: Watched, *, share: float) -> None:
        self._blocking = Blocking(share=min(share, _LARGEST_SHARE))
        self._exceedance = Exceedance(quantile=_LATENCY_QUANTILE) if criterion.kind == "latency" else None
        self._bets: _Points | _Ratio = _Ratio(criterion) if criterion.kind in ("cost", "tokens") else _Points(criterion)
        self._units = 0

    def add(self, values: FloatArray, treated: BoolArray) -> EvidencePaths:
        """The evidence after each block that the next units close.

        Args:
            values: More is worse; nan where unknown, in order of arrival, shape (n,).
            treated: Whether the unit is of the treatment, shape (n,).

        Returns:
            Paths whose `closed_at` counts all units from the first one on, so that criteria share one clock.
        """
        known = np.flatnonzero(~np.isnan(values))
        values, arms = values[known], treated[known]
        if self._exceedance is not None:
            values = self._exceedance.add(values, arms)
            warm = ~np.isnan(values)
            known, values, arms = known[warm], values[warm], arms[warm]
        blocks = self._blocking.add(values, arms)
        placed = Blocks(blocks.control, blocks.treatment, known[blocks.closed_at] + self._units)
        self._units += len(treated)
        return self._bets.add(placed)


class _Points:
    """Bets on differences within [-1, 1]."""

    def __init__(self, criterion: Watched) -> None:
        self._margin = criterion.margin
        told = {"margin": criterion.margin, "base_rate": criterion.base_rate}
        self._against = Wealth(**told, cap=_CAP_AGAINST)
        self._in_favour = Wealth(**told, cap=_CAP_IN_FAVOUR)

    def add(self, blocks: Blocks) -> EvidencePaths:
        worse = np.clip(blocks.treatment - blocks.control, -1.0, 1.0)
        return EvidencePaths(
            against=self._against.add(worse),
            in_favour=self._in_favour.add(self._margin - worse),
            closed_at=blocks.closed_at,
        )


class _Ratio:
    """Bets on what may rise by a fraction of the control's.

    "Not dearer by the margin" is tested on (1 + margin) x control - treatment, which needs no ratio.
    The first `_WARM_UP` blocks only set the scale, which must be known before a bet is placed.
    """

    def __init__(self, criterion: Watched) -> None:
        self._criterion = criterion
        self._warm = np.zeros(0)
        self._scale = 0.0
        self._wealth: tuple[Wealth, Wealth] | None = None

    def add(self, blocks: Blocks) -> EvidencePaths:
        used = 0
        if self._wealth is None:
            used = min(_WARM_UP - len(self._warm), len(blocks.control))
            self._warm = np.concatenate([self._warm, blocks.control[:used]])
            if len(self._warm) == _WARM_UP:
                self._wealth = self._begin()
        if self._wealth is None:
            return EvidencePaths(np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64))
        control, treatment = blocks.control[used:], blocks.treatment[used:]
        dearer = np.clip((treatment - control) / self._scale, -1.0, 1.0)
        spared = np.clip(((1 + self._criterion.margin) * control - treatment) / self._scale, -1.0, 1.0)
        against, in_favour = self._wealth
        return EvidencePaths(against.add(dearer), in_favour.add(spared), blocks.closed_at[used:])

    def _begin(self) -> tuple[Wealth, Wealth]:
        self._scale = max(3.0 * float(np.max(self._warm)), 1e-12)
        step = self._criterion.margin * float(np.mean(self._warm)) / self._scale
        told = {"margin": step, "base_rate": self._criterion.base_rate}
        return Wealth(**told, cap=_CAP_AGAINST), Wealth(**told, cap=_CAP_IN_FAVOUR)
