"""Sessions whose traces lie in several shards: which they are, and what shards tell each other of them.

Sessions go by keyed digests of 64 bits, so that whoever brings them together sees no id. Two sessions of one
digest would only remember for each other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

import numpy as np
import orjson

from llmci.core.privacy.memory import Memory, Needle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from llmci.core.privacy.permutation import Keyed

_HEX = 16
# What is told begins with the number of sessions, and where each of them ends behind this index.
_COUNT = 8
_INDEX = np.dtype([("session", "<u8"), ("end", "<u8")])


def session_digest(keyed: Keyed, session_id: str) -> int:
    """What a session is called outside of the raw shelf."""
    return int.from_bytes(keyed.digest("session", session_id)[:8], "big")


@dataclass(frozen=True, slots=True)
class Spread:
    """Shards that have sessions in common.

    Attributes:
        split: For each of them, the digests of those sessions, in order.
        others: For each of them, the shards that it has sessions in common with, in order of name.
    """

    split: Mapping[str, NDArray[np.uint64]] = field(default_factory=dict)
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def mark(self, shard_id: str, contents: Mapping[str, str]) -> str:
        """Digest of all that other shards decide of a shard; empty where they decide nothing.

        Args:
            contents: Digest of the raw rows of each shard.
        """
        if shard_id not in self.split:
            return ""
        hashed = hashlib.sha256(self.split[shard_id].tobytes())
        hashed.update("".join(sorted(contents[other] for other in self.others[shard_id])).encode())
        return hashed.hexdigest()[:_HEX]

    def common(self, shard_id: str, with_any_of: Iterable[str]) -> frozenset[int]:
        """Sessions of a shard that any of some other shards has too."""
        mine = self.split.get(shard_id)
        if mine is None:
            return frozenset()
        theirs = [self.split[other] for other in with_any_of if other in self.split]
        return frozenset(int(one) for other in theirs for one in np.intersect1d(mine, other))


def spread_of(sessions: Mapping[str, NDArray[np.uint64]]) -> Spread:
    """Which shards have sessions in common.

    Args:
        sessions: For each shard, the digest of each of its sessions, once; shape (sessions,).
    """
    names = sorted(sessions)
    digests = np.concatenate([sessions[name] for name in names]) if names else np.empty(0, np.uint64)
    at = np.repeat(np.arange(len(names)), [len(sessions[name]) for name in names])
    order = np.lexsort((at, digests))
    digests, at = digests[order], at[order]
    same = digests[1:] == digests[:-1]
    is_split = np.zeros(len(digests), dtype=bool)
    is_split[1:] |= same
    is_split[:-1] |= same
    digests, at = digests[is_split], at[is_split]
    pairs: set[tuple[int, int]] = set()
    # Traces of a session lie in few shards: as many rounds as the most of them.
    for step in range(1, len(names)):
        both = digests[step:] == digests[:-step]
        if not both.any():
            break
        found = np.unique(np.stack([at[:-step][both], at[step:][both]]), axis=1)
        pairs.update((int(one), int(other)) for one, other in found.T)
    others: dict[int, set[int]] = {}
    for one, other in pairs:
        others.setdefault(one, set()).add(other)
        others.setdefault(other, set()).add(one)
    return Spread(
        {names[one]: digests[at == one] for one in sorted(others)},
        {names[one]: tuple(names[other] for other in sorted(others[one])) for one in sorted(others)},
    )


def told(memories: Mapping[int, Memory]) -> Iterator[bytes]:
    """What tells other shards what was found in sessions: an index, then each of them. It is as raw as the traces."""
    sessions = sorted(memories)
    found = [orjson.dumps(_found(memories[session])) for session in sessions]
    index = np.empty(len(sessions), _INDEX)
    index["session"] = sessions
    index["end"] = np.cumsum([len(one) for one in found])
    yield len(sessions).to_bytes(_COUNT, "little")
    yield index.tobytes()
    yield from found


def heard(file: IO[bytes], wanted: NDArray[np.uint64], memories: dict[int, Memory]) -> None:
    """Add what a shard told of some sessions to what is known of them; no more is read of it than that.

    Args:
        file: What `told` gave, from its start.
        wanted: Digests, each once.
        memories: By digest; is added to.
    """
    count = int.from_bytes(file.read(_COUNT), "little")
    index = np.frombuffer(file.read(count * _INDEX.itemsize), _INDEX)
    start = _COUNT + len(index) * _INDEX.itemsize
    ends = index["end"].astype(np.int64) + start
    starts = np.concatenate([[start], ends[:-1]])
    for at in np.flatnonzero(np.isin(index["session"], wanted, assume_unique=True)).tolist():
        file.seek(int(starts[at]))
        found = orjson.loads(file.read(int(ends[at] - starts[at])))
        memories.setdefault(int(index["session"][at]), Memory()).merge(
            Memory(
                needles={text: Needle(text, *rest) for text, *rest in found["needles"]},
                places=set(found["places"]),
                forms={tuple(words): kind for words, kind in found["forms"]},
            )
        )


def _found(memory: Memory) -> dict[str, object]:
    return {
        "needles": [(n.text, n.kind, n.doubtful, n.inside) for n in memory.needles.values()],
        "places": sorted(memory.places),
        "forms": list(memory.forms.items()),
    }
