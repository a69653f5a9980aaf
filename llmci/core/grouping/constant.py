"""Answers that a system gives whatever it is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llmci.core.grouping.pleasantries import is_pleasantry
from llmci.core.grouping.sample import digest64
from llmci.core.grouping.texts import input_text, output_text

if TYPE_CHECKING:
    from llmci.domain.trace import TraceRow

_MOST = 200_000
# Shorter answers are labels, numbers and greetings, which may be right for many questions.
_SHORTEST = 30
_FEWEST_QUESTIONS = 10
_SHARE = 0.01
# Where less than half of the answers are of their own, the system chooses from a list.
_FREE = 0.5


@dataclass(slots=True)
class Answers:
    """Counts answers, trace by trace; the first `_MOST` different ones."""

    _traces: dict[int, int] = field(default_factory=dict)
    # Most answers come once: their question is one number, and only what comes again has a set.
    _first: dict[int, int] = field(default_factory=dict)
    _questions: dict[int, set[int]] = field(default_factory=dict)

    def add(self, row: TraceRow) -> None:
        """Take one trace into account."""
        key = answer_key(row)
        if key is not None:
            self._count(key, 1, {digest64(input_text(row.get("input")))})

    def merge(self, other: Answers) -> None:
        """Take in what was counted of other traces."""
        for key, traces in other._traces.items():
            self._count(key, traces, other._questions.get(key) or {other._first[key]})

    def _count(self, key: int, traces: int, asked: set[int]) -> None:
        if key not in self._traces:
            if len(self._traces) >= _MOST:
                return
            self._traces[key], self._first[key] = traces, min(asked)
            if len(asked) > 1:
                self._questions[key] = set(asked)
            return
        self._traces[key] += traces
        known = self._questions.setdefault(key, {self._first[key]})
        if len(known) < _FEWEST_QUESTIONS:
            known |= asked

    def constant(self) -> frozenset[int]:
        """Keys of the answers to many different questions, of a system that otherwise speaks freely."""
        total = sum(self._traces.values())
        alone = sum(count == 1 for count in self._traces.values())
        suspects = {
            key
            for key, asked in self._questions.items()
            if len(asked) >= _FEWEST_QUESTIONS and self._traces[key] >= _SHARE * total
        }
        others = total - sum(self._traces[key] for key in suspects)
        return frozenset(suspects) if alone and alone >= _FREE * others else frozenset()


def answer_key(row: TraceRow) -> int | None:
    """What stands for an answer, whatever its spacing; None for a short one, and for one to a greeting or thanks."""
    if is_pleasantry(input_text(row.get("input"))):
        return None
    said = " ".join(output_text(row.get("output")).split())
    return digest64(said) if len(said) >= _SHORTEST else None
