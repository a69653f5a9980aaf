"""What could not be carried over, by its place in the promptfoo file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(slots=True)
class Unmapped:
    """Collects places and reasons, in the order of the file."""

    found: list[str] = field(default_factory=list)

    def add(self, place: str, why: str) -> None:
        """Name a place such as "tests[3].assert[0]", and why it has no counterpart."""
        if (told := f"{place}: {why}") not in self.found:
            self.found.append(told)

    def mapping(self, value: object, place: str) -> dict[str, Any]:
        """The value where it is a mapping; anything else is named, and is an empty one."""
        if isinstance(value, dict):
            return value
        if value is not None:
            self.add(place, "not keys and values")
        return {}

    def items(self, value: object, place: str) -> list[Any]:
        """The value where it is a list; anything else is named, and is an empty one."""
        if isinstance(value, list):
            return value
        if value is not None:
            self.add(place, "not a list")
        return []

    def rest(self, place: str, given: Mapping[str, object], mapped: Iterable[str]) -> None:
        """Name every key that nothing was made of."""
        known = set(mapped)
        for key, value in given.items():
            if key not in known and value not in (None, {}, []):
                self.add(f"{place}.{key}" if place else key, "llmci has nothing like it")
