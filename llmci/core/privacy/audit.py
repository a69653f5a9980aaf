"""The last look: nothing that was found may stand anywhere in what is about to be called clean.

docs/decisions/0008-what-may-not-survive.md says what counts, and what may stand as a word.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from llmci.core.privacy.jsontext import is_document, pieces_of
from llmci.core.privacy.originals import folded, forms_of
from llmci.core.privacy.reading import reading_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from llmci.core.privacy.memory import Memory

_DISTINCTIVE = 8
_TELLING_DIGITS = 7


@dataclass(frozen=True, slots=True)
class Original:
    """A form of a found value that must not stand in what is written.

    Attributes:
        kind: Of the finding.
        gate: Stands in every text that the form stands in; in lower case.
        words: The form with a space before, between and behind its words. None: the gate is the form.
    """

    kind: str
    gate: str
    words: str | None = None


def survivor(kept: Iterable[str], memory: Memory, removed: Iterable[tuple[str, str]] = ()) -> str | None:
    """The kind of a finding that is still there; None if all are gone.

    Args:
        kept: The texts as they will be written, with `MASK` in place of every surrogate: one
            person's surrogate may be another's name.
        memory: Everything that was found, as it is recalled.
        removed: Kind and value of what was replaced; see `originals`.
    """
    forms = [form for kind, value in removed for form in originals(kind, value)]
    for text in kept:
        views = views_of(text)
        found = recalled(views, memory) or standing(views, forms)
        if found is not None:
            return found
    return None


@lru_cache(maxsize=4096)
def originals(kind: str, value: str) -> tuple[Original, ...]:
    """What is searched for of a value that was replaced, whatever memory makes of it."""
    forms = [
        Original(of, max(words, key=len), f" {' '.join(words)} ") for of, words in dict.fromkeys(forms_of(kind, value))
    ]
    return (*([Original(kind, value.lower())] if _is_distinctive(value) else ()), *forms)


def recalled(views: Iterable[str], memory: Memory) -> str | None:
    """The kind of what memory finds in the views of a text."""
    return next((found[0].kind for view in views if (found := memory.recall(view))), None)


def standing(views: Iterable[str], forms: Sequence[Original]) -> str | None:
    """The kind of the first of these forms that stands in the views of a text."""
    if not forms:
        return None
    lower = "\0".join(views).lower()
    words: str | None = None
    for form in forms:
        if form.gate not in lower:
            continue
        if form.words is None:
            return form.kind
        if words is None:
            words = folded(lower)
        if form.words in words:
            return form.kind
    return None


def _is_distinctive(value: str) -> bool:
    """Whether a value cannot stand in another word or number by chance."""
    digits = sum(character.isdigit() for character in value)
    return len(value) >= _DISTINCTIVE and ("@" in value or "_" in value or digits >= _TELLING_DIGITS)


def is_broken(before: str, after: str) -> bool:
    """Whether a text was JSON and is none any more."""
    return before != after and is_document(before) and not is_document(after)


def views_of(text: str) -> list[str]:
    """The text as it is written, as a reader of its JSON would see it, and each of these as `reading` has it."""
    views = [text, *(piece.text for piece in pieces_of(text, None))] if "\\" in text else [text]
    return [*views, *(reading.text for view in views if (reading := reading_of(view)) is not None)]
