"""Which cases are drawn, and what each then stands for.

The draw is proportional to production with a floor for every cluster and extra for failures and
anomalies; weights undo the distortion. Every case has a fixed random number of its own, made of
its id and the seed, so the draw does not depend on the order of the input, and a little more
traffic changes a little of the set and not all of it.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.domain.evalset import Stratum

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

ALL = "all"
# Floors may move so much of a set away from its proportional allocation, and no more: every case
# that is drawn beyond its share makes the others count for more.
_MOST_MOVED = 0.25


@dataclass(frozen=True, slots=True)
class Sighting:
    """A case that could be drawn.

    Attributes:
        stratum: Name of its cluster.
        topic: Name of the coarser group.
        traces: How many traces it stands for; 0 where it only stands for others like it.
        flagged: Whether any of them failed or is among the most unusual.
        required: Drawn in any case: somebody reviewed it and wants it.
        kept: It was in the set before, and is preferred.
        fresh: It has come since the set before was drawn.
    """

    case_id: str
    stratum: str
    topic: str
    traces: int
    flagged: bool
    required: bool = False
    kept: bool = False
    fresh: bool = False

    @property
    def size(self) -> int:
        """What its chance of being drawn is in proportion to."""
        return max(1, self.traces)


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


def draw(sightings: Sequence[Sighting], plan: Plan) -> Draw:
    """Draw cases.

    Clusters that are too many for their floors are pooled by topic. The weights of a stratum sum to
    its share of the traces; within it a case weighs its traces over the probability that it was
    drawn. Where cases are preferred because they were in the set before, the same weights are those of a
    sample that was stratified afterwards: they restore the shares of strata, and of what stands out within each.

    Source:
        Ohlsson (1998), Sequential Poisson sampling; Hájek (1971) for the normalised weights.
    """
    strata = _strata(sightings, plan)
    total = sum(sighting.traces for sighting in sightings)
    shares = {name: sum(s.traces for s in members) / total for name, members in strata.items()}
    wanted = _allocated(strata, shares, plan)
    weights: dict[str, float] = {}
    stratum: dict[str, str] = {}
    for name, members in strata.items():
        drawn = _drawn(members, *wanted[name], seed=plan.seed)
        whole = sum(drawn.values())
        for case_id, weight in drawn.items():
            weights[case_id] = shares[name] * weight / whole
            stratum[case_id] = name
    counts = Counter(stratum.values())
    made = [
        Stratum(name=name, share=shares[name], traces=sum(s.traces for s in members), cases=counts[name])
        for name, members in strata.items()
    ]
    return Draw(weights, stratum, tuple(sorted(made, key=lambda s: (-s.share, s.name))))


def worth(weights: Iterable[float]) -> float:
    """How many equally weighted cases these are worth (Kish, 1965, Survey Sampling, 11.2); 0 where none weighs anything."""
    weights = list(weights)
    squares = sum(weight**2 for weight in weights)
    return sum(weights) ** 2 / squares if squares else 0.0


def chance(seed: int, name: str) -> float:
    """A number in (0, 1) that belongs to a name."""
    key = seed.to_bytes(8, "little", signed=True)
    digest = hashlib.blake2b(name.encode(), digest_size=8, key=key).digest()
    return (int.from_bytes(digest, "big") + 0.5) / 2**64


def _strata(sightings: Sequence[Sighting], plan: Plan) -> dict[str, list[Sighting]]:
    """The finest strata whose floors leave most of the set to be proportional."""
    total = sum(sighting.traces for sighting in sightings)
    size = plan.size * (1 - plan.failures)
    share: defaultdict[str, float] = defaultdict(float)
    for sighting in sightings:
        share[sighting.stratum] += sighting.traces / total

    def pooled(sighting: Sighting) -> str:
        return sighting.stratum if size * share[sighting.stratum] >= plan.floor else _topic(sighting)

    for level in (lambda sighting: sighting.stratum, pooled, _topic):
        strata = _grouped(sightings, level)
        # What the set already holds beside the traffic has no say in this, or refreshing twice would draw two sets.
        missing = sum(
            max(0.0, _floor(members, plan) - size * sum(s.traces for s in members) / total)
            for members in strata.values()
        )
        if missing <= _MOST_MOVED * size:
            return strata
    return _grouped(sightings, lambda _: ALL)


def _grouped(sightings: Sequence[Sighting], name: Callable[[Sighting], str]) -> dict[str, list[Sighting]]:
    groups: defaultdict[str, list[Sighting]] = defaultdict(list)
    for sighting in sorted(sightings, key=lambda sighting: sighting.case_id):
        groups[name(sighting)].append(sighting)
    return {name: groups[name] for name in sorted(groups)}


def of_topic(topic: str) -> str:
    """Stratum of the clusters of a topic that are too many for their floors."""
    return f"{topic} (topic)"


def _topic(sighting: Sighting) -> str:
    return of_topic(sighting.topic)


def _floor(members: Sequence[Sighting], plan: Plan) -> int:
    """Every stratum has a case: its share could not be restored otherwise."""
    return min(max(1, plan.floor), max(1, len(_of_traffic(members))))


def _of_traffic(members: Sequence[Sighting]) -> list[Sighting]:
    return [member for member in members if member.traces]


def _allocated(
    strata: Mapping[str, Sequence[Sighting]], shares: Mapping[str, float], plan: Plan
) -> dict[str, tuple[int, int]]:
    """How many (flagged, unflagged) cases each stratum gives, beside those that are required."""
    strata = {name: [s for s in members if not s.required] for name, members in strata.items()}
    flagged = {name: sum(s.flagged for s in members) for name, members in strata.items()}
    flagged_now = {name: sum(s.flagged for s in _of_traffic(members)) for name, members in strata.items()}
    if sum(map(len, strata.values())) <= plan.size:
        return {name: (flagged[name], len(members) - flagged[name]) for name, members in strata.items()}
    available = {name: len(members) for name, members in strata.items()}
    floors = {name: _floor(members, plan) for name, members in strata.items()}
    if sum(floors.values()) > plan.size:
        floors = {name: min(1, available[name]) for name in strata}
    free = max(0, plan.size - sum(floors.values()))
    extra_size = min(round(plan.failures * plan.size), sum(flagged_now.values()), free)
    main = _seats(shares, available, floors, plan.size - extra_size)
    # What chance brings of the flagged ones is theirs anyway; the extra comes on top.
    by_chance = {
        name: min(flagged[name], round(main[name] * flagged_now[name] / max(1, len(_of_traffic(members)))))
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


def _drawn(members: Sequence[Sighting], flagged: int, plain: int, *, seed: int) -> dict[str, float]:
    """Traces that each drawn case stands for: of its own kind where each kind has a place, else of both."""
    drawn = {member.case_id: float(member.size) for member in members if member.required}
    cells = [
        ([member for member in members if member.flagged is kind and not member.required], wanted)
        for kind, wanted in ((True, flagged), (False, plain))
    ]
    if any(_of_traffic(cell) and not wanted for cell, wanted in cells):
        # What can never be drawn could not be weighed either: both kinds are drawn as one.
        cells = [([member for cell, _ in cells for member in cell], flagged + plain)]
    for cell, wanted in cells:
        if not cell or not wanted:
            continue
        picked = _picked(cell, wanted, seed)
        whole = sum(traces for traces in picked.values())
        # Of cases from before alone, those that are drawn stand for themselves.
        share = sum(member.traces for member in cell) or whole
        drawn |= {case_id: share * traces / whole for case_id, traces in picked.items()}
    return drawn


def _picked(cell: Sequence[Sighting], wanted: int, seed: int) -> dict[str, float]:
    """Draw with probability proportional to traces; gives traces over probability by case id."""
    likely = _probabilities(cell, wanted)
    ranked = sorted(cell, key=lambda s: (likely[s.case_id] < 1, chance(seed, s.case_id) / likely[s.case_id]))
    # The traffic alone says how many are drawn of each kind; which ones, also what was in the set before.
    places = Counter(s.flagged for s in sorted(ranked, key=lambda s: not s.traces)[:wanted])
    certain = {case_id for case_id, probability in likely.items() if probability >= 1}
    picked = [
        s
        for kind, seats in places.items()
        for s in _preferred([s for s in ranked if s.flagged is kind], seats, certain)
    ]
    # Cases from before that go have no say in the weights of those that stay.
    likely = _probabilities([s for s in ranked if s.traces or s in picked], wanted)
    return {s.case_id: s.size / likely[s.case_id] for s in picked}


def _preferred(ranked: Sequence[Sighting], wanted: int, certain: Collection[str]) -> list[Sighting]:
    """Those that were in the set before come first; of what stands out, half of the seats are for what is fresh.

    Those that are certain are so large a part of the traffic that nothing else can stand for them.
    """
    sure = [sighting for sighting in ranked if sighting.case_id in certain]
    others = [sighting for sighting in ranked if sighting.case_id not in certain]
    kept = [sighting for sighting in others if sighting.kept]
    fresh = [sighting for sighting in others if sighting.fresh and not sighting.kept]
    rest = [sighting for sighting in others if not sighting.fresh and not sighting.kept]
    left = wanted - len(sure)
    stays = max(0, left - (min(len(fresh), left // 2) if ranked[0].flagged else 0))
    return [*sure, *kept[:stays], *fresh, *rest, *kept[stays:]][:wanted]


def _probabilities(cell: Sequence[Sighting], wanted: int) -> dict[str, float]:
    """Inclusion probabilities proportional to traces; those that would exceed 1 are certain."""
    certain: set[str] = set()
    while True:
        rest = [sighting for sighting in cell if sighting.case_id not in certain]
        # Cases from before are no part of the traffic, unless there is nothing else.
        whole = sum(sighting.traces for sighting in rest) or len(rest)
        left = wanted - len(certain)
        sure = {s.case_id for s in rest if s.traces and left * s.size >= whole}
        if not sure:
            each = max(left, 1) / max(whole, 1)
            return {s.case_id: 1.0 if s.case_id in certain else min(1.0, s.size * each) for s in cell}
        certain |= sure
