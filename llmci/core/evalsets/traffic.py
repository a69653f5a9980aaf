"""What the traffic of a set asked: one input each of a sample of its conversations, in whatever order they come."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from llmci.core.evalsets.survey import in_utc
from llmci.core.grouping.sample import digest64
from llmci.core.grouping.texts import input_text
from llmci.core.privacy.mint import vouched
from llmci.domain.evalset import TrafficInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llmci.core.evalsets.cases import LabelledTrace

# Columns of a trace that are looked at.
COLUMNS = ("trace_id", "user_id", "session_id", "start", "variant", "input")


class TrafficSample:
    """Keeps one input each of so many conversations, chosen by the digests of their ids.

    What is said in one conversation is no independent sight of the traffic. A conversation that ends up in the sample has
    been in it since it was first seen.

    Args:
        size: Conversations kept at most.
        seed: Key of the digest; another seed gives another sample.
        variant: Of the traces that are looked at; None takes all.
    """

    def __init__(self, size: int, seed: int, variant: str | None = None) -> None:
        self._size, self._variant = size, variant
        self._key = seed.to_bytes(8, "little", signed=True)
        self._kept: dict[int, TrafficInput] = {}
        self._largest: list[int] = []

    def noting(self, traces: Iterable[LabelledTrace]) -> Iterator[LabelledTrace]:
        """The same traces, each taken into account."""
        for found in traces:
            self.add(found)
            yield found

    def add(self, found: LabelledTrace) -> None:
        """Take a trace into account; of a conversation, the one with the smallest id stays."""
        trace = found.trace
        if self._variant is not None and trace["variant"] != self._variant:
            return
        place = digest64(trace["session_id"] or trace["trace_id"], self._key)
        if self._is_held(place, trace["trace_id"]) and (text := input_text(trace["input"])):
            user = trace["user_id"]
            entry = TrafficInput(
                trace_id=trace["trace_id"],
                text=vouched(text, found.batch),
                user=None if user is None else digest64(user),
                cluster=found.label["cluster_name"],
                start=in_utc(trace["start"]),
            )
            self._enter(place, entry)

    def merge(self, other: TrafficSample) -> None:
        """Take in the sample of other traces; exact, for what is among the smallest of all is so in each part."""
        for place, entry in other._kept.items():
            if self._is_held(place, entry.trace_id):
                self._enter(place, entry)

    def inputs(self) -> list[TrafficInput]:
        """What was kept, in the order of the digests, so that the first few are a sample of all."""
        return [self._kept[place] for place in sorted(self._kept)]

    def _is_held(self, place: int, trace_id: str) -> bool:
        held = self._kept.get(place)
        if held is not None:
            return trace_id < held.trace_id
        return len(self._kept) < self._size or (self._size > 0 and place <= -self._largest[0])

    def _enter(self, place: int, entry: TrafficInput) -> None:
        if place not in self._kept:
            if len(self._kept) >= self._size:
                del self._kept[-heapq.heappop(self._largest)]
            heapq.heappush(self._largest, -place)
        self._kept[place] = entry
