"""What was found once in a conversation is found everywhere in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from llmci.core.privacy.words import COMMON, TECHNICAL
from llmci.domain.finding import Span

if TYPE_CHECKING:
    from collections.abc import Iterable

_DETECTOR = "memory"
# What was found before is certain, however sure its finder was.
_SCORE = 1.0
_SHORTEST = 4
# A value as long as this, and no mere word, is looked for inside of words as well.
_DISTINCTIVE = 8
_SQUEEZED = re.compile(r"[\s().\-\u2010-\u2015/]+")
_NUMBER_DIGITS = 9
# San Diego is nobody's name.
_PLACE_BEFORE = re.compile(r"\b(?:San|Santa|Fort|Saint|Port|Los|Las) $")
_LONG_NUMBER = re.compile(r"(?:\d[\s().\-\u2010-\u2015/]{0,3}){9}")
_NAME_PART = re.compile(r"[^\W\d_]{2,}(?:['’-][^\W\d_]{2,})*")
_NAMED_ID = re.compile(r"([a-z]{2,})[._-]([a-z]{2,})[._-]?\d*")
# Kinds whose value says nothing on its own, or too much on a page that is not about it.
_FORGOTTEN = frozenset({"LOCATION", "ORGANIZATION", "NRP", "DATE_TIME", "URL", "AGE"})


@dataclass(frozen=True, slots=True)
class Needle:
    """A text to look for.

    Attributes:
        text: In lower case.
        exact: In the spelling that it must have; None where case does not matter.
        inside: Whether it counts within longer words.
    """

    text: str
    kind: str
    exact: str | None = None
    inside: bool = False


@dataclass(slots=True)
class Memory:
    """Needles of one conversation.

    Attributes:
        needles: By their text in lower case.
        numbers: Those of them that are long numbers, which people write with separators or without.
    """

    needles: dict[str, Needle] = field(default_factory=dict)
    numbers: set[str] = field(default_factory=set)

    def learn(self, found: Iterable[tuple[str, str]], *, sure: bool = True) -> None:
        """Take in findings: kind and value of each.

        A name that is not sure is looked for in the spelling that it was found in, and not in lower
        case: "Wake" may be a word after all.
        """
        for kind, value in found:
            for needle in _needles(kind, value, sure=sure):
                known = self.needles.get(needle.text)
                if known is None or (known.exact is not None and needle.exact is None):
                    self.needles[needle.text] = needle
                    if len(needle.text) >= _NUMBER_DIGITS and needle.text.isdecimal():
                        self.numbers.add(needle.text)

    def recall(self, text: str) -> list[Span]:
        """Where the needles stand in a text."""
        folded = _folded(text)
        found = []
        for known, needle in self.needles.items():
            if known in folded:
                found += _spans(needle, text, folded)
        return found + self._respaced(text) if self.numbers else found

    def _respaced(self, text: str) -> list[Span]:
        """Long numbers that are written with other separators."""
        if not _LONG_NUMBER.search(text):
            return []
        squeezed = _SQUEEZED.sub("", text)
        return [
            Span(match.start(), match.end(), self.needles[number].kind, _SCORE, _DETECTOR)
            for number in self.numbers
            if number in squeezed
            for match in _spaced(number).finditer(text)
        ]


def _folded(text: str) -> str:
    """Lower case, character for character."""
    folded = text.lower()
    return folded if len(folded) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


@lru_cache(maxsize=4096)
def _needles(kind: str, value: str, *, sure: bool) -> tuple[Needle, ...]:
    if kind in _FORGOTTEN:
        return ()
    text = value.strip().strip("\"'")
    folded = _folded(text)
    needles = []
    if len(text) >= _SHORTEST and any(c.isalnum() for c in text):
        is_word = text.isalpha()
        inside = len(text) >= _DISTINCTIVE and not is_word and any(c.isdigit() or c == "@" for c in text)
        doubtful = folded in COMMON or (kind == "PERSON" and not sure)
        exact = text if is_word and doubtful else None
        if not (is_word and folded in TECHNICAL and kind != "PERSON"):
            needles.append(Needle(folded, kind, exact, inside))
    digits = _SQUEEZED.sub("", text).lstrip("+")
    if digits.isdecimal() and len(digits) >= _NUMBER_DIGITS:
        needles.append(Needle(digits, kind, inside=True))
    return (*needles, *_parts(kind, text, sure=sure))


def _parts(kind: str, text: str, *, sure: bool) -> list[Needle]:
    if kind == "PERSON":
        parts = _NAME_PART.findall(text)
        return [_name(part, sure=sure) for part in parts if not part.islower() or len(part) >= _SHORTEST]
    if kind == "EMAIL_ADDRESS":
        local = re.split(r"\s?(?:@|%40|[\[(]at[\])])\s?", text, maxsplit=1, flags=re.IGNORECASE)[0]
        whole = [Needle(_folded(local), "USER_ID")] if len(local) >= _SHORTEST and not local.isalpha() else []
        names = [word for word in re.findall(r"[a-z]{4,}", local.lower()) if word not in TECHNICAL | COMMON]
        return [
            *whole,
            *_parts("USER_ID", local, sure=sure),
            *(Needle(word, "PERSON", word.capitalize()) for word in names),
        ]
    if kind in ("USER_ID", "USERNAME") and (match := _NAMED_ID.match(text.lower())):
        words = match.groups()
        if not any(word in TECHNICAL for word in words):
            return [Needle(word, "PERSON", word.capitalize()) for word in words]
    return []


def _name(part: str, *, sure: bool) -> Needle:
    folded = _folded(part)
    certain = sure and len(part) >= _SHORTEST and folded not in COMMON
    common = folded in COMMON and part.islower()
    return Needle(folded, "PERSON", None if certain else part.capitalize() if common else part)


def _spans(needle: Needle, text: str, folded: str) -> list[Span]:
    found = []
    start = folded.find(needle.text)
    while start >= 0:
        end = start + len(needle.text)
        if _is_spelled(needle, text[start:end]) and (needle.inside or _is_whole(text, start, end)):
            found.append(Span(start, end, needle.kind, _SCORE, _DETECTOR))
        start = folded.find(needle.text, end)
    return found


def _is_spelled(needle: Needle, found: str) -> bool:
    """Short names in capitals are codes of airports and the like, unless they were found that way."""
    if needle.exact is not None:
        return found in (needle.exact, needle.exact.capitalize()) or (
            found == needle.exact.upper() and len(found) > _SHORTEST
        )
    return needle.kind != "PERSON" or len(found) > _SHORTEST or not found.isupper()


def _is_whole(text: str, start: int, end: int) -> bool:
    if start and text[start - 1].isalnum() and text[start].isalnum():
        return False
    if text[end : end + 1].isalnum() and text[end - 1].isalnum():
        return False
    return not _PLACE_BEFORE.search(text, max(0, start - 6), start)


@lru_cache(maxsize=1024)
def _spaced(digits: str) -> re.Pattern[str]:
    return re.compile(r"[\s().\-\u2010-\u2015/]{0,3}".join(digits))
