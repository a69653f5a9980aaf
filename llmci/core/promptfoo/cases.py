"""promptfoo tests as hand-written cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.core.promptfoo.asserts import read_asserts
from llmci.core.promptfoo.prompts import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from llmci.core.promptfoo.unmapped import Unmapped

_READ = ("description", "vars", "assert", "metadata")
_JSON = "is-json"


def default_of(given: object, scorers: dict[str, dict[str, Any]], unmapped: Unmapped) -> dict[str, Any]:
    """What holds for every test; a demand for JSON becomes a scorer, as it concerns every answer."""
    default = unmapped.mapping(given, "defaultTest")
    kept = []
    for item in unmapped.items(default.get("assert"), "defaultTest.assert"):
        if isinstance(item, dict) and item.get("type") == _JSON and isinstance(item.get("value"), (dict, type(None))):
            scorers[_JSON] = {"kind": "json-schema", **({"schema": item["value"]} if item.get("value") else {})}
            unmapped.rest("defaultTest.assert", item, ("type", "value", "metric"))
        else:
            kept.append(item)
    options = unmapped.mapping(default.get("options"), "defaultTest.options")
    unmapped.rest("defaultTest", default, (*_READ, "options"))
    unmapped.rest("defaultTest.options", options, ("provider",))
    held = {name: unmapped.mapping(default.get(name), f"defaultTest.{name}") for name in ("vars", "metadata")}
    return {**held, "options": options, "assert": kept}


def cases_of(
    tests: list[Any],
    default: Mapping[str, Any],
    messages_for: Callable[[Mapping[str, str]], list[dict[str, str]]],
    scorers: dict[str, dict[str, Any]],
    judge: str | None,
    unmapped: Unmapped,
) -> Iterator[dict[str, Any]]:
    """A case of each test, as a line of a hand-written file; scorers that it needs are added.

    Args:
        messages_for: Makes the input of a case from a test's variables.
    """
    seen: set[str] = set()
    for index, test in enumerate(tests):
        place = f"tests[{index}]"
        if not isinstance(test, dict):
            unmapped.add(place, "not a test, or a file that cannot be read as a list of tests")
            continue
        unmapped.rest(place, test, _READ)
        own = {name: unmapped.mapping(test.get(name), f"{place}.{name}") for name in ("vars", "metadata")}
        values = _values({**default["vars"], **own["vars"]}, f"{place}.vars", unmapped)
        asserts = [*default["assert"], *unmapped.items(test.get("assert"), f"{place}.assert")]
        asserts = [_filled(item, values) for item in asserts]
        expected = read_asserts(asserts, f"{place}.assert", scorers, judge, unmapped)
        key = str(test.get("description") or f"test-{index + 1}")
        key = key if key not in seen else f"{key} ({index + 1})"
        seen.add(key)
        case = {
            "key": key,
            "messages": messages_for(values),
            "reference": expected.reference,
            "rubric": expected.rubric,
            "expectations": expected.expectations,
            "slices": _slices({**default["metadata"], **own["metadata"]}, f"{place}.metadata", unmapped),
        }
        yield {name: value for name, value in case.items() if value not in (None, {})}


def _values(given: Mapping[str, object], place: str, unmapped: Unmapped) -> dict[str, str]:
    values = {}
    for name, value in given.items():
        if isinstance(value, (str, int, float)) and not str(value).startswith("file://"):
            values[name] = str(value)
        elif value is not None:
            unmapped.add(f"{place}.{name}", "only texts and numbers are variables here")
    return values


def _filled(item: Any, values: Mapping[str, str]) -> Any:  # noqa: ANN401  YAML holds anything
    """An assertion with the test's variables in its value."""
    if not isinstance(item, dict):
        return item
    value = item.get("value")
    if isinstance(value, str):
        return {**item, "value": fill(value, values)}
    if isinstance(value, list):
        return {**item, "value": [fill(part, values) if isinstance(part, str) else part for part in value]}
    return item


def _slices(given: Mapping[str, object], place: str, unmapped: Unmapped) -> dict[str, str]:
    slices = {}
    for name, value in given.items():
        if isinstance(value, (str, int, float)):
            slices[name] = str(value)
        else:
            unmapped.add(f"{place}.{name}", "only texts and numbers are labels of a slice")
    return slices
