"""Treatment units and the control units that arrived with them, a stretch of traffic at a time."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]
    IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks that were closed.

    Attributes:
        control: Mean of the control units of each block, shape (b,).
        treatment: Mean of its treatment units, shape (b,).
        closed_at: Index of the unit that closed it, in the stretch, shape (b,).
    """

    control: FloatArray
    treatment: FloatArray
    closed_at: IntArray


class Blocking:
    """Closes a block with at least one treatment unit and a quarter of the controls that come with one.

    Of the block that is still open it keeps two sums and two counts, so that traffic of any length can be
    gone through; where it is cut into stretches does not matter.

    Args:
        share: The treatment's intended share of traffic, in (0, 1).
    """

    def __init__(self, *, share: float) -> None:
        self._fewest_controls = max(1, round((1 - share) / share) // 4)
        # Of the open block: control first, then treatment.
        self._counts, self._sums = np.zeros(2), np.zeros(2)

    def add(self, values: FloatArray, treated: BoolArray) -> Blocks:
        """Take in the next units.

        Args:
            values: One number a unit, in order of arrival, shape (n,).
            treated: Whether the unit is of the treatment, shape (n,).
        """
        ends = self._ends(treated)
        last = int(ends[-1]) + 1 if len(ends) else 0
        counts, sums = np.zeros((2, len(ends))), np.zeros((2, len(ends)))
        if len(ends):
            starts = np.concatenate(([0], ends[:-1] + 1))
            arms = treated[:last].astype(np.float64)
            counts[1] = np.add.reduceat(arms, starts)
            counts[0] = ends - starts + 1 - counts[1]
            sums[1] = np.add.reduceat(values[:last] * arms, starts)
            sums[0] = np.add.reduceat(values[:last] * (1.0 - arms), starts)
            counts[:, 0] += self._counts
            sums[:, 0] += self._sums
            self._counts, self._sums = np.zeros(2), np.zeros(2)
        rest, arm = values[last:], treated[last:]
        self._counts += (len(arm) - arm.sum(), arm.sum())
        self._sums += (rest[~arm].sum(), rest[arm].sum())
        return Blocks(sums[0] / counts[0], sums[1] / counts[1], ends)

    def _ends(self, treated: BoolArray) -> IntArray:
        """Index of the unit that closes each block, one step a block."""
        of_treatment, of_control = np.flatnonzero(treated), np.flatnonzero(~treated)
        # Views, because indexing an array for one number at a time takes ten times as long.
        treatments, controls = of_treatment.data, of_control.data
        before = np.cumsum(treated, dtype=np.int64).data
        found = array("q")
        seen_t = seen_c = 0
        wanted_t = 1 if self._counts[1] == 0 else 0
        wanted_c = max(self._fewest_controls - int(self._counts[0]), 0)
        while seen_t + wanted_t <= len(treatments) and seen_c + wanted_c <= len(controls):
            end = max(
                treatments[seen_t + wanted_t - 1] if wanted_t else 0, controls[seen_c + wanted_c - 1] if wanted_c else 0
            )
            found.append(end)
            seen_t = before[end]
            seen_c = end + 1 - seen_t
            wanted_t, wanted_c = 1, self._fewest_controls
        return np.array(found, dtype=np.int64)
