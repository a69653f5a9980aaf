"""Any provider's chat messages to messages of typed parts, as `trace/1` keeps them.

Understood: OpenAI chat and Responses, Anthropic, Gemini, the GenAI conventions' parts, LangChain
(plain and serialised), the Vercel AI SDK, and the request or response envelopes around them. What
is not understood becomes a part of type `unknown`; text is never lost and nothing raises but
`Unreadable`, for nesting that no log has.
"""

from __future__ import annotations

from typing import Any

from llmci.core.traces.parts import Row, parts_of, result_text, tool_call, unknown, with_extra
from llmci.core.traces.scalars import decoded, json_text, text_of

_ROLES = {
    "human": "user",
    "ai": "assistant",
    "model": "assistant",
    "chatbot": "assistant",
    "bot": "assistant",
    "function": "tool",
    "aimessagechunk": "assistant",
}
_KNOWN_ROLES = {"system", "developer", "user", "assistant", "tool", *_ROLES}
_FINISH = {
    "tool_use": "tool_calls",
    "tool_call": "tool_calls",
    "function_call": "tool_calls",
    "end_turn": "stop",
    "STOP": "stop",
    "max_tokens": "length",
    "MAX_TOKENS": "length",
}
# Items of OpenAI's Responses API that are not plain messages.
_RESPONSE_ITEMS = ("function_call", "function_call_output", "reasoning", "message")
# Where an envelope keeps its messages, and who speaks in them unless they say so themselves.
_ENVELOPES = (
    ("messages", "user"),
    ("contents", "user"),
    ("choices", "assistant"),
    ("candidates", "assistant"),
    ("generations", "assistant"),
    ("message", "assistant"),
    ("output", "assistant"),
)
_INSTRUCTIONS = ("system", "system_instruction", "systemInstruction", "instructions")
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
    return _read(decoded(value), role, 0)


def is_chat(value: object) -> bool:
    """Whether a decoded value has the form of messages, so that it need not be kept as plain JSON."""
    if isinstance(value, list):
        return bool(value) and all(_is_message(item) or (isinstance(item, list) and is_chat(item)) for item in value)
    if not isinstance(value, dict):
        return False
    return _is_message(value) or any(
        is_chat(decoded(value.get(key))) or _is_choices(value.get(key)) for key, _ in _ENVELOPES
    )


def finish_reason(value: object) -> str | None:
    """Why a model stopped, in OpenAI's words."""
    text = text_of(value)
    return _FINISH.get(text, text) if text else None


def _is_message(item: object) -> bool:
    if not isinstance(item, dict):
        return False
    if isinstance(item.get("role"), str):
        return any(key in item for key in ("content", "parts", "tool_calls", "function_call"))
    return _is_langchain(item) or _is_response_item(item)


def _is_choices(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(
        isinstance(choice, dict) and ("message" in choice or "content" in choice) for choice in value
    )  # fmt: skip


def _is_langchain(item: Row) -> bool:
    return _is_serialised(item) or ("content" in item and str(item.get("type")).lower() in _KNOWN_ROLES)


def _is_response_item(item: Row) -> bool:
    kind = item.get("type")
    return (
        (kind == "function_call" and "name" in item)
        or (kind == "function_call_output" and "call_id" in item)
        or (kind == "reasoning" and "summary" in item)
    )


def _read(value: object, role: str, depth: int) -> list[Row]:
    if depth > _MAX_NESTING:
        return [{"role": role, "parts": [unknown(value)]}]
    if isinstance(value, list):
        return _read_list(value, role, depth)
    if isinstance(value, dict):
        return _read_object(value, role, depth)
    parts = parts_of(value)
    return [{"role": role, "parts": parts}] if parts else []


def _read_list(items: list[Any], role: str, depth: int) -> list[Row]:
    # Blocks without a speaker belong to one message.
    if items and all(isinstance(item, dict) and _is_block(item) for item in items):
        return _split(role, parts_of(items), {})
    return [message for item in items for message in _read(item, role, depth + 1)]


def _is_block(item: Row) -> bool:
    speaks = "role" in item or _is_langchain(item) or _is_response_item(item)
    return not speaks and (isinstance(item.get("type"), str) or "text" in item) and not _envelope(item)


def _read_object(item: Row, role: str, depth: int) -> list[Row]:
    if _is_serialised(item):
        return _read_object(_unwrapped(item), role, depth + 1)
    if isinstance(item.get("role"), str) or _is_langchain(item):
        return _message(item, role)
    if item.get("type") in _RESPONSE_ITEMS:
        return _response_item(item, role)
    if envelope := _envelope(item):
        return _enveloped(item, envelope, role, depth)
    return _unspoken(item, role)


def _unspoken(item: Row, role: str) -> list[Row]:
    """An object that does not say who speaks: a message, a block, or something else."""
    if "content" in item or "parts" in item:
        return _message(item, role)
    if isinstance(item.get("type"), str) or "text" in item:
        return _split(role, parts_of(item), {})
    return [{"role": role, "parts": [unknown(item)]}] if item else []


def _is_serialised(item: Row) -> bool:
    """Whether it is what LangChain makes of an object: `lc`, the class as `id`, its fields as `kwargs`."""
    names = item.get("id")
    return (
        isinstance(item.get("lc"), int)
        and isinstance(item.get("kwargs"), dict)
        and isinstance(names, list)
        and "Message" in str(names[-1:])
    )


def _unwrapped(item: Row) -> Row:
    """A serialised LangChain message as a plain one; its class says who speaks."""
    kind = str(item["id"][-1]).removesuffix("Chunk").removesuffix("Message")
    inner: Row = item["kwargs"]
    return {**inner, "role": inner.get("role") or kind.lower()}


def _envelope(item: Row) -> tuple[str, str] | None:
    for key, speaker in _ENVELOPES:
        inner = decoded(item.get(key))
        if isinstance(inner, list) or (isinstance(inner, dict) and key == "message"):
            return key, speaker
    if isinstance(item.get("contents"), str):
        return "contents", "user"
    return None


def _enveloped(item: Row, envelope: tuple[str, str], role: str, depth: int) -> list[Row]:
    key, speaker = envelope
    rest = dict(item)
    inner = rest.pop(key)
    found: list[Row] = []
    for name in _INSTRUCTIONS:
        # A response repeats its request's instructions; they were not said again.
        if rest.get(name) is not None and speaker == "user":
            found += _system(rest.pop(name))
    found += _read(decoded(inner), speaker if key != "messages" else role, depth + 1)
    reason = finish_reason(rest.pop("finish_reason", None) or rest.pop("finishReason", None))
    if not found:
        return [{"role": role, "parts": [unknown(item)]}]
    if reason:
        found[-1]["finish_reason"] = reason
    left = with_extra({}, rest)
    if left:
        last = found[-1]
        last["extra"] = (
            left["extra"] if "extra" not in last else json_text({"message": last["extra"], "envelope": rest})
        )
    return found


def _system(value: object) -> list[Row]:
    inner = decoded(value)
    parts = parts_of(inner["parts"] if isinstance(inner, dict) and "parts" in inner else inner)
    return [{"role": "system", "parts": parts}] if parts else []


def _response_item(item: Row, role: str) -> list[Row]:
    rest = dict(item)
    kind = rest.pop("type")
    if kind == "message":
        return _message(rest, role)
    part = tool_call(item) if kind == "function_call" else parts_of(item)[0]
    speaker = "tool" if kind == "function_call_output" else "assistant"
    return [{"role": speaker, "parts": [part or unknown(item)]}]


def _message(item: Row, role: str) -> list[Row]:
    rest = dict(item)
    speaker = _role(rest, role)
    parts = parts_of(rest.pop("parts", None)) + _content(rest)
    if speaker == "tool" and not any(part["type"] == "tool_result" for part in parts):
        beside = [part for part in parts if part["type"] in ("reasoning", "refusal")]
        parts = [_tool_message(rest, item.get("content", item.get("parts"))), *beside]
    else:
        parts += _calls(rest, parts)
    head: Row = {}
    if isinstance(rest.get("name"), str):
        head["name"] = rest.pop("name")
    reason = finish_reason(rest.pop("finish_reason", None) or rest.pop("stop_reason", None))
    if reason:
        head["finish_reason"] = reason
    return _split(speaker, parts, with_extra(head, rest))


def _role(rest: Row, default: str) -> str:
    named = rest.get("role")
    if isinstance(named, str) and named:
        rest.pop("role")
        if rest.get("type") in ("message", named):
            rest.pop("type")
    elif str(rest.get("type")).lower() in _KNOWN_ROLES:
        named = str(rest.pop("type"))
    else:
        return default
    known = named.lower()
    return _ROLES.get(known, known if known in _KNOWN_ROLES else named)


def _content(rest: Row) -> list[Row]:
    parts = []
    for key, kind in (("reasoning_content", "reasoning"), ("thinking", "reasoning")):
        if isinstance(rest.get(key), str) and rest[key]:
            parts.append({"type": kind, "text": rest.pop(key)})
    content = rest.pop("content", None)
    # Gemini keeps the parts, and who spoke, one level down.
    if isinstance(content, dict) and isinstance(content.get("parts"), list):
        rest.update({key: value for key, value in content.items() if key not in ("parts", "role")})
        content = content["parts"]
    parts += parts_of(content)
    if isinstance(rest.get("refusal"), str) and rest["refusal"]:
        parts.append({"type": "refusal", "text": rest.pop("refusal")})
    return parts


def _calls(rest: Row, parts: list[Row]) -> list[Row]:
    """Tool calls beside the content; frameworks log the same call in up to three places."""
    seen = {part["tool_call_id"] for part in parts if part["type"] == "tool_call" and part.get("tool_call_id")}
    more = rest.get("additional_kwargs")
    places = [more, rest] if isinstance(more, dict) else [rest]
    calls = []
    for place in places:
        logged = decoded(place.get("tool_calls"))
        single = place.get("function_call")
        if not isinstance(logged, list):
            logged = [single] if isinstance(single, dict) and single.get("name") else []
        read = [tool_call(call) if isinstance(call, dict) else None for call in logged]
        if place is not rest or None in read or not read:
            calls += [] if None in read else _unseen(read, seen)
            continue
        rest.pop("tool_calls" if rest.get("tool_calls") else "function_call", None)
        calls += _unseen(read, seen)
    return calls


def _unseen(read: list[Row | None], seen: set[str]) -> list[Row]:
    fresh = [call for call in read if call is not None and call["tool_call_id"] not in seen]
    seen.update(call["tool_call_id"] for call in fresh if call["tool_call_id"])
    return fresh


def _tool_message(rest: Row, content: object) -> Row:
    """The result in a message of role "tool"; `_content` has taken the content out of `rest`."""
    part: Row = {"type": "tool_result"}
    for key in ("tool_call_id", "call_id", "tool_use_id"):
        if isinstance(rest.get(key), str):
            part["tool_call_id"] = rest.pop(key)
            break
    else:
        part["tool_call_id"] = None
    part["tool_result"] = result_text(content)
    for key in ("is_error", "error"):
        if isinstance(rest.get(key), bool):
            part["is_error"] = rest.pop(key)
    return part


def _split(role: str, parts: list[Row], head: Row) -> list[Row]:
    """One message, and one of role "tool" before it for each tool result that it brought along."""
    results = [part for part in parts if part["type"] == "tool_result"]
    others = [part for part in parts if part["type"] != "tool_result"]
    if not results:
        return [{"role": role, **head, "parts": others}]
    found: list[Row] = [{"role": "tool", "parts": [part]} for part in results]
    if others:
        found.append({"role": role, "parts": others})
    found[-1].update(head)
    return found
