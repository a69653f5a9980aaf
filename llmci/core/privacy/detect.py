"""Texts to findings: each distinct text is looked at once, whatever number of traces repeat it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from llmci.core.privacy.jsontext import Piece, pieces_of
from llmci.domain.finding import Leaf, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

# Characters of texts that are remembered with what was found in them.
_REMEMBERED = 24_000_000


class Find(Protocol):
    """`llmci.seams.Recognizer.find` under a name for people."""

    name: str

    def __call__(self, leaves: Sequence[Leaf]) -> list[list[Span]]:
        """Find spans in each leaf, in order; raises on any failure."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A text that could not be searched, and why; no user text in it."""

    why: str


@dataclass(frozen=True, slots=True)
class Looked:
    """A text, taken apart and searched."""

    pieces: tuple[tuple[Piece, tuple[Span, ...]], ...]


class Detector:
    """Searches texts and remembers what it saw, within bounds.

    Args:
        recognizers: Each sees every text that is new.
        max_chars: A longer text is not searched.
    """

    def __init__(self, recognizers: Sequence[Find], *, max_chars: int) -> None:
        self._recognizers = recognizers
        self._max_chars = max_chars
        self._seen: OrderedDict[tuple[str, str | None, str | None], Looked | Unreadable] = OrderedDict()
        self._size = 0

    def look(self, text: str, key: str | None, role: str | None) -> Looked | Unreadable:
        """Take a text apart and search it."""
        asked = (text, key, role)
        known = self._seen.get(asked)
        if known is not None:
            self._seen.move_to_end(asked)
            return known
        looked = self._look(text, key, role)
        self._seen[asked] = looked
        self._size += len(text) + 200
        while self._size > _REMEMBERED:
            (old, _, _), _ = self._seen.popitem(last=False)
            self._size -= len(old) + 200
        return looked

    def _look(self, text: str, key: str | None, role: str | None) -> Looked | Unreadable:
        if len(text) > self._max_chars:
            return Unreadable(f"a text is longer than {self._max_chars} characters")
        pieces = pieces_of(text, key)
        leaves = [Leaf(piece.text, piece.key, role) for piece in pieces]
        found: list[list[Span]] = [[] for _ in leaves]
        for find in self._recognizers:
            try:
                results = find(leaves)
                for spans, more, leaf in zip(found, results, leaves, strict=True):
                    spans.extend(_checked(more, leaf.text))
            except Exception as error:  # noqa: BLE001  whatever a recognizer raises holds the trace back
                return Unreadable(f"the recognizer {find.name} failed: {type(error).__name__}")
        return Looked(tuple((piece, tuple(spans)) for piece, spans in zip(pieces, found, strict=True)))


def _checked(spans: Sequence[Span], text: str) -> Sequence[Span]:
    """A recognizer that counts otherwise than in code points would leave half of a name behind."""
    for span in spans:
        if not 0 <= span.start < span.end <= len(text):
            raise ValueError("a span outside of the text")
    return spans
