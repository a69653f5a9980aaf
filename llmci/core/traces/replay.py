"""Whether and how a trace can be replayed, and what it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.core.traces.payloads import has_content

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.core.traces.parts import Row


_UNREPLAYABLE = frozenset({"truncated", "tool_calls"})


def replay_of(
    *, asked: Row, answered: Row, documents: Sequence[Row], steps: Sequence[Row] = (), lacks: Sequence[str] = ()
) -> tuple[str, list[str]]:
    """`replay_kind` and `missing` of a trace.

    Args:
        asked: Its input payload.
        answered: Its output payload.
        documents: What was retrieved.
        steps: Its steps, where they were logged.
        lacks: Reasons that were found before.

    Returns:
        chat: one model call. rag: one model call over retrieved documents. agent: several model
        calls, or tools in between. none: there is no input to replay. `missing` says what is
        absent, for each kind: input, user_message, output, tool_calls (a tool's result is there, and the call
        that it answers is not: no provider takes such a conversation), and the reasons given.
    """
    missing = list(lacks)
    if not has_content(asked):
        missing.append("input")
    if asked["kind"] == "messages" and not any(message["role"] == "user" for message in asked["messages"]):
        missing.append("user_message")
    if not has_content(answered):
        missing.append("output")
    if asked["kind"] == "messages" and _calls_lost(asked["messages"]):
        missing.append("tool_calls")
    missing = list(dict.fromkeys(missing))
    if not has_content(asked) or not _UNREPLAYABLE.isdisjoint(missing):
        return "none", missing
    return _kind(answered, documents, steps), missing


def _calls_lost(messages: Sequence[Row]) -> bool:
    """Whether a tool answers where nobody has called one; OpenLIT, for one, leaves an assistant's calls out."""
    called = False
    for message in messages:
        if message["role"] == "tool" and not called:
            return True
        if message["role"] != "tool":
            called = any(part["type"] not in ("text", "refusal") for part in message["parts"])
    return False


def _kind(answered: Row, documents: Sequence[Row], steps: Sequence[Row]) -> str:
    calls = sum(step["kind"] == "llm" for step in steps)
    tools = any(step["kind"] == "tool" for step in steps)
    if not steps and answered["kind"] == "messages":
        roles = [message["role"] for message in answered["messages"]]
        # OpenAI's Responses give thoughts and calls as items of their own: what follows at once is one call.
        calls = sum(role == "assistant" != before for before, role in zip([None, *roles], roles, strict=False))
        tools = any(message["role"] == "tool" for message in answered["messages"])
    if calls > 1 or tools:
        return "agent"
    retrieved = bool(documents) or any(step["kind"] == "retriever" for step in steps)
    return "rag" if retrieved else "chat"
