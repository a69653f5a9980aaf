"""OTLP's protobuf form to the JSON form that `otlp` reads, so that everything after is the same for both."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from llmci.core.traces.scalars import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmci.core.traces.parts import Row

# Protobuf's own limit is 100 messages deep; values nest in two of them.
_MAX_NESTING = 60
_PLAIN = {"string_value": "stringValue", "bool_value": "boolValue", "double_value": "doubleValue"}


def export_of(message: bytes) -> Row:
    """An `ExportTraceServiceRequest`, or the `TracesData` of a file, which have the same bytes.

    Raises:
        Unreadable: It is none, or it is cut off.
    """
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

    try:
        decoded = TracesData.FromString(message)
    except (DecodeError, RecursionError):
        raise Unreadable("not an OTLP trace export in protobuf, or cut off") from None
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _pairs(group.resource.attributes)},
                "scopeSpans": [
                    {"scope": {"name": scope.scope.name}, "spans": [_span(span) for span in scope.spans]}
                    for scope in group.scope_spans
                ],
            }
            for group in decoded.resource_spans
        ]
    }


def _span(span: Any) -> Row:  # noqa: ANN401  generated classes have no types
    return {
        "traceId": span.trace_id.hex(),
        "spanId": span.span_id.hex(),
        "parentSpanId": span.parent_span_id.hex(),
        "name": span.name,
        "startTimeUnixNano": str(span.start_time_unix_nano),
        "endTimeUnixNano": str(span.end_time_unix_nano),
        "attributes": _pairs(span.attributes),
        "events": [
            {"name": event.name, "timeUnixNano": str(event.time_unix_nano), "attributes": _pairs(event.attributes)}
            for event in span.events
        ],
        "status": {"code": span.status.code, "message": span.status.message},
    }


def _pairs(attributes: Iterable[Any], depth: int = 0) -> list[Row]:
    return [{"key": pair.key, "value": _value(pair.value, depth)} for pair in attributes]


def _value(value: Any, depth: int) -> Row:  # noqa: ANN401
    if depth > _MAX_NESTING:
        raise Unreadable("nested too deeply")
    kind = value.WhichOneof("value")
    if kind is None:
        return {}
    given = getattr(value, kind)
    match kind:
        case "int_value":
            return {"intValue": str(given)}
        case "array_value":
            return {"arrayValue": {"values": [_value(item, depth + 1) for item in given.values]}}
        case "kvlist_value":
            return {"kvlistValue": {"values": _pairs(given.values, depth + 1)}}
        case "bytes_value":
            return {"bytesValue": base64.b64encode(given).decode()}
    return {_PLAIN[kind]: given} if kind in _PLAIN else {}
