"""What was found in the texts of a shard, from the step that hears sessions to the one that sanitizes.

A shard may be larger than what a detector remembers, and another process may sanitize it: without notes its texts
would be searched twice. Notes say where something was found and of which kind, and never what: a text goes by a
keyed digest of 128 bits.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

import orjson

from llmci.domain.finding import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from llmci.core.privacy.permutation import Keyed
    from llmci.domain.finding import Leaf

_DIGEST = 16
# Digest of a text and how many spans it has; start, end, kind with detector, score of each.
_TEXT = struct.Struct(f"<{_DIGEST}sI")
_SPAN = struct.Struct("<IIHd")
_SEAL = 32


class Notes:
    """Findings by keyed digest of what was searched.

    Args:
        kinds: Kind and detector of findings, by number.
        found: What was found, packed, by digest.

    Attributes:
        open: Whether findings are still taken in.
    """

    def __init__(
        self, keyed: Keyed, kinds: Iterable[tuple[str, str]] = (), found: Iterable[tuple[bytes, bytes]] = ()
    ) -> None:
        self.open = True
        self._keyed = keyed
        self._kinds = list(kinds)
        self._numbers = {one: number for number, one in enumerate(self._kinds)}
        self._found = dict(found)

    def __len__(self) -> int:
        return len(self._found)

    def of(self, leaf: Leaf) -> list[Span] | None:
        """What was found in a text; None where nothing is noted of it."""
        found = self._found.get(self._digest(leaf)) if self._found else None
        if found is None:
            return None
        return [
            Span(start, end, self._kinds[number][0], score, self._kinds[number][1])
            for start, end, number, score in _SPAN.iter_unpack(found)
        ]

    def take(self, leaf: Leaf, spans: Sequence[Span]) -> None:
        """Note what was found in a text, while they are open."""
        if self.open:
            self._found[self._digest(leaf)] = b"".join(
                _SPAN.pack(span.start, span.end, self._number(span.kind, span.detector), span.score) for span in spans
            )

    def packed(self) -> bytes:
        """The notes as `unpacked` reads them."""
        head = orjson.dumps({"kinds": self._kinds, "texts": len(self._found)}) + b"\n"
        texts = (_TEXT.pack(digest, len(spans) // _SPAN.size) + spans for digest, spans in self._found.items())
        content = b"".join((head, *texts))
        return content + _seal(content, self._keyed)

    def _number(self, kind: str, detector: str) -> int:
        number = self._numbers.setdefault((kind, detector), len(self._kinds))
        if number == len(self._kinds):
            self._kinds.append((kind, detector))
        return number

    def _digest(self, leaf: Leaf) -> bytes:
        return self._keyed.digest(f"leaf/{leaf.key!r}/{leaf.role!r}", leaf.text)[:_DIGEST]


def unpacked(content: bytes, keyed: Keyed) -> Notes:
    """Notes of another step; without any where they are not as they were written with this key."""
    content, seal = content[:-_SEAL], content[-_SEAL:]
    if seal != _seal(content, keyed):
        return Notes(keyed)
    head, _, _ = content.partition(b"\n")
    told = orjson.loads(head)
    kinds = ((kind, detector) for kind, detector in told["kinds"])
    return Notes(keyed, kinds, _texts(content, len(head) + 1, told["texts"]))


def _texts(content: bytes, at: int, count: int) -> Iterator[tuple[bytes, bytes]]:
    for _ in range(count):
        digest, spans = _TEXT.unpack_from(content, at)
        start = at + _TEXT.size
        at = start + spans * _SPAN.size
        yield digest, content[start:at]


def _seal(content: bytes, keyed: Keyed) -> bytes:
    return keyed.digest("notes", hashlib.sha256(content).hexdigest())
