"""An agent's trace as numbered moves: what was said, which tool was called, what came back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from llmci.core.grouping.endings import was_cut_off

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from llmci.domain.trace import TraceRow

# Columns of a trace that moves are read from.
COLUMNS = ("trace_id", "replay_kind", "status", "input", "output", "steps")
_ACTING = frozenset({"llm", "tool", "retriever"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One step, counted from 1.

    Attributes:
        who: Name of the agent, or "assistant".
        text: What was said, or what a tool gave back.
        tool: Called here, or answering here.
        arguments: Of the call, in one spelling whatever the order of keys; None where nothing was called.
        calls: Tools that a message asks for, with their arguments as they were written.
        failed: The trace says that it failed.
        cut: The answer was cut off by the token limit.
        heard: What the user had said since the step before.
    """

    number: int
    who: str
    text: str = ""
    tool: str | None = None
    arguments: str | None = None
    calls: tuple[tuple[str, str], ...] = ()
    failed: bool = False
    cut: bool = False
    heard: str = ""

    @property
    def name(self) -> str:
        """How it is called in a hint."""
        if self.tool is not None:
            return f"tool {self.tool}"
        return f"{self.who} calls {', '.join(tool for tool, _ in self.calls)}" if self.calls else self.who


def moves_of(trace: TraceRow) -> list[Move]:
    """The steps of a trace where they were logged, else the messages of its answer; system prompts and users are no moves."""
    steps = [step for step in trace.get("steps") or () if step.get("kind") in _ACTING]
    asked = (trace.get("input") or {}).get("messages") or ()
    answered = (trace.get("output") or {}).get("messages") or ()
    if len(steps) > 1:
        ordered = sorted(steps, key=lambda step: step.get("seq") or 0)
        found = [_of_step(step, number) for number, step in enumerate(ordered, 1)]
    else:
        found = list(_of_messages(answered if len(answered) > 1 or not asked else (*asked, *answered)))
    heard = _said([message for message in asked if message.get("role") == "user"])
    return [replace(found[0], heard=f"{heard} {found[0].heard}"), *found[1:]] if found else []


def _of_step(step: Mapping[str, Any], number: int) -> Move:
    said = step.get("output") or {}
    is_tool = step["kind"] != "llm"
    return Move(
        number=number,
        who=step.get("name") or "assistant",
        text=_words(said) or (step.get("error") or ""),
        tool=(step.get("tool_name") or step.get("name") or step["kind"]) if is_tool else None,
        arguments=spelled(_words(step.get("input") or {})) if is_tool else None,
        calls=() if is_tool else tuple(_calls(said.get("messages") or ())),
        failed=step.get("status") == "error",
        cut=was_cut_off(said.get("messages") or ()),
    )


def _of_messages(messages: Sequence[Mapping[str, Any]]) -> Iterator[Move]:
    asked: dict[str, tuple[str, str]] = {}
    number, heard = 0, ""
    # Results without an id answer the calls in their order.
    waiting: list[tuple[str, str]] = []
    for message in messages:
        role = (message.get("role") or "").lower()
        if role in ("system", "developer", "user"):
            heard += _said([message]) if role == "user" else ""
            continue
        number += 1
        parts = message.get("parts") or ()
        results = [part for part in parts if part.get("type") == "tool_result"]
        if results or role == "tool":
            called = [_asked_for(part, asked, waiting) for part in results or parts[:1]]
            tool, arguments = called[0] if called else (None, None)
            yield Move(
                number=number,
                who="tool",
                text="\n".join(part.get("tool_result") or part.get("text") or "" for part in parts),
                tool=tool or message.get("name") or "tool",
                arguments=arguments,
                failed=any(part.get("is_error") for part in parts),
                heard=heard,
            )
            heard = ""
            continue
        calls = tuple(_calls([message]))
        for part in parts:
            if part.get("type") == "tool_call":
                call = (part.get("tool_name") or "tool", spelled(part.get("tool_arguments") or ""))
                waiting.append(call)
                if part.get("tool_call_id"):
                    asked[part["tool_call_id"]] = call
        yield Move(
            number=number,
            who=message.get("name") or "assistant",
            text=_said([message]),
            calls=calls,
            cut=was_cut_off([message]),
            heard=heard,
        )
        heard = ""


def _asked_for(
    part: Mapping[str, Any], asked: Mapping[str, tuple[str, str]], waiting: list[tuple[str, str]]
) -> tuple[str | None, str | None]:
    found = asked.get(part.get("tool_call_id") or "")
    if found is None:
        found = waiting[0] if waiting else None
    if found in waiting:
        waiting.remove(found)
    return found or (part.get("tool_name"), None)


def _calls(messages: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for message in messages:
        for part in message.get("parts") or ():
            if part.get("type") == "tool_call":
                yield part.get("tool_name") or "tool", part.get("tool_arguments") or ""


def _said(messages: Sequence[Mapping[str, Any]]) -> str:
    parts = [part for message in messages for part in message.get("parts") or ()]
    return "\n".join(part["text"] for part in parts if part.get("type") in ("text", "refusal") and part.get("text"))


def _words(payload: Mapping[str, Any]) -> str:
    return _said(payload.get("messages") or ()) or payload.get("text") or payload.get("json") or ""


def spelled(arguments: str) -> str:
    """Arguments in one spelling, whatever the order of their keys."""
    try:
        return orjson.dumps(orjson.loads(arguments), option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONDecodeError:
        return " ".join(arguments.split())
