"""A chat completion, whole or piece by piece, as a reply."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import orjson

from llmci.domain.run import Usage

# Servers without a reasoning parser leave the thoughts in the text; litellm takes them out, too.
_THOUGHTS = re.compile(r"<(?:think|thinking|budget:thinking)>.*?</(?:think|thinking|budget:thinking)>(.*)", re.DOTALL)


class NotAChatError(ValueError):
    """What came is no chat completion."""


@dataclass(slots=True, kw_only=True)
class Said:
    """What a chat completion holds that llmci uses."""

    text: str = ""
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    finish_reason: str | None = None
    usage: Usage = field(default_factory=Usage)
    model: str | None = None
    tier: str | None = None


def read_whole(content: bytes) -> Said:
    """Read a body.

    Raises:
        NotAChatError: It is none; the message names what it is and quotes nothing.
    """
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise NotAChatError("it sent something that is not JSON") from None
    if not isinstance(body, dict) or not isinstance(body.get("choices"), list):
        raise NotAChatError("it sent JSON that is no chat completion")
    said = Said(usage=usage_of(body.get("usage")), model=_text(body.get("model")), tier=_text(body.get("service_tier")))
    if body["choices"]:
        choice = _object(body["choices"][0])
        message = _object(choice.get("message"))
        said.finish_reason = _text(choice.get("finish_reason"))
        said.text = _without_thoughts(_text(message.get("content")) or "", message)
        said.tool_calls = [_object(call) for call in message.get("tool_calls") or ()]
    return said


class Pieces:
    """Puts the events of a stream together.

    Attributes:
        begun: Whether anything of the answer has come.
        ended: Whether the last event came: what breaks off before is no answer.
    """

    def __init__(self) -> None:
        self.begun = self.ended = False
        self._said = Said()
        self._text: list[str] = []
        self._thinks = False
        self._calls: dict[int, dict[str, Any]] = {}

    def line(self, line: bytes) -> None:
        """Take one line; raises `NotAChatError`."""
        if not line.startswith(b"data:"):
            return
        data = line[5:].strip()
        if data == b"[DONE]":
            self.ended = True
            return
        try:
            event = _object(orjson.loads(data))
        except orjson.JSONDecodeError:
            raise NotAChatError("it sent an event that is not JSON") from None
        if "error" in event:
            raise NotAChatError("it broke the stream off with an error")
        said = self._said
        said.model = _text(event.get("model")) or said.model
        said.tier = _text(event.get("service_tier")) or said.tier
        if event.get("usage"):
            said.usage = usage_of(event["usage"])
        for choice in event.get("choices") or ():
            self._choice(_object(choice))

    def said(self) -> Said:
        """The whole, once the stream is over."""
        said = self._said
        text = "".join(self._text)
        said.text = text if self._thinks else _without_thoughts(text, {})
        said.tool_calls = [self._calls[index] for index in sorted(self._calls)]
        return said

    def _choice(self, choice: dict[str, Any]) -> None:
        delta = _object(choice.get("delta"))
        if choice.get("finish_reason"):
            self._said.finish_reason = _text(choice["finish_reason"])
        if delta.get("reasoning_content"):
            self._thinks = self.begun = True
        if text := _text(delta.get("content")):
            self.begun = True
            self._text.append(text)
        for piece in delta.get("tool_calls") or ():
            self.begun = True
            self._call(_object(piece))

    def _call(self, piece: dict[str, Any]) -> None:
        """The first piece of a call names it; the others add to its arguments."""
        index = piece.get("index")
        call = self._calls.setdefault(
            index if isinstance(index, int) else len(self._calls),
            {"id": None, "type": "function", "function": {"name": "", "arguments": ""}},
        )
        call["id"] = call["id"] or piece.get("id")
        function = _object(piece.get("function"))
        call["function"]["name"] += _text(function.get("name")) or ""
        call["function"]["arguments"] += _text(function.get("arguments")) or ""


def usage_of(given: object) -> Usage:
    """OpenAI's token counts; what is not said is unknown."""
    usage = given if isinstance(given, dict) else {}
    details = usage.get("prompt_tokens_details")
    return Usage(
        input=_count(usage.get("prompt_tokens")),
        output=_count(usage.get("completion_tokens")),
        cached=_count(details.get("cached_tokens")) if isinstance(details, dict) else None,
    )


def _without_thoughts(text: str, message: dict[str, Any]) -> str:
    if message.get("reasoning_content") or message.get("reasoning"):
        return text
    found = _THOUGHTS.match(text) if text.startswith("<") else None
    return found[1] if found else text


def _object(value: object) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise NotAChatError("it sent JSON that is no chat completion")
    return value


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
