"""What an agent did in a trace: each of its actions with all that came before it, and what its tools said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmci.core.attribution.moves import moves_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from llmci.domain.trace import TraceRow

    Rows = list[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One turn of an agent: what it said, or which tools it called.

    Attributes:
        before: The messages that it answered, as rows of the trace.
        said: Its own messages, as rows.
        tools: That it was offered, as rows.
    """

    before: Rows
    said: Rows
    tools: Rows


def actions_of(trace: TraceRow) -> list[Action]:
    """The actions of a trace, in order; from its model calls where they were logged, else from its messages."""
    logged = [step for step in trace.get("steps") or () if step.get("kind") == "llm"]
    ordered = sorted(logged, key=lambda step: step.get("seq") or 0)
    found = [action for step in ordered if (action := _of_call(step)) is not None]
    return found if len(found) > 1 else list(_of_messages(trace))


def recording_of(trace: TraceRow) -> list[dict[str, str]]:
    """What its tools said, call by call, up to where the user had the next word.

    Each has `name`, `arguments` (JSON as text) and `result`. What code fetched without being asked to by a
    model is no call.
    """
    moves = moves_of(trace)
    end = next((at for at, move in enumerate(moves) if at and move.heard.strip()), len(moves))
    asked = {tool for move in moves for tool, _ in move.calls}
    return [
        {"name": move.tool, "arguments": move.arguments or "{}", "result": move.text}
        for move in moves[:end]
        if move.tool is not None and (move.tool in asked or not asked)
    ]


def calls_in(said: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The tool calls of messages: `name`, and `arguments` as they were written."""
    parts = (part for message in said for part in message.get("parts") or ())
    return [
        {"name": part.get("tool_name") or "", "arguments": part.get("tool_arguments") or "{}"}
        for part in parts
        if part.get("type") == "tool_call"
    ]


def _of_call(step: Mapping[str, Any]) -> Action | None:
    before = list((step.get("input") or {}).get("messages") or ())
    said = [row for row in (step.get("output") or {}).get("messages") or () if _speaks(row)]
    if not before or not said:
        return None
    return Action(before=before, said=said, tools=list((step.get("request") or {}).get("tools") or ()))


def _of_messages(trace: TraceRow) -> Iterator[Action]:
    tools = list((trace.get("request") or {}).get("tools") or ())
    asked, answered = (list((trace.get(side) or {}).get("messages") or ()) for side in ("input", "output"))
    given = trace.get("input") or {}
    if not asked and (text := given.get("text") or given.get("json")):
        asked = [{"role": "user", "parts": [{"type": "text", "text": text}]}]
    whole = [*asked, *answered]
    at = len(asked)
    while at < len(whole):
        end = at
        # Thoughts and calls may be messages of their own: what follows at once is one action.
        while end < len(whole) and _speaks(whole[end]):
            end += 1
        if end > at > 0:
            yield Action(before=whole[:at], said=whole[at:end], tools=tools)
        at = max(end, at + 1)


def _speaks(message: Mapping[str, Any]) -> bool:
    return (message.get("role") or "").lower() in ("assistant", "model", "ai")
