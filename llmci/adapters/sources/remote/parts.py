"""Files of a landing: lines of records, compressed, each after a mark of its trace; see `landing`."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import orjson

from llmci.errors import UsageError
from llmci.files import atomic_path, sha256_of
from llmci.seams import Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from llmci.seams import Record, Stream

_SUFFIX = ".jsonl.zst"
_KEY_BYTES = 8
# Length of the mark that a line begins with.
MARK = 2 * _KEY_BYTES


class Parts:
    """The part files of one landing."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def written(self, stream: Stream, name: str) -> Iterator[Writer]:
        """A part in the making; its file is there when the block has ended."""
        import pyarrow as pa

        with atomic_path(self._file(name)) as temporary:
            with pa.OSFile(str(temporary), "wb") as sink, pa.CompressedOutputStream(sink, "zstd") as stream_out:
                writer = Writer(stream_out)
                yield writer
                writer.flush()
            digest = sha256_of(temporary)
        writer.part = Part(name, stream, digest, writer.size, writer.entries, writer.media)

    def lines(self, name: str) -> Iterator[bytes]:
        """All lines of a part.

        Raises:
            UsageError: Its file is damaged or gone.
        """
        import pyarrow as pa

        path = self._file(name)
        try:
            with pa.OSFile(str(path), "rb") as file, pa.CompressedInputStream(file, "zstd") as stream:
                rest = b""
                while block := stream.read(1 << 20):
                    *lines, rest = (rest + block).split(b"\n")
                    yield from lines
        except (pa.ArrowException, OSError):
            raise UsageError(
                f"{path}: damaged or gone.",
                fix=f"Delete {self._path} and pull again; all of this source is fetched anew.",
            ) from None

    def rewritten(self, name: str, marks: set[bytes]) -> tuple[int, int, str]:
        """Write a part anew without the lines of some traces; gives how many those were, its size and its digest."""
        import pyarrow as pa

        gone = size = 0
        with atomic_path(self._file(name)) as temporary:
            with pa.OSFile(str(temporary), "wb") as sink, pa.CompressedOutputStream(sink, "zstd") as stream:
                for line in self.lines(name):
                    if line[:MARK] in marks:
                        gone += 1
                    else:
                        size += len(line) + 1
                        stream.write(line + b"\n")
            digest = sha256_of(temporary)
        return gone, size, digest

    def sweep(self, names: set[str]) -> None:
        """Remove all files of parts but these."""
        named = {f"{name}{_SUFFIX}" for name in names}
        for path in self._path.iterdir():
            if path.name not in named and (path.name.endswith(_SUFFIX) or path.name.endswith(".tmp")):
                path.unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        return self._path / f"{name}{_SUFFIX}"


class Writer:
    """See `llmci.seams.PartWriter`; `part` is there when the block has ended."""

    def __init__(self, file: IO[bytes]) -> None:
        self.rows = self.size = 0
        self.entries: list[tuple[str, str, str, float | None]] = []
        self.media: set[tuple[str, str]] = set()
        self.part: Part | None = None
        self._file, self._held = file, bytearray()

    def write(self, record: Record) -> None:
        """See `PartWriter.write`."""
        trace = mark_of(number_of(record.trace_id))
        line = b"%b%b\n" % (trace, orjson.dumps([record.key, record.version, record.value]))
        self._held += line
        self.rows, self.size = self.rows + 1, self.size + len(line)
        start = record.start.timestamp() if record.start else None
        self.entries.append((record.trace_id, record.key, record.version, start))
        self.media.update((record.trace_id, media_id) for media_id in record.media)
        if len(self._held) > 1 << 20:
            self.flush()

    def flush(self) -> None:
        """Hand over what is held."""
        self._file.write(bytes(self._held))
        self._held.clear()


def last_versions(lines: list[bytes]) -> list[Mapping[str, Any]]:
    """Every record in its last version; of equal versions the one that came last."""
    latest: dict[str, tuple[str, Any]] = {}
    for line in lines:
        key, version, value = orjson.loads(line[MARK:])
        if key not in latest or version >= latest[key][0]:
            latest[key] = (version, value)
    return [value for _, value in latest.values()]


def mark_of(number: int) -> bytes:
    """What a line of a trace with this number begins with."""
    return number.to_bytes(_KEY_BYTES, signed=True).hex().encode()


def number_of(text: str) -> int:
    """A 64-bit hash of a trace's id, or of a record's key."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=_KEY_BYTES).digest(), signed=True)
