"""Every criterion of a plan on live traffic, in one pass and bounded memory: overall, together, and by segment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.stats.canary import MeanEvidence
from llmci.core.stats.criterion import Tracked
from llmci.domain.rollout import Evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from llmci.core.stats.canary import EvidencePaths
    from llmci.core.stats.live import LiveUnits, Traffic
    from llmci.domain.rollout import Criterion, RolloutPlan

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]
    IntArray = NDArray[np.int64]

# So many points show a path in any drawing.
_POINTS = 400


class ThinnedPath:
    """A path thinned as it comes: of each stretch of units its highest value, so that no peak is lost.

    Args:
        units: Units in all.
    """

    def __init__(self, units: int) -> None:
        self._units = max(units, 1)
        self._highest = np.full(_POINTS, -np.inf)

    def add(self, at: IntArray, values: FloatArray) -> None:
        """Take in values that were reached at these units."""
        np.maximum.at(self._highest, at * _POINTS // self._units, values)

    def points(self) -> list[tuple[float, float]]:
        """How far through the traffic, in [0, 1), and the value there."""
        return [(at / _POINTS, float(self._highest[at])) for at in np.flatnonzero(np.isfinite(self._highest)).tolist()]


@dataclass
class _Standing:
    """One criterion: its evidence and its means so far."""

    criterion: Criterion
    tracked: Tracked
    against: float = 1.0
    in_favour: float = 1.0
    blocks: int = 0
    counts: IntArray = field(default_factory=lambda: np.zeros(2, dtype=np.int64))
    sums: FloatArray = field(default_factory=lambda: np.zeros(2))

    def add(self, values: FloatArray, treated: BoolArray) -> EvidencePaths:
        path = self.tracked.add(values, treated)
        if len(path.against):
            # An e-process that was high once stays so: whoever looked then would have stopped.
            self.against = max(float(np.max(path.against)), self.against if self.blocks else 0.0)
            self.in_favour = float(path.in_favour[-1])
            self.blocks += len(path.against)
        known = ~np.isnan(values)
        for arm, mine in enumerate((known & ~treated, known & treated)):
            self.counts[arm] += int(mine.sum())
            self.sums[arm] += float(values[mine].sum())
        return path

    def evidence(self) -> Evidence:
        kind = self.criterion.kind
        flip = kind == "judge" or (kind == "score" and self.criterion.higher_is_better)
        means = [float(total / count) if count else None for total, count in zip(self.sums, self.counts, strict=True)]
        shown = [None if mean is None else 1.0 - mean if flip else mean for mean in means]
        return Evidence(
            criterion=self.criterion,
            against=self.against,
            in_favour=self.in_favour,
            control_mean=shown[0],
            treatment_mean=shown[1],
            control_units=int(self.counts[0]),
            treatment_units=int(self.counts[1]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What live traffic says.

    Attributes:
        traffic: Its counts; the units are gone through.
        share: The treatment's share of it.
        evidence: In the order of the plan's criteria.
        unmeasured: Names of criteria that no block was closed of.
        together: The highest that the mean evidence against the treatment ever was; 1 where there is none.
        segments: The same criteria within each of the plan's segments.
        path: Of the mean evidence against the treatment.
        paths: Of the evidence in favour of it, by criterion.
    """

    traffic: Traffic
    share: float
    evidence: tuple[Evidence, ...]
    unmeasured: tuple[str, ...]
    together: float
    segments: tuple[tuple[str, tuple[Evidence, ...]], ...]
    path: ThinnedPath
    paths: dict[str, ThinnedPath]


def watch(traffic: Traffic, plan: RolloutPlan, *, share: float) -> Seen:
    """Go through all units once.

    Args:
        traffic: Live units at this share.
        plan: What is watched; see `RolloutPlan.watched_at`.
        share: The treatment's share of the traffic, in (0, 1].
    """
    overall = _standings(plan.criteria, share)
    parts = [
        (at, name, _standings([c for c in plan.criteria if c.segment in (None, name)], share))
        for at, name in enumerate(plan.segments)
    ]
    together, strongest, paths = (
        MeanEvidence(len(overall)),
        1.0,
        {c.name: ThinnedPath(traffic.units) for c in plan.criteria},
    )
    path, blocks = ThinnedPath(traffic.units), 0
    for units in traffic.stretches:
        found = [one.add(units.values[one.criterion.name], units.treated) for one in overall]
        moments, means = together.add(found)
        if len(means):
            strongest = max(float(np.max(means)), strongest if blocks else 0.0)
            blocks += len(means)
        path.add(moments, means)
        for one, evidence in zip(overall, found, strict=True):
            paths[one.criterion.name].add(evidence.closed_at, evidence.in_favour)
        for at, _, standings in parts:
            _add_segment(units, at, standings)
    return Seen(
        traffic=traffic,
        share=share,
        evidence=tuple(one.evidence() for one in overall),
        unmeasured=tuple(one.criterion.name for one in overall if not one.blocks),
        together=strongest,
        segments=tuple((name, tuple(one.evidence() for one in standings)) for _, name, standings in parts),
        path=path,
        paths=paths,
    )


def _standings(criteria: Sequence[Criterion], share: float) -> list[_Standing]:
    return [_Standing(criterion, Tracked(criterion, share=share)) for criterion in criteria]


def _add_segment(units: LiveUnits, at: int, standings: Sequence[_Standing]) -> None:
    mine = units.segment == at
    for one in standings:
        one.add(units.values[one.criterion.name][mine], units.treated[mine])
