"""What traffic there is to draw from: gathered trace by trace, with little kept of each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from llmci.core.evalsets.cases import has_failed, judge_at
from llmci.core.evalsets.sampling import Sighting

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from llmci.core.evalsets.cases import LabelledTrace
    from llmci.core.evalsets.lineage import Drawn
    from llmci.core.evalsets.standing import Standing
    from llmci.domain.case import Case

# The most unusual traces of a window count as anomalies.
_UNUSUAL = 0.02


@dataclass(slots=True)
class Seen:
    """What is gathered of a case over all its traces; `best` names the trace that it is made of."""

    stratum: str
    topic: str
    best: tuple[int, float, str]
    traces: int = 0
    failed: bool = False
    flags: bool = False
    reviewed: bool = False
    fresh: bool = False
    rank: int = 2**31


@dataclass(slots=True)
class Survey:
    """The traffic.

    Attributes:
        seen: By case id.
        traces: How many there are.
        left_out: How many could not become cases, by reason.
        newest: When the newest started.
        drawn: Gathers hashes of them; None where nothing is hashed.
    """

    seen: dict[str, Seen] = field(default_factory=dict)
    traces: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    newest: datetime | None = None
    drawn: Drawn | None = None
    _names: dict[str, str] = field(default_factory=dict)

    def note(self, found: LabelledTrace, case: Case, places: Sequence[str], *, reviewed: bool, fresh: bool) -> None:
        """One more trace that could become a case.

        Args:
            found: The trace.
            case: That it could become.
            places: Where references may be from, the best first.
            reviewed: Whether somebody wants it.
            fresh: Whether it is newer than the set before.
        """
        rank = _rank(found, case, places)
        # Every row brings names of its own, and there are few of them.
        stratum, topic = (self._names.setdefault(name, name) for name in (case.stratum, found.label["topic_name"]))
        seen = self.seen.get(case.case_id)
        if seen is None:
            seen = self.seen[case.case_id] = Seen(stratum, topic, rank)
        if rank < seen.best:
            seen.stratum, seen.topic, seen.best = stratum, topic, rank
        seen.traces += 1
        if self.drawn is not None:
            self.drawn.add(case.case_id, found.trace["trace_id"])
        seen.failed |= has_failed(found.label)
        seen.flags |= bool(found.label["flags"])
        seen.fresh |= fresh
        seen.reviewed |= reviewed
        seen.rank = min(seen.rank, found.label["anomaly_rank"])

    def sightings(self, standing: Mapping[str, Standing], wanted: Collection[str]) -> list[Sighting]:
        """What can be drawn.

        Args:
            standing: Cases of the set before that still stand for traffic.
            wanted: Those that a reviewer wants in any case.
        """
        unusual = self._unusual()
        gone = [
            Sighting(
                case_id,
                held.stratum,
                held.topic,
                0,
                flagged=held.failed,
                required=case_id in wanted,
                kept=True,
            )
            for case_id, held in standing.items()
            if case_id not in self.seen
        ]
        return gone + [
            Sighting(
                case_id,
                seen.stratum,
                seen.topic,
                seen.traces,
                flagged=seen.flags or case_id in unusual,
                required=seen.reviewed,
                kept=case_id in standing,
                fresh=seen.fresh,
            )
            for case_id, seen in self.seen.items()
        ]

    def _unusual(self) -> set[str]:
        """The most unusual cases: labels rank them among all that was ever labelled, of which this traffic may be a part."""
        left = _UNUSUAL * sum(seen.traces for seen in self.seen.values())
        found = set()
        for case_id, seen in sorted(self.seen.items(), key=lambda item: (item[1].rank, item[0])):
            left -= seen.traces
            if left < 0:
                break
            found.add(case_id)
        return found


def in_utc(start: datetime | None) -> datetime | None:
    """A moment that can be compared with others; one without a zone is taken for UTC."""
    return start.replace(tzinfo=UTC) if start is not None and start.tzinfo is None else start


def _rank(found: LabelledTrace, case: Case, places: Sequence[str]) -> tuple[int, float, str]:
    """The least is the trace that a case is made of, whatever the order of the traffic.

    The best place for a reference comes first, and of what people said there the newest; of the system's own answers, good is
    good enough to stay.
    """
    told, start = case.reference_origin, in_utc(found.trace.get("start"))
    if told not in places or told is None:
        return len(places), 0.0, found.trace["trace_id"]
    said = told != "output" and judge_at(told) is None
    return places.index(told), -start.timestamp() if said and start is not None else 0.0, found.trace["trace_id"]
