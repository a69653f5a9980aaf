"""Which cases are drawn, and what each then stands for.

The draw is proportional to production with a floor for every cluster and extra for failures and
anomalies; weights undo the distortion. Every case has a fixed random number of its own, made of
its id and the seed, so the draw does not depend on the order of the input, and a little more
traffic changes a little of the set and not all of it.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llmci.domain.evalset import Stratum

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from llmci.core.evalsets.sightings import Sightings

    # Numbers of rows of the sightings.
    Rows = NDArray[np.intp]

ALL = "all"
# Floors may move so much of a set away from its proportional allocation, and no more: every case
# that is drawn beyond its share makes the others count for more.
_MOST_MOVED = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to draw: see the settings of the same names in `EvalsetSettings`."""

    size: int
    floor: int
    failures: float
    seed: int


@dataclass(frozen=True, slots=True)
class Draw:
    """What was drawn.

    Attributes:
        weights: Share of production that each drawn case stands for, by case id; they sum to 1.
        stratum: Stratum that each drawn case was drawn from.
        strata: With their shares of all traces, largest first.
    """

    weights: Mapping[str, float]
    stratum: Mapping[str, str]
    strata: tuple[Stratum, ...]


def draw(sightings: Sightings, plan: Plan) -> Draw:
    """Draw cases.

    Clusters that are too many for their floors are pooled by topic. The weights of a stratum sum to
    its share of the traces; within it a case weighs its traces over the probability that it was
    drawn. Where cases are preferred because they were in the set before, the same weights are those of a
    sample that was stratified afterwards: they restore the shares of strata, and of what stands out within each.

    Source:
        Ohlsson (1998), Sequential Poisson sampling; Hájek (1971) for the normalised weights.
    """
    total = int(sightings.traces.sum())
    if not total:
        return Draw({}, {}, ())
    strata = _strata(sightings, plan)
    traces = {name: int(sightings.traces[members].sum()) for name, members in strata.items()}
    shares = {name: count / total for name, count in traces.items()}
    wanted = _allocated(sightings, strata, shares, plan)
    weights: dict[str, float] = {}
    stratum: dict[str, str] = {}
    for name, members in strata.items():
        drawn = _drawn(sightings, members, *wanted[name], seed=plan.seed)
        whole = sum(drawn.values())
        for row, weight in drawn.items():
            weights[sightings.ids[row]] = shares[name] * weight / whole
            stratum[sightings.ids[row]] = name
    counts = Counter(stratum.values())
    made = [Stratum(name=name, share=shares[name], traces=traces[name], cases=counts[name]) for name in strata]
    return Draw(weights, stratum, tuple(sorted(made, key=lambda s: (-s.share, s.name))))


def worth(weights: Iterable[float]) -> float:
    """How many equally weighted cases these are worth (Kish, 1965, Survey Sampling, 11.2); 0 where none weighs anything."""
    weights = list(weights)
    squares = sum(weight**2 for weight in weights)
    return sum(weights) ** 2 / squares if squares else 0.0


def _strata(sightings: Sightings, plan: Plan) -> dict[str, Rows]:
    """The rows of the finest strata whose floors leave most of the set to be proportional, by name."""
    total = int(sightings.traces.sum())
    size = plan.size * (1 - plan.failures)
    names = sightings.names
    share = np.bincount(sightings.stratum, sightings.traces, len(names)) / total
    # A cluster belongs to one topic, or to few: what there is of both together is little.
    pairs, of_row = np.unique(sightings.stratum.astype(np.int64) * len(names) + sightings.topic, return_inverse=True)
    clusters, topics = (
        (pairs // len(names)).tolist(),
        [of_topic(names[pair % len(names)]) for pair in pairs.tolist()],
    )
    strata = [names[cluster] for cluster in clusters]
    large = [size * share[cluster] >= plan.floor for cluster in clusters]
    pooled = [stratum if own else topic for stratum, topic, own in zip(strata, topics, large, strict=True)]
    for level in (strata, pooled, topics):
        found = _grouped(level, of_row)
        # What the set already holds beside the traffic has no say in this, or refreshing twice would draw two sets.
        missing = sum(
            max(0.0, _floor(sightings, rows, plan) - size * int(sightings.traces[rows].sum()) / total)
            for rows in found.values()
        )
        if missing <= _MOST_MOVED * size:
            return found
    return {ALL: np.arange(len(sightings))}


def _grouped(names: Sequence[str], of_row: Rows) -> dict[str, Rows]:
    """The rows of each name, in order; names in alphabetic order."""
    number = {name: at for at, name in enumerate(sorted(set(names)))}
    group = np.array([number[name] for name in names], np.int64)[of_row]
    ends = np.cumsum(np.bincount(group, minlength=len(number)))
    return dict(zip(number, np.split(np.argsort(group, kind="stable"), ends[:-1]), strict=True))


def of_topic(topic: str) -> str:
    """Stratum of the clusters of a topic that are too many for their floors."""
    return f"{topic} (topic)"


def _floor(sightings: Sightings, members: Rows, plan: Plan) -> int:
    """Every stratum has a case: its share could not be restored otherwise."""
    return min(max(1, plan.floor), max(1, _of_traffic(sightings, members)))


def _of_traffic(sightings: Sightings, members: Rows) -> int:
    return int(np.count_nonzero(sightings.traces[members]))


def _allocated(
    sightings: Sightings, strata: Mapping[str, Rows], shares: Mapping[str, float], plan: Plan
) -> dict[str, tuple[int, int]]:
    """How many (flagged, unflagged) cases each stratum gives, beside those that are required."""
    strata = {name: members[~sightings.required[members]] for name, members in strata.items()}
    flagged = {name: int(np.count_nonzero(sightings.flagged[members])) for name, members in strata.items()}
    flagged_now = {
        name: _of_traffic(sightings, members[sightings.flagged[members]]) for name, members in strata.items()
    }
    if sum(map(len, strata.values())) <= plan.size:
        return {name: (flagged[name], len(members) - flagged[name]) for name, members in strata.items()}
    available = {name: len(members) for name, members in strata.items()}
    floors = {name: _floor(sightings, members, plan) for name, members in strata.items()}
    if sum(floors.values()) > plan.size:
        floors = {name: min(1, available[name]) for name in strata}
    free = max(0, plan.size - sum(floors.values()))
    extra_size = min(round(plan.failures * plan.size), sum(flagged_now.values()), free)
    main = _seats(shares, available, floors, plan.size - extra_size)
    # What chance brings of the flagged ones is theirs anyway; the extra comes on top.
    by_chance = {
        name: min(flagged[name], round(main[name] * flagged_now[name] / max(1, _of_traffic(sightings, members))))
        for name, members in strata.items()
    }
    left = {name: max(0, flagged_now[name] - by_chance[name]) for name in strata}
    every = sum(left.values()) or 1
    extra = _seats({name: left[name] / every for name in strata}, left, dict.fromkeys(strata, 0), extra_size)
    # Where there is too little that stands out, its places go to the rest.
    room = {name: max(main[name], available[name] - extra[name]) for name in strata}
    main = _seats(shares, room, main, plan.size - sum(extra.values()))
    wanted = {}
    for name in strata:
        plain = min(main[name] - by_chance[name], available[name] - flagged[name])
        wanted[name] = (min(flagged[name], main[name] + extra[name] - plain), plain)
    return wanted


def _seats(
    shares: Mapping[str, float], available: Mapping[str, int], floors: Mapping[str, int], size: int
) -> dict[str, int]:
    """Give seats one by one to whoever is furthest below its share, never more than it can fill."""
    seats = dict(floors)
    waiting = [(seats[name] - size * shares[name], name) for name in shares if seats[name] < available[name]]
    heapq.heapify(waiting)
    for _ in range(size - sum(seats.values())):
        if not waiting:
            break
        need, name = heapq.heappop(waiting)
        seats[name] += 1
        if seats[name] < available[name]:
            heapq.heappush(waiting, (need + 1, name))
    return seats


def _drawn(sightings: Sightings, members: Rows, flagged: int, plain: int, *, seed: int) -> dict[int, float]:
    """Traces that each drawn row stands for: of its own kind where each kind has a place, else of both."""
    required = sightings.required[members]
    wanted_anyway = members[required]
    drawn = dict(zip(wanted_anyway.tolist(), sightings.size(wanted_anyway).astype(float).tolist(), strict=True))
    free = members[~required]
    of_kind = sightings.flagged[free]
    cells = [(free[of_kind], flagged), (free[~of_kind], plain)]
    if any(_of_traffic(sightings, cell) and not wanted for cell, wanted in cells):
        # What can never be drawn could not be weighed either: both kinds are drawn as one.
        cells = [(np.concatenate([cell for cell, _ in cells]), flagged + plain)]
    for cell, wanted in cells:
        if not len(cell) or not wanted:
            continue
        picked = _picked(sightings, cell, wanted, seed)
        whole = sum(picked.values())
        # Of cases from before alone, those that are drawn stand for themselves.
        share = int(sightings.traces[cell].sum()) or whole
        drawn |= {row: share * traces / whole for row, traces in picked.items()}
    return drawn


def _picked(sightings: Sightings, cell: Rows, wanted: int, seed: int) -> dict[int, float]:
    """Draw with probability proportional to traces; gives traces over probability by row."""
    likely = _probabilities(sightings, cell, wanted)
    order = np.lexsort((sightings.chances(seed)[cell] / likely, likely < 1))
    ranked, certain = cell[order], (likely >= 1)[order]
    # The traffic alone says how many are drawn of each kind; which ones, also what was in the set before.
    first = ranked[np.argsort(sightings.traces[ranked] == 0, kind="stable")][:wanted]
    places = Counter(sightings.flagged[first].tolist())
    picked = np.concatenate(
        [
            _preferred(sightings, ranked[of_kind], certain[of_kind], seats)
            for kind, seats in places.items()
            for of_kind in [sightings.flagged[ranked] == kind]
        ]
    )
    # Cases from before that go have no say in the weights of those that stay.
    stays = ranked[(sightings.traces[ranked] > 0) | np.isin(ranked, picked)]
    # In the order of the rows, so that each is found again.
    stays.sort()
    stood_for = sightings.size(picked) / _probabilities(sightings, stays, wanted)[np.searchsorted(stays, picked)]
    return dict(zip(picked.tolist(), stood_for.tolist(), strict=True))


def _preferred(sightings: Sightings, ranked: Rows, certain: NDArray[np.bool_], wanted: int) -> Rows:
    """Those that were in the set before come first; of what stands out, half of the seats are for what is fresh.

    Those that are certain are so large a part of the traffic that nothing else can stand for them.
    """
    sure, others = ranked[certain], ranked[~certain]
    is_kept = sightings.kept[others]
    is_fresh = sightings.fresh[others] & ~is_kept
    kept, fresh, rest = others[is_kept], others[is_fresh], others[~is_kept & ~is_fresh]
    left = wanted - len(sure)
    stays = max(0, left - (min(len(fresh), left // 2) if sightings.flagged[ranked[0]] else 0))
    return np.concatenate([sure, kept[:stays], fresh, rest, kept[stays:]])[:wanted]


def _probabilities(sightings: Sightings, cell: Rows, wanted: int) -> NDArray[np.float64]:
    """Inclusion probabilities proportional to traces; those that would exceed 1 are certain."""
    traces, size = sightings.traces[cell], sightings.size(cell)
    certain = np.zeros(len(cell), np.bool_)
    while True:
        # Cases from before are no part of the traffic, unless there is nothing else.
        whole = int(traces[~certain].sum()) or int(np.count_nonzero(~certain))
        left = wanted - int(np.count_nonzero(certain))
        sure = ~certain & (traces > 0) & (left * size >= whole)
        if not sure.any():
            return np.where(certain, 1.0, np.minimum(1.0, size * (max(left, 1) / max(whole, 1))))
        certain |= sure
