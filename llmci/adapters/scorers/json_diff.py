"""How much of the expected JSON the answer holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import orjson

from llmci.adapters.scorers.json_text import NotJson, json_of, whole
from llmci.adapters.scorers.numbers import Closeness
from llmci.adapters.scorers.rule import NoMark, RuleScorer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmci.domain.case import Case
    from llmci.domain.run import Answered, MetricKind

_ABSENT = object()


class JsonDiffOptions(Closeness):
    """What is compared.

    Attributes:
        expectation: Name of the expectation that holds the JSON of a case; without one its reference.
        ignore: Keys that do not count, at any depth.
        extra: Values that were not expected count as wrong; otherwise they are overlooked.
        fenced: Accept JSON inside one Markdown code fence.
    """

    expectation: str = "json"
    ignore: tuple[str, ...] = ()
    extra: bool = True
    fenced: bool = False


class JsonDiffScorer(RuleScorer[JsonDiffOptions]):
    """Share of the values, by their paths, that are as expected: 1 is the same JSON, 0 nothing in common or no JSON."""

    Options = JsonDiffOptions
    kind: ClassVar[MetricKind] = "graded"

    def mark(self, case: Case, answer: Answered) -> float | NoMark:
        """See `RuleScorer.mark`."""
        expected = case.expectations.get(self.options.expectation, case.reference)
        if isinstance(expected, str):
            try:
                expected = json_of(expected, fenced=True)
            except NotJson:
                return NoMark(f"the case's {self.options.expectation!r} is not JSON")
        elif expected is None:
            return NoMark(f"the case has neither an expectation {self.options.expectation!r} nor a reference")
        try:
            given = json_of(answer.text, fenced=self.options.fenced)
        except NotJson:
            return 0.0
        right, said = dict(self._leaves(whole(expected), ())), dict(self._leaves(whole(given), ()))
        paths = {*right, *said} if self.options.extra else set(right)
        return sum(self._same(right.get(path, _ABSENT), said.get(path, _ABSENT)) for path in paths) / max(1, len(paths))

    def _leaves(self, value: object, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], object]]:
        """Every value that is no container, by its path; an empty container is a value."""
        inner: list[tuple[str | int, object]] = []
        if isinstance(value, dict):
            inner = [(str(key), item) for key, item in value.items() if key not in self.options.ignore]
        elif isinstance(value, list):
            inner = list(enumerate(value))
        if not inner:
            yield path, value
        for key, item in inner:
            yield from self._leaves(item, (*path, key))

    def _same(self, expected: object, given: object) -> bool:
        if isinstance(expected, (int, float)) and isinstance(given, (int, float)) and not isinstance(expected, bool):
            return not isinstance(given, bool) and self.options.near(given, expected)
        if expected is _ABSENT or given is _ABSENT:
            return False
        return orjson.dumps(expected, option=orjson.OPT_SORT_KEYS) == orjson.dumps(given, option=orjson.OPT_SORT_KEYS)
