"""One chat message, as any provider logs it, to messages of typed parts."""

from __future__ import annotations

from llmci.core.traces.media import media_of
from llmci.core.traces.parts import MEDIA, Row, failed, parts_of, returned, tool_call, with_extra
from llmci.core.traces.roles import is_role, role_of
from llmci.core.traces.scalars import decoded, text_of

_FINISH = {
    "tool_use": "tool_calls",
    "tool_call": "tool_calls",
    "function_call": "tool_calls",
    "tool-calls": "tool_calls",
    "COMPLETE": "stop",
    "TOOL_CALL": "tool_calls",
    "content-filter": "content_filter",
    "end_turn": "stop",
    "STOP": "stop",
    "max_tokens": "length",
    "MAX_TOKENS": "length",
}

# Where messages keep media beside their content, and what kind those are.
_ATTACHED = {"images": "image", "audio": "audio", "videos": "video", "files": "file"}


def finish_reason(value: object) -> str | None:
    """Why a model stopped, in OpenAI's words."""
    text = text_of(value)
    return _FINISH.get(text, text) if text else None


def message_of(item: Row, role: str) -> list[Row]:
    """Read one message; `role` speaks where it does not say who does."""
    rest = dict(item)
    speaker = _role(rest, role)
    parts = parts_of(rest.pop("parts", None)) + _content(rest)
    if speaker == "tool" and not any(part["type"] == "tool_result" for part in parts):
        beside = [part for part in parts if part["type"] in ("reasoning", "refusal")]
        parts = [*_tool_message(rest, item.get("content", item.get("parts"))), *beside]
    else:
        parts += _calls(rest, parts)
    head: Row = {}
    if isinstance(rest.get("name"), str):
        head["name"] = rest.pop("name")
    reason = finish_reason(rest.pop("finish_reason", None) or rest.pop("stop_reason", None))
    if reason:
        head["finish_reason"] = reason
    return split(speaker, parts, with_extra(head, rest))


def _role(rest: Row, default: str) -> str:
    named = rest.get("role")
    if isinstance(named, str) and named:
        rest.pop("role")
        if rest.get("type") in ("message", named):
            rest.pop("type")
    elif is_role(rest.get("type")):
        named = str(rest.pop("type"))
    else:
        return default
    return role_of(named)


def _content(rest: Row) -> list[Row]:
    thoughts = [key for key in ("reasoning_content", "thinking", "reasoning") if isinstance(rest.get(key), str) and rest[key]]  # fmt: skip
    parts = [{"type": "reasoning", "text": rest.pop(key)} for key in thoughts]
    content = rest.pop("content", None)
    # Gemini keeps the parts, and who spoke, one level down.
    if isinstance(content, dict) and isinstance(content.get("parts"), list):
        rest.update({key: value for key, value in content.items() if key not in ("parts", "role")})
        content = content["parts"]
    parts += parts_of(content)
    if isinstance(rest.get("refusal"), str) and rest["refusal"]:
        parts.append({"type": "refusal", "text": rest.pop("refusal")})
    return parts + _attached(rest)


def _attached(rest: Row) -> list[Row]:
    """Media beside the content rather than in it: lists of them, or what a model said aloud."""
    parts: list[Row] = []
    if _ATTACHED.keys().isdisjoint(rest):
        return parts
    for key, kind in _ATTACHED.items():
        logged = rest.get(key)
        items = logged if isinstance(logged, list) else [logged]
        read = [media_of({kind: item} if isinstance(item, str) else item, kind) if item and isinstance(item, (str, dict)) else None for item in items]  # fmt: skip
        if not items or None in read:
            continue
        del rest[key]
        for item, found in zip(items, read, strict=True):
            if isinstance(item, dict) and isinstance(spoken := item.get("transcript"), str):
                parts.append({"type": "text", "text": spoken})
            parts += [with_extra(*found)] if found else []
    return parts


def _calls(rest: Row, parts: list[Row]) -> list[Row]:
    """Tool calls beside the content; frameworks log the same call in up to three places."""
    if not (rest.get("tool_calls") or rest.get("function_call") or rest.get("additional_kwargs")):
        return []
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


def _tool_message(rest: Row, content: object) -> list[Row]:
    """The result in a message of role "tool", and media with it; `_content` has taken the content out of `rest`."""
    call_id = next((rest.pop(key) for key in ("tool_call_id", "call_id", "tool_use_id") if isinstance(rest.get(key), str)), None)  # fmt: skip
    part: Row = {"type": "tool_result", "tool_call_id": call_id}
    name = next((rest.pop(key) for key in ("tool_name", "name", "function") if isinstance(rest.get(key), str)), None)
    if name:
        part["tool_name"] = name
    part["tool_result"], media = returned(content, call_id)
    return [{**part, **failed(rest)}, *media]


def split(role: str, parts: list[Row], head: Row) -> list[Row]:
    """One message, and one of role "tool" for each tool result that it brought along.

    Results come before what else a user says. A model whose tools run on its provider's side calls them,
    hears of them and goes on within one answer: that order is kept.
    """
    results = [part for part in parts if part["type"] == "tool_result"]
    if not results:
        return [{"role": role, **head, "parts": parts}]
    # Media that a tool returned stay with its result.
    beside = [part for part in parts if part["type"] in MEDIA and "tool_call_id" in part]
    others = [part for part in parts if part not in beside]
    if role != "assistant":
        others = [*results, *(part for part in others if part not in results)]
    found: list[Row] = []
    for part in others:
        if part["type"] == "tool_result":
            of_it = [one for one in beside if one["tool_call_id"] == part["tool_call_id"]]
            found.append({"role": "tool", "parts": [part, *of_it]})
        elif found and found[-1]["role"] == role:
            found[-1]["parts"].append(part)
        else:
            found.append({"role": role, "parts": [part]})
    found[-1].update(head)
    return found
