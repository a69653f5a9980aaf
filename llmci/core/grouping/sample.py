"""A sample of the distinct inputs of a stream, the same whatever order they come in."""

from __future__ import annotations

import hashlib
import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Users of one input are counted up to here; more make no difference to any decision.
_MAX_USERS = 50


@dataclass(slots=True)
class Distinct:
    """An input and who sent it.

    Attributes:
        trace_id: The smallest id among its traces.
        traces: How many traces have it.
        users: Digests of the users who sent it.
    """

    text: str
    trace_id: str
    traces: int
    users: set[int]


class InputSample:
    """Keeps the distinct inputs with the smallest keyed digests: a uniform sample of fixed size.

    An input that ends up in the sample has been in it since it was first seen, so its counts are
    exact.

    Args:
        size: Inputs kept at most.
        seed: Key of the digest; another seed gives another sample.
    """

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._key = seed.to_bytes(8, "little", signed=True)
        self._kept: dict[int, Distinct] = {}
        self._largest: list[int] = []

    def add(self, text: str, trace_id: str, user_id: str | None) -> None:
        """Count one trace."""
        place = digest64(text, self._key)
        entry = self._kept.get(place)
        if entry is None:
            entry = self._enter(place, text, trace_id)
            if entry is None:
                return
        entry.traces += 1
        entry.trace_id = min(entry.trace_id, trace_id)
        if user_id is not None and len(entry.users) < _MAX_USERS:
            entry.users.add(digest64(user_id))

    def merge(self, other: InputSample) -> None:
        """Take in the sample of other traces; exact, for what is among the smallest of all is so in each part."""
        for place, theirs in other._kept.items():
            entry = self._kept.get(place) or self._enter(place, theirs.text, theirs.trace_id)
            if entry is not None:
                entry.traces += theirs.traces
                entry.trace_id = min(entry.trace_id, theirs.trace_id)
                entry.users |= theirs.users

    def distinct(self) -> list[Distinct]:
        """What was kept, in the order of the digests."""
        return [self._kept[place] for place in sorted(self._kept)]

    def _enter(self, place: int, text: str, trace_id: str) -> Distinct | None:
        if len(self._kept) >= self._size:
            if place > -self._largest[0]:
                return None
            del self._kept[-heapq.heappop(self._largest)]
        heapq.heappush(self._largest, -place)
        entry = self._kept[place] = Distinct(text, trace_id, 0, set())
        return entry


def digest64(text: str, key: bytes = b"") -> int:
    """64 bits that stand for a text, others for each key."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8, key=key).digest(), "big")


def texts_of(distinct: Sequence[Distinct]) -> list[str]:
    """Their texts, in order."""
    return [entry.text for entry in distinct]
