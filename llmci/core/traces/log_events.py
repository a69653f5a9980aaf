"""GenAI events that came as log records, put back into the spans that they are about.

Instrumentations of the GenAI conventions write what was said into log records rather than into spans:
one for each message (`gen_ai.user.message`, ..., `gen_ai.choice`), or since 1.37 one for all
(`gen_ai.client.inference.operation.details`), and evaluations into `gen_ai.evaluation.result`. A record
names its trace and its span.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llmci.core.traces.otlp import Event, Span, attributes_of, identity, items, moment_in, opened
from llmci.core.traces.scalars import Unreadable, decoded, int_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmci.core.traces.parts import Row

_OURS = "gen_ai."
_EVALUATION = "gen_ai.evaluation.result"
_OPERATION = "gen_ai.operation.name"
# A record that came without the time it happened has the time it was seen.
_TIMES = ("timeUnixNano", "time_unix_nano", "observedTimeUnixNano", "observed_time_unix_nano")


def records_in(export: Row) -> Iterator[tuple[Row, Row]]:
    """Every log record of an export request, as logged, with its resource's attributes as logged."""
    for resource_logs in items(export, "resourceLogs", "resource_logs"):
        resource = resource_logs.get("resource") or {}
        for scope in items(resource_logs, "scopeLogs", "scope_logs"):
            for record in items(scope, "logRecords", "log_records"):
                yield record, {"attributes": items(resource, "attributes")}


def is_event(record: Row) -> bool:
    """Whether a log record is an event of the GenAI conventions; any other is none of a trace's business."""
    return _name(record).startswith(_OURS)


def joined(spans: Sequence[Span], records: Sequence[tuple[Row, Row]]) -> list[Span]:
    """The spans of one trace, each with the events that were logged about it.

    Events of a span that nobody sent become a model call of their own: some applications export logs
    and no spans. An evaluation of such a span counts for the trace's first one.

    Raises:
        Unreadable: A record names no trace and span, or evaluates a trace of which there is nothing else.
    """
    found: dict[str, list[Event]] = {}
    resources: dict[str, Row] = {}
    # Messages of one moment are told apart by nanoseconds, which `Event.time` does not hold.
    for record, resource in sorted(records, key=lambda told: _nanoseconds(told[0])):
        trace_id, span_id = identity(record)
        if trace_id is None or span_id is None:
            raise Unreadable("a log record without a trace id and a span id")
        event = _event(record)
        # An exporter that hears nothing sends again.
        if event not in found.setdefault(span_id, []):
            found[span_id].append(event)
        resources.setdefault(span_id, resource)
    told = [replace(span, events=_in_order(*span.events, *found.pop(span.span_id, ()))) for span in spans]
    trace_id = spans[0].trace_id if spans else next((identity(record)[0] for record, _ in records), None)
    evaluations = []
    for span_id, events in found.items():
        evaluations += [event for event in events if event.name == _EVALUATION]
        said = [event for event in events if event.name != _EVALUATION]
        if said:
            told.append(_alone(trace_id or "", span_id, _in_order(*said), resources[span_id]))
    if evaluations and not told:
        raise Unreadable("an evaluation of a span that was not sent")
    if evaluations:
        told[0] = replace(told[0], events=(*told[0].events, *evaluations))
    return told


def _event(record: Row) -> Event:
    attributes = attributes_of(record.get("attributes"))
    attributes.pop("event.name", None)
    body = decoded(opened(record.get("body")))
    if isinstance(body, dict) and any(str(key).startswith(_OURS) for key in body):
        # Early instrumentations wrote the attributes of an event into its body.
        attributes = {**body, **attributes}
    elif body is not None:
        attributes["body"] = body
    return Event(name=_name(record), time=moment_in(record, *_TIMES), attributes=attributes)


def _name(record: Row) -> str:
    named = record.get("eventName") or record.get("event_name")
    return text_of(named) or text_of(attributes_of(record.get("attributes")).get("event.name")) or ""


def _nanoseconds(record: Row) -> int:
    return next((at for name in _TIMES if (at := int_of(record.get(name)))), 0)


def _in_order(*events: Event) -> tuple[Event, ...]:
    """By time where all have one; events of one moment as they came."""
    if any(event.time is None for event in events):
        return events
    return tuple(sorted(events, key=lambda event: event.time))  # type: ignore[arg-type, return-value]


def _alone(trace_id: str, span_id: str, events: tuple[Event, ...], resource: Row) -> Span:
    known: dict[str, Any] = {}
    for event in events:
        known = {**{key: value for key, value in event.attributes.items() if key.startswith(_OURS)}, **known}
    known.setdefault(_OPERATION, "chat")
    model = text_of(known.get("gen_ai.request.model"))
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=None,
        name=f"{known[_OPERATION]} {model}" if model else str(known[_OPERATION]),
        start=events[0].time,
        end=events[-1].time,
        nanoseconds=None,
        failed="error.type" in events[-1].attributes,
        message=None,
        attributes=known,
        events=events,
        resource=attributes_of(resource.get("attributes")),
    )
