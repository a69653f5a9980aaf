"""What a trace was asked and what it answered, as plain text; system prompts are left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# A value of `llmci.domain.trace.PAYLOAD`.
Payload = Mapping[str, Any] | None

# A request says what it is about in its beginning and in its end; a document pasted between them
# must not decide the group, and ten megabytes must not cost a minute.
HEAD_CHARS = 700
TAIL_CHARS = 300


def input_text(payload: Payload) -> str:
    """The last thing that the user said, shortened to what tells its topic.

    Without a user message it is the last message that is not a system prompt, then the payload's
    text or JSON, then nothing.
    """
    if not payload:
        return ""
    spoken = [message for message in payload.get("messages") or () if _role(message) not in ("system", "developer")]
    asked = [message for message in spoken if _role(message) == "user"]
    for message in (*reversed(asked), *reversed(spoken)):
        if text := "\n".join(_texts(message)).strip():
            return shortened(text)
    return shortened((payload.get("text") or payload.get("json") or "").strip())


def output_text(payload: Payload) -> str:
    """Everything that the system said in words, whole."""
    if not payload:
        return ""
    spoken = [message for message in payload.get("messages") or () if _role(message) in ("assistant", "model", "ai")]
    said = "\n".join(text for message in spoken for text in _texts(message))
    return said or payload.get("text") or payload.get("json") or ""


def has_user_message(payload: Payload) -> bool:
    """Whether anybody asked: a bare text counts as asked, a list of messages needs a user's."""
    messages = (payload or {}).get("messages") or ()
    if not messages:
        return bool(input_text(payload))
    return any(_role(message) == "user" for message in messages)


def shortened(text: str) -> str:
    """Beginning and end of a long text."""
    if len(text) <= HEAD_CHARS + TAIL_CHARS:
        return text
    return f"{text[:HEAD_CHARS]} {text[-TAIL_CHARS:]}"


def _role(message: Mapping[str, Any]) -> str:
    return (message.get("role") or "").lower()


def _texts(message: Mapping[str, Any]) -> Iterator[str]:
    for part in message.get("parts") or ():
        if part.get("type") in ("text", "refusal") and part.get("text"):
            yield part["text"]
