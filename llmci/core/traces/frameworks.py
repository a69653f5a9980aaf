"""Messages that frameworks write in forms of their own, as plain ones: a role with its content beside it.

Sources, each read in its library's own types: LangChain `messages_to_dict`, Pydantic AI `ModelMessage`, LlamaIndex
`ChatMessage`, Haystack `ChatMessage`, AutoGen `LLMMessage` and agent events, Semantic Kernel `ChatMessageContent`,
Microsoft.Extensions.AI `ChatMessage`, smolagents, Cohere `chat_history`, ShareGPT, AG2,
Claude's agents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.core.traces.roles import is_role

if TYPE_CHECKING:
    from collections.abc import Callable

Row = dict[str, Any]

_LANGCHAIN = {
    "human": "user",
    "ai": "assistant",
    "system": "system",
    "tool": "tool",
    "function": "tool",
    "chat": "user",
}
_AUTOGEN = {"SystemMessage": "system", "UserMessage": "user", "AssistantMessage": "assistant"}
# What an AutoGen agent says; the same names end in "Event" or "Message".
_AUTOGEN_SAID = ("TextMessage", "MultiModalMessage", "HandoffMessage", "StopMessage", "ToolCallSummaryMessage", "StructuredMessage")  # fmt: skip
_AUTOGEN_CALLS = ("ToolCallRequestEvent", "ToolCallMessage")
_AUTOGEN_RESULTS = ("FunctionExecutionResultMessage", "ToolCallExecutionEvent", "ToolCallResultMessage")
_PYDANTIC_ROLES = {
    "system-prompt": "system",
    "instruction": "system",
    "user-prompt": "user",
    "tool-return": "tool",
    "builtin-tool-return": "tool",
}


def plain(item: Row) -> list[Row] | None:
    """The plain messages that an item stands for, or None where it is none of these forms."""
    # Most messages are plain, and are looked at no further.
    if isinstance(item.get("role"), str):
        if "tool_responses" in item:
            return _ag2(item)
        if "content" in item and not isinstance(item["content"], dict):
            return None
        if "parts" in item and "kind" not in item:
            return _screen(item)
    for form in _FORMS:
        if (found := form(item)) is not None:
            return found
    return None


def _langchain(item: Row) -> list[Row] | None:
    inner, kind = item.get("data"), str(item.get("type"))
    if kind not in _LANGCHAIN or not isinstance(inner, dict) or "content" not in inner:
        return None
    rest = {key: value for key, value in inner.items() if key != "type"}
    return [{**rest, "role": inner.get("role") or _LANGCHAIN[kind]}]


def _pydantic_ai(item: Row) -> list[Row] | None:
    parts = item.get("parts")
    if item.get("kind") not in ("request", "response") or not isinstance(parts, list) or not all(
        isinstance(part, dict) and isinstance(part.get("part_kind"), str) for part in parts
    ):  # fmt: skip
        return None
    rest = {key: value for key, value in item.items() if key not in ("kind", "parts", "instructions", "usage")}
    if item["kind"] == "response":
        return [{"role": "assistant", "content": parts, **rest}]
    instructions = item.get("instructions")
    said = [{"role": "system", "content": instructions}] if isinstance(instructions, str) and instructions else []
    return [*said, *(_prompted(part) for part in parts)]


def _prompted(part: Row) -> Row:
    kind = part["part_kind"]
    # A retry is told to a tool's call where one is named, else to the model as by a user.
    retried = "tool" if part.get("tool_name") else "user"
    role = _PYDANTIC_ROLES.get(kind, retried if kind == "retry-prompt" else "user")
    if role != "tool":
        return {"role": role, "content": part.get("content")}
    return {"role": role, "content": [{**part, "part_kind": "tool-return"}]}


def _llama_index(item: Row) -> list[Row] | None:
    blocks = item.get("blocks")
    if not isinstance(item.get("role"), str) or not isinstance(blocks, list):
        return None
    more = item.get("additional_kwargs")
    beside = {key: more[key] for key in ("tool_call_id", "name") if isinstance(more, dict) and more.get(key)}
    return [{**{key: value for key, value in item.items() if key != "blocks"}, **beside, "content": blocks}]


def _haystack(item: Row) -> list[Row] | None:
    if "_role" not in item or "_content" not in item:
        return None
    return [
        {
            "role": _word(item["_role"]),
            "content": item["_content"],
            "name": item.get("_name"),
            "meta": item.get("_meta"),
        }
    ]


def _autogen(item: Row) -> list[Row] | None:
    kind, source, content = item.get("type"), item.get("source"), item.get("content")
    if not isinstance(kind, str) or content is None or not kind.endswith(("Message", "Event")):
        return None
    rest = {key: value for key, value in item.items() if key not in ("type", "content")}
    role = _AUTOGEN.get(kind)
    if kind in _AUTOGEN_SAID and isinstance(source, str):
        role = "user" if source == "user" else "assistant"
    elif kind in _AUTOGEN_RESULTS and isinstance(content, list):
        role, content = "tool", [_typed(one, "tool_result") for one in content]
    elif isinstance(content, list) and (kind in _AUTOGEN_CALLS or kind == "AssistantMessage"):
        role, content = "assistant", [_typed(one, "tool_call") for one in content]
    elif kind == "ThoughtEvent":
        role, content = "assistant", [{"type": "reasoning", "text": content}]
    if kind == "AssistantMessage" and isinstance(thought := rest.pop("thought", None), str) and thought:
        rest["reasoning_content"] = thought
    return None if role is None else [{"role": role, "content": content, **rest}]


def _typed(item: object, kind: str) -> object:
    return {"type": kind, **item} if isinstance(item, dict) else item


def _adk(item: Row) -> list[Row] | None:
    """An event of Google's Agent Development Kit: who spoke is in the content, which agent it was beside it."""
    content = item.get("content")
    if "role" in item or not isinstance(content, dict) or not is_role(content.get("role")) or "parts" not in content:
        return None
    author, reason = item.get("author"), item.get("finishReason", item.get("finish_reason"))
    return [{"role": content["role"], "content": content["parts"], "name": author, "finish_reason": reason}]


def _screen(item: Row) -> list[Row] | None:
    """A message as the Vercel AI SDK and Mastra keep it for a screen: a call and its result are one part."""
    content = item.get("content")
    parts = content.get("parts") if isinstance(content, dict) else item.get("parts")
    if not isinstance(item.get("role"), str) or not isinstance(parts, list):
        return None
    if not any(isinstance(part, dict) and _call_on_screen(part) for part in parts):
        return None
    rest = {key: value for key, value in item.items() if key not in ("content", "parts")}
    said: list[Row] = [{**rest, "content": []}]
    for part in parts:
        call = _call_on_screen(part) if isinstance(part, dict) else None
        if call is None:
            if not (isinstance(part, dict) and part.get("type") == "step-start"):
                said[-1]["content"].append(part)
            continue
        result = {key: call.pop(key) for key in ("output", "result", "errorText") if key in call}
        said[-1]["content"].append({"type": "tool_call", **call})
        if result:
            answer = {"toolCallId": call["toolCallId"], "toolName": call["toolName"], "isError": "errorText" in result}
            said.append({"role": "tool", "content": [{"type": "tool_result", "result": next(iter(result.values())), **answer}]})  # fmt: skip
            said.append({"role": item["role"], "content": []})
    return said if said[-1]["content"] else said[:-1]


def _call_on_screen(part: Row) -> Row | None:
    inner, kind = part.get("toolInvocation"), part.get("type")
    if isinstance(inner, dict) and "toolCallId" in inner and "toolName" in inner:
        return {key: value for key, value in inner.items() if key != "state"}
    if "toolCallId" not in part or not isinstance(kind, str) or "state" not in part:
        return None
    name = part.get("toolName") if kind == "dynamic-tool" else kind.removeprefix("tool-")
    return {"toolName": name, **{key: value for key, value in part.items() if key not in ("type", "state")}}


def _role_as_object(item: Row) -> list[Row] | None:
    """.NET writes `{"Role": {"Label": "user"}, "Items": [...]}`, the Agent Framework `{"role": {"value": "user"}}`."""
    if "Role" in item:
        item = _small(item)
    role = item.get("role")
    content = next((item[key] for key in ("items", "contents", "content", "text") if key in item), None)
    word = _word(role)
    if not is_role(word) or content is None:
        return None
    if isinstance(role, str) and isinstance(content, dict):
        return None
    spent = ("role", "items", "contents", "content", "text")
    rest = {key: value for key, value in item.items() if key not in spent}
    if rest.get("type") in ("chat_message", "message"):
        del rest["type"]
    return [{"role": word, "content": content, **rest}]


def _cohere(item: Row) -> list[Row] | None:
    if not is_role(item.get("role")) or not isinstance(item.get("message"), str):
        return None
    return [{**{key: value for key, value in item.items() if key != "message"}, "content": item["message"]}]


def _ag2(item: Row) -> list[Row] | None:
    """A message of AG2 with the results of several calls, which its content repeats."""
    results = item.get("tool_responses")
    if not isinstance(results, list) or not results or not all(isinstance(one, dict) and "content" in one for one in results):  # fmt: skip
        return None
    return [{"role": "tool", **one} for one in results]


def _event(item: Row) -> list[Row] | None:
    """A line of a transcript of Claude's agents, or any other that keeps the message itself one level down."""
    inner = item.get("message")
    if item.get("type") not in ("user", "assistant") or not isinstance(inner, dict) or not is_role(inner.get("role")):
        return None
    return [inner]


def _sharegpt(item: Row) -> list[Row] | None:
    speaker = item.get("from")
    if not is_role(speaker) or not isinstance(item.get("value"), str):
        return None
    return [{"role": speaker, "content": item["value"]}]


def _small(value: Any) -> Any:  # noqa: ANN401  JSON holds anything
    """Keys as the other languages write them; what a tool was told is not touched."""
    if isinstance(value, list):
        return [_small(item) for item in value]
    if not isinstance(value, dict):
        return value
    small = {key[:1].lower() + key[1:]: inner for key, inner in value.items()}
    if "functionName" in small:
        small.setdefault("name", small.pop("functionName"))
    return {key: inner if key in ("arguments", "result") else _small(inner) for key, inner in small.items()}


def _word(role: object) -> str | None:
    if isinstance(role, dict):
        role = next((role[key] for key in ("value", "label") if key in role), None)
    return role if isinstance(role, str) and role else None


_FORMS: tuple[Callable[[Row], list[Row] | None], ...] = (
    _langchain,
    _pydantic_ai,
    _llama_index,
    _haystack,
    _autogen,
    _cohere,
    _sharegpt,
    _event,
    _adk,
    _screen,
    _role_as_object,
)
