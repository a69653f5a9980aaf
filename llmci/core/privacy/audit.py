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
        removed: Kind and value of what was replaced; distinctive values are searched for as they
            are, whatever memory makes of them.
    """
    distinctive = {value.lower(): kind for kind, value in removed if _is_distinctive(value)}
    for text in kept:
        for view in _views(text):
            found = memory.recall(view)
            if found:
                return found[0].kind
            lower = view.lower()
            left = next((kind for value, kind in distinctive.items() if value in lower), None)
            if left is not None:
                return left
    return None


def _is_distinctive(value: str) -> bool:
    """Whether a value cannot stand in another word or number by chance."""
    digits = sum(character.isdigit() for character in value)
    return len(value) >= _DISTINCTIVE and ("@" in value or "_" in value or digits >= _TELLING_DIGITS)


def is_broken(before: str, after: str) -> bool:
    """Whether a text was JSON and is none any more."""
    return before != after and is_document(before) and not is_document(after)


def _views(text: str) -> list[str]:
    """The text as it is written, and as a reader of its JSON would see it."""
    return [text, *(piece.text for piece in pieces_of(text, None))] if "\\" in text else [text]
