"""The conversation that libraries and SDKs were made to write, and what of it counts."""

from __future__ import annotations

import json
from typing import Any

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
