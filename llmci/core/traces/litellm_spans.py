"""Spans of LiteLLM's proxy: of the dozen that a request leaves, one is the model call.

It is told apart by `litellm.call_id`, which is the key of the call in everything else that the proxy
logs, too. What its exporter writes as Python's `repr`, flattened or not at all is put where the other
dialects have it.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llmci.core.traces.flattened import gathered
from llmci.core.traces.scalars import decoded, json_text, list_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.core.traces.otlp import Span

_CALL = "litellm.call_id"
# What the proxy calls its own work on a request, and itself where nobody names it.
_PROXY = ("Received Proxy Server Request", "Failed Proxy Server Request", "proxy_pre_call")
_SERVICE = "litellm"
# The model call, in the proxy and in the library alike.
_REQUEST = "litellm_request"
# A longer `repr` is not the metadata of a call.
_MAX_REPR = 1_000_000


def traces_in(spans: Sequence[Span]) -> list[list[Span]]:
    """The spans of one trace id as the traces that they are.

    Calls through the proxy that nobody traced before it are a trace each, under their call id. Within
    the trace of an application the calls stay, without the proxy's own work around them. Spans of
    other origin come back as they are.
    """
    calls = [_told(span) if _is_call(span) else span for span in spans]
    proxies = [span.resource for span in spans if span.name in _PROXY]
    mine = [span for span in calls if not _is_work(span, proxies)]
    if not any(_is_call(span) or span.name == _REQUEST for span in mine):
        return [list(spans)] if len(mine) == len(spans) else []
    if all(_is_call(span) and span.resource in proxies for span in mine):
        return [[replace(span, trace_id=str(span.attributes[_CALL]), parent_id=None)] for span in mine]
    kept, by_id = {span.span_id for span in mine}, {span.span_id: span for span in spans}
    return [[replace(span, parent_id=_above(span, kept, by_id)) for span in mine]]


def _is_call(span: Span) -> bool:
    return _CALL in span.attributes and ("gen_ai.operation.name" in span.attributes or span.name == _REQUEST)


def _is_work(span: Span, proxies: Sequence[Mapping[str, Any]]) -> bool:
    """Whether it is the proxy's own work, and none of an application that calls LiteLLM in its own process."""
    if _is_call(span) or (span.name == _REQUEST and span.resource not in proxies):
        return False
    return span.resource in proxies or (
        span.resource.get("service.name") == _SERVICE and "gen_ai.operation.name" not in span.attributes
    )


def _above(span: Span, kept: set[str], by_id: Mapping[str, Span]) -> str | None:
    """The nearest step above a span that is kept, or whatever the chain ends with."""
    parent, seen = span.parent_id, {span.span_id}
    while parent is not None and parent not in kept and parent in by_id and parent not in seen:
        seen.add(parent)
        parent = by_id[parent].parent_id
    return parent


def _told(span: Span) -> Span:
    given = span.attributes
    client = _literal(given.get("metadata.requester_metadata"))
    usage = _literal(given.get("metadata.usage_object"))
    details = usage.get("prompt_tokens_details")
    functions = list_of(gathered(given, "llm.request.functions"))
    found: dict[str, Any] = {
        "session.id": client.get("session_id"),
        "user.id": given.get("metadata.user_api_key_end_user_id") or given.get("llm.user"),
        "llmci.variant": client.get("variant") or given.get("litellm.model_group"),
        "tag.tags": client.get("tags"),
        # With the provider before it, as in what the proxy logs elsewhere.
        "gen_ai.request.model": given.get("litellm.provider.model"),
        "gen_ai.usage.cache_read.input_tokens": (details if isinstance(details, dict) else {}).get("cached_tokens"),
        "gen_ai.tool.definitions": [_tool(item) for item in functions if isinstance(item, dict)],
        "gen_ai.output.messages": _output(given),
    }
    rest = {key: value for key, value in given.items() if not key.startswith("metadata.")}
    message = span.message or given.get("error.message")
    attributes = {**rest, **{key: value for key, value in found.items() if value not in (None, "", [])}}
    return replace(span, attributes=attributes, message=message)


def _tool(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Parameters come as JSON text, and an empty description stands for none."""
    function = {key: decoded(value) for key, value in item.items() if value != ""}
    return {"type": "function", "function": function}


def _output(given: Mapping[str, Any]) -> str | None:
    """Messages with the tool calls that stand beside them, without ids."""
    messages = list_of(given.get("gen_ai.output.messages"))
    calls = [
        item.get("function_call") for item in list_of(gathered(given, "gen_ai.completion")) if isinstance(item, dict)
    ]
    parts = [{"type": "tool_call", **call} for call in calls if isinstance(call, dict) and call.get("name")]
    last = messages[-1] if messages and isinstance(messages[-1], dict) else None
    if not parts or last is None or any(part.get("type") == "tool_call" for part in last.get("parts") or ()):
        return None
    return json_text([*messages[:-1], {**last, "parts": [*(last.get("parts") or ()), *parts]}])


def _literal(value: object) -> Mapping[str, Any]:
    """What a Python literal of a dictionary says."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, str) or not value.startswith("{") or len(value) > _MAX_REPR:
        return {}
    try:
        found = ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        found = decoded(value)
    return found if isinstance(found, dict) else {}
