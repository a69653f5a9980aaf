"""What went in and what came out: messages where there are any, else text, else JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.core.traces.messages import is_chat, messages_of
from llmci.core.traces.scalars import decoded, json_text, text_of
from llmci.core.traces.usual import usual_messages

if TYPE_CHECKING:
    from llmci.core.traces.parts import Row

NOTHING: Row = {"kind": "none"}


def payload_of(value: object, *, role: str) -> Row:
    """Any logged input or output as a `PAYLOAD` row; `role` speaks where the value does not say who does."""
    inner = decoded(value)
    if inner is None or inner in ("", [], {}):
        return NOTHING
    if isinstance(inner, (dict, list)) and (simple := usual_messages(inner)):
        return {"kind": "messages", "messages": simple}
    if is_chat(inner):
        return of_messages(messages_of(inner, role=role))
    if isinstance(inner, (dict, list)):
        return {"kind": "json", "json": json_text(inner)}
    return {"kind": "text", "text": text_of(inner)}


def of_messages(messages: list[Row]) -> Row:
    """Messages as a payload."""
    return {"kind": "messages", "messages": messages} if messages else NOTHING


def split_conversation(messages: list[Row]) -> tuple[list[Row], list[Row]]:
    """Cut a whole conversation into what was asked and all that the system did about it.

    The cut is before the first answer to the user: a greeting of the assistant that comes before
    the user's first word belongs to what was asked. Without a user, everything from the
    assistant's first message on was done by the system.
    """
    asked = next((i for i, message in enumerate(messages) if message["role"] == "user"), 0)
    for index in range(asked, len(messages)):
        if messages[index]["role"] in ("assistant", "tool"):
            return messages[:index], messages[index:]
    return messages, []


def last_said(messages: list[Row], role: str) -> str | None:
    """The text of the last message of a role."""
    for message in reversed(messages):
        if message["role"] == role and (text := said(message)):
            return text
    return None


def said(message: Row) -> str:
    """The plain text of a message."""
    return "\n".join(part["text"] for part in message["parts"] if part["type"] == "text" and part.get("text"))


def has_content(payload: Row) -> bool:
    """Whether a payload holds anything."""
    return bool(payload["kind"] != "none")


def text_in(payload: Row, role: str) -> str | None:
    """The one text that stands for a payload: its own, or the last that the role said."""
    if payload["kind"] == "messages":
        return last_said(payload["messages"], role)
    return payload.get("text")
