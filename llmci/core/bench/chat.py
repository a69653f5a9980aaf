"""Cases in OpenAI's chat form, and what came back as messages."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson

from llmci.core.privacy.replies import unclean
from llmci.domain.case import Document, Message, Part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.domain.case import Case, Tool


def question_of(case: Case) -> str:
    """The text of the last message of the user; of the last message at all where there is none."""
    users = [message for message in case.messages if message.role == "user"]
    last = (users or list(case.messages))[-1:]
    return "\n".join(part.text for message in last for part in message.parts if part.text)


def chat_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages as a chat completion takes them; one tool result is one message of the role `tool`."""
    return [chat for message in messages for chat in _chat(message)]


def chat_tools(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """Tools as a chat completion takes them; parameters that are not JSON are an empty schema."""
    return [{"type": "function", "function": _function(tool)} for tool in tools]


def said(text: str, tool_calls: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    """An answer as one message of the assistant.

    Args:
        tool_calls: In OpenAI's form (`function.name`, `function.arguments`) or flat (`name`,
            `arguments`); arguments are kept verbatim, objects become JSON.
    """
    parts = [Part(type="text", text=unclean(text))] if text else []
    parts += [_call_part(call) for call in tool_calls]
    return (Message(role="assistant", parts=tuple(parts)),) if parts else ()


def documents_of(given: Sequence[object] | None) -> tuple[Document, ...] | None:
    """Retrieved documents from ids or from objects with `id`, `content` (or `text`) and `score`, best first.

    Raises:
        TypeError: One of them is neither.
    """
    return None if given is None else tuple(_document(rank, item) for rank, item in enumerate(given, start=1))


def plain_documents(documents: Sequence[Document]) -> list[dict[str, Any]]:
    """Documents as `documents_of` takes them, for programs of the user's own: `text` and `content` are the same."""
    return [{**asdict(document), "text": document.content} for document in documents]


def _chat(message: Message) -> list[dict[str, Any]]:
    results = [_result(part) for part in message.parts if part.type == "tool_result"]
    calls = [_call(part) for part in message.parts if part.type == "tool_call"]
    content = [shown for part in message.parts if (shown := _content(part))]
    if not content and not calls and results:
        return results
    chat: dict[str, Any] = {"role": message.role, "content": _flat(content)}
    if message.name:
        chat["name"] = message.name
    if calls:
        chat["tool_calls"] = calls
    return [*results, chat]


def _flat(content: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    if all(item["type"] == "text" for item in content):
        return "\n".join(item["text"] for item in content)
    return content


def _content(part: Part) -> dict[str, Any] | None:
    if part.type in ("text", "refusal") and part.text is not None:
        return {"type": "text", "text": part.text}
    if part.type == "image" and part.uri:
        return {"type": "image_url", "image_url": {"url": part.uri}}
    return None


def _call(part: Part) -> dict[str, Any]:
    function = {"name": part.tool_name or "", "arguments": part.tool_arguments or "{}"}
    return {"id": part.tool_call_id or "", "type": "function", "function": function}


def _result(part: Part) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": part.tool_call_id or "", "content": part.tool_result or part.text or ""}


def _function(tool: Tool) -> dict[str, Any]:
    try:
        parameters = orjson.loads(tool.parameters or "{}")
    except orjson.JSONDecodeError:
        parameters = {}
    return {"name": tool.name, "description": tool.description or "", "parameters": parameters}


def _call_part(call: Mapping[str, Any]) -> Part:
    inner = call.get("function")
    function: Mapping[str, Any] = inner if isinstance(inner, dict) else call
    arguments = function.get("arguments")
    text = (
        arguments
        if isinstance(arguments, str)
        else orjson.dumps(arguments or {}, option=orjson.OPT_NON_STR_KEYS).decode()
    )
    return Part(
        type="tool_call",
        tool_call_id=str(call["id"]) if call.get("id") else None,
        tool_name=str(function.get("name") or ""),
        tool_arguments=unclean(text),
    )


def _document(rank: int, item: object) -> Document:
    if isinstance(item, (str, int)):
        return Document(id=str(item), content=None, rank=rank)
    if not isinstance(item, dict):
        raise TypeError(f"document {rank} is a {type(item).__name__}")
    content = item.get("content", item.get("text"))
    score = item.get("score")
    return Document(
        id=str(item["id"]) if item.get("id") is not None else None,
        content=None if content is None else unclean(str(content)),
        score=float(score) if isinstance(score, (int, float)) else None,
        rank=rank,
    )
