"""Steps of one trace, whatever recorded them, to one row of `trace/1`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llmci.core.traces.money import summed_cost
from llmci.core.traces.paths import at
from llmci.core.traces.payloads import NOTHING, has_content
from llmci.core.traces.records import tool_of
from llmci.core.traces.replay import replay_of
from llmci.core.traces.scalars import decoded, json_text, list_of
from llmci.core.traces.turns import one_turn
from llmci.core.traces.usage import summed_usage
from llmci.domain.trace import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.core.traces.parts import Row
    from llmci.core.traces.records import Origin
    from llmci.domain.trace import TraceRow

# Beyond these a row keeps the steps without what went in and out of them.
MAX_STEPS = 500
MAX_STEP_BYTES = 8_000_000
# Deeper than any agent calls itself; deeper steps are shown at this depth.
MAX_DEPTH = 500
_MODEL_KINDS = ("llm", "embedding")
_FACTS = (
    "session_id",
    "user_id",
    "environment",
    "release",
    "version",
    "variant",
    "prompt_name",
    "prompt_version",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step as it was recorded.

    Attributes:
        row: Of `llmci.domain.trace.STEP`; `seq` and `depth` are filled in here.
        facts: Columns of the trace that the step knows: session_id, user_id, variant, ...
        metadata: Of the trace, as the step knows it; only the root's is kept.
        tags: Likewise.
        scores: Rows of `llmci.domain.trace.SCORE`.
    """

    row: Row
    facts: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    scores: tuple[Row, ...] = ()


def fold(steps: Sequence[Step], trace_id: str, origin: Origin) -> TraceRow:
    """Fold the steps of one trace, in any order.

    Input and output are the root's; where it has none, the first model call's input and the last
    one's output. Usage and cost are summed over model calls only, because parents repeat them. A
    step that was recorded twice counts as it was recorded last.
    """
    steps = _ordered(steps)
    rows = [step.row for step in steps]
    root, lacks = _shape(rows)
    calls = model_calls(rows)
    _borrow(calls, rows)
    models = [row for row in calls if row["kind"] == "llm"]
    replayed = models[0] if models else None
    documents = [document for row in rows for document in row["documents"]]
    asked, answered = _payloads(root, models)
    called = {row["span_id"] for row in calls}
    counted = [row for row in rows if row["kind"] not in _MODEL_KINDS or row["span_id"] in called]
    kind, missing = replay_of(
        asked=asked, answered=answered, documents=documents, steps=counted, lacks=lacks + _silent(models)
    )
    kept, truncated = _bounded(rows)
    first = next(step for step in steps if step.row is root)
    return {
        "schema_version": SCHEMA_VERSION,
        "source": origin.source,
        "source_kind": origin.kind,
        "trace_id": trace_id,
        "root_span_id": root["span_id"],
        "complete": not lacks and root["end"] is not None,
        "missing": missing + truncated,
        **_facts(first, steps),
        "tags": list(first.tags),
        "metadata": json_text(first.metadata) if first.metadata else None,
        "start": min((row["start"] for row in rows if row["start"]), default=None),
        **{name: root[name] for name in ("name", "end", "latency_ms", "status", "error_type", "error")},
        "ttft_ms": next((row["ttft_ms"] for row in calls if row["ttft_ms"] is not None), None),
        "input": asked,
        "output": answered,
        "request": _request(replayed) if replayed else None,
        "replay_kind": kind,
        "replay_step": replayed["seq"] if replayed else None,
        "documents": documents,
        "usage": summed_usage([row["usage"] for row in calls]),
        "cost": summed_cost([row["cost"] for row in calls]),
        "scores": [score for step in steps for score in step.scores],
        "steps": kept,
    }


def _ordered(steps: Sequence[Step]) -> list[Step]:
    latest = {step.row["span_id"]: step for step in steps}
    far = max((step.row["start"] for step in latest.values() if step.row["start"]), default=None)
    return sorted(
        latest.values(), key=lambda step: (step.row["start"] is None, step.row["start"] or far, step.row["span_id"])
    )


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


def model_calls(rows: list[Row]) -> list[Row]:
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


def _borrow(calls: list[Row], rows: list[Row]) -> None:
    """Give a call that was recorded without messages those of the step around it, if it is all that the step asks.

    Mastra counts tokens in the request, and keeps what was said in the step that makes it.
    """
    by_id = {row["span_id"]: row for row in rows}
    around = Counter(row["parent_id"] for row in calls)
    for call in calls:
        step = by_id.get(call["parent_id"])
        if step and step["kind"] == "chain" and around[call["parent_id"]] == 1 and not has_content(call["input"]):
            if step["input"]["kind"] == "messages":
                call["input"] = step["input"]
            if not has_content(call["output"]) and step["output"]["kind"] == "messages":
                call["output"] = step["output"]


def _payloads(root: Row, calls: list[Row]) -> tuple[Row, Row]:
    asked, answered = root["input"], root["output"]
    if not has_content(asked):
        asked = next((row["input"] for row in calls if has_content(row["input"])), NOTHING)
    if not has_content(answered):
        answered = next((row["output"] for row in reversed(calls) if has_content(row["output"])), NOTHING)
    return one_turn(asked, answered)


def _silent(models: list[Row]) -> list[str]:
    """Instrumentations leave messages out unless they are told to capture content."""
    return [] if all(has_content(row["input"]) for row in models) else ["llm_messages"]


def _facts(first: Step, steps: Sequence[Step]) -> dict[str, str | None]:
    """Each fact as the root knows it, else as any step does."""
    return {name: next((step.facts[name] for step in (first, *steps) if name in step.facts), None) for name in _FACTS}


def _request(replayed: Row) -> Row | None:
    """The request of a model call, with the tools that were logged among its messages rather than beside them."""
    request: Row | None = replayed["request"]
    if request and request.get("tools"):
        return request
    for message in reversed(replayed["input"].get("messages") or []):
        if '"tools":' in (extra := message.get("extra") or ""):
            logged = list_of(decoded(extra).get("tools"))
            # LangChain keeps each definition as a message of its own.
            offered = [tool for item in logged if (tool := tool_of(at(item, "content") or item))]
            if offered:
                return {**(request or {}), "tools": offered}
    return request


def _bounded(rows: list[Row]) -> tuple[list[Row], list[str]]:
    if len(rows) <= MAX_STEPS and len(json_text(rows)) <= MAX_STEP_BYTES:
        return rows, []
    heavy = ("input", "output", "documents", "attributes", "events")
    return [{key: value for key, value in row.items() if key not in heavy} for row in rows], ["steps_truncated"]
