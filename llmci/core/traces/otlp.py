"""OTLP's JSON form to plain spans: attributes as a dictionary, ids in lower-case hex, times in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmci.core.traces.scalars import Unreadable, int_of, text_of, time_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from llmci.core.traces.parts import Row

_NO_PARENT = {"", "0000000000000000"}
_ERROR_CODES = (2, "2", "STATUS_CODE_ERROR", "ERROR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened within a span."""

    name: str
    time: datetime | None
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span of any tracer.

    Attributes:
        nanoseconds: How long it took; None while it has not ended.
        failed: Whether its status is an error.
        resource: Attributes of what sent it (`service.name`, `service.version`, ...).
    """

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    start: datetime | None
    end: datetime | None
    nanoseconds: int | None
    failed: bool
    message: str | None
    attributes: Mapping[str, Any]
    events: tuple[Event, ...]
    resource: Mapping[str, Any]


def spans_in(export: Row) -> Iterator[tuple[Row, Row]]:
    """Every span of an export request, as logged, with its resource's attributes as logged."""
    for resource_spans in items(export, "resourceSpans", "resource_spans"):
        resource = resource_spans.get("resource") or {}
        scopes = [
            *items(resource_spans, "scopeSpans", "scope_spans"),
            *items(resource_spans, "instrumentationLibrarySpans", "instrumentation_library_spans"),
        ]
        for scope in scopes:
            for span in items(scope, "spans"):
                yield span, {"attributes": items(resource, "attributes")}


def span_of(logged: Row, resource: Row) -> Span:
    """A span out of its JSON form.

    Raises:
        Unreadable: It has no trace id or no span id.
    """
    trace_id, span_id = identity(logged)
    if trace_id is None or span_id is None:
        raise Unreadable("a span without a trace id and a span id")
    parent = _id(_first(logged, "parentSpanId", "parent_span_id", "parent_id"))
    start = int_of(_first(logged, "startTimeUnixNano", "start_time_unix_nano"))
    end = int_of(_first(logged, "endTimeUnixNano", "end_time_unix_nano"))
    status = logged.get("status")
    status = status if isinstance(status, dict) else {}
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=None if parent in _NO_PARENT else parent,
        name=text_of(logged.get("name")) or "",
        start=time_of(start),
        end=time_of(end),
        nanoseconds=end - start if start and end and end >= start else None,
        failed=status.get("code") in _ERROR_CODES,
        message=text_of(status.get("message")),
        attributes=attributes_of(logged.get("attributes")),
        events=tuple(_event(event) for event in items(logged, "events")),
        resource=attributes_of(resource.get("attributes")),
    )


def identity(logged: Row) -> tuple[str | None, str | None]:
    """The trace and the span that a span is, or that a log record is about; None for what is not named."""
    return _id(_first(logged, "traceId", "trace_id")), _id(_first(logged, "spanId", "span_id"))


def moment_in(logged: Row, *names: str) -> datetime | None:
    """The first of these times that is there, in nanoseconds since 1970; 0 is none."""
    return next((at for name in names if (at := time_of(int_of(logged.get(name))))), None)


def attributes_of(logged: object) -> dict[str, Any]:
    """Attributes as a dictionary, from OTLP's list of keys and values or from a dictionary."""
    if isinstance(logged, dict):
        return {str(key): value for key, value in logged.items()}
    if not isinstance(logged, list):
        return {}
    found: dict[str, Any] = {}
    for pair in logged:
        if isinstance(pair, dict) and "key" in pair:
            value = pair.get("value")
            # Most are text, and need no more looking at.
            text = value.get("stringValue") if isinstance(value, dict) and len(value) == 1 else None
            found[str(pair["key"])] = opened(value) if text is None else text
    return found


def _event(logged: Row) -> Event:
    return Event(
        name=text_of(logged.get("name")) or "",
        time=moment_in(logged, "timeUnixNano", "time_unix_nano"),
        attributes=attributes_of(logged.get("attributes")),
    )


def opened(value: object) -> Any:  # noqa: ANN401  JSON holds anything
    """What an `AnyValue` holds; 64-bit integers come as text."""
    if not isinstance(value, dict) or len(value) != 1:
        return value if value != {} else None
    [(kind, inner)] = value.items()
    match kind.replace("_", "").lower():
        case "intvalue":
            number = int_of(inner)
            return inner if number is None else number
        case "arrayvalue":
            return [opened(item) for item in (inner or {}).get("values") or []] if isinstance(inner, dict) else inner
        case "kvlistvalue":
            return attributes_of((inner or {}).get("values")) if isinstance(inner, dict) else inner
        case "stringvalue" | "boolvalue" | "doublevalue" | "bytesvalue":
            return inner
        case _:
            return value


def _id(value: object) -> str | None:
    text = text_of(value)
    return None if text is None else text.lower()


def items(value: object, *names: str) -> list[Any]:
    """The objects in a list that has one of these names."""
    found = _first(value, *names) if isinstance(value, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _first(value: Row, *names: str) -> Any:  # noqa: ANN401
    return next((value[name] for name in names if value.get(name) is not None), None)
