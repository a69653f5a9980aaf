"""The spans of one trace to one row of `trace/1`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmci.core.traces import dialects
from llmci.core.traces.flattened import gathered
from llmci.core.traces.money import summed_cost
from llmci.core.traces.paths import picked
from llmci.core.traces.payloads import NOTHING, has_content
from llmci.core.traces.records import score_of
from llmci.core.traces.replay import replay_of
from llmci.core.traces.scalars import decoded, json_text, list_of, text_of
from llmci.core.traces.usage import summed_usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.core.traces.otlp import Event, Span
    from llmci.core.traces.parts import Row
    from llmci.core.traces.paths import Pick
    from llmci.core.traces.records import Origin
    from llmci.domain.trace import TraceRow

# Beyond these a row keeps the steps without what went in and out of them.
MAX_STEPS = 500
MAX_STEP_BYTES = 8_000_000
# Deeper than any agent calls itself; deeper steps are shown at this depth.
MAX_DEPTH = 500
_MODEL_KINDS = ("llm", "embedding")
# Columns of the trace to the attributes that hold them, on the root first and then on any span.
_FACTS = {
    "session_id": ("session.id", "gen_ai.conversation.id", "langfuse.session.id", "traceloop.association.properties.session_id"),
    "user_id": ("user.id", "enduser.id", "gen_ai.user", "langfuse.user.id", "traceloop.association.properties.user_id"),
    "environment": ("deployment.environment.name", "deployment.environment", "langfuse.environment"),
    "release": ("langfuse.release",),
    "version": ("service.version", "langfuse.version"),
    "variant": ("llmci.variant", "feature_flag.result.variant", "feature_flag.variant", "metadata.variant", "variant"),
    "prompt_name": ("gen_ai.prompt.name", "llm.prompt_template.name", "langfuse.observation.prompt.name"),
    "prompt_version": ("gen_ai.prompt.version", "llm.prompt_template.version", "langfuse.observation.prompt.version"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A row of `STEP`, and what its span says of the whole trace."""

    row: Row
    facts: Mapping[str, Any]
    scores: tuple[Row, ...]


def trace_of(spans: Sequence[Span], origin: Origin, *, variant: Pick | None = None) -> TraceRow:
    """Fold the spans of one trace.

    Input and output are the root's; where it has none, the first model call's input and the last
    one's output. Usage and cost are summed over model calls only, because parents repeat them. A
    span that was sent twice counts as it was sent last.

    Args:
        variant: Where the variant is found among a span's or its resource's attributes, where the
            usual names do not have it.
    """
    steps = [_step(span) for span in _ordered(spans)]
    rows = [step.row for step in steps]
    root, lacks = _shape(rows)
    calls = _model_calls(rows)
    documents = [document for row in rows for document in row["documents"]]
    asked, answered = _payloads(root, [row for row in calls if row["kind"] == "llm"])
    replayed = next((row for row in calls if row["kind"] == "llm"), None)
    kind, missing = replay_of(
        asked=asked, answered=answered, documents=documents, steps=_counted(rows, calls), lacks=lacks + _silent(calls)
    )
    facts = _facts(root, steps, variant)
    kept, truncated = _bounded(rows)
    return {
        "schema_version": 1,
        "source": origin.source,
        "source_kind": origin.kind,
        "trace_id": spans[0].trace_id,
        "root_span_id": root["span_id"],
        "complete": "root" not in missing and "parent" not in missing and root["end"] is not None,
        "missing": missing + truncated,
        **facts,
        "start": min((row["start"] for row in rows if row["start"]), default=None),
        "end": root["end"],
        **{name: root[name] for name in ("latency_ms", "status", "error_type", "error")},
        "name": root["name"],
        "ttft_ms": next((row["ttft_ms"] for row in calls if row["ttft_ms"] is not None), None),
        "input": asked,
        "output": answered,
        "request": replayed["request"] if replayed else None,
        "replay_kind": kind,
        "replay_step": replayed["seq"] if replayed else None,
        "documents": documents,
        "usage": summed_usage([row["usage"] for row in calls]),
        "cost": summed_cost([row["cost"] for row in calls]),
        "scores": [score for step in steps for score in step.scores],
        "steps": kept,
    }


def _ordered(spans: Sequence[Span]) -> list[Span]:
    latest = {span.span_id: span for span in spans}
    far = max((span.start for span in latest.values() if span.start), default=None)
    return sorted(latest.values(), key=lambda span: (span.start is None, span.start or far, span.span_id))


def _step(span: Span) -> _Step:
    attributes, kind = span.attributes, dialects.kind_of(span.attributes)
    usage = dialects.usage_in(attributes)
    error_type, error = _error(span)
    row: Row = {
        "span_id": span.span_id,
        "parent_id": span.parent_id,
        "kind": kind,
        "name": span.name,
        "start": span.start,
        "end": span.end,
        "latency_ms": None if span.nanoseconds is None else span.nanoseconds / 1e6,
        "ttft_ms": dialects.ttft_in(attributes),
        "status": "error" if span.failed else "ok",
        "error_type": error_type,
        "error": error,
        "request": dialects.request_in(attributes) if kind in _MODEL_KINDS else None,
        "input": dialects.asked(attributes, span.events),
        "output": dialects.answered(attributes, span.events),
        "tool_name": text_of(dialects.first(attributes, "gen_ai.tool.name", "tool.name")),
        "tool_call_id": text_of(dialects.first(attributes, "gen_ai.tool.call.id", "tool_call.id")),
        "documents": dialects.documents_in(attributes),
        "usage": usage,
        "cost": dialects.cost_in(attributes, usage),
        "attributes": _json(dialects.rest_of(attributes)),
        "events": _json([{"name": event.name, "attributes": event.attributes} for event in span.events]),
    }
    scores = (score for event in span.events if (score := _score(event, span)))
    return _Step(row=row, facts={**span.resource, **attributes}, scores=tuple(scores))


def _error(span: Span) -> tuple[str | None, str | None]:
    raised: Mapping[str, Any] = next((event.attributes for event in span.events if event.name == "exception"), {})
    kind = dialects.first({**raised, **span.attributes}, "error.type", "exception.type")
    text = span.message or text_of(raised.get("exception.message"))
    return (text_of(kind), text) if span.failed or raised or kind else (None, None)


def _score(event: Event, span: Span) -> Row | None:
    if event.name != "gen_ai.evaluation.result":
        return None
    said = event.attributes
    value = dialects.first(said, "gen_ai.evaluation.score.value", "gen_ai.evaluation.score.label")
    score = score_of(text_of(said.get("gen_ai.evaluation.name")) or "evaluation", value, annotator="code")
    if score is None:
        return None
    comment = text_of(said.get("gen_ai.evaluation.explanation"))
    return {**score, "target": "step", "target_id": span.span_id, "timestamp": event.time, "comment": comment}


def _shape(rows: list[Row]) -> tuple[Row, list[str]]:
    """Number the steps, give each its depth, and find the root; also what is missing of the tree."""
    by_id = {row["span_id"]: row for row in rows}
    tops = [row for row in rows if row["parent_id"] not in by_id]
    roots = [row for row in tops if row["parent_id"] is None]
    for seq, row in enumerate(rows):
        row["seq"], row["depth"] = seq, len(_ancestors(row, by_id))
    lacks = ([] if roots else ["root"]) + (["parent"] if len(tops) > len(roots) and roots else [])
    return next(iter(roots or tops or rows)), lacks


def _ancestors(row: Row, by_id: Mapping[str, Row]) -> list[Row]:
    """Parents of a step, nearest first, up to `MAX_DEPTH`; a circle ends where it closes."""
    found: list[Row] = []
    seen = {row["span_id"]}
    while len(found) < MAX_DEPTH and (parent := by_id.get(row["parent_id"])) and parent["span_id"] not in seen:
        seen.add(parent["span_id"])
        found.append(parent)
        row = parent
    return found


def _model_calls(rows: list[Row]) -> list[Row]:
    """Calls of a model, each once: of two instrumentations within each other, the outer one if it counted tokens."""
    by_id = {row["span_id"]: row for row in rows}
    models = [row for row in rows if row["kind"] in _MODEL_KINDS]
    inner = Counter(ancestor["span_id"] for row in models if row["usage"] for ancestor in _ancestors(row, by_id))
    counted = {row["span_id"] for row in models if row["usage"] or not inner[row["span_id"]]}
    return [
        row
        for row in models
        if row["span_id"] in counted and not any(above["span_id"] in counted for above in _ancestors(row, by_id))
    ]


def _counted(rows: list[Row], calls: list[Row]) -> list[Row]:
    """Steps as replay counts them: of the model's, only the calls."""
    chosen = {row["span_id"] for row in calls}
    return [row for row in rows if row["kind"] not in _MODEL_KINDS or row["span_id"] in chosen]


def _payloads(root: Row, calls: list[Row]) -> tuple[Row, Row]:
    asked, answered = root["input"], root["output"]
    if not has_content(asked):
        asked = next((row["input"] for row in calls if has_content(row["input"])), NOTHING)
    if not has_content(answered):
        answered = next((row["output"] for row in reversed(calls) if has_content(row["output"])), NOTHING)
    return asked, answered


def _silent(calls: list[Row]) -> list[str]:
    """Instrumentations leave messages out unless they are told to capture content."""
    without = any(row["kind"] == "llm" and not has_content(row["input"]) for row in calls)
    return ["llm_messages"] if without else []


def _facts(root: Row, steps: Sequence[_Step], variant: Pick | None) -> Row:
    ordered = sorted(steps, key=lambda step: step.row is not root)
    found: Row = {}
    for name, attributes in _FACTS.items():
        found[name] = next(
            (text for step in ordered if (text := text_of(dialects.first(step.facts, *attributes)))), None
        )
    if variant is not None:
        chosen = (text_of(picked(step.facts, variant)) for step in ordered)
        found["variant"] = next((text for text in chosen if text), found["variant"])
    first = ordered[0].facts
    found["tags"] = [
        text for item in list_of(dialects.first(first, "tag.tags", "langfuse.trace.tags")) if (text := text_of(item))
    ]
    found["metadata"] = _json(_metadata(first))
    return found


def _metadata(facts: Mapping[str, Any]) -> dict[str, Any]:
    logged = decoded(facts.get("metadata"))
    found = dict(logged) if isinstance(logged, dict) else {}
    for prefix in ("metadata", "langfuse.trace.metadata", "traceloop.association.properties"):
        flat = gathered(facts, prefix)
        found.update(flat if isinstance(flat, dict) else {})
    if service := facts.get("service.name"):
        found.setdefault("service.name", service)
    return found


def _bounded(rows: list[Row]) -> tuple[list[Row], list[str]]:
    size = 0
    for row in rows if len(rows) <= MAX_STEPS else ():
        size += len(json_text(row))
        if size > MAX_STEP_BYTES:
            break
    else:
        if len(rows) <= MAX_STEPS:
            return rows, []
    heavy = ("input", "output", "documents", "attributes", "events")
    return [{key: value for key, value in row.items() if key not in heavy} for row in rows], ["steps_truncated"]


def _json(value: dict[str, Any] | list[Any]) -> str | None:
    return json_text(value) if value else None
