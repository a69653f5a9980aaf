"""Values out of stored documents, of which an older version, or a damaged file, may lack any: what is not there is empty."""

from __future__ import annotations

from collections.abc import Mapping


def mapping(value: object) -> Mapping[str, object]:
    """An object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def objects(value: object) -> list[Mapping[str, object]]:
    """The objects of an array."""
    return [row for row in items(value) if isinstance(row, Mapping)]


def items(value: object) -> list[object]:
    """The items of an array."""
    return list(value) if isinstance(value, list | tuple) else []


def number(value: object) -> float:
    """A number, or 0."""
    return float(value) if isinstance(value, float | int) else 0.0


def whole(value: object) -> int:
    """A count, or 0."""
    return value if isinstance(value, int) else 0
