"""The cases of a comparison as arrays: weights, strata, dependence groups and slices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.stats.layout import layout
from llmci.core.stats.sequential import Look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.core.stats.arrays import BoolArray, FloatArray, IntArray
    from llmci.core.stats.layout import Layout
    from llmci.domain.case import Case
    from llmci.domain.run import Looks

SliceKey = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The cases that were asked, in one order for every array.

    Attributes:
        cases: Shape (n,).
        weights: Share of production, shape (n,), not normalised.
        strata: Stratum number, shape (n,).
        groups: Dependence group number, shape (n,).
        looked: Cases that are weighed, shape (n,): all but those asked only because they must pass.
        look: Where in a schedule the cases are weighed; None where they are weighed once.
    """

    cases: tuple[Case, ...]
    weights: FloatArray
    strata: IntArray
    groups: IntArray
    looked: BoolArray
    look: Look | None = None
    _layouts: dict[bytes, Layout] = field(default_factory=dict)

    def index(self) -> dict[str, int]:
        """Position of each case id."""
        return {case.case_id: at for at, case in enumerate(self.cases)}

    def slices(self, label: str) -> dict[SliceKey, BoolArray]:
        """Which cases each value of a slice label holds, in order of the values."""
        values = np.array([case.slices.get(label, "") for case in self.cases], dtype=np.str_)
        return {(label, str(value)): values == value for value in np.unique(values) if value}

    def layout(self, kept: BoolArray) -> Layout:
        """How the kept cases stand to each other; prepared once for all metrics that keep the same.

        Raises:
            UsageError: None is kept, or they weigh nothing.
        """
        key = kept.tobytes()
        if key not in self._layouts:
            self._layouts[key] = layout(
                int(kept.sum()), weights=self.weights[kept], strata=self.strata[kept], groups=self.groups[kept]
            )
        return self._layouts[key]


def frame(cases: Sequence[Case], asked: Sequence[str] = (), looks: Looks | None = None) -> Frame:
    """Arrange cases for comparison.

    Args:
        cases: Those that were asked.
        asked: Their ids in the order of asking.
        looks: When they were weighed.
    """
    weighed = None if looks is None else frozenset(asked[: looks.asked])
    return Frame(
        cases=tuple(cases),
        weights=np.array([case.weight for case in cases], dtype=np.float64),
        strata=_numbers([case.stratum for case in cases]),
        groups=_numbers([case.dependence for case in cases]),
        looked=np.array([weighed is None or case.case_id in weighed for case in cases], dtype=np.bool_),
        look=None
        if looks is None or len(looks.planned) == 1
        else Look(tuple(n / looks.planned[-1] for n in looks.planned), looks.taken - 1),
    )


def _numbers(names: Sequence[str]) -> IntArray:
    known: dict[str, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int64)
