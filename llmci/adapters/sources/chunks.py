"""Pieces of a big file of lines: each starts at a line, and keeps its bounds while the file grows at its end."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from llmci.adapters.sources.files import fingerprint_of, unreadable, uri_of
from llmci.storage import StorePath, place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmci.adapters.sources.files import File

CHUNK_BYTES = 64 << 20
_BLOCK = 1 << 20
_PACKED = (".gz", ".bz2", ".zst", ".zstd")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a file.

    Attributes:
        end: Where the next one starts; None for a packed file or an object, which is not cut.
        lines: How many lines come before it.
    """

    number: int
    start: int
    end: int | None
    lines: int
    fingerprint: str
    size: int

    def uri(self, path: File) -> str:
        """The piece as a text that `located` reads."""
        bounds = {"start": self.start, "end": "" if self.end is None else self.end, "lines": self.lines}
        return f"{uri_of(path)}?{urlencode(bounds)}"


def located(uri: str) -> tuple[Path, int, int | None, int]:
    """Path, start, end and lines before it, out of a chunk's uri."""
    path, _, query = uri.rpartition("?")
    bounds = dict(parse_qsl(query, keep_blank_values=True))
    return (
        place(path, Path()),
        int(bounds["start"]),
        int(bounds["end"]) if bounds["end"] else None,
        int(bounds["lines"]),
    )


def chunks_of(path: File) -> Iterator[Chunk]:
    """Cut a file; the fingerprint of a piece is the digest of its bytes.

    Raises:
        OutsideError: The file cannot be read.
    """
    try:
        if path.suffix in _PACKED or isinstance(path, StorePath):
            yield Chunk(0, 0, None, 0, fingerprint_of(path), path.stat().st_size)
            return
        yield from _cut(path)
    except OSError as error:
        raise unreadable(path, error) from None


def _cut(path: Path) -> Iterator[Chunk]:
    number = start = lines = 0
    with path.open("rb") as file:
        while True:
            digest, size, newlines = hashlib.sha256(), 0, 0
            # The last block is read up to the end of its line.
            while size < CHUNK_BYTES and (block := file.read(_BLOCK)):
                digest.update(block)
                size, newlines = size + len(block), newlines + block.count(b"\n")
            while size >= CHUNK_BYTES and not block.endswith(b"\n") and (block := file.readline(_BLOCK)):
                digest.update(block)
                size, newlines = size + len(block), newlines + block.count(b"\n")
            if size or number == 0:
                yield Chunk(number, start, start + size, lines, digest.hexdigest(), size)
            if size < CHUNK_BYTES:
                return
            number, start, lines = number + 1, start + size, lines + newlines
