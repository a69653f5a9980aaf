"""Observations, traces and scores of Langfuse to one row of `trace/1`.

Read: rows of its interface (v4 and before, camelCase) and of its exports (snake_case).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from llmci.core.traces import dialects
from llmci.core.traces.folding import Step, fold
from llmci.core.traces.langfuse_media import refers
from llmci.core.traces.langfuse_scores import score_row
from llmci.core.traces.langfuse_usage import cost_in, usage_in
from llmci.core.traces.paths import picked
from llmci.core.traces.payloads import payload_of
from llmci.core.traces.records import tool_of
from llmci.core.traces.scalars import (
    Unreadable,
    boolean_of,
    decoded,
    float_of,
    json_text,
    list_of,
    text_of,
    time_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from llmci.core.traces.parts import Row
    from llmci.core.traces.paths import Pick
    from llmci.core.traces.records import Origin
    from llmci.domain.trace import TraceRow

_KINDS = {"generation": "llm", "embedding": "embedding", "span": "span", "event": "event"}
_PLACES = {
    "session_id": "sessionId",
    "user_id": "userId",
    "environment": "environment",
    "release": "release",
    "version": "version",
    "prompt_name": "promptName",
    "prompt_version": "promptVersion",
}
_OWN = ("attributes", "resourceAttributes", "scope")
_OWN_UNDER = tuple(f"{name}." for name in _OWN)
_VARIANT = ("variant", "llmci.variant", "experiment_variant", "feature_flag.variant")


def is_trace(row: Mapping[str, Any]) -> bool:
    """Whether a row is a trace of the older interface, rather than an observation."""
    return "timestamp" in row and "startTime" not in row and "start_time" not in row


def camel_case(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of an export with the keys that the interface has; empty texts there mean nothing."""
    return {_camel(key): value for key, value in row.items() if value not in ("", None)}


def _camel(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(word.capitalize() for word in rest)


def trace_of(
    rows: Sequence[Mapping[str, Any]],
    scores: Sequence[Mapping[str, Any]],
    origin: Origin,
    *,
    variant: Pick | None = None,
) -> TraceRow:
    """Fold what Langfuse has of one trace.

    Args:
        rows: Observations, and the trace itself where the interface has one.
        scores: Of any of its interfaces.
        origin: Of the rows.
        variant: Where the variant is found in a row; it goes before the usual names.

    Raises:
        Unreadable: There is no observation, or one without an id.
    """
    given = [row for row in rows if is_trace(row)]
    observations = [row for row in rows if not is_trace(row)]
    trace = given[-1] if given else {}
    if not observations and not trace:
        raise Unreadable("no observation")
    trace_id = text_of(trace.get("id") or observations[0].get("traceId") or observations[0].get("id"))
    if trace_id is None:
        raise Unreadable("an observation without a trace id and an id")
    steps = [_step(row, trace, variant) for row in observations]
    tops = [step for step in steps if step.row["parent_id"] is None]
    if trace and len(tops) != 1:
        # What the older interface calls a trace is the root of all that has no parent.
        for step in tops:
            step.row["parent_id"] = trace_id
        steps.append(_trace_step(trace, trace_id, observations, variant))
    row = fold(steps, trace_id, origin)
    if trace and len(tops) == 1:
        row = _with_trace(row, trace)
    missing = [
        *row["missing"],
        *(["media"] if any(refers(one.get("input")) or refers(one.get("output")) for one in rows) else []),
    ]
    return {
        **row,
        "name": text_of(trace.get("name")) or _trace_name(observations) or row["name"],
        "missing": missing,
        "replay_kind": "none" if "media" in missing else row["replay_kind"],
        "scores": [found for score in scores if (found := score_row(score))],
        "source_updated_at": max((at for one in rows if (at := time_of(one.get("updatedAt")))), default=None),
    }


def _trace_name(observations: Sequence[Mapping[str, Any]]) -> str | None:
    return next((name for row in observations if (name := text_of(row.get("traceName")))), None)


def _with_trace(row: TraceRow, trace: Mapping[str, Any]) -> TraceRow:
    """A trace's own input and output go before those of its one root."""
    asked, answered = payload_of(trace.get("input"), role="user"), payload_of(trace.get("output"), role="assistant")
    return {
        **row,
        "input": row["input"] if asked["kind"] == "none" else asked,
        "output": row["output"] if answered["kind"] == "none" else answered,
    }


def _step(row: Mapping[str, Any], trace: Mapping[str, Any], variant: Pick | None) -> Step:
    span_id = text_of(row.get("id"))
    if span_id is None:
        raise Unreadable("an observation without an id")
    metadata = _metadata(row)
    kind = _kind(row, metadata)
    start, end = time_of(row.get("startTime")), time_of(row.get("endTime"))
    usage = usage_in(row)
    return Step(
        row={
            "span_id": span_id,
            "parent_id": None if boolean_of(row.get("isRootObservation")) else text_of(row.get("parentObservationId")),
            "kind": kind,
            "name": text_of(row.get("name")),
            "start": start,
            "end": end,
            "latency_ms": _between(start, end),
            "ttft_ms": _ttft(row, start),
            "status": "error" if row.get("level") == "ERROR" else "ok",
            "error_type": None,
            "error": text_of(row.get("statusMessage")) if row.get("level") == "ERROR" else None,
            "request": _request(row) if kind in ("llm", "embedding") else None,
            "input": payload_of(row.get("input"), role="user"),
            "output": payload_of(row.get("output"), role="assistant"),
            "tool_name": (text_of(metadata.get("tool_name")) or text_of(row.get("name"))) if kind == "tool" else None,
            "tool_call_id": text_of(metadata.get("tool_call_id")) if kind == "tool" else None,
            "documents": _documents(row, metadata) if kind == "retriever" else [],
            "usage": usage,
            "cost": cost_in(row, usage),
            "prompt_name": text_of(row.get("promptName")),
            "prompt_version": text_of(row.get("promptVersion")),
            "attributes": json_text(metadata) if metadata else None,
            "events": None,
        },
        facts=_facts(row, trace, metadata, variant),
        metadata=(_metadata(trace) if trace else None) or _plain(metadata),
        tags=(_tags(trace) if trace else None) or _tags(row),
    )


def _trace_step(
    trace: Mapping[str, Any], trace_id: str, observations: Sequence[Mapping[str, Any]], variant: Pick | None
) -> Step:
    """The root that the older interface keeps apart from the observations."""
    start = time_of(trace.get("timestamp"))
    ends = [end for row in observations if (end := time_of(row.get("endTime")) or time_of(row.get("startTime")))]
    end = max(ends, default=None)
    if end is None and start and (seconds := float_of(trace.get("latency"))) is not None:
        end = start + timedelta(seconds=seconds)
    metadata = _metadata(trace)
    return Step(
        row={
            "span_id": trace_id,
            "parent_id": None,
            "kind": "chain",
            "name": text_of(trace.get("name")),
            "start": start,
            "end": end,
            "latency_ms": _between(start, end),
            "ttft_ms": None,
            "status": "error" if any(row.get("level") == "ERROR" for row in observations) else "ok",
            "error_type": None,
            "error": None,
            "request": None,
            "input": payload_of(trace.get("input"), role="user"),
            "output": payload_of(trace.get("output"), role="assistant"),
            "tool_name": None,
            "tool_call_id": None,
            "documents": [],
            "usage": None,
            "cost": None,
            "prompt_name": None,
            "prompt_version": None,
            "attributes": None,
            "events": None,
        },
        facts=_facts(trace, trace, metadata, variant),
        metadata=metadata,
        tags=_tags(trace),
    )


def _kind(row: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    word = str(row.get("type") or "span").lower()
    if word != "span":
        return _KINDS.get(word, word)
    # Instrumentations say in their own attributes what a span did.
    attributes = _attributes(metadata)
    found = dialects.kind_of(attributes) if attributes else "span"
    return "span" if found == "llm" and not row.get("model") else found


def _attributes(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """OpenTelemetry attributes, which Langfuse keeps in the metadata, flattened or not."""
    inner = decoded(metadata.get("attributes"))
    found = dict(inner) if isinstance(inner, dict) else {}
    prefix = "attributes."
    found.update({key.removeprefix(prefix): value for key, value in metadata.items() if key.startswith(prefix)})
    return found


def _documents(row: Mapping[str, Any], metadata: Mapping[str, Any]) -> list[Row]:
    """What a retriever found; with OpenInference the output is null and the documents are among the attributes."""
    found = dialects.documents_in(_attributes(metadata)) or dialects.documents_in(metadata)
    if found:
        return found
    output = decoded(row.get("output"))
    if isinstance(output, dict):
        output = next(
            (output[key] for key in ("documents", "results", "nodes", "contexts") if isinstance(output.get(key), list)),
            None,
        )
    return dialects.documents_in({"gen_ai.retrieval.documents": output}) if isinstance(output, list) else []


def _request(row: Mapping[str, Any]) -> Row | None:
    asked = row.get("input")
    # Payloads are long: they are read a second time only where tools may be in them.
    if isinstance(asked, str):
        asked = decoded(asked) if '"tools"' in asked else None
    tools = asked.get("tools") if isinstance(asked, dict) else None
    definitions = tools or decoded(row.get("toolDefinitions"))
    if isinstance(definitions, dict):
        definitions = list(definitions.values())
    params = decoded(row.get("modelParameters"))
    found = {
        "model": model_of(row),
        "params": text_of(params) if params not in (None, {}, "") else None,
        "tools": [tool for item in list_of(definitions) if (tool := tool_of(item))] or None,
    }
    return found if any(value is not None for value in found.values()) else None


def model_of(row: Mapping[str, Any]) -> str | None:
    """The model: `model` on the wire, although the specification says `providedModelName`."""
    return text_of(row.get("model")) or text_of(row.get("providedModelName"))


def _facts(
    row: Mapping[str, Any], trace: Mapping[str, Any], metadata: Mapping[str, Any], variant: Pick | None
) -> dict[str, str]:
    found = {}
    for name, key in _PLACES.items():
        value = (trace.get(key) if trace else None) or row.get(key)
        if value:
            text = value if isinstance(value, str) else text_of(value)
            if text:
                found[name] = text
    logged = {**_metadata(trace), **metadata} if trace else metadata
    chosen = None if variant is None else picked({**trace, **row, "metadata": logged}, variant)
    chosen = chosen or dialects.first(logged, *_VARIANT)
    if chosen is not None and (text := text_of(chosen)):
        found["variant"] = text
    return found


def _metadata(row: Mapping[str, Any]) -> dict[str, Any]:
    logged = row.get("metadata")
    if not logged:
        return {}
    logged = decoded(logged)
    if isinstance(logged, dict):
        return {str(key): decoded(value) for key, value in logged.items()}
    return {"metadata": logged}


def _plain(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """Metadata without what the instrumentation wrote of itself."""
    return {key: value for key, value in metadata.items() if key not in _OWN and not key.startswith(_OWN_UNDER)}


def _tags(row: Mapping[str, Any]) -> tuple[str, ...]:
    logged = row.get("tags")
    return tuple(text for item in list_of(logged) if (text := text_of(item))) if logged else ()


def _ttft(row: Mapping[str, Any], start: datetime | None) -> float | None:
    """Milliseconds; the times themselves go before the column, which older exports have in other units."""
    first, seconds = row.get("completionStartTime"), row.get("timeToFirstToken")
    found = None if first is None else _between(start, time_of(first))
    if found is None and seconds is not None and (number := float_of(seconds)) is not None:
        found = number * 1000
    return found


def _between(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start) / timedelta(milliseconds=1) if start and end and end >= start else None
