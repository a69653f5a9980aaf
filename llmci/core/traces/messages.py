"""Any provider's chat messages to messages of typed parts, as `trace/1` keeps them.

Understood: OpenAI chat and Responses, Anthropic, Gemini, the GenAI conventions' parts, LangChain
(plain and serialised), the Vercel AI SDK, and the request or response envelopes around them. What
is not understood becomes a part of type `unknown`; text is never lost and nothing raises but
`Unreadable`, for nesting that no log has.
"""

from __future__ import annotations

from typing import Any

import orjson

from llmci.core.traces.frameworks import plain
from llmci.core.traces.message import finish_reason, message_of, split
from llmci.core.traces.pairing import paired
from llmci.core.traces.parts import Row, parts_of, tool_call, unknown, with_extra
from llmci.core.traces.reprs import fields_in
from llmci.core.traces.roles import is_role
from llmci.core.traces.scalars import decoded
from llmci.core.traces.usual import usual_messages

# Items of OpenAI's Responses API that are not plain messages.
_RESPONSE_ITEMS = ("function_call", "function_call_output", "reasoning", "message")
# Calls of tools that OpenAI runs itself, or has run: `web_search_call`, `local_shell_call_output`, ...
_CALL, _OUTPUT = "_call", "_call_output"
# Every item of these has one of these keys; another record of type `phone_call` has not.
_ITEM_KEYS = frozenset({"call_id", "status", "server_label", "action"})
# Where an envelope keeps its messages, and who speaks in them unless they say so themselves.
_ENVELOPES = (
    ("messages", "user"),
    ("contents", "user"),
    ("conversations", "user"),
    ("chat_history", "user"),
    ("choices", "assistant"),
    ("candidates", "assistant"),
    ("generations", "assistant"),
    ("replies", "assistant"),
    ("message", "assistant"),
    ("delta", "assistant"),
    ("new_message", "user"),
    ("newMessage", "user"),
    ("update", "assistant"),
    ("inputs", "user"),
    ("outputs", "assistant"),
    ("items", "user"),
    ("data", "assistant"),
    ("output", "assistant"),
    ("input", "user"),
)
# These may hold one message, or another envelope, rather than a list.
_WRAPPERS = frozenset({"message", "delta", "new_message", "newMessage", "update", "inputs", "outputs"})
_KEYS = frozenset(key for key, _ in _ENVELOPES)
# What has none of these keys is no message in any form, and holds none.
_MARKS = _KEYS | {"role", "Role", "_role", "from", "type", "kind", "content", "lc"}
_INSTRUCTIONS = ("system", "system_instruction", "systemInstruction", "system_prompt", "instructions", "preamble")
_MAX_NESTING = 20


def messages_of(value: object, *, role: str = "user") -> list[Row]:
    """Read messages out of anything.

    Args:
        value: A conversation, a message, an envelope around one, JSON text of any of these, or
            anything else that was logged in their place.
        role: Who speaks where the value does not say.

    Returns:
        Rows of `llmci.domain.trace.MESSAGE`. A message with results of several tools becomes one
        message of role "tool" for each.
    """
    inner = decoded(value)
    return usual_messages(inner) or paired(_read(inner, role, 0))


def is_chat(value: object) -> bool:
    """Whether a decoded value has the form of messages, so that it need not be kept as plain JSON."""
    if isinstance(value, list):
        # Among messages there may be items of other kinds, which say so.
        told = [_is_told(item) for item in value]
        return any(told) and all(
            known or (isinstance(item, dict) and isinstance(item.get("type"), str))
            for known, item in zip(told, value, strict=True)
        )
    if not isinstance(value, dict):
        return False
    if (inner := _update(value)) is not None:
        return is_chat(inner)
    if _MARKS.isdisjoint(value):
        return False
    return _is_message(value) or (
        not _KEYS.isdisjoint(value)
        and any(is_chat(decoded(value.get(key))) or _is_choices(value.get(key)) for key, _ in _ENVELOPES)
    )


def _update(value: Row) -> Row | None:
    """What one node of a graph adds to its state, which stands under the node's name."""
    inner = next(iter(value.values())) if len(value) == 1 else None
    return inner if isinstance(inner, dict) and "messages" in inner else None


def _is_told(item: object) -> bool:
    if isinstance(item, dict):
        return _is_message(item) or any(_is_wrapped(item, key) for key in ("update", "new_message", "newMessage"))
    return is_chat(item) if isinstance(item, list) else isinstance(item, str) and fields_in(item) is not None


def _is_wrapped(item: Row, key: str) -> bool:
    return key in item and isinstance(item[key], dict) and is_chat(item[key])


def _is_message(item: object) -> bool:
    if not isinstance(item, dict):
        return False
    if isinstance(item.get("role"), str) and any(
        key in item for key in ("content", "parts", "tool_calls", "function_call")
    ):
        return True
    return _is_langchain(item) or _is_response_item(item) or plain(item) is not None


def _is_langchain(item: Row) -> bool:
    return _is_serialised(item) or ("content" in item and is_role(item.get("type")))


def _is_serialised(item: Row) -> bool:
    """Whether it is what LangChain makes of an object: `lc`, the class as `id`, its fields as `kwargs`."""
    names = item.get("id")
    return (
        isinstance(item.get("lc"), int)
        and isinstance(item.get("kwargs"), dict)
        and isinstance(names, list)
        and "Message" in str(names[-1:])
    )


def _is_choices(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(
        (isinstance(choice, dict) and ("message" in choice or "content" in choice or "delta" in choice)) or _is_choices(choice)
        for choice in value
    )  # fmt: skip


def _is_response_item(item: Row) -> bool:
    kind = item.get("type")
    return (
        (kind == "function_call" and "name" in item)
        or (kind == "function_call_output" and "call_id" in item)
        or (kind == "reasoning" and "summary" in item)
        or (isinstance(kind, str) and kind.endswith((_CALL, _OUTPUT)) and not _ITEM_KEYS.isdisjoint(item))
    )


def _read(value: object, role: str, depth: int) -> list[Row]:
    if depth > _MAX_NESTING:
        return [{"role": role, "parts": [unknown(value)]}]
    if isinstance(value, list):
        return _read_list(value, role, depth)
    if isinstance(value, dict):
        return _read_object(value, role, depth)
    logged = fields_in(value) if isinstance(value, str) else None
    if logged:
        return _read_object(logged, role, depth + 1)
    parts = parts_of(value)
    return [{"role": role, "parts": parts}] if parts else []


def _read_list(items: list[Any], role: str, depth: int) -> list[Row]:
    definitions = [item for item in items if isinstance(item, dict) and _is_definition(item)]
    if definitions and len(definitions) < len(items):
        found = _read_list([item for item in items if item not in definitions], role, depth)
        return _beside(found, {"tools": [item["content"] for item in definitions]})
    # Blocks without a speaker belong to one message.
    if items and all(isinstance(item, dict) and _is_block(item) for item in items):
        return split(role, parts_of(items), {})
    # What is no message among messages was not said by whoever asks.
    others = "assistant" if any(map(_is_told, items)) else role
    return [message for item in items for message in _read(item, role if _is_told(item) else others, depth + 1)]


def _is_definition(item: Row) -> bool:
    """Whether it is a tool that was offered, which some frameworks list among the messages."""
    content = item.get("content")
    return (
        item.get("role") == "tool"
        and "tool_call_id" not in item
        and isinstance(content, dict)
        and content.get("type") == "function"
        and isinstance(content.get("function"), dict)
    )


def _beside(messages: list[Row], more: Row) -> list[Row]:
    """The messages, with what was logged beside them in the last one's `extra`."""
    *before, last = messages or [{"role": "tool", "parts": []}]
    had = orjson.loads(last["extra"]) if "extra" in last else {}
    extra = {**had, **{f"{key}_beside" if key in had else key: value for key, value in more.items()}}
    return [*before, with_extra(last, extra)]


def _is_block(item: Row) -> bool:
    speaks = "role" in item or _is_langchain(item) or _is_response_item(item) or plain(item) is not None
    return not speaks and (isinstance(item.get("type"), str) or "text" in item) and not _envelope(item)


def _read_object(item: Row, role: str, depth: int) -> list[Row]:
    if _is_serialised(item):
        return _read_object(_unwrapped(item), role, depth + 1)
    if (messages := plain(item)) is not None:
        return [message for one in messages for message in message_of(one, role)]
    if isinstance(item.get("role"), str) or _is_langchain(item):
        return message_of(item, role)
    if item.get("type") in _RESPONSE_ITEMS or _is_response_item(item):
        return _response_item(item, role)
    return _unspoken(item, role, depth)


def _unspoken(item: Row, role: str, depth: int) -> list[Row]:
    """An object that does not say who speaks: an envelope, a message, a block, or something else."""
    if (inner := _update(item)) is not None:
        return _read_object(inner, "assistant", depth + 1)
    if envelope := _envelope(item):
        return _enveloped(item, envelope, role, depth)
    if "content" in item or "parts" in item:
        return message_of(item, role)
    if isinstance(item.get("type"), str) or "text" in item:
        return split(role, parts_of(item), {})
    return [{"role": role, "parts": [unknown(item)]}] if item else []


def _unwrapped(item: Row) -> Row:
    """A serialised LangChain message as a plain one; its class says who speaks."""
    kind = str(item["id"][-1]).removesuffix("Chunk").removesuffix("Message")
    inner: Row = item["kwargs"]
    return {**inner, "role": inner.get("role") or kind.lower()}


def _envelope(item: Row) -> tuple[str, str] | None:
    for key, speaker in _ENVELOPES:
        inner = decoded(item.get(key))
        if isinstance(inner, list) or (key in _WRAPPERS and isinstance(inner, dict) and is_chat(inner)):
            return key, speaker
    if isinstance(item.get("contents"), str):
        return "contents", "user"
    return None


def _enveloped(item: Row, envelope: tuple[str, str], role: str, depth: int) -> list[Row]:
    key, speaker = envelope
    rest = dict(item)
    inner = rest.pop(key)
    found: list[Row] = []
    # Gemini's clients keep the instructions among the settings.
    if isinstance(config := rest.get("config"), dict) and "system_instruction" in config:
        rest = {**rest, "config": {k: v for k, v in config.items() if k != "system_instruction"}}
        rest.setdefault("system_instruction", config["system_instruction"])
    for name in _INSTRUCTIONS:
        # A response repeats its request's instructions; they were not said again.
        if rest.get(name) is not None and speaker == "user":
            found += _system(rest.pop(name))
    found += _read(decoded(inner), speaker if key != "messages" else role, depth + 1)
    if key == "chat_history":
        # Cohere's first API and LangChain's chains keep what is asked now beside what was said before.
        asked = next((name for name in ("message", "input", "question") if isinstance(rest.get(name), str)), None)
        found += _read(rest.pop(asked), "user", depth + 1) if asked else []
    told = rest.get("generation_info")
    reason = finish_reason(rest.pop("finish_reason", None) or rest.pop("finishReason", None) or (told.get("finish_reason") if isinstance(told, dict) else None))  # fmt: skip
    if key == "message" and isinstance(rest.get("text"), str):
        # LangChain says the answer's text once more.
        rest.pop("text")
    if not found:
        return [{"role": role, "parts": [unknown(item)]}]
    if reason:
        found[-1]["finish_reason"] = reason
    return _beside(found, rest)


def _system(value: object) -> list[Row]:
    inner = decoded(value)
    parts = parts_of(inner["parts"] if isinstance(inner, dict) and "parts" in inner else inner)
    return [{"role": "system", "parts": parts}] if parts else []


def _response_item(item: Row, role: str) -> list[Row]:
    rest = dict(item)
    kind = rest.pop("type")
    if kind == "message":
        return message_of(rest, role)
    if kind.endswith((_CALL, _OUTPUT)):
        return _called(item, kind)
    return [{"role": "assistant", "parts": [parts_of(item)[0]]}]


def _called(item: Row, kind: str) -> list[Row]:
    """A call of a tool, or what came of it; tools of the provider may have both in one item."""
    if kind.endswith(_OUTPUT):
        return split("tool", parts_of({**item, "type": "function_call_output"}), {})
    rest = dict(item)
    if kind == "image_generation_call" and isinstance(drawn := rest.get("result"), str):
        return [{"role": "assistant", "parts": parts_of({"type": "image", "data": drawn})}]
    rest["name"] = rest.get("name") or kind.removesuffix(_CALL)
    result = next((rest.pop(key) for key in ("output", "outputs", "results") if rest.get(key) is not None), None)
    if not any(rest.get(key) is not None for key in ("arguments", "input")):
        told = {key: rest.pop(key) for key in ("action", "code", "queries") if rest.get(key) is not None}
        rest["arguments"] = told or None
    call = tool_call({key: value for key, value in rest.items() if key != "type"})
    found: list[Row] = [{"role": "assistant", "parts": [call or unknown(item)]}]
    if result is not None and call is not None:
        answer = {"type": "tool_result", "call_id": call["tool_call_id"], "name": call["tool_name"], "result": result}
        found += split("tool", parts_of(answer), {})
    return found
