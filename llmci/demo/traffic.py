"""The recorded traffic of the demo: two weeks of questions that the baseline really answered.

People ask the questions in their own words, again when the answer was wrong, and some of them give
a thumb up or down. Some let personal data or a secret slip, in prose, in a tool's result or in the
metadata, and the log has a few broken lines, as logs have. Everything follows from the seed; the
answers are those of the baseline on the running interpreter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import orjson

from llmci.demo.app import answer
from llmci.demo.people import Person, api_key, password, people
from llmci.demo.phrasing import slipped, varied
from llmci.demo.questions import Question, questions
from llmci.demo.retriever import corpus

if TYPE_CHECKING:
    from collections.abc import Iterator

DAYS = 14
TRACES = 1_000
_PEOPLE = 32
# How often a question of each type is asked, beside one of another type.
_POPULARITY = {
    "task": 2.0,
    "which-function": 2.0,
    "keywords": 2.0,
    "which-module": 1.5,
    "error": 1.5,
    "parameter": 2.0,
    "exact-name": 2.5,
    "comparison": 2.0,
}
_ASKED_AGAIN = 0.3
_SLIPS = 0.12
_TICKETS = 0.05
_CLIENTS = 0.06
_FEEDBACK = 0.4
_THUMB_IS_RIGHT = 0.85


@dataclass(frozen=True, slots=True)
class Traffic:
    """A log.

    Attributes:
        lines: JSON Lines, without line ends; a few are broken.
        planted: Personal data and secrets in it, none of which may survive sanitizing.
    """

    lines: tuple[bytes, ...]
    planted: frozenset[str]


def traffic(*, seed: int, until: datetime, traces: int = TRACES) -> Traffic:
    """Record two weeks of traffic that end at `until`."""
    recorder = _Recorder(Random(seed))  # noqa: S311  the same seed shall give the same log
    step = timedelta(days=DAYS) / traces
    lines = [orjson.dumps(recorder.exchange(number, until - step * (traces - number))) for number in range(traces)]
    for broken in _broken(lines[0]):
        lines.insert(recorder.random.randrange(len(lines)), broken)
    return Traffic(tuple(lines), frozenset(recorder.planted))


def _broken(line: bytes) -> Iterator[bytes]:
    yield line[: len(line) // 2]
    yield b""
    yield b"null"
    yield b'["not", "an", "object"]'
    yield b'{"id": 7, "messages": 42, "answer": {"text": true}}'
    yield b'{"id": "tr-empty", "messages": [{"role": "user", "content": ""}], "answer": ""}'
    yield b'{"id": "tr-bytes", "messages": [{"role": "user", "content": "\xff\xfe"}]}'


class _Recorder:
    """The application's log, and who uses it."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.planted: set[str] = set()
        self._people = people(random, _PEOPLE)
        known = {passage.id for passage in corpus()}
        self._pool = [question for question in questions() if known.issuperset(question.documents)]
        # A few questions are popular, most are rare.
        self._weights = [_POPULARITY[question.type] * random.paretovariate(4) for question in self._pool]
        self._unhappy: tuple[Question, Person] | None = None

    def exchange(self, number: int, moment: datetime) -> dict[str, Any]:
        """One question with its answer, as the application logs it."""
        question, writer = self._next()
        text = self._text(question, writer)
        reply = answer({"question": text})
        right = question.expected in reply["answer"]
        self._unhappy = None if right else (question, writer)
        words = sum(len(document["content"].split()) for document in reply["documents"])
        return {
            "id": f"tr-{number:05d}",
            "time": moment.isoformat(),
            "latency_ms": round(40 + self.random.lognormvariate(3.2, 0.5), 1),
            "user": writer.user_id,
            "session": f"s-{writer.user_id[2:]}-{moment:%m%d}",
            "environment": "production",
            "variant": "baseline",
            "model": "extractive-1",
            "messages": self._messages(text, writer),
            "answer": reply["answer"],
            "documents": reply["documents"],
            "usage": {"input_tokens": words + len(text.split()), "output_tokens": len(reply["answer"].split())},
            "feedback": self._feedback(right=right),
            "metadata": self._metadata(question, writer),
        }

    def _next(self) -> tuple[Question, Person]:
        if self._unhappy is not None and self.random.random() < _ASKED_AGAIN:
            return self._unhappy
        return self.random.choices(self._pool, self._weights)[0], self.random.choice(self._people)

    def _text(self, question: Question, writer: Person) -> str:
        text = varied(question.question, self.random)
        if self.random.random() >= _SLIPS:
            return text
        values = {
            "name": writer.name,
            "email": writer.email,
            "phone": writer.phone,
            "card": writer.card,
            "key": api_key(self.random),
            "password": password(self.random),
        }
        text, used = slipped(text, self.random, values)
        self.planted.update(values[name] for name in used)
        return text

    def _messages(self, text: str, writer: Person) -> list[dict[str, Any]]:
        asked = {"role": "user", "content": text}
        if self.random.random() >= _TICKETS:
            return [asked]
        ticket = {
            "ticket": self.random.randrange(10_000, 99_999),
            "requester": {"name": writer.name, "email": writer.email, "address": writer.address},
            "payment": {"card_number": writer.card, "phone": writer.phone},
        }
        self.planted.update((writer.name, writer.email, writer.address, writer.card, writer.phone))
        call = {"name": "open_ticket", "arguments": '{"channel": "chat"}'}
        return [
            asked,
            {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": call}]},
            {"role": "tool", "tool_call_id": "c1", "content": orjson.dumps(ticket).decode()},
        ]

    def _feedback(self, *, right: bool) -> int | None:
        if self.random.random() >= _FEEDBACK:
            return None
        return int(right == (self.random.random() < _THUMB_IS_RIGHT))

    def _metadata(self, question: Question, writer: Person) -> dict[str, Any]:
        """What the application knows, and what the documentation team noted when it reviewed the exchange."""
        metadata: dict[str, Any] = {
            "question": question.id,
            "type": question.type,
            "entries": list(question.documents),
            "expected": question.expected,
        }
        if self.random.random() < _CLIENTS:
            client = {"email": writer.email, "ip": f"198.51.100.{self.random.randrange(1, 255)}"}
            self.planted.update(client.values())
            metadata["client"] = orjson.dumps(client).decode()
        return metadata
