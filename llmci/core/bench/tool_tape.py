"""Recorded tool results that answer an agent's calls: found by name and canonical arguments."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import orjson

from llmci.core.canonical import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Call = tuple[str, object]


class ToolTape:
    """What the tools said when they were recorded; used by one conversation.

    Args:
        recorded: Objects with `name`, `arguments` (an object, or JSON as text) and `result`, in the order of the calls.

    Raises:
        ValueError: One of them is no such object.
    """

    def __init__(self, recorded: Sequence[Any]) -> None:
        self._results: defaultdict[str, list[str]] = defaultdict(list)
        self._names: set[str] = set()
        self._made: list[str] = []
        self._found = 0
        for item in recorded:
            if not isinstance(item, dict) or not isinstance(item.get("name"), str) or "result" not in item:
                raise ValueError("a recorded tool result needs `name`, `arguments` and `result`")
            key = call_key(item["name"], item.get("arguments"))
            self._names.add(item["name"])
            self._results[key].append(_text(item["result"]))

    def play(self, name: str, arguments: object) -> str | None:
        """The result of a call; None if it was never made. A call that is repeated gets the next result, then the last again."""
        key = call_key(name, arguments)
        self._made.append(name)
        results = self._results.get(key)
        if not results:
            return None
        self._found += 1
        return results.pop(0) if len(results) > 1 else results[0]

    def matched(self) -> float:
        """The share of the conversation's calls that were recorded, in [0, 1]; where it leaves the way is told by `parting`."""
        return self._found / len(self._made) if self._made else 1.0

    def missed(self) -> str:
        """What the last call was that was not recorded; a tool is named only where the recording knows it."""
        number, name = len(self._made), self._made[-1]
        if name not in self._names:
            return f"its call {number} is of a tool that was not called when it was recorded"
        return f"its call {number}, {name}, was never recorded with these arguments"


def parting(recorded: Sequence[Call], made: Sequence[Call], *, arguments: bool = True) -> tuple[int, str | None]:
    """Where a way parts from the recorded one: calls that both have in common, and what differs then; None if nothing does.

    Args:
        recorded: Names and arguments (objects, or JSON as text) in order.
        made: The same of the way that was taken.
        arguments: They count; otherwise names alone do.
    """
    ways = [[call_key(name, given if arguments else None) for name, given in way] for way in (recorded, made)]
    common = next((at for at, (theirs, ours) in enumerate(zip(*ways, strict=False)) if theirs != ours), None)
    if common is None:
        common = min(len(recorded), len(made))
        if len(made) < len(recorded):
            return common, f"it stops after {common} of {len(recorded)} recorded calls, before {recorded[common][0]}"
        if len(made) > len(recorded):
            return (
                common,
                f"after the {common} recorded calls it makes {len(made) - common} more, first {made[common][0]}",
            )
        return common, None
    (theirs, wanted), (ours, given) = recorded[common], made[common]
    if theirs != ours:
        return common, f"call {common + 1} is {ours}, and was {theirs} when it was recorded"
    return common, f"call {common + 1}, {ours}, has other arguments{_differing(wanted, given)}"


def _differing(wanted: object, given: object) -> str:
    """Names of arguments that differ; never their values."""
    before, after = _read(wanted), _read(given)
    if not isinstance(before, dict) or not isinstance(after, dict):
        return ""
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return f": {', '.join(names)}"


def call_key(name: str, arguments: object) -> str:
    """Equal for calls of one tool whose arguments are the same JSON, whatever its spacing and order of keys."""
    value = _read(arguments)
    return digest_of(name, {} if value is None else value)


def _read(arguments: object) -> object:
    if not isinstance(arguments, str):
        return arguments
    try:
        return orjson.loads(arguments or "{}")
    except orjson.JSONDecodeError:
        return arguments.strip()


def name_and_arguments(call: Mapping[str, Any]) -> tuple[str, object]:
    """Of a call in OpenAI's form."""
    function = call.get("function")
    given: Mapping[str, Any] = function if isinstance(function, dict) else {}
    return str(given.get("name") or ""), given.get("arguments")


def _text(result: object) -> str:
    return result if isinstance(result, str) else orjson.dumps(result).decode()
