"""One piece of a message's content, in any provider's form, to a typed part of `trace/1`.

What is not understood becomes a part of type `unknown` that holds it whole, and keys that have no
place of their own go to the part's `extra`: nothing is lost.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from llmci.core.traces.media import media_of
from llmci.core.traces.scalars import decoded, json_text, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

Row = dict[str, Any]

# Where frameworks say what a block is, and the endings that its name may have.
_KIND_KEYS = ("type", "block_type", "content_type", "part_kind", "$type", "kind")
_ENDINGS = ("_content", "_block", "_part")
_SILENCE = {"type": "text", "text": ""}
MEDIA = ("image", "audio", "video", "file")


def parts_of(content: object) -> list[Row]:
    """Parts of a message's content: a string, a list of blocks, one block, or whatever else was logged."""
    if content is None or content == "":
        return []
    if isinstance(content, list):
        return [part for item in content for part in parts_of(item)] if _flat(content) else [unknown(content)]
    if isinstance(content, str):
        if content.startswith("data:") and (found := media_of({"url": content}, "")) and found[0].get("sha256"):
            return [found[0]]
        return [{"type": "text", "text": content}]
    if isinstance(content, dict):
        return _block(content) if content else []
    # A number or a boolean where text belongs.
    return [{"type": "text", "text": json_text(content)}]


def _block(item: Row) -> list[Row]:
    """The part of a block, and the media that came with a tool's result."""
    part = _part(item)
    if part["type"] != "tool_result":
        # Streams leave blocks of text in which nothing came.
        return [] if part == _SILENCE else [part]
    media = part.pop("media", [])
    return [part, *media]


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
        case [{"json": inner, **rest}] if not rest:
            return json_text(inner)
        case [{"type": "document", "document": {"data": str(text), **rest}}] if not rest:
            return text
        case [dict(block)] if (part := _part(block))["type"] == "text" and "extra" not in part:
            return str(part["text"])
        case _:
            return json_text(value)


def returned(value: object, call_id: str | None) -> tuple[str | None, list[Row]]:
    """What a tool returned as text, and the media beside it, which name the call that they answer."""
    media: list[Row] = []
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        texts = []
        for item in value:
            # Cohere calls text that a tool found a document.
            part = item if isinstance(item.get("document"), dict) else _part(item)
            if part.get("type") in MEDIA and part.get("sha256"):
                media.append({**part, "tool_call_id": call_id})
            else:
                texts.append(item)
        value = texts or (None if media else value)
    return result_text(value), media


def tool_call(item: Row) -> Row | None:
    """A tool call in any form: OpenAI's, Anthropic's, GenAI's, LangChain's, Gemini's, OpenInference's."""
    rest = dict(item)
    for envelope in ("tool_call", "functionCall", "function_call", "function"):
        rest = _opened(rest, envelope)
    name = _first(rest, "name", "toolName", "tool_name", "function")
    if not isinstance(name, str):
        return None
    call_id = _call_id(rest)
    arguments = _first(rest, "arguments", "args", "input", "parameters", "tool_kwargs", "server_tool_call")
    for key in _KIND_KEYS:
        if rest.get(key) in _TOOL_CALL_KINDS:
            rest.pop(key)
    row = {"type": "tool_call", "tool_call_id": call_id, "tool_name": name, "tool_arguments": arguments_text(arguments)}
    return with_extra(row, rest)


def tool_result(item: Row) -> Row | None:
    """What a tool returned, in any form."""
    rest = {key: value for key, value in item.items() if key not in _KIND_KEYS}
    for envelope in ("functionResponse", "function_response", "tool_call_result", "origin"):
        rest = _opened(rest, envelope)
    call_id = _call_id(rest)
    row: Row = {"type": "tool_result", "tool_call_id": call_id}
    name = _first(rest, "name", "toolName", "tool_name")
    if name is not None:
        row["tool_name"] = text_of(name)
    answer = _first(rest, "content", "response", "result", "output", "server_tool_call_response")
    # The Vercel AI SDK says what kind of value it is.
    if isinstance(answer, dict) and set(answer) == {"type", "value"}:
        if str(answer["type"]).startswith("error"):
            row["is_error"] = True
        answer = answer["value"]
    row["tool_result"], media = returned(answer, call_id)
    row = with_extra({**row, **failed(rest)}, rest)
    return {**row, "media": media} if media else row


def failed(rest: Row) -> Row:
    """Whether a tool failed, as far as a result says so; what says it is taken out of `rest`."""
    for key in ("is_error", "isError", "error", "tool_call_error"):
        if isinstance(rest.get(key), bool):
            return {"is_error": rest.pop(key)}
    if rest.get("status") in ("success", "error"):
        return {"is_error": True} if rest.pop("status") == "error" else {}
    return {}


def _opened(rest: Row, envelope: str) -> Row:
    """Lay the keys of an inner object over those around it; where both have one, the outer is kept aside."""
    inner = rest.get(envelope)
    if not isinstance(inner, dict):
        return rest
    outer = {f"outer_{key}" if key in inner else key: value for key, value in rest.items() if key != envelope}
    return {**outer, **inner}


def _call_id(rest: Row) -> str | None:
    # A Responses item has its own `id` beside the `call_id` that its result refers to.
    return text_of(_first(rest, "call_id", "tool_call_id", "tool_use_id", "toolCallId", "toolUseId", "callId", "id"))


def _first(rest: Row, *names: str) -> Any:  # noqa: ANN401  JSON holds anything
    for name in names:
        if rest.get(name) is not None:
            return rest.pop(name)
    return None


def _text(item: Row) -> Row | None:
    if len(item) == 2 and isinstance(item.get("type"), str):
        text = item.get("text", item.get("content"))
        if isinstance(text, str):
            return {"type": "text", "text": text}
    rest = {key: value for key, value in item.items() if key not in _KIND_KEYS}
    text = _first(rest, "text", "content", "value")
    if isinstance(text, dict) and isinstance(text.get("value"), str):
        # OpenAI's threads keep annotations beside the text.
        rest, text = {**rest, **{key: value for key, value in text.items() if key != "value"}}, text["value"]
    if isinstance(text, list):
        text = _joined(text)
    if isinstance(text, (dict, list)):
        return None
    return with_extra({"type": "text", "text": text_of(text) or ""}, rest)


def _reasoning(item: Row) -> Row | None:
    rest = {key: value for key, value in item.items() if key not in _KIND_KEYS}
    for envelope in ("reasoningContent", "reasoningText", "reasoning"):
        rest = _opened(rest, envelope)
    text = _first(rest, "thinking", "reasoning", "text", "content", "summary", "reasoning_text")
    if isinstance(text, list):
        text = _joined(text)
    if isinstance(text, (dict, list)):
        return None
    return with_extra({"type": "reasoning", "text": text_of(text)}, rest)


def _joined(lines: list[Any]) -> Any:  # noqa: ANN401  JSON holds anything
    """The text of a list of texts; any other list as it is."""
    if all(isinstance(line, dict) and isinstance(line.get("text"), str) for line in lines):
        return "\n".join(line["text"] for line in lines)
    return lines


def _ran(item: Row) -> Row | None:
    """Code that Gemini ran itself; its call has no name and no id."""
    rest = dict(item)
    call = rest.pop("executableCode", None) or rest.pop("executable_code", None)
    if isinstance(call, dict):
        return with_extra({"type": "tool_call", "tool_call_id": None, "tool_name": "code_execution", "tool_arguments": json_text(call)}, rest)  # fmt: skip
    result = rest.pop("codeExecutionResult", None) or rest.pop("code_execution_result", None)
    if not isinstance(result, dict):
        return None
    row = {"type": "tool_result", "tool_call_id": None, "tool_name": "code_execution", "tool_result": text_of(result.get("output"))}  # fmt: skip
    return with_extra({**row, "is_error": not str(result.get("outcome")).endswith("OK")}, rest)


def _refusal(item: Row) -> Row | None:
    rest = dict(item)
    rest.pop("type", None)
    text = rest.pop("refusal", None)
    return with_extra({"type": "refusal", "text": text}, rest) if isinstance(text, str) else None


def _media(item: Row) -> Row | None:
    found = media_of(item, str(item.get("type") or kind_of(item) or ""))
    return None if found is None else with_extra(*found)


_TOOL_CALL_KINDS = (
    "function", "tool_use", "tool_call", "tool-call", "function_call", "functionCall", "ToolCall", "FunctionCall",
    "server_tool_call", "builtin-tool-call",
)  # fmt: skip

# The `type` of a block to what reads it.
_READERS: dict[str, Callable[[Row], Row | None]] = {
    **dict.fromkeys(("text", "input_text", "output_text", "search_result"), _text),
    **dict.fromkeys(("reasoning", "thinking", "redacted_thinking", "reasoning_content", "text_reasoning"), _reasoning),
    "refusal": _refusal,
    **dict.fromkeys(
        ("image", "image_url", "input_image", "image_file", "audio", "audio_url", "input_audio", "video", "video_url",
         "file", "input_file", "file_reference", "document", "document_url", "blob", "binary", "data", "uri", "media"),
        _media,
    ),
    **dict.fromkeys(
        (*_TOOL_CALL_KINDS, "server_tool_use", "mcp_tool_use", "builtin_tool_call", "custom_tool_call"), tool_call
    ),
    **dict.fromkeys(
        ("tool_result", "tool_call_response", "server_tool_call_response", "tool-result", "function_call_output",
         "function_result", "tool_return", "builtin_tool_return", "tool_call_result", "mcp_tool_result",
         "web_search_tool_result", "code_execution_tool_result", "custom_tool_call_output", "retry_prompt"),
        tool_result,
    ),
}  # fmt: skip
# Blocks without a `type` are told apart by the key that they have.
_BY_KEY: dict[str, Callable[[Row], Row | None]] = {
    "functionCall": tool_call,
    "function_call": tool_call,
    "tool_call": tool_call,
    "tool_call_result": tool_result,
    "functionResponse": tool_result,
    "function_response": tool_result,
    "inlineData": _media,
    "inline_data": _media,
    "fileData": _media,
    "image_url": _media,
    **dict.fromkeys(("image", "audio", "video", "document"), _media),
    **dict.fromkeys(("reasoningContent", "reasoning"), _reasoning),
    **dict.fromkeys(("executableCode", "executable_code", "codeExecutionResult", "code_execution_result"), _ran),
    "citationsContent": lambda item: _text(_opened(item, "citationsContent")),
    "toolUse": lambda item: tool_call(_renamed(item, "toolUse", {"toolUseId": "id"})),
    "toolResult": lambda item: tool_result(_renamed(item, "toolResult", {"toolUseId": "id"})),
    "text": _text,
}


def _renamed(item: Row, envelope: str, names: dict[str, str]) -> Row:
    rest = _opened(item, envelope)
    return {str(names.get(key, key)): value for key, value in rest.items()}


def kind_of(item: Row) -> str | None:
    """What a block says that it is, whatever the key and the case: `ToolCall`, `tool-call`, `$type: functionCall`."""
    word = next((item[key] for key in _KIND_KEYS if isinstance(item.get(key), str)), None)
    if word is None:
        return None
    # .NET gives the whole name of the type: Microsoft.Extensions.AI.TextReasoningContent.
    kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word.rpartition(".")[2]).replace("-", "_").lower()
    for ending in _ENDINGS:
        kind = kind.removesuffix(ending)
    return kind


def _part(item: Row) -> Row:
    kind = item.get("type")
    readers: list[Callable[[Row], Row | None]] = []
    if isinstance(kind, str) and kind in _READERS:
        readers = [_READERS[kind]]
    elif (kind := kind_of(item)) is not None:
        if isinstance(inner := item.get("content"), dict) and "." in str(item.get("type")):
            item = {**inner, "type": kind}
        readers = [_READERS[kind]] if kind in _READERS else []
    else:
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
