"""What LiteLLM's proxy logs of a call (`StandardLoggingPayload`) under the names of `mapping`.

The same payload is written to S3 and GCS, and sent to webhooks. The key of a call is its
`litellm_call_id`: `trace_id` holds the session where the client named one. Nine tenths of a record,
such as the price table of the model, are about the proxy and are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.core.traces.mapping import Plan
from llmci.core.traces.paths import Pick
from llmci.core.traces.scalars import decoded, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIELDS = (
    "trace_id", "messages", "output", "tools", "params", "model", "provider", "variant", "user_id", "session_id", "start",
    "end", "ttft_ms", "usage", "cost", "status", "error", "tags",
)  # fmt: skip
# The plan for what `told` gives.
TOLD = Plan(tuple((name, Pick(path=name)) for name in _FIELDS), (), (), ("metadata",))
# Of the client's metadata, what the proxy adds.
_ADDED = ("headers", "used_client_oauth_token", "trace_id", "session_id", "tags", "variant")
# Of the proxy's metadata, what tells traces apart.
_KEPT = ("user_api_key_alias", "user_api_key_team_alias", "user_api_key_team_id")
_ADDED_TAG = "User-Agent:"


def is_payload(record: object) -> bool:
    """Whether a record is a `StandardLoggingPayload`."""
    return isinstance(record, dict) and "litellm_call_id" in record and "messages" in record


def told(record: Mapping[str, Any]) -> dict[str, Any]:
    """A call under the names of `mapping`; what nobody said is None."""
    metadata = _object(record.get("metadata"))
    client = _object(metadata.get("requester_metadata"))
    params = dict(_object(record.get("model_parameters")))
    tools = params.pop("tools", None) or params.pop("functions", None)
    response = _object(record.get("response"))
    start, first = record.get("startTime"), record.get("completionStartTime")
    # Without a stream the first token comes with the last one.
    streamed = bool(record.get("stream")) and isinstance(start, float) and isinstance(first, float)
    return {
        "trace_id": record.get("litellm_call_id"),
        "messages": record.get("messages"),
        "output": {"choices": response["choices"]} if response.get("choices") else response or None,
        "tools": tools,
        "params": {key: value for key, value in params.items() if key not in ("stream", "user", "metadata")} or None,
        "model": record.get("model"),
        "provider": record.get("custom_llm_provider"),
        "variant": client.get("variant") or record.get("model_group"),
        "user_id": record.get("end_user") or metadata.get("user_api_key_end_user_id"),
        "session_id": client.get("session_id") or record.get("session_id"),
        "start": start,
        "end": record.get("endTime"),
        "ttft_ms": (first - start) * 1000 if streamed and first is not None and start is not None else None,
        "usage": _usage(record, metadata),
        "cost": record.get("response_cost"),
        "status": record.get("status"),
        "error": _error(record),
        "tags": [tag for tag in record.get("request_tags") or () if not str(tag).startswith(_ADDED_TAG)],
        "metadata": {
            **{key: value for key, value in client.items() if key not in _ADDED},
            **{key: metadata[key] for key in _KEPT if metadata.get(key)},
            **{key: record[key] for key in ("model_group", "call_type", "cache_hit") if record.get(key) is not None},
        },
    }


def _usage(record: Mapping[str, Any], metadata: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """LiteLLM counts cached tokens as input, for every provider."""
    told_of = _object(metadata.get("usage_object")) or _object(_object(record.get("response")).get("usage"))
    details = _object(told_of.get("prompt_tokens_details"))
    counts = {
        "prompt_tokens": record.get("prompt_tokens"),
        "completion_tokens": record.get("completion_tokens"),
        "total_tokens": record.get("total_tokens"),
        "prompt_tokens_details": {
            "cached_tokens": details.get("cached_tokens") or told_of.get("cache_read_input_tokens")
        },
        "completion_tokens_details": told_of.get("completion_tokens_details"),
    }
    # A call that failed has zeros.
    return counts if counts["total_tokens"] else None


def _error(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if record.get("status") != "failure":
        return None
    told_of = _object(record.get("error_information"))
    text = text_of(told_of.get("error_message")) or text_of(record.get("error_str"))
    return {"type": text_of(told_of.get("error_class")), "code": told_of.get("error_code"), "message": text}


def _object(value: object) -> Mapping[str, Any]:
    inner = decoded(value)
    return inner if isinstance(inner, dict) else {}
