"""Spans that a tool exports as rows of their own, one step each: Braintrust's logs and Weave's calls.

Sources: Braintrust's "Logs" data model (`root_span_id`, `span_parents`, `metrics`, `scores`), Weave's `CallSchema`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from llmci.core.traces.folding import Step
from llmci.core.traces.money import reported_cost
from llmci.core.traces.paths import at
from llmci.core.traces.payloads import payload_of
from llmci.core.traces.records import document_of, score_of, tool_of
from llmci.core.traces.scalars import decoded, float_of, int_of, json_text, list_of, text_of, time_of
from llmci.core.traces.status import status_of
from llmci.core.traces.usage import counted, summed_usage, tokens_of, usage_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmci.core.traces.parts import Row

_KINDS = {"llm": "llm", "tool": "tool", "function": "chain", "task": "chain", "eval": "chain", "score": "evaluator", "agent": "agent", "search": "retriever", "scorer": "evaluator", "retriever": "retriever"}  # fmt: skip
# What Weave calls the operations of the model clients that it patches.
_MODEL_OPS = ("chat.completions", "openai.responses", "responses.create", "messages.create", "generate_content", "chatmodel", "litellm.", "converse")  # fmt: skip


@dataclass(frozen=True, slots=True)
class SpanPreset:
    """A form of row that is one step of a trace.

    Attributes:
        recognizes: Whether a record is unmistakably of this form.
        trace_id: Of the trace that a record belongs to.
        step: The record as a step.
    """

    name: str
    recognizes: Callable[[Row], bool]
    trace_id: Callable[[Row], str | None]
    step: Callable[[Row], Step]


def _braintrust(record: Row) -> Step:
    metrics, metadata = _dict(record.get("metrics")), _dict(record.get("metadata"))
    kind = _KINDS.get(str(at(record, "span_attributes.type")), "chain")
    usage = counted(
        input=int_of(metrics.get("prompt_tokens")),
        output=int_of(metrics.get("completion_tokens")),
        total=int_of(metrics.get("tokens")),
        cache_read=int_of(metrics.get("prompt_cached_tokens")),
        cache_write=int_of(metrics.get("prompt_cache_creation_tokens")),
        reasoning=int_of(metrics.get("completion_reasoning_tokens")),
    )
    waited = float_of(metrics.get("time_to_first_token"))
    scores = [_score(name, value, record) for name, value in _dict(record.get("scores")).items()]
    if record.get("expected") is not None:
        expected = {"name": "expected", "type": "expectation", "text": text_of(record["expected"])}
        scores.append({**expected, "annotator": "human", "target": "trace"})
    row = _row(
        record,
        {
            "span_id": text_of(record.get("span_id") or record.get("id")),
            "parent_id": text_of(next(iter(list_of(record.get("span_parents"))), None)),
            "kind": kind,
            "name": at(record, "span_attributes.name"),
            "start": metrics.get("start") or record.get("created"),
            "end": metrics.get("end"),
            "asked": record.get("input"),
            "answered": record.get("output"),
            "usage": usage,
            "cost": reported_cost(metrics.get("estimated_cost"), tokens_of(usage)),
            "model": metadata.get("model"),
            "tools": metadata.get("tools"),
            "error": record.get("error"),
        },
    )
    row["ttft_ms"] = None if waited is None else waited * 1000
    return Step(
        row=row,
        facts=_facts(metadata, {"session_id": "session_id | thread_id", "user_id": "user_id | user.id"}),
        metadata=metadata,
        tags=tuple(text for item in list_of(record.get("tags")) if (text := text_of(item))),
        scores=tuple(score for score in scores if score),
    )


def _score(name: str, value: object, record: Row) -> Row | None:
    score = score_of(name, value, annotator="api")
    return None if score is None else {**score, "timestamp": time_of(record.get("created"))}


def _weave(record: Row) -> Step:
    attributes, summary = _dict(record.get("attributes")), _dict(record.get("summary"))
    inputs, output = record.get("inputs"), record.get("output")
    logged = [usage_of(usage) for usage in _dict(summary.get("usage")).values()]
    kind = _weave_kind(record, attributes)
    usage = summed_usage(logged) if kind == "llm" else None
    costs = [value for value in _dict(at(summary, "weave.costs | costs")).values() if isinstance(value, dict)]
    paid = [float_of(cost.get(f"{side}_tokens_total_cost")) for cost in costs for side in ("prompt", "completion")]
    known = [amount for amount in paid if amount is not None]
    asked = {key: value for key, value in _dict(inputs).items() if key != "self"} or inputs
    row = _row(
        record,
        {
            "span_id": text_of(record.get("id")),
            "parent_id": text_of(record.get("parent_id")),
            "kind": kind,
            "name": text_of(record.get("display_name")) or _op(record),
            "start": record.get("started_at"),
            "end": record.get("ended_at"),
            "asked": asked,
            "answered": output,
            "usage": usage,
            "cost": reported_cost(sum(known) if known else None, tokens_of(usage)) if kind == "llm" else None,
            "model": at(inputs, "model") or next(iter(_dict(summary.get("usage"))), None),
            "tools": at(inputs, "tools"),
            "error": record.get("exception"),
        },
    )
    facts = _facts(attributes, {"session_id": "session_id | thread_id", "user_id": "user_id"})
    if thread := text_of(record.get("thread_id")):
        facts["session_id"] = thread
    feedback = [_reaction(item) for item in list_of(at(summary, "weave.feedback"))]
    return Step(row=row, facts=facts, metadata=attributes, scores=tuple(score for score in feedback if score))


def _weave_kind(record: Row, attributes: Row) -> str:
    if (said := _KINDS.get(str(at(attributes, "weave.kind | kind")))) is not None:
        return said
    op = _op(record).lower()
    if "embeddings" in op:
        return "embedding"
    answered = record.get("output")
    answers = isinstance(answered, dict) and any(isinstance(answered.get(key), list) for key in ("choices", "candidates"))  # fmt: skip
    return "llm" if answers or any(name in op for name in _MODEL_OPS) else "chain"


def _op(record: Row) -> str:
    """`weave:///team/project/op/answer:v3` is `answer`."""
    return str(record.get("op_name") or "").rpartition("/")[2].partition(":")[0]


def _reaction(item: object) -> Row | None:
    """What people, or scorers, said of a call."""
    found = _dict(item)
    kind, payload = str(found.get("feedback_type")), found.get("payload")
    value = at(payload, "emoji | note | output | value") if isinstance(payload, dict) else payload
    person = kind.startswith(("wandb.reaction", "wandb.note"))
    name = {"wandb.reaction.1": "reaction", "wandb.note.1": "note"}.get(kind) or kind.rpartition(".")[2]
    score = score_of(name, value, annotator="human" if person else "code")
    if score is None:
        return None
    return {**score, "id": text_of(found.get("id")), "author": text_of(found.get("creator")), "timestamp": time_of(found.get("created_at"))}  # fmt: skip


def _row(record: Row, told: Row) -> Row:
    """A row of `STEP` for a record, from what its tool calls the same."""
    begun, ended = time_of(told["start"]), time_of(told["end"])
    kind, name = told["kind"], text_of(told["name"])
    status, error_type, text = status_of(None, told["error"])
    model, offered = (
        text_of(told["model"]),
        [tool for item in list_of(told["tools"]) if (tool := tool_of(item))] or None,
    )
    documents = list_of(told["answered"]) if kind == "retriever" else []
    metadata = record.get("metadata")
    return {
        "span_id": told["span_id"],
        "parent_id": told["parent_id"],
        "kind": kind,
        "name": name,
        "start": begun,
        "end": ended,
        "latency_ms": (ended - begun) / timedelta(milliseconds=1) if begun and ended else None,
        "ttft_ms": None,
        "status": status,
        "error_type": error_type,
        "error": text,
        "request": {"model": model, "tools": offered} if kind in ("llm", "embedding") and (model or offered) else None,
        "input": payload_of(told["asked"], role="user"),
        "output": payload_of(told["answered"], role="assistant"),
        "tool_name": name if kind == "tool" else None,
        "tool_call_id": text_of(at(record, "metadata.tool_call_id")),
        "documents": [document for rank, item in enumerate(documents) if (document := document_of(item, rank))],
        "usage": told["usage"],
        "cost": told["cost"],
        "attributes": json_text(metadata) if isinstance(metadata, dict) and metadata else None,
        "events": None,
    }


def _facts(given: Row, more: dict[str, str]) -> dict[str, str]:
    names = {
        "environment": "environment | env",
        "release": "release",
        "version": "version",
        "variant": "variant",
        **more,
    }
    return {name: text for name, path in names.items() if (text := text_of(at(given, path)))}


def _dict(value: object) -> dict[str, Any]:
    found = decoded(value)
    return found if isinstance(found, dict) else {}


SPAN_PRESETS = {
    preset.name: preset
    for preset in (
        SpanPreset(
            "braintrust",
            lambda record: "root_span_id" in record and "span_id" in record and "span_attributes" in record,
            lambda record: text_of(record.get("root_span_id") or record.get("id")),
            _braintrust,
        ),
        SpanPreset(
            "weave",
            lambda record: "op_name" in record and "started_at" in record and "inputs" in record,
            lambda record: text_of(record.get("trace_id") or record.get("id")),
            _weave,
        ),
    )
}
