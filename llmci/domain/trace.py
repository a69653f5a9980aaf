"""A trace: one request to an LLM system and all that happened in answering it, as Arrow `trace/1`."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

SCHEMA_NAME = "trace/1"
SCHEMA_VERSION = 1

# A trace as plain Python values, in the shape of one row of `TRACE`. Keys that are absent are null.
TraceRow = dict[str, Any]

PART_TYPES = (
    "text",
    "reasoning",
    "refusal",
    "image",
    "audio",
    "video",
    "file",
    "tool_call",
    "tool_result",
    "unknown",
)

_text = pa.string()
_time = pa.timestamp("us", tz="UTC")


def _struct(**fields: pa.DataType) -> pa.StructType:
    return pa.struct([pa.field(name, kind) for name, kind in fields.items()])


PART = _struct(
    type=_text,
    text=_text,
    mime_type=_text,
    uri=_text,
    sha256=_text,
    size=pa.int64(),
    tool_call_id=_text,
    tool_name=_text,
    # Verbatim as the model wrote it: arguments that are not valid JSON are a finding, not an error.
    tool_arguments=_text,
    tool_result=_text,
    is_error=pa.bool_(),
    extra=_text,
)
MESSAGE = _struct(role=_text, name=_text, finish_reason=_text, parts=pa.list_(PART), extra=_text)
TOOL = _struct(type=_text, name=_text, description=_text, parameters=_text)
REQUEST = _struct(
    dialect=_text,
    provider=_text,
    model=_text,
    response_model=_text,
    params=_text,
    tool_choice=_text,
    response_format=_text,
    tools=pa.list_(TOOL),
)
DOCUMENT = _struct(id=_text, content=_text, score=pa.float64(), rank=pa.int32(), uri=_text, metadata=_text)
# `input` includes cached tokens.
USAGE = _struct(
    input=pa.int64(),
    output=pa.int64(),
    total=pa.int64(),
    cache_read=pa.int64(),
    cache_write=pa.int64(),
    reasoning=pa.int64(),
    audio_input=pa.int64(),
    audio_output=pa.int64(),
    details=pa.map_(_text, pa.int64()),
)
# `origin` is "reported" or "computed"; an unknown cost is a null struct, never 0.
COST = _struct(input=pa.float64(), output=pa.float64(), total=pa.float64(), currency=_text, origin=_text)
SCORE = _struct(
    id=_text,
    name=_text,
    type=_text,
    num=pa.float64(),
    text=_text,
    annotator=_text,
    author=_text,
    comment=_text,
    target=_text,
    target_id=_text,
    timestamp=_time,
    updated_at=_time,
    config_id=_text,
    metadata=_text,
)
PAYLOAD = _struct(kind=_text, text=_text, json=_text, messages=pa.list_(MESSAGE))
STEP = _struct(
    span_id=_text,
    parent_id=_text,
    seq=pa.int32(),
    depth=pa.int16(),
    kind=_text,
    name=_text,
    start=_time,
    end=_time,
    latency_ms=pa.float64(),
    ttft_ms=pa.float64(),
    status=_text,
    error_type=_text,
    error=_text,
    request=REQUEST,
    input=PAYLOAD,
    output=PAYLOAD,
    tool_name=_text,
    tool_call_id=_text,
    documents=pa.list_(DOCUMENT),
    usage=USAGE,
    cost=COST,
    prompt_name=_text,
    prompt_version=_text,
    attributes=_text,
    events=_text,
)
TRACE = pa.schema(
    [
        ("schema_version", pa.int16()),
        ("source", _text),
        ("source_kind", _text),
        ("trace_id", _text),
        ("root_span_id", _text),
        ("content_hash", _text),
        ("pulled_at", _time),
        ("source_updated_at", _time),
        ("complete", pa.bool_()),
        ("missing", pa.list_(_text)),
        ("session_id", _text),
        ("turn", pa.int32()),
        ("user_id", _text),
        ("name", _text),
        ("environment", _text),
        ("release", _text),
        ("version", _text),
        ("variant", _text),
        ("prompt_name", _text),
        ("prompt_version", _text),
        ("tags", pa.list_(_text)),
        ("metadata", _text),
        ("start", _time),
        ("end", _time),
        ("latency_ms", pa.float64()),
        ("ttft_ms", pa.float64()),
        ("status", _text),
        ("error_type", _text),
        ("error", _text),
        ("input", PAYLOAD),
        ("output", PAYLOAD),
        ("request", REQUEST),
        ("replay_kind", _text),
        ("replay_step", pa.int32()),
        ("documents", pa.list_(DOCUMENT)),
        ("usage", USAGE),
        ("cost", COST),
        ("scores", pa.list_(SCORE)),
        ("steps", pa.list_(STEP)),
    ],
    metadata={b"llmci.schema": SCHEMA_NAME.encode()},
)
