"""The forms in which a found value can stand again: other separators, another order, another spelling.

docs/decisions/0008-what-may-not-survive.md says which of them count.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from llmci.core.privacy.words import TECHNICAL

if TYPE_CHECKING:
    from collections.abc import Iterator

# Stands where a surrogate was put in, so that only what was kept is searched. For private use.
MASK = "\ue000"
# Kinds whose value says nothing on its own, or too much on a page that is not about it.
_FORGOTTEN = frozenset({"LOCATION", "ORGANIZATION", "NRP", "DATE_TIME", "URL", "AGE", "TITLE"})
_SHORTEST_ADDRESS = 8
# Words with fewer letters and digits between them stand together by chance.
_TELLING = 6
_SHORTEST_GLUED = 8
_MOST_WORDS = 12
_WORD = re.compile(r"[^\W_]+")
_TOKEN = re.compile(rf"[^\W_]+|{MASK}")
_AT = re.compile(r"\s?(?:@|%40|[\[(]at[\])])\s?", re.IGNORECASE)
# What ends a sentence, a line of a table or a string of JSON parts words; so does more than so many signs.
_PARTING = r"[.!?:;|]\s|\n\s*\n|[\"\0]"
_PARTS = re.compile(_PARTING)
_WIDEST_GAP = 3
# One sign between words: an escape, if what follows is one, or else the character.
_ESCAPE, _SIGN = re.compile(r"%20|%2[BCbc]|\\[nt]"), re.compile(rf"(?!{_PARTING})[^\w\"{MASK}]|_")


def is_forgotten(kind: str, value: str) -> bool:
    """Whether a value is removed where it is found, and nowhere else."""
    if kind == "ADDRESS":
        return len(value) < _SHORTEST_ADDRESS or not any(c.isdigit() for c in value)
    return kind in _FORGOTTEN


def local_part(email: str) -> str:
    """What stands before the sign of an e-mail, however that is written."""
    return _AT.split(email, maxsplit=1)[0]


@lru_cache(maxsize=4096)
def forms_of(kind: str, value: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Kind and words of each form of a value, in lower case; they may be parted by up to three signs.

    The value itself, where it is of several words or of letters and digits; a name in the other
    order and as one word; the local part of an e-mail. A single word of letters has no forms.
    """
    if is_forgotten(kind, value):
        return ()
    words = _words(value)
    found = [(kind, words)]
    if kind == "PERSON" and len(words) > 1:
        found.append((kind, (words[-1], *words[:-1])))
        glued = "".join(words)
        found += [(kind, (glued,))] if len(glued) >= _SHORTEST_GLUED else []
    elif kind == "EMAIL_ADDRESS":
        local = _words(local_part(value))
        if len(local) > 1 and not any(word in TECHNICAL for word in local):
            found.append(("USER_ID", local))
    return tuple((of, form) for of, form in found if _is_telling(form, of, words))


def places_of(words: tuple[str, ...], text: str) -> Iterator[tuple[int, int]]:
    """Where words stand together in a text in lower case, with up to three signs between two of them."""
    start = text.find(words[0])
    while start >= 0:
        end = None if start and text[start - 1].isalnum() else _end(words, 1, text, start + len(words[0]))
        if end is not None:
            yield start, end
        start = text.find(words[0], start + 1 if end is None else end)


def _end(words: tuple[str, ...], index: int, text: str, at: int) -> int | None:
    """Where the words from an index on end, if they follow; no pattern of their own is compiled for them."""
    if index == len(words):
        return None if at < len(text) and text[at].isalnum() else at
    return _after(words, index, text, at, _WIDEST_GAP)


def _after(words: tuple[str, ...], index: int, text: str, at: int, signs: int) -> int | None:
    for sign in (_ESCAPE.match(text, at), _SIGN.match(text, at)):
        if sign is None:
            continue
        further = _after(words, index, text, sign.end(), signs - 1) if signs > 1 else None
        if further is None and text.startswith(words[index], sign.end()):
            further = _end(words, index + 1, text, sign.end() + len(words[index]))
        if further is not None:
            return further
    return None


def folded(text: str) -> str:
    """Words of a text in lower case: a space between those that stand together, a bar between others."""
    lower = text.lower()
    parts, at = [" "], 0
    for match in _TOKEN.finditer(lower):
        gap = lower[at : match.start()]
        if at and (len(gap) > _WIDEST_GAP or _PARTS.search(gap)):
            parts.append("| ")
        parts += (match[0], " ")
        at = match.end()
    return "".join(parts)


def _words(value: str) -> tuple[str, ...]:
    """Its words; none where they do not stand together, or are too many to be a name or a number."""
    lower = value.strip().lower()
    words = tuple(_WORD.findall(lower))
    return words if len(words) <= _MOST_WORDS and "|" not in folded(lower) else ()


def _is_telling(form: tuple[str, ...], kind: str, words: tuple[str, ...]) -> bool:
    if sum(map(len, form)) < _TELLING:
        return False
    if len(form) > 1:
        return True
    return not form[0].isalpha() or (kind == "PERSON" and len(words) > 1)
