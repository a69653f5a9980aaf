"""Whether the right tools were called with the right arguments."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

import orjson

from llmci import seams
from llmci.adapters.scorers.json_text import whole
from llmci.adapters.scorers.rule import NoMark, RuleScorer
from llmci.core.canonical import canonical
from llmci.domain.run import Metric

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Answered


class ToolCallsOptions(seams.Options):
    """How calls are compared.

    Attributes:
        compare: exact: the same calls, in any order. order: the same calls in the same order. f1:
            the harmonic mean of the share of right calls that were made and of made calls that
            were right. argument-f1: the same over single arguments, so that a call with one wrong
            argument is still worth something.
        arguments: Arguments count; otherwise names alone do.
        expectation: Name of the expectation that holds the right calls of a case: a list of names,
            or of objects with `name` and `arguments`.
    """

    compare: Literal["exact", "order", "f1", "argument-f1"]
    arguments: bool = True
    expectation: str = "tool_calls"


class ToolCallsScorer(RuleScorer[ToolCallsOptions]):
    """Compares the calls of an answer with the expected ones, by name and canonical arguments."""

    Options = ToolCallsOptions

    def metric(self) -> Metric:
        """See `Scorer.metric`."""
        kind: Literal["binary", "graded"] = "graded" if self.options.compare.endswith("f1") else "binary"
        return Metric(name=self.context.name, kind=kind, digest=self.digest())

    def mark(self, case: Case, answer: Answered) -> float | NoMark:
        """See `RuleScorer.mark`."""
        given = case.expectations.get(self.options.expectation)
        if not isinstance(given, (list, tuple)):
            return NoMark(f"the case has no expectation {self.options.expectation!r} that is a list")
        wanted, called = [_named(item) for item in given], [_named(call) for call in calls_of(answer)]
        if self.options.compare == "argument-f1":
            return _f1(_arguments(called), _arguments(wanted))
        right, made = [self._call(*item) for item in wanted], [self._call(*item) for item in called]
        match self.options.compare:
            case "order":
                return float(made == right)
            case "exact":
                return float(Counter(made) == Counter(right))
            case _:
                return _f1(Counter(made), Counter(right))

    def _call(self, name: str, arguments: object) -> tuple[str, str]:
        return name, _comparable(arguments) if self.options.arguments else ""


def calls_of(answer: Answered) -> list[dict[str, object]]:
    """The tool calls of an answer, in order: name, and arguments as they were written."""
    parts = (part for message in answer.messages for part in message.parts if part.type == "tool_call")
    return [{"name": part.tool_name or "", "arguments": part.tool_arguments} for part in parts]


def _named(item: object) -> tuple[str, object]:
    if not isinstance(item, dict):
        return str(item), None
    inner: dict[str, Any] = item["function"] if isinstance(item.get("function"), dict) else item
    return str(inner.get("name", "")), inner.get("arguments")


def _comparable(arguments: object) -> str:
    """Arguments with keys in order and without white space; 1.0 is 1. What is not JSON stays as it is."""
    value = _value(arguments)
    return value if isinstance(value, str) else canonical(value).decode()


def _value(arguments: object) -> object:
    if isinstance(arguments, str):
        try:
            arguments = orjson.loads(arguments or "{}")
        except orjson.JSONDecodeError:
            return str(arguments)
    return whole({} if arguments is None else arguments)


def _arguments(calls: list[tuple[str, object]]) -> Counter[tuple[str, str]]:
    """The tool's name, and each of its arguments, of every call."""
    found: Counter[tuple[str, str]] = Counter()
    for name, arguments in calls:
        value = _value(arguments)
        single = value.items() if isinstance(value, dict) else [("", value)]
        found.update([(name, ""), *((name, f"{key}={canonical(item).decode()}") for key, item in single)])
    return found


def _f1(made: Counter[tuple[str, str]], right: Counter[tuple[str, str]]) -> float:
    total = made.total() + right.total()
    return 2 * (made & right).total() / total if total else 1.0
