"""The conversation that libraries and SDKs were made to write, and what of it counts."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from llmci.core.traces.otlp import Event, Span

SYSTEM, ASKED, ANSWER = ("system", "Be brief."), ("user", "Where is parcel 778?"), ("assistant", "It is in Lyon.")
ARGUMENTS = {"parcel": 778}


def spoken(messages: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    return [
        (message["role"], said(part))
        for message in messages
        for part in message["parts"]
        if part["type"] != "reasoning"
    ]


def said(part: dict[str, Any]) -> Any:
    match part["type"]:
        case "text":
            return part["text"]
        case "tool_call":
            return "call", part.get("tool_call_id"), part["tool_name"], json.loads(part["tool_arguments"])
        case "tool_result":
            return "result", part.get("tool_call_id"), part["tool_result"]
        case kind:
            return kind, part


def heard(call: list[Any], *, by_user: bool = False) -> list[Any]:
    """A model call in terms in which what a framework holds and what a provider is sent are the same.

    Developers are the system, results are JSON where they can be, and ids of calls count by their order: some wires
    and some frameworks have none. Neighbouring texts of one speaker are one.

    Args:
        by_user: Whether what tools say is said by the user on the wire, as smolagents has it.
    """
    ids: dict[str, int] = {}
    found: list[Any] = []
    for speaker, what in call:
        role = "system" if speaker == "developer" else speaker
        told: Any = what.strip() if isinstance(what, str) else list(what)
        if told[0] == "call":
            told[1] = ids.setdefault(str(told[1]), len(ids))
        elif told[0] == "result" and by_user:
            role, told = "user", told[2]
        elif told[0] == "result":
            told = ["result", ids.get(str(told[1])), _json(told[2])]
        if isinstance(told, str) and found and found[-1][0] == role and isinstance(found[-1][1], str):
            found[-1] = (role, f"{found[-1][1]}\n{told}")
        else:
            found.append((role, told))
    return found


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


def span(logged: dict[str, Any]) -> Span:
    """A span as `dialects/` keeps them."""
    events = tuple(Event(name=one["name"], time=None, attributes=one["attributes"]) for one in logged["events"])
    return Span(
        trace_id=logged["context"]["trace_id"],
        span_id=logged["context"]["span_id"],
        parent_id=logged["parent_id"],
        name=logged["name"],
        start=datetime.fromisoformat(logged["start_time"]),
        end=datetime.fromisoformat(logged["end_time"]),
        nanoseconds=1,
        failed=False,
        message=None,
        attributes=logged["attributes"],
        events=events,
        resource={},
    )
