"""One piece of a message's content, in any provider's form, to a typed part of `trace/1`.

What is not understood becomes a part of type `unknown` that holds it whole, and keys that have no
place of their own go to the part's `extra`: nothing is lost.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Any

from llmci.core.traces.scalars import decoded, json_text, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

Row = dict[str, Any]

_MEDIA = ("image", "audio", "video")


def parts_of(content: object) -> list[Row]:
    """Parts of a message's content: a string, a list of blocks, one block, or whatever else was logged."""
    if content is None or content == "":
        return []
    if isinstance(content, list):
        return [part for item in content for part in parts_of(item)] if _flat(content) else [unknown(content)]
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if isinstance(content, dict):
        return [_part(content)] if content else []
    # A number or a boolean where text belongs.
    return [{"type": "text", "text": json_text(content)}]


def _flat(content: list[Any]) -> bool:
    return not any(isinstance(item, list) for item in content)


def unknown(value: object) -> Row:
    """A part that keeps what could not be understood."""
    return {"type": "unknown", "extra": json_text(value)}


def with_extra(row: Row, rest: Row) -> Row:
    """Keep the keys that have no place of their own; nulls and empty values say nothing."""
    left = {key: value for key, value in rest.items() if value is not None and value not in ("", [], {})}
    return {**row, "extra": json_text(left)} if left else row


def arguments_text(value: object) -> str | None:
    """Tool arguments verbatim where they were logged as text, else as compact JSON."""
    return value if value is None or isinstance(value, str) else json_text(value)


def result_text(value: object) -> str | None:
    """What a tool returned: text as it is, the text of a lone text block, JSON for the rest."""
    match value:
        case None | str():
            return value
        case [{"type": "text", "text": str(text), **rest}] if not rest:
            return text
        case _:
            return json_text(value)


def tool_call(item: Row) -> Row | None:
    """A tool call in any form: OpenAI's, Anthropic's, GenAI's, LangChain's, Gemini's, OpenInference's."""
    rest = dict(item)
    for envelope in ("tool_call", "functionCall", "function_call"):
        rest = _opened(rest, envelope)
    rest = _opened(rest, "function")
    name = _first(rest, "name", "toolName", "tool_name")
    if not isinstance(name, str):
        return None
    call_id = _call_id(rest)
    arguments = _first(rest, "arguments", "args", "input", "parameters")
    if rest.get("type") in _TOOL_CALL_KINDS:
        rest.pop("type")
    row = {"type": "tool_call", "tool_call_id": call_id, "tool_name": name, "tool_arguments": arguments_text(arguments)}
    return with_extra(row, rest)


def tool_result(item: Row) -> Row | None:
    """What a tool returned, in any form."""
    rest = dict(item)
    rest.pop("type", None)
    for envelope in ("functionResponse", "function_response"):
        rest = _opened(rest, envelope)
    row: Row = {"type": "tool_result", "tool_call_id": _call_id(rest)}
    name = _first(rest, "name", "toolName", "tool_name")
    if name is not None:
        row["tool_name"] = text_of(name)
    row["tool_result"] = result_text(_first(rest, "content", "response", "result", "output"))
    failed = rest.pop("is_error", None)
    if isinstance(failed, bool):
        row["is_error"] = failed
    elif failed is not None:
        rest["is_error"] = failed
    return with_extra(row, rest)


def _opened(rest: Row, envelope: str) -> Row:
    """Lay the keys of an inner object over those around it; where both have one, the outer is kept aside."""
    inner = rest.get(envelope)
    if not isinstance(inner, dict):
        return rest
    outer = {f"outer_{key}" if key in inner else key: value for key, value in rest.items() if key != envelope}
    return {**outer, **inner}


def _call_id(rest: Row) -> str | None:
    # A Responses item has its own `id` beside the `call_id` that its result refers to.
    return text_of(_first(rest, "call_id", "tool_call_id", "tool_use_id", "toolCallId", "id"))


def _first(rest: Row, *names: str) -> Any:  # noqa: ANN401  JSON holds anything
    for name in names:
        if rest.get(name) is not None:
            return rest.pop(name)
    return None


def _text(item: Row) -> Row | None:
    rest = dict(item)
    rest.pop("type", None)
    text = _first(rest, "text", "content", "value")
    if isinstance(text, (dict, list)):
        return None
    return with_extra({"type": "text", "text": text_of(text) or ""}, rest)


def _reasoning(item: Row) -> Row | None:
    rest = dict(item)
    rest.pop("type", None)
    text = _first(rest, "thinking", "reasoning", "text", "content", "summary")
    if isinstance(text, list) and all(isinstance(line, dict) and isinstance(line.get("text"), str) for line in text):
        text = "\n".join(line["text"] for line in text)
    if isinstance(text, (dict, list)):
        return None
    return with_extra({"type": "reasoning", "text": text_of(text)}, rest)


def _refusal(item: Row) -> Row | None:
    rest = dict(item)
    rest.pop("type", None)
    text = rest.pop("refusal", None)
    return with_extra({"type": "refusal", "text": text}, rest) if isinstance(text, str) else None


def _media(item: Row) -> Row | None:
    """An image, sound, film or file, inline or by reference."""
    rest = dict(item)
    kind = str(rest.pop("type", ""))
    # The reference sits one level down in most forms: image_url, source, input_audio, inlineData, ...
    for envelope in ("image_url", "image", "source", "input_audio", "file", "inlineData", "inline_data", "fileData"):
        inner = rest.get(envelope)
        if isinstance(inner, str) and "url" not in rest:
            rest["url"] = rest.pop(envelope)
        rest = _opened(rest, envelope)
    mime = text_of(_first(rest, "mime_type", "media_type", "mimeType", "mediaType"))
    sound = rest.get("format")
    if mime is None and kind == "input_audio" and isinstance(sound, str):
        mime = f"audio/{rest.pop('format')}"
    uri = _first(rest, "url", "uri", "fileUri", "file_uri", "file_id")
    data = _first(rest, "data", "content", "file_data") if uri is None else None
    if isinstance(uri, str):
        row = _referenced(uri, mime)
    elif isinstance(data, str):
        row = _inline(data, mime)
    else:
        return None
    modality = rest.pop("modality", None)
    if rest.get("type") in ("base64", "url"):
        rest.pop("type")
    return with_extra({"type": _media_type(kind, row.get("mime_type"), modality), **row}, rest)


def _referenced(uri: str, mime: str | None) -> Row:
    if uri.startswith("data:") and ";base64," in uri[:200]:
        head, _, data = uri.partition(";base64,")
        return {**_inline(data, mime or head.removeprefix("data:")), "uri": uri}
    return {"uri": uri, "mime_type": mime}


def _inline(data: str, mime: str | None) -> Row:
    row: Row = {"uri": data if data.startswith("data:") else f"data:{mime or ''};base64,{data}", "mime_type": mime}
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return row
    return {**row, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def _media_type(kind: str, mime: object, modality: object) -> str:
    for hint in (modality, kind, mime):
        for media in _MEDIA:
            if isinstance(hint, str) and media in hint:
                return media
    return "file"


_TOOL_CALL_KINDS = ("function", "tool_use", "tool_call", "tool-call", "function_call", "server_tool_call")

# The `type` of a block to what reads it.
_READERS: dict[str, Callable[[Row], Row | None]] = {
    **dict.fromkeys(("text", "input_text", "output_text"), _text),
    **dict.fromkeys(("reasoning", "thinking", "redacted_thinking", "reasoning_content"), _reasoning),
    "refusal": _refusal,
    **dict.fromkeys(
        ("image", "image_url", "input_image", "audio", "input_audio", "video", "file", "input_file", "document",
         "blob", "uri", "media"),
        _media,
    ),
    **dict.fromkeys((*_TOOL_CALL_KINDS, "server_tool_use"), tool_call),
    **dict.fromkeys(
        ("tool_result", "tool_call_response", "server_tool_call_response", "tool-result", "function_call_output"),
        tool_result,
    ),
}  # fmt: skip
# Blocks without a `type` are told apart by the key that they have.
_BY_KEY: dict[str, Callable[[Row], Row | None]] = {
    "functionCall": tool_call,
    "function_call": tool_call,
    "tool_call": tool_call,
    "functionResponse": tool_result,
    "function_response": tool_result,
    "inlineData": _media,
    "inline_data": _media,
    "fileData": _media,
    "image_url": _media,
    "toolUse": lambda item: tool_call(_renamed(item, "toolUse", {"toolUseId": "id"})),
    "toolResult": lambda item: tool_result(_renamed(item, "toolResult", {"toolUseId": "id"})),
    "text": _text,
}


def _renamed(item: Row, envelope: str, names: dict[str, str]) -> Row:
    rest = _opened(item, envelope)
    return {str(names.get(key, key)): value for key, value in rest.items()}


def _part(item: Row) -> Row:
    kind = item.get("type")
    readers = [_READERS[kind]] if isinstance(kind, str) and kind in _READERS else []
    if kind is None:
        readers = [reader for key, reader in _BY_KEY.items() if item.get(key) is not None][:1]
        # Gemini marks its thoughts with a flag.
        if item.get("thought") is True and isinstance(item.get("text"), str):
            readers = [lambda block: _reasoning({k: v for k, v in block.items() if k != "thought"})]
    for reader in readers:
        if (part := reader(item)) is not None:
            return part
    # OpenInference wraps each block once more.
    inner = decoded(item.get("message_content"))
    return _part(inner) if isinstance(inner, dict) and len(item) == 1 else unknown(item)
