"""The last look: nothing that was found may stand anywhere in what is about to be called clean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.core.privacy.jsontext import is_document, pieces_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmci.core.privacy.memory import Memory

# Stands where a surrogate was put in, so that only what was kept is searched. For private use.
MASK = "\ue000"
_DISTINCTIVE = 8
_TELLING_DIGITS = 7


def survivor(kept: Iterable[str], memory: Memory, removed: Iterable[tuple[str, str]] = ()) -> str | None:
    """The kind of a finding that is still there; None if all are gone.

    Args:
        kept: The texts as they will be written, with `MASK` in place of every surrogate: one
            person's surrogate may be another's name.
        memory: Everything that was found, as it is recalled.
        removed: Kind and value of what was replaced; see `distinctive`.
    """
    values = distinctive(removed)
    for text in kept:
        views = views_of(text)
        found = recalled(views, memory) or standing(views, values.items())
        if found is not None:
            return found
    return None


def distinctive(removed: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Values in lower case that are searched for as they are, whatever memory makes of them; with their kinds."""
    return {value.lower(): kind for kind, value in removed if _is_distinctive(value)}


def recalled(views: Iterable[str], memory: Memory) -> str | None:
    """The kind of what memory finds in the views of a text."""
    return next((found[0].kind for view in views if (found := memory.recall(view))), None)


def standing(views: Iterable[str], values: Iterable[tuple[str, str]]) -> str | None:
    """The kind of the first of these values that stands in the views of a text."""
    lower = "\0".join(views).lower()
    return next((kind for value, kind in values if value in lower), None)


def _is_distinctive(value: str) -> bool:
    """Whether a value cannot stand in another word or number by chance."""
    digits = sum(character.isdigit() for character in value)
    return len(value) >= _DISTINCTIVE and ("@" in value or "_" in value or digits >= _TELLING_DIGITS)


def is_broken(before: str, after: str) -> bool:
    """Whether a text was JSON and is none any more."""
    return before != after and is_document(before) and not is_document(after)


def views_of(text: str) -> list[str]:
    """The text as it is written, and as a reader of its JSON would see it."""
    return [text, *(piece.text for piece in pieces_of(text, None))] if "\\" in text else [text]
