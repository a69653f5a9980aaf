"""Langfuse experiments: the items that its API returns, or the result of its experiment runner as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from llmci.adapters.results.document import digest, document, labels, member, objects, text_of
from llmci.domain.result import ResultRow
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class LangfuseResults:
    """See `llmci.seams.Results`.

    An item is known by the id that it has in its dataset. Items that a script made up on the fly
    have none and are known by their input.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".json",)
    table: ClassVar[bool] = False

    def recognizes(self, path: Path) -> bool:
        """See `Results.recognizes`."""
        return _items(document(path)) is not None

    def rows(self, path: Path) -> Iterator[ResultRow]:
        """See `Results.rows`; every numeric or boolean score of an item is a score."""
        found = document(path)
        if member(found, "meta", "cursor"):
            raise UsageError(f"{path}: one page of several.", fix="Put the `data` of all pages into one file.")
        items = objects(_items(found), f"{path}, items")
        experiments = {str(item["experimentId"]) for item in items if item.get("experimentId")}
        if len(experiments) > 1:
            raise UsageError(f"{path}: items of {len(experiments)} experiments.", fix="Export one experiment a file.")
        scored = [_scores(item) for item in items]
        names = sorted({name for scores in scored for name in scores})
        for number, (item, scores) in enumerate(zip(items, scored, strict=True), start=1):
            yield _row(item, f"item {number}", dict.fromkeys(names) | scores)


def _items(found: Any) -> Any:  # noqa: ANN401  JSON holds anything
    """The items, by the name that the API and the two SDKs give them; None where there are none."""
    for name in ("itemResults", "item_results"):
        if isinstance(member(found, name), list):
            return found[name]
    items = member(found, "data")
    first = items[0] if isinstance(items, list) and items else None
    return items if member(first, "experimentItemId") else None


def _row(item: Mapping[str, Any], where: str, scores: Mapping[str, object]) -> ResultRow:
    held = item.get("item")
    case = held if isinstance(held, dict) else item
    given, expected = _first(case, "input"), _first(case, "expectedOutput", "expected_output")
    asked = None if given is None else digest([given, expected])
    own = item.get("experimentItemId") or (case.get("id") if case is not item else None)
    if own is None and asked is None:
        raise UsageError(f"{where}: neither an id nor an input.", fix="Export with `fields=io,scores`.")
    failed = item.get("level") == "ERROR"
    values = {
        **labels(_first(item, "experimentItemMetadata", "metadata") or _first(case, "metadata"), "metadata"),
        **(dict.fromkeys(scores) if failed else scores),
        "id": str(own or asked),
    }
    return ResultRow(
        where,
        values,
        dict.fromkeys(scores, ""),
        input=asked,
        by_input=own is None,
        fault="system" if failed else None,
        why="the item ended in an error" if failed else "",
        output=text_of(item.get("output")),
        at=text_of(_first(item, "createdAt", "startTime")),
    )


def _first(value: Any, *names: str) -> Any:  # noqa: ANN401  see above
    return next((found for name in names if (found := member(value, name)) is not None), None)


def _scores(item: Mapping[str, Any]) -> dict[str, object]:
    """Scores by name; words of a category are no scores."""
    listed = _first(item, "scores", "evaluations")
    return {
        str(score.get("name")): score.get("value")
        for score in objects(listed or [], "scores")
        if isinstance(score.get("value"), (bool, int, float))
    }
