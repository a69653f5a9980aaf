"""Recorded tool results that answer an agent's calls: found by name and canonical arguments."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import orjson

from llmci.core.canonical import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class ToolTape:
    """What the tools said when they were recorded; used by one conversation.

    Args:
        recorded: Objects with `name`, `arguments` (an object, or JSON as text) and `result`, in the order of the calls.

    Raises:
        ValueError: One of them is no such object.
    """

    def __init__(self, recorded: Sequence[Any]) -> None:
        self._results: defaultdict[str, list[str]] = defaultdict(list)
        self._path: list[str] = []
        self._made: list[str] = []
        self._found = 0
        for item in recorded:
            if not isinstance(item, dict) or not isinstance(item.get("name"), str) or "result" not in item:
                raise ValueError("a recorded tool result needs `name`, `arguments` and `result`")
            key = call_key(item["name"], item.get("arguments"))
            self._path.append(key)
            self._results[key].append(_text(item["result"]))

    def play(self, name: str, arguments: object) -> str | None:
        """The result of a call; None if it was never made. A call that is repeated gets the next result, then the last again."""
        key = call_key(name, arguments)
        self._made.append(key)
        results = self._results.get(key)
        if not results:
            return None
        self._found += 1
        return results.pop(0) if len(results) > 1 else results[0]

    def divergence(self) -> dict[str, float]:
        """How near the conversation kept to the recorded one, as shares in [0, 1].

        `tool_calls_matched` is the share of its calls that were recorded, and `tool_path_kept` the share of
        the recorded calls that it made, in their order, before its first other call.
        """
        kept = 0
        for ours, theirs in zip(self._made, self._path, strict=False):
            if ours != theirs:
                break
            kept += 1
        return {
            "tool_calls_matched": self._found / len(self._made) if self._made else 1.0,
            "tool_path_kept": kept / len(self._path) if self._path else float(not self._made),
        }


def call_key(name: str, arguments: object) -> str:
    """Equal for calls of one tool whose arguments are the same JSON, whatever its spacing and order of keys."""
    value: object = arguments
    if isinstance(arguments, str):
        try:
            value = orjson.loads(arguments or "{}")
        except orjson.JSONDecodeError:
            value = arguments.strip()
    return digest_of(name, {} if value is None else value)


def name_and_arguments(call: Mapping[str, Any]) -> tuple[str, object]:
    """Of a call in OpenAI's form."""
    function = call.get("function")
    given: Mapping[str, Any] = function if isinstance(function, dict) else {}
    return str(given.get("name") or ""), given.get("arguments")


def _text(result: object) -> str:
    return result if isinstance(result, str) else orjson.dumps(result).decode()
