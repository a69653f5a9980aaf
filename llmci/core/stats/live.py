"""Records of live traces to the units that a canary decides on, in order of time and each counted once.

Whatever has to be seen together, such as the records of one trace or of one user, is brought together by
parts of the whole (`Parted`), so that no step holds more than one part: see `llmci.adapters.stores.parts`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import numpy as np

from llmci.core.stats.records import NEITHER, TREATMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from numpy.typing import NDArray

    from llmci.core.stats.records import Records
    from llmci.domain.rollout import RolloutPlan

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]
    IntArray = NDArray[np.int64]
    Part = Callable[[Records], IntArray]

# Into so many parts traffic is split where it is too much to hold.
PARTS = 128
# Clocks differ by so much without harm: evidence depends on the order within minutes hardly at all.
_SKEW = timedelta(minutes=5)
_STARTS_KEPT = 1 << 16


class Parted(Protocol):
    """Brings records of one part together, part by part in ascending order; all is read before the first is given.

    Records of several parts may come together.
    """

    def __call__(self, records: Iterable[Records], part: Part) -> Iterator[Records]:
        """`part` gives each record's part, in [0, PARTS)."""


@dataclass(frozen=True, slots=True)
class LiveUnits:
    """A stretch of units in order of time; no text, only what is decided on.

    Attributes:
        treated: Whether the treatment answered, shape (n,).
        values: One array of shape (n,) a criterion, nan where it is unknown.
        segment: Index into the plan's segments, -1 for none of them, shape (n,).
    """

    treated: BoolArray
    values: dict[str, FloatArray]
    segment: NDArray[np.int16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """All units of both arms.

    Attributes:
        stretches: In order of time; can be gone through once.
        units: How many there are in them.
        split: Units of the treatment, and of both arms.
        strangers: Traces whose variant is neither of the two, or that have no start time.
        duplicates: Traces that came twice.
        ahead: Traces that start later than now: a clock is wrong.
        mixed: Users who met both variants, where users count; they are left out.
        alone: Requests that only one variant answered, where pairs count; they are left out.
    """

    stretches: Iterable[LiveUnits]
    units: int
    split: tuple[int, int]
    strangers: int = 0
    duplicates: int = 0
    ahead: int = 0
    mixed: int = 0
    alone: int = 0

    def whole(self) -> LiveUnits:
        """All of them in one piece."""
        held = list(self.stretches)
        return LiveUnits(
            treated=np.concatenate([stretch.treated for stretch in held]),
            values={name: np.concatenate([stretch.values[name] for stretch in held]) for name in held[0].values},
            segment=np.concatenate([stretch.segment for stretch in held]),
        )


def held_at_once(records: Iterable[Records], part: Part) -> Iterator[Records]:  # noqa: ARG001  see `Parted`
    """All parts together, for what fits into memory."""
    return iter([np.concatenate(list(records))])


def traffic_of(
    records: Iterable[Records],
    plan: RolloutPlan,
    *,
    now: datetime | None = None,
    in_pairs: bool = False,
    only: tuple[str, ...] = (),
    parted: Parted = held_at_once,
) -> Traffic:
    """Put records in order, and count each unit once.

    Args:
        records: See `llmci.core.stats.records.fields_of`.
        plan: What counts once.
        now: Traces that start clearly later are left out: their order cannot be trusted.
        in_pairs: Keep requests that both variants answered: control and treatment by turns, in the order in which pairs
            were complete. A value counts where both sides have it; with a share of a half, a block is then exactly a
            pair.
        only: Segments whose traces count; empty is everyone.
        parted: Brings records together.
    """
    starts = _Starts()
    late = np.inf if now is None else (now + _SKEW).timestamp()
    counts: Counter[str] = Counter()
    found = parted(starts.watched(records), lambda some: _part_of(some["key"]))
    found = (_settled(_fresh(some, late, counts), plan, now) for some in found)
    if only:
        inside = [plan.segments.index(name) for name in only]
        found = (some[np.isin(some["segment"], inside)] for some in found)
    if in_pairs:
        found = (_paired(some, counts) for some in parted(found, lambda some: _part_of(some["pair"])))
    elif plan.unit == "user":
        found = (_once_a_user(some, counts) for some in parted(found, lambda some: _part_of(_users(some))))
    ordered = parted(_counted(found, counts), lambda some: starts.part(some["start"]))
    by_user = plan.unit == "user" and not in_pairs
    return Traffic(
        stretches=(_units(some, plan) for some in ordered),
        units=counts["units"],
        split=(counts["treated users"], counts["users"]) if by_user else (counts["treated"], counts["units"]),
        strangers=counts["strangers"],
        duplicates=counts["duplicates"],
        ahead=counts["ahead"],
        mixed=counts["mixed"],
        alone=counts["alone"],
    )


class _Starts:
    """Some starts of all, evenly taken, so that time can be cut into parts of about the same size."""

    def __init__(self) -> None:
        self._held: list[FloatArray] = []
        self._every, self._kept = 1, 0
        self._cuts: FloatArray | None = None

    def watched(self, records: Iterable[Records]) -> Iterator[Records]:
        for some in records:
            taken = some["start"][:: self._every]
            taken = taken[~np.isnan(taken)]
            self._held.append(taken)
            self._kept += len(taken)
            while self._kept > _STARTS_KEPT:
                self._held = [np.concatenate(self._held)[::2]]
                self._every, self._kept = 2 * self._every, len(self._held[0])
            yield some

    def part(self, starts: FloatArray) -> IntArray:
        """Only once all was watched."""
        if self._cuts is None:
            held = np.concatenate([np.zeros(0), *self._held])
            self._cuts = np.quantile(held, np.arange(1, PARTS) / PARTS) if len(held) else np.zeros(0)
        return np.searchsorted(self._cuts, starts, side="right").astype(np.int64)


def _part_of(hashes: NDArray[np.uint64]) -> IntArray:
    # The lowest bit only says that there is something.
    return ((hashes >> np.uint64(24)) % np.uint64(PARTS)).astype(np.int64)


def _fresh(some: Records, late: float, counts: Counter[str]) -> Records:
    """Each trace once, the one that was read first, of either variant and with a start that can be."""
    some = some[np.argsort(some["order"], kind="stable")]
    stranger = (some["arm"] == NEITHER) | np.isnan(some["start"])
    again = np.ones(len(some), dtype=np.bool_)
    again[np.unique(some["key"], return_index=True)[1]] = False
    again &= ~stranger
    ahead = ~stranger & ~again & (some["start"] > late)
    counts["strangers"] += int(stranger.sum())
    counts["duplicates"] += int(again.sum())
    counts["ahead"] += int(ahead.sum())
    fresh: Records = some[~stranger & ~again & ~ahead]
    return fresh


def _settled(some: Records, plan: RolloutPlan, now: datetime | None) -> Records:
    """Without the values of criteria that are still waited for."""
    for at, criterion in enumerate(plan.criteria):
        if now is not None and criterion.wait_minutes:
            young = some["start"] > now.timestamp() - 60 * criterion.wait_minutes
            some["values"][young, at] = np.nan
    return some


def _counted(found: Iterable[Records], counts: Counter[str]) -> Iterator[Records]:
    for some in found:
        counts["units"] += len(some)
        counts["treated"] += int((some["arm"] == TREATMENT).sum())
        yield some


def _paired(some: Records, counts: Counter[str]) -> Records:
    """Requests that both variants answered; both answers get the time of the later one, the control's comes first."""
    some = _in_order(some)
    sides = [np.flatnonzero((some["arm"] == arm) & (some["pair"] != 0)) for arm in (0, 1)]
    _, control, treatment = np.intersect1d(some["pair"][sides[0]], some["pair"][sides[1]], return_indices=True)
    both = np.column_stack([sides[0][control], sides[1][treatment]])
    counts["alone"] += len(some) - both.size
    found = some[both]
    later = some[both.max(axis=1)]
    for name in ("start", "order"):
        found[name] = later[name][:, None]
    found["order"] = 2 * found["order"] + (0, 1)
    found["values"][np.isnan(found["values"]).any(axis=1)[:, None, :].repeat(2, axis=1)] = np.nan
    return found.ravel()


def _once_a_user(some: Records, counts: Counter[str]) -> Records:
    """Keep each user's first known value of each criterion, where it stands; later looks never change it.

    A request without a user is a unit of its own.

    Returns:
        Records with something known; of users who met one variant only.
    """
    some = _in_order(some)
    distinct, who = np.unique(_users(some), return_inverse=True)
    treated, table = some["arm"] == TREATMENT, some["values"]
    arms = np.zeros((len(distinct), 2), dtype=np.bool_)
    arms[who, treated.astype(np.int64)] = True
    mixed: BoolArray = arms[:, 0] & arms[:, 1]
    for column in range(table.shape[1]):
        here = np.flatnonzero(~np.isnan(table[:, column]) & ~mixed[who])
        at = here[np.unique(who[here], return_index=True)[1]]
        values = table[at, column]
        table[:, column] = np.nan
        table[at, column] = values
    counts["mixed"] += int(mixed.sum())
    counts["users"] += int((~mixed).sum())
    counts["treated users"] += int((arms[:, 1] & ~mixed).sum())
    known: Records = some[~np.isnan(table).all(axis=1)]
    return known


def _users(some: Records) -> NDArray[np.uint64]:
    """What stands for each one's user; a trace without one is its own, by a number that no hash has."""
    alone: NDArray[np.uint64] = some["key"] & ~np.uint64(1)
    return np.where(some["user"] == 0, alone, some["user"])


def _in_order(some: Records) -> Records:
    ordered: Records = some[np.lexsort((some["order"], some["start"]))]
    return ordered


def _units(some: Records, plan: RolloutPlan) -> LiveUnits:
    some = _in_order(some)
    return LiveUnits(
        treated=some["arm"] == TREATMENT,
        values={c.name: np.ascontiguousarray(some["values"][:, at]) for at, c in enumerate(plan.criteria)},
        segment=np.ascontiguousarray(some["segment"]),
    )
