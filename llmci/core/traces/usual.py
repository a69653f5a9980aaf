"""Messages in the forms that most logs have: OpenAI's and the GenAI conventions', with nothing but text and tool calls.

They are told at a glance; every other form is looked for by `messages`, which makes the same of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.core.traces.message import finish_reason
from llmci.core.traces.pairing import paired
from llmci.core.traces.parts import arguments_text

if TYPE_CHECKING:
    from llmci.core.traces.parts import Row

_SPEAKERS = frozenset({"system", "developer", "user", "assistant"})
_SAID = ("content", "parts", "tool_calls")
_CALL_KEYS = frozenset({"type", "id", "name", "arguments"})
_CHAT_CALL_KEYS = frozenset({"type", "id", "function"})
_FUNCTION_KEYS = frozenset({"name", "arguments"})
_RESPONSE_KEYS = frozenset({"type", "id", "response"})


def usual_messages(value: object) -> list[Row] | None:
    """A decoded conversation as `messages_of` makes it, where every message has one of the usual forms; else None."""
    items = value if isinstance(value, list) else [value]
    found: list[Row] = []
    tools = False
    for item in items:
        if not isinstance(item, dict):
            return None
        role = item.get("role")
        if isinstance(role, str) and role in _SPEAKERS:
            message = _said(item, role)
        elif role == "tool":
            message, tools = _returned(item), True
        else:
            return None
        if message is None:
            return None
        found.append(message)
    return (paired(found) if tools else found) or None


def _said(item: Row, role: str) -> Row | None:
    if not any(key in item for key in _SAID):
        return None
    row: Row = {"role": role, "parts": []}
    parts: list[Row] | None = row["parts"]
    for key, value in item.items():
        if value is None or key == "role":
            continue
        if key == "content" and isinstance(value, str) and not value.startswith("data:"):
            # Calls stand behind what was said, wherever they were logged.
            parts = [{"type": "text", "text": value}, *row["parts"]] if value else row["parts"]
        elif key == "parts" and isinstance(value, list) and "content" not in item and "tool_calls" not in item:
            parts = _parts(value)
        elif key == "tool_calls" and isinstance(value, list) and role == "assistant":
            calls = [_chat_call(call) for call in value]
            parts = None if None in calls else [*row["parts"], *(call for call in calls if call)]
        elif key == "finish_reason" and isinstance(value, str) and value:
            row["finish_reason"] = finish_reason(value)
            continue
        else:
            return None
        if parts is None:
            return None
        row["parts"] = parts
    return row


def _parts(logged: list[Any]) -> list[Row] | None:
    """Parts of the GenAI conventions that are plain text and calls; None for any others."""
    found: list[Row] = []
    for part in logged:
        if not isinstance(part, dict):
            return None
        kind = part.get("type")
        if kind == "text" and len(part) == 2:
            text = part.get("content")
            if not isinstance(text, str):
                return None
            if text:
                found.append({"type": "text", "text": text})
        elif kind == "tool_call" and part.keys() <= _CALL_KEYS:
            if (call := _call(part.get("id"), part)) is None:
                return None
            found.append(call)
        else:
            return None
    return found or None


def _chat_call(logged: object) -> Row | None:
    function = logged.get("function") if isinstance(logged, dict) else None
    if not isinstance(logged, dict) or not isinstance(function, dict) or logged.get("type") != "function":
        return None
    if not (logged.keys() <= _CHAT_CALL_KEYS and function.keys() <= _FUNCTION_KEYS):
        return None
    return _call(logged.get("id"), function)


def _call(call_id: object, told: Row) -> Row | None:
    name, arguments = told.get("name"), told.get("arguments")
    if not isinstance(name, str) or not isinstance(call_id, str):
        return None
    return {
        "type": "tool_call",
        "tool_call_id": call_id or None,
        "tool_name": name,
        "tool_arguments": arguments_text(arguments),
    }


def _returned(item: Row) -> Row | None:
    call_id, result = item.get("tool_call_id"), item.get("content")
    if len(item) == 2:
        parts = item.get("parts")
        part = parts[0] if isinstance(parts, list) and len(parts) == 1 else None
        if not isinstance(part, dict) or part.keys() != _RESPONSE_KEYS or part["type"] != "tool_call_response":
            return None
        call_id, result = part["id"], part["response"]
    elif len(item) != 3 or "tool_call_id" not in item or "content" not in item:
        return None
    if not isinstance(call_id, str) or not call_id or not isinstance(result, str):
        return None
    return {"role": "tool", "parts": [{"type": "tool_result", "tool_call_id": call_id, "tool_result": result}]}
