"""The questions of the demo: what people ask about the standard library, with the entries that answer."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib.resources import files

import orjson


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question written by hand.

    Attributes:
        type: How it is asked: task, which-function, exact-name, error, parameter, comparison,
            which-module or keywords.
        documents: Ids of the entries that answer it, see `llmci.demo.corpus`.
        expected: A text that a right answer contains.
    """

    id: str
    type: str
    question: str
    documents: tuple[str, ...]
    expected: str


@functools.cache
def questions() -> tuple[Question, ...]:
    """All of them, in the order of the file."""
    lines = files("llmci.demo").joinpath("questions.jsonl").read_bytes().splitlines()
    return tuple(_question(orjson.loads(line)) for line in lines)


def _question(row: dict[str, object]) -> Question:
    return Question(**{**row, "documents": tuple(row["documents"])})  # type: ignore[arg-type]
