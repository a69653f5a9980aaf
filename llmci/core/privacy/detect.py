"""Texts to findings: each distinct text is looked at once, whatever number of traces repeat it."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from llmci.core.privacy.jsontext import Piece, pieces_of
from llmci.core.privacy.reading import Reading, reading_of
from llmci.core.privacy.titles import without_titles
from llmci.domain.finding import Leaf, Span
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from llmci.core.privacy.notes import Notes

# Characters of texts that are remembered with what was found in them: those of a history come again and again.
REMEMBERED = 24_000_000
# Of texts that are remembered in parts: as many as stand between `search_ahead` and `look`.
_IN_PARTS = 4_000_000
# So many characters go to the recognizers in one call.
_AT_ONCE = 250_000
# What an entry takes beside its text.
_ENTRY = 400
_Asked = tuple[str, str | None, str | None]
Kept = TypeVar("Kept")


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
        remembered: Characters of texts that are remembered with what was found in them.
    """

    def __init__(self, recognizers: Sequence[Find], *, max_chars: int, remembered: int = REMEMBERED) -> None:
        self._recognizers = recognizers
        self._max_chars = max_chars
        self._texts: _Recent[Looked | Unreadable] = _Recent(remembered)
        self._leaves: _Recent[tuple[Span, ...]] = _Recent(remembered)
        self._parts: _Recent[list[Piece]] = _Recent(min(_IN_PARTS, remembered))
        self._notes: Notes | None = None

    @contextmanager
    def noting(self, notes: Notes) -> Iterator[None]:
        """Search nothing that is noted, and note what is searched."""
        self._notes = notes
        try:
            yield
        finally:
            self._notes = None

    def search_ahead(self, texts: Iterable[_Asked]) -> None:
        """Search all that is new in many texts at once, each distinct piece of them one time, for `look` to find.

        Whatever fails here fails again in `look`, which knows the text that it failed at.

        Args:
            texts: Text, key and role of each.
        """
        waiting: dict[_Asked, Reading | None] = {}
        size = 0
        for asked in dict.fromkeys(texts):
            text, key, role = asked
            if len(text) > self._max_chars or asked in self._texts:
                continue
            for piece in self._pieces(text, key):
                leaf = (piece.text, piece.key, role)
                if leaf not in waiting and leaf not in self._leaves:
                    waiting[leaf] = piece.reading
                    size += len(piece.text)
            if size > _AT_ONCE:
                self._search_waiting(waiting)
                waiting, size = {}, 0
        self._search_waiting(waiting)

    def _search_waiting(self, waiting: Mapping[_Asked, Reading | None]) -> None:
        leaves = [Leaf(*leaf) for leaf in waiting]
        readings = {leaf[0]: reading for leaf, reading in waiting.items() if reading is not None}
        searched = self._search(leaves, readings)
        if not isinstance(searched, Unreadable):
            for leaf, spans in zip(waiting, searched, strict=True):
                self._leaves.keep(leaf, tuple(spans))

    def _pieces(self, text: str, key: str | None) -> list[Piece]:
        """What a text consists of; taken apart once, while it is still remembered."""
        asked = (text, key, None)
        known = self._parts.get(asked)
        if known is None:
            known = [_read(piece) for piece in pieces_of(text, key)]
            self._parts.keep(asked, known)
        return known

    def look(self, text: str, key: str | None, role: str | None) -> Looked | Unreadable:
        """Take a text apart and search it."""
        asked = (text, key, role)
        known = self._texts.get(asked)
        if known is None:
            known = self._look(text, key, role)
            self._texts.keep(asked, known)
        return known

    def _look(self, text: str, key: str | None, role: str | None) -> Looked | Unreadable:
        if len(text) > self._max_chars:
            return Unreadable(f"a text is longer than {self._max_chars} characters")
        pieces = self._pieces(text, key)
        asked = [(piece.text, piece.key, role) for piece in pieces]
        known = [self._leaves.get(leaf) for leaf in asked]
        if None not in known:
            return Looked(tuple(zip(pieces, known, strict=True)))  # type: ignore[arg-type]
        found = dict(zip(asked, known, strict=True))
        new = [leaf for leaf, spans in found.items() if spans is None]
        readings = {piece.text: piece.reading for piece in pieces if piece.reading is not None}
        searched = self._search([Leaf(*leaf) for leaf in new], readings)
        if isinstance(searched, Unreadable):
            return searched
        for leaf, spans in zip(new, searched, strict=True):
            self._leaves.keep(leaf, tuple(spans))
            found[leaf] = tuple(spans)
        return Looked(tuple((piece, found[leaf] or ()) for piece, leaf in zip(pieces, asked, strict=True)))

    def _search(self, leaves: list[Leaf], readings: Mapping[str, Reading]) -> list[list[Span]] | Unreadable:
        notes = self._notes
        if notes is None:
            return self._found(leaves, readings)
        known = [notes.of(leaf) for leaf in leaves]
        new = [leaf for leaf, spans in zip(leaves, known, strict=True) if spans is None]
        searched = self._found(new, readings)
        if isinstance(searched, Unreadable):
            return searched
        for leaf, spans in zip(new, searched, strict=True):
            notes.take(leaf, spans)
        fresh = iter(searched)
        return [next(fresh) if spans is None else spans for spans in known]

    def _found(self, leaves: list[Leaf], readings: Mapping[str, Reading]) -> list[list[Span]] | Unreadable:
        """Search leaves as they are written, and as they are read where that is something else."""
        told = (
            [(at, readings[leaf.text]) for at, leaf in enumerate(leaves) if leaf.text in readings] if readings else []
        )
        if not told:
            return self._searched(leaves)
        read = [leaves[at]._replace(text=reading.text) for at, reading in told]
        found = self._searched([*leaves, *read])
        if isinstance(found, Unreadable):
            return found
        for (at, reading), spans in zip(told, found[len(leaves) :], strict=True):
            found[at] += reading.written(spans)
        return found[: len(leaves)]

    def _searched(self, leaves: list[Leaf]) -> list[list[Span]] | Unreadable:
        found: list[list[Span]] = [[] for _ in leaves]
        for find in self._recognizers if leaves else ():
            try:
                for spans, more, leaf in zip(found, find(leaves), leaves, strict=True):
                    spans.extend(_checked(more, leaf.text))
            except UsageError:
                # It is about the configuration, not about this text.
                raise
            except Exception as error:  # noqa: BLE001  whatever a recognizer raises holds the trace back
                return Unreadable(f"the recognizer {find.name} failed: {type(error).__name__}")
        return found


class _Recent(Generic[Kept]):
    """What was asked for last, up to so many characters of text."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._kept: OrderedDict[_Asked, Kept] = OrderedDict()

    def __contains__(self, asked: _Asked) -> bool:
        return asked in self._kept

    def get(self, asked: _Asked) -> Kept | None:
        found = self._kept.get(asked)
        if found is not None:
            self._kept.move_to_end(asked)
        return found

    def keep(self, asked: _Asked, found: Kept) -> None:
        if asked not in self._kept:
            self._left -= len(asked[0]) + _ENTRY
        self._kept[asked] = found
        while self._left < 0:
            (old, _, _), _ = self._kept.popitem(last=False)
            self._left += len(old) + _ENTRY


def _read(piece: Piece) -> Piece:
    reading = reading_of(piece.text)
    return piece if reading is None else piece._replace(reading=reading)


def _checked(spans: Sequence[Span], text: str) -> Sequence[Span]:
    """A recognizer that counts otherwise than in code points would leave half of a name behind."""
    for span in spans:
        if not 0 <= span.start < span.end <= len(text):
            raise ValueError("a span outside of the text")
    return [_trimmed(without_titles(span, text) if span.kind == "PERSON" else span, text) for span in spans]


def _trimmed(span: Span, text: str) -> Span:
    """A span without blanks at its ends."""
    start, end = span.start, span.end
    while text[start].isspace() and start < end - 1:
        start += 1
    while text[end - 1].isspace() and end - 1 > start:
        end -= 1
    return span if end - start == span.end - span.start else span._replace(start=start, end=end)
