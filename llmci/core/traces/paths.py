"""Where a value is found in a record: `metadata.user.id`, `choices[0].message`, `a.b | c` (first that is there)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from llmci.core.traces.scalars import decoded, text_of

_INDEX = re.compile(r"\[(-?\d+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """How one field is taken out of a record.

    Attributes:
        path: Keys and list indices with dots between; JSON inside a string is decoded on the way,
            and a key that has dots itself is found as well. `a | b` takes the first that is there.
        regex: Of the text found: its first group, or all that matches. No match is no value.
        constant: Used where nothing was found.
    """

    path: str | None = None
    regex: str | None = None
    constant: str | None = None

    def __post_init__(self) -> None:
        if self.path is None and self.constant is None:
            raise ValueError("give a path or a constant")
        if self.regex is not None:
            try:
                re.compile(self.regex)
            except re.error as error:
                raise ValueError(f"regex is not valid: {error}") from None


def picked(record: object, pick: Pick) -> Any:  # noqa: ANN401  JSON holds anything
    """The value that a pick finds in a record, or None."""
    value = at(record, pick.path) if pick.path is not None else None
    if value is not None and pick.regex is not None:
        match = re.search(pick.regex, text_of(value) or "")
        value = match[1 if match.re.groups else 0] if match else None
    return pick.constant if value is None else value


def at(record: object, path: str) -> Any:  # noqa: ANN401  JSON holds anything
    """The value at a path, or None; "" and NaN count as absent."""
    for steps in _alternatives(path):
        # Most paths are one key of the record.
        flat = len(steps) == 1 and isinstance(record, dict)
        value = record.get(steps[0]) if flat else _follow(record, steps)  # type: ignore[attr-defined]  # it is a dict
        if value is not None and not _absent(value):
            return value
    return None


def _absent(value: object) -> bool:
    # Tables have NaN where nothing is.
    return value == "" or (isinstance(value, float) and math.isnan(value))


@lru_cache(maxsize=4096)
def _alternatives(path: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(_INDEX.sub(r".\1", part.strip()).split(".")) for part in path.split("|"))


@lru_cache(maxsize=4096)
def _prefixes(steps: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The keys that a path may begin with, the longest first, and what is left of it after each."""
    return tuple((".".join(steps[:taken]), steps[taken:]) for taken in range(len(steps), 0, -1))


@lru_cache(maxsize=4096)
def narrowed(path: str, keys: tuple[str, ...]) -> str:
    """Those alternatives of a path that an object with these keys can have; "" where it has none."""
    return " | ".join(
        alternative.strip()
        for alternative, steps in zip(path.split("|"), _alternatives(path), strict=True)
        if any(key in keys for key, _ in _prefixes(steps))
    )


def _follow(value: object, steps: tuple[str, ...]) -> Any:  # noqa: ANN401
    while steps:
        value = decoded(value)
        if isinstance(value, list):
            value, steps = _item(value, steps[0]), steps[1:]
        elif isinstance(value, dict):
            # Flattened exports have keys with dots: the longest key that is there wins.
            for key, rest in _prefixes(steps):
                if key in value:
                    value, steps = value[key], rest
                    break
            else:
                return None
        else:
            return None
    return value


def _item(items: list[Any], step: str) -> Any:  # noqa: ANN401
    if not re.fullmatch(r"-?\d+", step):
        return None
    index = int(step)
    return items[index] if -len(items) <= index < len(items) else None


def first_keys(path: str) -> set[str]:
    """The first key of each alternative, whole where keys have dots themselves."""
    return {alternative.strip().split(".")[0].split("[")[0] for alternative in path.split("|")}
