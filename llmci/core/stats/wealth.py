"""The wealth of somebody who bets against a claim, one bet a block: evidence that may be looked at at any time.

Sources: Waudby-Smith and Ramdas (2023), Estimating means of bounded random variables by betting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

# Two bets, a careful and a bold one; their mixture is a bet too.
_BETS = ((0.75, 1.0), (0.25, 3.0))
_PRIOR_BLOCKS = 20
# Beyond this a number of 64 bits ends; all that decides is far below.
_LARGEST_LOG = 700.0


class Wealth:
    """Starts at 1; the stake of each bet is set by the bets before it alone.

    Args:
        margin: What is bet on, in the gains' own unit.
        base_rate: Guess of the gains' second moment before any is seen.
        cap: Largest stake, below 1 over the largest loss.
    """

    def __init__(self, *, margin: float, base_rate: float, cap: float) -> None:
        self._margin, self._base_rate, self._cap = margin, base_rate, cap
        self._squares, self._seen = 0.0, 0
        self._logs = [0.0 for _ in _BETS]

    def add(self, gains: FloatArray) -> FloatArray:
        """The wealth after each of the next bets, shape (b,).

        Args:
            gains: Of one unit staked, at least -1, shape (b,).
        """
        if not len(gains):
            return np.zeros(0)
        squares = np.cumsum(np.concatenate(([self._squares], gains**2)))
        seen = self._seen + np.arange(len(gains))
        variance = (_PRIOR_BLOCKS * self._base_rate + squares[:-1]) / (_PRIOR_BLOCKS + seen)
        total = np.zeros(len(gains))
        for at, (weight, boldness) in enumerate(_BETS):
            stake = np.minimum(boldness * self._margin / variance, self._cap)
            logs = np.cumsum(np.concatenate(([self._logs[at]], np.log1p(stake * gains))))[1:]
            total += weight * np.exp(np.minimum(logs, _LARGEST_LOG))
            self._logs[at] = float(logs[-1])
        self._squares, self._seen = float(squares[-1]), self._seen + len(gains)
        return total
