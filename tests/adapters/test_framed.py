"""Whatever an OpenTelemetry export is packed in, it is read; what is cut off is said, and the rest is kept."""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from pulling import a_source, outcomes

from llmci.adapters.sources.framed import exports_of
from llmci.core.traces.otlp_proto import export_of
from llmci.seams import Rejected

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 1_000_000


def a_message(number: int, text: str = "Hi") -> bytes:
    data = TracesData()
    span = data.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id, span.span_id = number.to_bytes(16), number.to_bytes(8)
    span.name, span.start_time_unix_nano = "chat", 1_795_096_931_120_000_001
    for key, value in (("gen_ai.operation.name", "chat"), ("gen_ai.prompt", text)):
        pair = span.attributes.add()
        pair.key, pair.value.string_value = key, value
    content: bytes = data.SerializeToString()
    return content


def a_line(number: int) -> bytes:
    return json.dumps(export_of(a_message(number))).encode()


def framed(*messages: bytes) -> bytes:
    return b"".join(len(message).to_bytes(4) + message for message in messages)


def varint(size: int) -> bytes:
    found = b""
    while size > 0x7F:
        found, size = found + bytes((size & 0x7F | 0x80,)), size >> 7
    return found + bytes((size,))


def zstd(content: bytes) -> bytes:
    packed: bytes = pa.Codec("zstd").compress(content, asbytes=True)
    return packed


@pytest.mark.parametrize(
    "content",
    [
        framed(a_message(1), a_message(2), a_message(3)),
        framed(*(zstd(a_message(number)) for number in (1, 2, 3))),
        framed(*(zstd(a_line(number)) for number in (1, 2, 3))),
        b"".join(varint(len(message)) + message for message in map(a_message, (1, 2, 3))),
        b"\n".join(map(a_line, (1, 2, 3))),
        b"\n\n" + b"\n".join(map(a_line, (1, 2, 3))),
        # One message of three: protobuf's messages add up.
        a_message(1) + a_message(2) + a_message(3),
    ],
    ids=["lengths", "lengths-zstd", "lengths-zstd-json", "varints", "lines", "empty-lines", "one-message"],
)
@pytest.mark.parametrize("packed", ["", ".gz"])
def test_every_way_to_pack_exports_gives_the_same_traces(tmp_path: Path, content: bytes, packed: str) -> None:
    (tmp_path / f"spans{packed}").write_bytes(gzip.compress(content) if packed else content)
    rows = outcomes(a_source("otlp", tmp_path, path="spans*"))
    assert [(row["trace_id"], row["input"]["text"]) for row in rows] == [(f"{n:032x}", "Hi") for n in (1, 2, 3)]


def test_messages_of_any_length_are_told_from_text() -> None:
    for length in range(1, 400):
        message = a_message(1, "x" * length)
        for content in (message, framed(message), varint(len(message)) + message):
            [export] = exports_of(io.BytesIO(content), LIMIT)
            assert export.fault is None, length


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (framed(a_message(1)) + b"\x00\x00\x01\x00\x0a", "cut off"),
        (framed(a_message(1)) + b"\x00\x00", "cut off"),
        (framed(a_message(1), b"\x0a\xff"), "not an OTLP export of traces or logs in protobuf"),
        (framed(a_message(1), zstd(b"x" * 2 * LIMIT)), "damaged compression, or longer"),
        (framed(a_message(1), a_message(2, "x" * LIMIT)), "longer than 1 MB"),
    ],
)
def test_what_is_damaged_is_said_and_what_came_before_is_kept(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "spans.binpb").write_bytes(content)
    kept, fault = sorted(
        outcomes(a_source("otlp", tmp_path, path="*.binpb", max_line_mb=1)),
        key=lambda found: isinstance(found, Rejected),
    )
    assert kept["trace_id"] == f"{1:032x}"
    assert why in fault.why
    assert fault.where == "spans.binpb:2"
