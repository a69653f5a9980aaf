"""OpenTelemetry exports out of a file, whatever it is packed in: lines of JSON, or messages with or without lengths.

What writes them:

- the collector's file exporter with `format: json`: one export a line;
- the same with `format: proto`: each message after its length in four bytes, the highest first;
- the same with `compression: zstd`, for either format: each message compressed on its own, after its length;
- whatever serialises one message to a file;
- libraries that write "delimited" messages: each after its length as a varint.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from llmci.adapters.sources.lines import NotJson, lines_of, parsed
from llmci.core.traces.otlp_proto import export_of
from llmci.core.traces.scalars import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

# Field 1 with a length: what every trace export begins with.
_MESSAGE = b"\x0a"
_ZSTD = b"\x28\xb5\x2f\xfd"
_LENGTH = 4
_VARINT = 10


@dataclass(frozen=True, slots=True)
class Export:
    """A piece of a file: its number from 1, and the decoded export, None for an empty line, or why it is none."""

    number: int
    value: Any = None
    fault: str | None = None


def exports_of(file: IO[bytes], limit: int) -> Iterator[Export]:
    """Every export of an opened file, in order, one at a time in memory.

    Args:
        limit: Most bytes of one, unpacked; a longer one is a fault, and in JSON lines the rest goes on.
    """
    reader = file if isinstance(file, io.BufferedReader) else io.BufferedReader(file)  # type: ignore[type-var]
    head = reader.peek(16)[:16]
    if head[:1] and head[0] <= 3 and head[_LENGTH:].startswith((_MESSAGE, _ZSTD, b"{")):
        # The first byte of four is 0 for anything under 16 MB, and neither text nor a message begins so.
        yield from _framed(reader, limit)
    elif head.lstrip().startswith((b'{"', b"{ ")) or not (head.startswith(_MESSAGE) or _is_delimited(head)):
        for number, line in enumerate(lines_of(reader, limit), 1):
            yield _json(number, line, limit)
    elif head.startswith(_MESSAGE):
        yield from _whole(reader.read(limit + 1), limit)
    else:
        yield from _delimited(reader, limit)


def _is_delimited(head: bytes) -> bool:
    """Whether it begins with a varint and then a message."""
    last = next((place for place, byte in enumerate(head[:_VARINT]) if byte < 0x80), None)
    return last is not None and head[last + 1 : last + 2] == _MESSAGE


def _framed(file: IO[bytes], limit: int) -> Iterator[Export]:
    number = 0
    while length := file.read(_LENGTH):
        number += 1
        size = int.from_bytes(length)
        if size > limit:
            yield _too_long(number, limit)
            return
        content = file.read(size)
        if len(length) < _LENGTH or len(content) < size:
            # The exporter was killed, or is writing: what is whole was read.
            yield Export(number, fault="cut off at the end of the file")
            return
        yield _decoded(number, content, limit)


def _delimited(file: IO[bytes], limit: int) -> Iterator[Export]:
    number = 0
    while first := file.read(1):
        number += 1
        size, shift = first[0] & 0x7F, 7
        while first and first[0] & 0x80 and shift < 7 * _VARINT:
            first = file.read(1)
            size |= ((first[0] if first else 0) & 0x7F) << shift
            shift += 7
        if size > limit:
            yield _too_long(number, limit)
            return
        content = file.read(size)
        if len(content) < size:
            yield Export(number, fault="cut off at the end of the file")
            return
        yield _decoded(number, content, limit)


def _whole(content: bytes, limit: int) -> Iterator[Export]:
    yield _too_long(1, limit) if len(content) > limit else _decoded(1, content, limit)


def _decoded(number: int, content: bytes, limit: int) -> Export:
    if content.startswith(_ZSTD):
        unpacked = _unzstd(content, limit)
        if unpacked is None:
            return Export(number, fault="damaged compression, or longer than is read")
        content = unpacked
    if content.startswith(b"{"):
        return _json(number, content, limit)
    try:
        return Export(number, export_of(content))
    except Unreadable as error:
        return Export(number, fault=str(error))


def _unzstd(content: bytes, limit: int) -> bytes | None:
    import pyarrow as pa

    try:
        unpacked: bytes = pa.CompressedInputStream(pa.BufferReader(content), "zstd").read(limit + 1)
    except OSError:
        return None
    return unpacked if len(unpacked) <= limit else None


def _json(number: int, line: bytes | None, limit: int) -> Export:
    try:
        return Export(number, parsed(line, limit))
    except NotJson as error:
        return Export(number, fault=str(error))


def _too_long(number: int, limit: int) -> Export:
    return Export(number, fault=f"longer than {limit / 1_000_000:g} MB (max_line_mb); nothing after it is read")
