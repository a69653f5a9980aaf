"""The spans of one trace to one row of `trace/1`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llmci.core.traces import dialects
from llmci.core.traces.flattened import gathered
from llmci.core.traces.folding import Step, fold
from llmci.core.traces.paths import picked
from llmci.core.traces.records import score_of
from llmci.core.traces.reprs import literal_in
from llmci.core.traces.scalars import decoded, json_text, list_of, text_of
from llmci.core.traces.sdk_spans import conventional

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.core.traces.otlp import Event, Span
    from llmci.core.traces.parts import Row
    from llmci.core.traces.paths import Pick
    from llmci.core.traces.records import Origin
    from llmci.domain.trace import TraceRow

# Columns of the trace to the attributes of a span or its resource that hold them.
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
# What OpenInference writes where it was told to hide inputs or outputs.
_HIDDEN = "__REDACTED__"
_FACTS_INDEX = dialects.indexed(_FACTS)


def trace_of(spans: Sequence[Span], origin: Origin, *, variant: Pick | None = None) -> TraceRow:
    """Fold the spans of one trace; see `folding.fold`.

    Args:
        variant: Where the variant is found among a span's or its resource's attributes; it goes
            before the usual names.
    """
    return fold([_step(span, variant) for span in spans], spans[0].trace_id, origin)


def _step(span: Span, variant: Pick | None) -> Step:
    told = conventional(span.attributes)
    if _HIDDEN in told.values():
        told = {key: value for key, value in told.items() if value != _HIDDEN}
    span = span if told is span.attributes else replace(span, attributes=told)
    attributes = {**span.resource, **span.attributes}
    tags = list_of(dialects.first(attributes, "tag.tags", "langfuse.trace.tags"))
    return Step(
        row=_row(span),
        facts=_facts(attributes, variant),
        metadata=_metadata(attributes),
        tags=tuple(text for item in tags if (text := text_of(item))),
        scores=tuple(score for event in span.events if (score := _score(event, span))),
    )


def _row(span: Span) -> Row:
    attributes, kind = dialects.with_details(span.attributes, span.events), dialects.kind_of(span.attributes)
    usage = dialects.usage_in(attributes)
    error_type, error = _error(span)
    asked, answered = dialects.asked(attributes, span.events), dialects.answered(attributes, span.events)
    if kind == "llm" and usage is None and _prepares(answered):
        kind = "chain"
    return {
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
        "request": dialects.request_in(attributes) if kind in ("llm", "embedding") else None,
        "input": asked,
        "output": answered,
        "tool_name": text_of(dialects.first(attributes, "gen_ai.tool.name", "tool.name")),
        "tool_call_id": text_of(dialects.first(attributes, "gen_ai.tool.call.id", "tool_call.id")),
        "documents": dialects.documents_in(attributes),
        "usage": usage,
        "cost": dialects.cost_in(attributes, usage),
        "attributes": _json(dialects.rest_of(span.attributes)),
        "events": _json(
            [
                {"name": event.name, "attributes": event.attributes}
                for event in span.events
                if not dialects.is_spent(event)
            ]
        ),
    }


def _prepares(answered: Row) -> bool:
    """Whether what came out is a conversation that waits for an answer: a request that is being put together."""
    return bool(answered["kind"] == "messages" and answered["messages"][-1]["role"] != "assistant")


def _facts(attributes: Mapping[str, Any], variant: Pick | None) -> dict[str, str]:
    found = {
        name: text for name, value in dialects.answers(attributes, _FACTS_INDEX).items() if (text := text_of(value))
    }
    if variant is not None and (chosen := text_of(picked(attributes, variant))):
        found["variant"] = chosen
    return found


def _error(span: Span) -> tuple[str | None, str | None]:
    raised: Mapping[str, Any] = next((event.attributes for event in span.events if event.name == "exception"), {})
    kind = dialects.first({**raised, **span.attributes} if raised else span.attributes, "error.type", "exception.type")
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


def _metadata(facts: Mapping[str, Any]) -> dict[str, Any]:
    logged = literal_in(decoded(facts.get("metadata")))
    found = dict(logged) if isinstance(logged, dict) else {}
    for prefix in ("metadata", "langfuse.trace.metadata", "traceloop.association.properties"):
        flat = gathered(facts, prefix)
        found.update({key: literal_in(value) for key, value in flat.items()} if isinstance(flat, dict) else {})
    if service := facts.get("service.name"):
        found.setdefault("service.name", service)
    return found


def _json(value: dict[str, Any] | list[Any]) -> str | None:
    return json_text(value) if value else None
