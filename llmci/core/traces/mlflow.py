"""Traces of MLflow 3, as its REST interface gives them, to one row of `trace/1`.

A trace's ids are base64 here. Spans of the tracking store have values of OTLP with snake_case names, and
attributes that were JSON text come as lists of keys and values; spans of the artifact store have a
dictionary of JSON texts, strings in quotes. MLflow's own attributes are put under the names that the
other dialects have; spans that came by OpenTelemetry keep theirs. Its token counts include cached ones,
whatever the provider says.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from llmci.core.traces.money import reported_cost
from llmci.core.traces.otlp import Span, span_of
from llmci.core.traces.records import score_of
from llmci.core.traces.scalars import Unreadable, decoded, json_text, text_of, time_of
from llmci.core.traces.spans import trace_of as folded
from llmci.core.traces.usage import tokens_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.core.traces.parts import Row
    from llmci.core.traces.paths import Pick
    from llmci.core.traces.records import Origin
    from llmci.domain.trace import TraceRow

_ANNOTATORS = {"HUMAN": "human", "LLM_JUDGE": "llm", "AI_JUDGE": "llm", "CODE": "code"}
_KINDS = {"chat_model": "llm"}
# What MLflow writes of itself: into tags and metadata of a trace, and into attributes of its spans.
_OWN = "mlflow."
_FACTS = {"mlflow.trace.session": "session.id", "mlflow.trace.user": "user.id"}
_COUNTS = {
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "total_tokens": "gen_ai.usage.total_tokens",
    "cache_read_input_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_creation_input_tokens": "gen_ai.usage.cache_creation.input_tokens",
}
_COSTS = {"input_cost": "llm.cost.prompt", "output_cost": "llm.cost.completion", "total_cost": "llm.cost.total"}
# Of a model's inputs, what was said to it, and what else is not a parameter.
_SAID = ("messages", "input", "prompt", "contents", "system", "instructions")
_NOT_PARAMS = (*_SAID, "tools", "model")


def trace_of(
    trace: Mapping[str, Any],
    assessments: Sequence[Mapping[str, Any]],
    origin: Origin,
    *,
    variant: Pick | None = None,
) -> TraceRow:
    """Fold a trace of `traces/batchGet`, with its assessments as they were last seen.

    Raises:
        Unreadable: It has no spans, or one without ids.
    """
    info = _object(trace.get("trace_info"))
    trace_id = text_of(info.get("trace_id"))
    spans = trace.get("spans")
    logged = [span for span in spans if isinstance(span, dict)] if isinstance(spans, list) else []
    if not logged or trace_id is None:
        raise Unreadable("the server gave no spans of this trace: look whether it shows them itself")
    known = _of_the_trace(info)
    row = folded([_span(span, trace_id, known) for span in logged], origin, variant=variant)
    scores = [score for said in assessments if (score := score_row(said))]
    row = {**row, "scores": [*row["scores"], *scores]}
    # The server knows prices that spans in its artifact store do not.
    paid = _object(_object(info.get("trace_metadata")).get("mlflow.trace.cost"))
    return row if row["cost"] else {**row, "cost": reported_cost(paid.get("total_cost"), tokens_of(row["usage"]))}


def _of_the_trace(info: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of the whole trace, as attributes that every span has."""
    told = {**_object(info.get("trace_metadata")), **_object(info.get("tags"))}
    found = {name: told[key] for key, name in _FACTS.items() if told.get(key)}
    own = {key: value for key, value in told.items() if not key.startswith(_OWN)}
    return {**own, **found, **({"metadata": own} if own else {})}


def _span(logged: Row, trace_id: str, known: Mapping[str, Any]) -> Span:
    ids = {key: _hex(logged.get(key)) for key in ("span_id", "parent_span_id")}
    given = logged.get("attributes")
    attributes = {key: _unquoted(value) for key, value in given.items()} if isinstance(given, dict) else given
    span = span_of({**logged, **ids, "trace_id": trace_id, "attributes": attributes}, {})
    return replace(span, trace_id=trace_id, attributes=_renamed(span.attributes), resource=known)


def _unquoted(value: object) -> Any:  # noqa: ANN401  JSON holds anything
    """What a JSON text says; any other value as it is."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


def _hex(value: object) -> str | None:
    """An id that is base64 of eight bytes, in hexadecimal; any other as it is."""
    text = text_of(value)
    if text is None:
        return None
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text
    return content.hex() if len(content) == 8 and len(text) == 12 else text


def _renamed(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes with MLflow's own under the names of the other dialects."""
    given = {key.removeprefix(_OWN): value for key, value in attributes.items() if key.startswith(_OWN)}
    rest = {key: value for key, value in attributes.items() if not key.startswith(_OWN)}
    kind = str(given.get("spanType") or "").lower()
    kind = _KINDS.get(kind, kind)
    asked, answered = decoded(given.get("spanInputs")), decoded(given.get("spanOutputs"))
    found: dict[str, Any] = {
        "openinference.span.kind": kind if kind not in ("", "unknown") else None,
        "input.value": asked,
        "output.value": answered,
        "gen_ai.request.model": given.get("llm.model"),
        "gen_ai.provider.name": given.get("llm.provider"),
        "gen_ai.tool.definitions": decoded(given.get("chat.tools")),
        **{name: _object(given.get("chat.tokenUsage")).get(key) for key, name in _COUNTS.items()},
        **{name: _object(given.get("llm.cost")).get(key) for key, name in _COSTS.items()},
    }
    if kind == "llm" and isinstance(asked, dict):
        params = {key: value for key, value in asked.items() if key not in _NOT_PARAMS and value is not None}
        found["input.value"] = {key: value for key, value in asked.items() if key in _SAID} or asked
        found["llm.invocation_parameters"] = json_text(params) if params else None
        found["gen_ai.tool.definitions"] = found["gen_ai.tool.definitions"] or asked.get("tools")
        found["gen_ai.request.model"] = found["gen_ai.request.model"] or asked.get("model")
    if kind == "retriever" and isinstance(answered, list):
        found["gen_ai.retrieval.documents"] = answered
    if kind == "tool":
        found["tool.name"] = given.get("spanFunctionName")
    # What an OpenTelemetry instrumentation wrote goes before what MLflow made of it.
    return {**{key: value for key, value in found.items() if value is not None}, **rest}


def score_row(said: Mapping[str, Any]) -> Row | None:
    """An assessment as a `SCORE` row; None where it says nothing or was replaced by another.

    An expectation is what the answer should have been: its value is text.
    """
    name = text_of(said.get("assessment_name")) or "assessment"
    source = _object(said.get("source"))
    expected = said.get("expectation")
    if said.get("valid") is False:
        return None
    if isinstance(expected, dict):
        value = expected.get("value")
        if value is None:
            value = _object(expected.get("serialized_value")).get("value")
        text = text_of(value)
        found: Row | None = None if text is None else {"type": "correction", "text": text}
    else:
        found = score_of(name, _object(said.get("feedback")).get("value"), annotator="api")
    if found is None:
        return None
    step = text_of(said.get("span_id"))
    metadata = said.get("metadata")
    return {
        **found,
        "id": text_of(said.get("assessment_id")),
        "name": name,
        "annotator": _ANNOTATORS.get(str(source.get("source_type")).upper(), "api"),
        "author": text_of(source.get("source_id")),
        "comment": text_of(said.get("rationale")),
        "target": "step" if step else "trace",
        "target_id": _hex(step) or text_of(said.get("trace_id")),
        "timestamp": time_of(said.get("create_time")),
        "updated_at": time_of(said.get("last_update_time")),
        "metadata": text_of(metadata) if metadata else None,
    }


def _object(value: object) -> Mapping[str, Any]:
    inner = decoded(value)
    return inner if isinstance(inner, dict) else {}
