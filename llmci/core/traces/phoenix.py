"""Spans and annotations of Arize Phoenix, as its REST interface gives them, to one row of `trace/1`.

Attributes are OpenInference's, flattened; the kind stands beside them, and the resource is not kept by
Phoenix. A score with a label and a number keeps both.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from llmci.core.traces.otlp import Event, Span
from llmci.core.traces.scalars import Unreadable, float_of, text_of, time_of
from llmci.core.traces.spans import trace_of as folded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.core.traces.parts import Row
    from llmci.core.traces.paths import Pick
    from llmci.core.traces.records import Origin
    from llmci.domain.trace import TraceRow

_ANNOTATORS = {"HUMAN": "human", "LLM": "llm", "CODE": "code"}


def trace_of(
    spans: Sequence[Mapping[str, Any]],
    annotations: Sequence[Mapping[str, Any]],
    origin: Origin,
    *,
    variant: Pick | None = None,
) -> TraceRow:
    """Fold the spans of one trace, with the annotations of its spans and of itself.

    Raises:
        Unreadable: A span has no ids.
    """
    row = folded([span_of(span) for span in spans], origin, variant=variant)
    return {**row, "scores": [*row["scores"], *(s for said in annotations if (s := score_row(said)))]}


def span_of(logged: Mapping[str, Any]) -> Span:
    """A span of `GET /v1/projects/{project}/spans`.

    Raises:
        Unreadable: It has no trace id or no span id.
    """
    context = logged.get("context")
    ids = context if isinstance(context, dict) else {}
    trace_id, span_id = text_of(ids.get("trace_id")), text_of(ids.get("span_id"))
    if trace_id is None or span_id is None:
        raise Unreadable("a span without a trace id and a span id")
    start, end = time_of(logged.get("start_time")), time_of(logged.get("end_time"))
    given = logged.get("attributes")
    attributes = dict(given) if isinstance(given, dict) else {}
    kind = text_of(logged.get("span_kind"))
    if kind and kind != "UNKNOWN":
        attributes.setdefault("openinference.span.kind", kind)
    events = logged.get("events")
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=text_of(logged.get("parent_id")),
        name=text_of(logged.get("name")) or "",
        start=start,
        end=end,
        # Phoenix keeps microseconds.
        nanoseconds=(end - start) // timedelta(microseconds=1) * 1000 if start and end and end >= start else None,
        failed=logged.get("status_code") == "ERROR",
        message=text_of(logged.get("status_message")),
        attributes=attributes,
        events=tuple(_event(event) for event in events if isinstance(event, dict)) if isinstance(events, list) else (),
        resource={},
    )


def score_row(said: Mapping[str, Any]) -> Row | None:
    """An annotation of a span or of a trace as a `SCORE` row; None where it says nothing."""
    given = said.get("result")
    result = given if isinstance(given, dict) else {}
    number, label, comment = (
        float_of(result.get("score")),
        text_of(result.get("label")),
        text_of(result.get("explanation")),
    )
    if number is None and label is None and comment is None:
        return None
    metadata = said.get("metadata")
    step = text_of(said.get("span_id"))
    return {
        "id": text_of(said.get("id")),
        "name": text_of(said.get("name")) or "annotation",
        # A note has neither label nor number: what it says is its comment.
        "type": "numeric" if number is not None else "categorical" if label is not None else "text",
        "num": number,
        "text": label if label is not None or number is not None else comment,
        "annotator": _ANNOTATORS.get(str(said.get("annotator_kind")).upper(), "api"),
        "author": text_of(said.get("user_id")),
        "comment": comment,
        "target": "step" if step else "trace",
        "target_id": step or text_of(said.get("trace_id")),
        "timestamp": time_of(said.get("created_at")),
        "updated_at": time_of(said.get("updated_at")),
        "metadata": text_of(metadata) if metadata else None,
    }


def _event(logged: Mapping[str, Any]) -> Event:
    given = logged.get("attributes")
    return Event(
        name=text_of(logged.get("name")) or "",
        time=time_of(logged.get("timestamp")),
        attributes=given if isinstance(given, dict) else {},
    )
