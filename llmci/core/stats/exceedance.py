"""Whether a request is slower than most of the control's: a tail as a yes or no, which has a bounded mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]

_EVERY = 100
_WINDOW = 2000
# Windows whose quantiles are taken at once: 1 MB of numbers.
_AT_ONCE = 64


class Exceedance:
    """Compares each unit with a quantile of the control units before it.

    The quantile is of the last 2,000 controls, refreshed every 100 of them, and never from a unit that it is
    applied to. Units before the first 100 controls are nan.

    Args:
        quantile: In (0, 1).
    """

    def __init__(self, *, quantile: float) -> None:
        self._quantile = quantile
        self._controls = np.zeros(0)
        self._seen = 0
        self._limit = np.nan

    def add(self, values: FloatArray, treated: BoolArray) -> FloatArray:
        """1 where the next units exceed it, else 0, shape (n,).

        Args:
            values: All known, in order of arrival, shape (n,).
            treated: Whether the unit is of the treatment, shape (n,).
        """
        controls = np.concatenate([self._controls, values[~treated]])
        before = self._seen - len(self._controls)
        limits = np.concatenate(([self._limit], self._limits(controls, before)))
        seen = self._seen + np.cumsum(~treated) - ~treated
        limit = limits[seen // _EVERY - self._seen // _EVERY]
        exceeds = np.where(np.isnan(limit), np.nan, (values > limit).astype(np.float64))
        self._seen = before + len(controls)
        self._controls, self._limit = controls[-_WINDOW:], float(limits[-1])
        return exceeds

    def _limits(self, controls: FloatArray, before: int) -> FloatArray:
        """The quantile at each refresh that the new controls bring; `before` so many controls are forgotten."""
        counts = np.arange((self._seen // _EVERY + 1) * _EVERY, before + len(controls) + 1, _EVERY)
        found = np.empty(len(counts))
        whole = counts - before >= _WINDOW
        for one in np.flatnonzero(~whole):
            found[one] = np.quantile(controls[: counts[one] - before], self._quantile)
        if whole.any():
            windows = np.lib.stride_tricks.sliding_window_view(controls, _WINDOW)
            full = np.flatnonzero(whole)
            for first in range(0, len(full), _AT_ONCE):
                at = full[first : first + _AT_ONCE]
                found[at] = np.quantile(windows[counts[at] - before - _WINDOW], self._quantile, axis=1)
        return found
