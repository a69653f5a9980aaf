"""The last look: nothing that was found may stand anywhere in what is about to be called clean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.core.privacy.jsontext import is_document, pieces_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmci.core.privacy.memory import Memory

# Stands where a surrogate was put in, so that only what was kept is searched. For private use.
MASK = "\ue000"


def survivor(kept: Iterable[str], memory: Memory) -> str | None:
    """The kind of a finding that is still there; None if all are gone.

    Args:
        kept: The texts as they will be written, with `MASK` in place of every surrogate: one
            person's surrogate may be another's name.
        memory: Everything that was found.
    """
    for text in kept:
        for view in _views(text):
            found = memory.recall(view)
            if found:
                return found[0].kind
    return None


def is_broken(before: str, after: str) -> bool:
    """Whether a text was JSON and is none any more."""
    return before != after and is_document(before) and not is_document(after)


def _views(text: str) -> list[str]:
    """The text as it is written, and as a reader of its JSON would see it."""
    return [text, *(piece.text for piece in pieces_of(text, None))] if "\\" in text else [text]
