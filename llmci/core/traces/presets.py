"""Records of tools whose files have one form: how each is told apart, and what reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.core.traces.exchanges import anthropic, anthropic_batch, openai_batch, openai_chat, openai_responses, sides
from llmci.core.traces.exports import helicone, inspect, promptfoo
from llmci.core.traces.mapping import Plan
from llmci.core.traces.paths import Pick, at

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmci.core.traces.exchanges import Record

_FIELDS = (
    "trace_id", "messages", "system", "input", "output", "tools", "params", "model", "response_model", "provider",
    "dialect", "tool_choice", "response_format", "variant", "user_id", "session_id", "name", "environment", "version",
    "prompt_name", "start", "end", "latency_ms", "latency_s", "ttft_ms", "input_tokens", "output_tokens", "usage",
    "cost", "status", "error", "tags", "documents",
)  # fmt: skip
# The plan for what `Preset.told` gives.
TOLD = Plan(tuple((name, Pick(path=name)) for name in _FIELDS), (), (), ("metadata", "scores"))


@dataclass(frozen=True, slots=True)
class Preset:
    """One form of record.

    Attributes:
        recognizes: Whether a record is unmistakably of this form.
        told: Its fields under the usual names, which `TOLD` finds; None for a record that is no trace
            of its own, such as a line of a batch's input.
    """

    name: str
    recognizes: Callable[[Record], bool]
    told: Callable[[Record], Record | None]


def _is_anthropic_answer(value: object) -> bool:
    return isinstance(value, dict) and value.get("type") == "message" and isinstance(value.get("content"), list)


def _is_openai_exchange(record: Record) -> bool:
    request, response = sides(record)
    return request is not record and "messages" in request and isinstance(response.get("choices"), list)


def _is_responses(record: Record) -> bool:
    request, response = sides(record)
    return record.get("object") == "response" or (
        request is not record and "input" in request and response.get("object") == "response"
    )


def _is_batch(record: Record) -> bool:
    if "custom_id" not in record:
        return False
    asks = isinstance(record.get("body"), dict) and "url" in record
    return asks or isinstance(at(record, "response.body"), dict) or ("response" in record and "error" in record)


def _is_anthropic_batch(record: Record) -> bool:
    asks = isinstance(record.get("params"), dict) and "messages" in record["params"]
    answers = isinstance(record.get("result"), dict) and record["result"].get("type") in (
        "succeeded", "errored", "canceled", "expired",
    )  # fmt: skip
    return "custom_id" in record and (asks or answers)


# In this order: the first that recognizes a record reads it.
PRESETS = {
    preset.name: preset
    for preset in (
        Preset("openai-batch", _is_batch, openai_batch),
        Preset("anthropic-batch", _is_anthropic_batch, anthropic_batch),
        Preset("helicone", lambda r: "request_id" in r and "request_created_at" in r, helicone),
        Preset("promptfoo", lambda r: "promptIdx" in r and "testIdx" in r and "vars" in r, promptfoo),
        Preset("inspect", lambda r: "epoch" in r and "messages" in r and "output" in r and "scores" in r, inspect),
        Preset("openai-responses", _is_responses, openai_responses),
        Preset(
            "anthropic-messages",
            lambda r: any(_is_anthropic_answer(r.get(key)) for key in ("response", "response_body", "output")),
            anthropic,
        ),
        Preset("openai-chat", _is_openai_exchange, openai_chat),
    )
}


def recognized(record: Record) -> Preset | None:
    """The preset for a record of a form that cannot be mistaken, or None."""
    return next((preset for preset in PRESETS.values() if preset.recognizes(record)), None)
