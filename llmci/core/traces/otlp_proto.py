"""OTLP's protobuf form to the JSON form that `otlp` reads, so that everything after is the same for both."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from llmci.core.traces.scalars import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmci.core.traces.parts import Row

# Protobuf's own limit is 100 messages deep; values nest in two of them.
_MAX_NESTING = 60
_PLAIN = {"string_value": "stringValue", "bool_value": "boolValue", "double_value": "doubleValue"}


def export_of(message: bytes) -> Row:
    """An export of spans or of log records, in a file that does not say which of them it has.

    Raises:
        Unreadable: It is neither, or it is cut off.
    """
    try:
        traces = traces_of(message)
    except Unreadable:
        return logs_of(message)
    # Log records read as spans have no ids.
    spans = [span for group in traces["resourceSpans"] for scope in group["scopeSpans"] for span in scope["spans"]]
    if not any(span["spanId"] for span in spans):
        with suppress(Unreadable):
            logs = logs_of(message)
            if any(scope["logRecords"] for group in logs["resourceLogs"] for scope in group["scopeLogs"]):
                return logs
    return traces


def traces_of(message: bytes) -> Row:
    """An `ExportTraceServiceRequest`, or the `TracesData` of a file, which have the same bytes.

    Raises:
        Unreadable: It is none, or it is cut off.
    """
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

    groups = _parsed(TracesData, message).resource_spans
    return {
        "resourceSpans": [
            _group(one, "scopeSpans", "spans", [(scope, map(_span, scope.spans)) for scope in one.scope_spans])
            for one in groups
        ]
    }


def logs_of(message: bytes) -> Row:
    """An `ExportLogsServiceRequest`, or the `LogsData` of a file.

    Raises:
        Unreadable: It is none, or it is cut off.
    """
    from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

    groups = _parsed(LogsData, message).resource_logs
    return {
        "resourceLogs": [
            _group(
                one, "scopeLogs", "logRecords", [(scope, map(_record, scope.log_records)) for scope in one.scope_logs]
            )
            for one in groups
        ]
    }


def _group(group: Any, scopes: str, items: str, found: Iterable[tuple[Any, Iterable[Row]]]) -> Row:  # noqa: ANN401  generated classes have no types
    """What one resource sent, under the names that JSON has for its scopes and what is in them."""
    return {
        "resource": {"attributes": _pairs(group.resource.attributes)},
        scopes: [{"scope": {"name": scope.scope.name}, items: list(inside)} for scope, inside in found],
    }


def _parsed(kind: Any, message: bytes) -> Any:  # noqa: ANN401  generated classes have no types
    from google.protobuf.message import DecodeError

    try:
        return kind.FromString(message)
    except (DecodeError, RecursionError):
        raise Unreadable("not an OTLP export of traces or logs in protobuf, or cut off") from None


def _record(record: Any) -> Row:  # noqa: ANN401
    return {
        "traceId": record.trace_id.hex(),
        "spanId": record.span_id.hex(),
        # Since version 1.5 of the protocol; before, an attribute.
        "eventName": getattr(record, "event_name", ""),
        "timeUnixNano": str(record.time_unix_nano),
        "observedTimeUnixNano": str(record.observed_time_unix_nano),
        "body": _value(record.body, 0),
        "attributes": _pairs(record.attributes),
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
