"""What was found once in a conversation is found everywhere in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from llmci.core.privacy.common_names import NAMES_THAT_ARE_WORDS
from llmci.core.privacy.originals import forms_of, is_forgotten, local_part, places_of
from llmci.core.privacy.values import is_filler
from llmci.core.privacy.words import COMMON, TECHNICAL
from llmci.domain.finding import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Words that a person may be called.
_WORDS = COMMON | NAMES_THAT_ARE_WORDS
_NO_NAMES = TECHNICAL | _WORDS
_DETECTOR = "memory"
# What was found before is certain, however sure its finder was.
_SCORE = 1.0
_SHORTEST = 4
# Of a name in capitals, `Li` is too short to mean anybody on its own.
_SHORTEST_PART = 3
# A word as long as this that is no common one is hardly anything else in lower case.
_TELLING = 7
# A value as long as this, and no mere word, is looked for inside of words as well.
_DISTINCTIVE = 8
_SQUEEZED = re.compile(r"[\s().\-\u2010-\u2015/]+")
_NUMBER_DIGITS = 9
# San Diego is nobody's name.
_PLACE_BEFORE = re.compile(r"\b(?:San|Santa|Fort|Saint|Port|Los|Las) $")
_LONG_NUMBER = re.compile(r"(?:\d[\s().\-\u2010-\u2015/]{0,3}){9}")
_DIGITS = re.compile(r"\d(?:[\s().\-\u2010-\u2015/]{0,3}\d){8,}")
_NAME_PART = re.compile(r"[^\W\d_]{2,}(?:['’-][^\W\d_]{2,})*")
_NAMED_ID = re.compile(r"([a-z]{2,})[._-]([a-z]{2,})[._-]?\d*")
# Of NAME:PASSWORD@HOST the password is told elsewhere too.
_LOGIN = re.compile(r"[^:@\s]*:([^@\s]{3,})@\S*$")
# Beside such a sign a word is part of an id, a path or an address.
_OF_IDS = frozenset("_/@\\")
# So many needles and forms are looked for in one pass.
_MANY = 24
# Kinds of findings that make a word more likely a name.
_PERSONAL = frozenset({"PERSON", "USER_ID", "USERNAME", "EMAIL_ADDRESS"})


@dataclass(frozen=True, slots=True)
class Needle:
    """A text to look for.

    Attributes:
        text: In lower case.
        doubtful: A word that may be no name elsewhere: it counts only where a recognizer thinks of a
            name as well, however faintly, or as part of an id.
        inside: Whether it counts within longer words.
    """

    text: str
    kind: str
    doubtful: bool = False
    inside: bool = False


@dataclass(slots=True)
class Memory:
    """Needles of one conversation.

    Attributes:
        needles: By their text in lower case.
        numbers: Those of them that are long numbers, which people write with separators or without.
        places: Words that were found as a place or a firm too, in lower case: as doubtful as any word.
        forms: Words of values of several words, and the kind of each: they are found however they are parted.
    """

    needles: dict[str, Needle] = field(default_factory=dict)
    numbers: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    forms: dict[tuple[str, ...], str] = field(default_factory=dict)
    _finder: tuple[int, int, Any] | None = field(default=None, init=False, repr=False, compare=False)

    def learn(self, found: Iterable[tuple[str, str]], *, sure: bool = True) -> None:
        """Take in findings: kind and value of each.

        Single words of a name that is not sure, and names that are words too, are doubtful: "Wake"
        may be a word after all.
        """
        for kind, value in found:
            for of, words in forms_of(kind, value):
                self.forms.setdefault(words, of)
            for needle in _needles(kind, value, sure=sure):
                self._add(needle)

    def merge(self, other: Memory) -> None:
        """Take in what was learnt elsewhere, as if it had been learnt here next."""
        for words, kind in other.forms.items():
            self.forms.setdefault(words, kind)
        for needle in other.needles.values():
            self._add(needle)
        self.places |= other.places

    def _add(self, needle: Needle) -> None:
        known = self.needles.get(needle.text)
        if known is None or (known.doubtful and not needle.doubtful):
            self.needles[needle.text] = needle
            if len(needle.text) >= _NUMBER_DIGITS and needle.text.isdecimal():
                self.numbers.add(needle.text)

    def doubt(self, places: Iterable[str]) -> None:
        """Take in the names of places and firms: a person of such a name is told from them by what stands around."""
        for place in places:
            self.places.update(_folded(word) for word in _NAME_PART.findall(place))

    def recall(self, text: str, hints: Sequence[Span] = ()) -> list[Span]:
        """Where the needles stand in a text; the doubtful ones only where a hint overlaps them.

        Args:
            text: To be searched.
            hints: What recognizers found in the text, unsure findings included.
        """
        folded = _folded(text)
        found = []
        needles, forms = self._standing_in(folded)
        for known in needles:
            needle = self.needles[known]
            doubtful = needle.doubtful or (needle.kind == "PERSON" and known in self.places)
            found += [
                span
                for span in _spans(needle, text, folded)
                if not (doubtful or _is_lower(needle, text, span)) or _is_hinted(span, text, hints)
            ]
        for words in forms:
            if all(word in folded for word in words):
                kind = self.forms[words]
                found += [Span(start, end, kind, _SCORE, _DETECTOR) for start, end in places_of(words, folded)]
        return found + self._respaced(text) if self.numbers else found

    def _standing_in(self, folded: str) -> tuple[list[str], list[tuple[str, ...]]]:
        """Needles that stand in a text in lower case, and forms whose last word does; in the order in which they were learnt."""
        count = len(self.needles) + len(self.forms)
        if count < _MANY:
            return (
                [known for known in self.needles if known in folded],
                [words for words in self.forms if words[-1] in folded],
            )
        # One pass for all of them: what a long conversation tells grows with it, and so do the texts to be searched.
        if self._finder is None or self._finder[:2] != (len(self.needles), len(self.forms)):
            from ahocorasick_rs import AhoCorasick

            sought = [*self.needles, *(words[-1] for words in self.forms)]
            self._finder = (len(self.needles), len(self.forms), AhoCorasick(sought))
        met = {index for index, _, _ in self._finder[2].find_matches_as_indexes(folded, overlapping=True)}
        if not met:
            return [], []
        return (
            [known for index, known in enumerate(self.needles) if index in met],
            [words for index, words in enumerate(self.forms, len(self.needles)) if index in met],
        )

    def _respaced(self, text: str) -> list[Span]:
        """Long numbers that are written with other separators."""
        if not _LONG_NUMBER.search(text):
            return []
        found = []
        for run in _DIGITS.finditer(text):
            places = [at for at in range(*run.span()) if text[at].isdecimal()]
            digits = "".join(text[at] for at in places)
            for number in self.numbers:
                at = digits.find(number)
                while at >= 0:
                    end = places[at + len(number) - 1] + 1
                    found.append(Span(places[at], end, self.needles[number].kind, _SCORE, _DETECTOR))
                    at = digits.find(number, at + len(number))
        return found


def _is_hinted(span: Span, text: str, hints: Sequence[Span]) -> bool:
    beside = {text[span.end : span.end + 1], text[max(0, span.start - 1) : span.start]}
    if span.end - span.start >= _SHORTEST and beside & _OF_IDS:
        return True
    return any(hint.start < span.end and hint.end > span.start and hint.kind in _PERSONAL for hint in hints)


def _is_lower(needle: Needle, text: str, span: Span) -> bool:
    """Whether one short word of a name stands in lower case, where it may be a word of any language."""
    short = needle.text.isalpha() and len(needle.text) < _TELLING
    return needle.kind == "PERSON" and short and text[span.start : span.end].islower()


def _folded(text: str) -> str:
    """Lower case, character for character."""
    folded = text.lower()
    return folded if len(folded) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


@lru_cache(maxsize=4096)
def _needles(kind: str, value: str, *, sure: bool) -> tuple[Needle, ...]:
    text = value.strip().strip("\"'")
    if is_forgotten(kind, text):
        return ()
    folded = _folded(text)
    needles = []
    if len(text) >= _SHORTEST and any(c.isalnum() for c in text):
        is_word = text.isalpha()
        inside = len(text) >= _DISTINCTIVE and not is_word and any(c.isdigit() or c == "@" for c in text)
        doubtful = is_word and (folded in _WORDS or (kind == "PERSON" and not sure))
        # "admin" is a password now and then, and a word everywhere else.
        plain = is_word and (folded in TECHNICAL or (kind == "SECRET" and is_filler(folded)))
        if not plain or kind == "PERSON":
            needles.append(Needle(folded, kind, doubtful, inside))
    digits = _SQUEEZED.sub("", text).lstrip("+")
    if digits.isdecimal() and len(digits) >= _NUMBER_DIGITS:
        needles.append(Needle(digits, kind, inside=True))
    return (*needles, *_parts(kind, text, sure=sure))


def _parts(kind: str, text: str, *, sure: bool) -> list[Needle]:
    if kind == "PERSON":
        parts = _NAME_PART.findall(text)
        return [
            _name(part, sure=sure)
            for part in parts
            if len(part) >= _SHORTEST or (len(part) >= _SHORTEST_PART and not part.islower())
        ]
    if kind == "EMAIL_ADDRESS":
        local = local_part(text)
        whole = [Needle(_folded(local), "USER_ID")] if len(local) >= _SHORTEST and not local.isalpha() else []
        names = [word for word in re.findall(r"[a-z]{4,}", local.lower()) if word not in _NO_NAMES]
        return [
            *whole,
            *_parts("USER_ID", local, sure=sure),
            *(Needle(word, "PERSON", doubtful=True) for word in names),
        ]
    if kind == "SECRET" and (login := _LOGIN.match(text)):
        return list(_needles("SECRET", login[1], sure=sure))
    if kind in ("USER_ID", "USERNAME") and (match := _NAMED_ID.match(text.lower())):
        words = match.groups()
        if not any(word in TECHNICAL for word in words):
            return [Needle(word, "PERSON", doubtful=True) for word in words]
    return []


def _name(part: str, *, sure: bool) -> Needle:
    folded = _folded(part)
    return Needle(folded, "PERSON", doubtful=not sure or folded in _WORDS)


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
    """Short names in capitals are codes of airports and the like."""
    if needle.kind != "PERSON" or needle.doubtful or len(found) > _SHORTEST:
        return True
    return not found.isupper()


def _is_whole(text: str, start: int, end: int) -> bool:
    if start and text[start - 1].isalnum() and text[start].isalnum():
        return False
    if text[end : end + 1].isalnum() and text[end - 1].isalnum():
        return False
    return not _PLACE_BEFORE.search(text, max(0, start - 6), start)
