"""A text as its reader takes it in: without what cannot be seen, with escapes undone, and what was spelled out in figures.

`jo\u200bhanna@example.com`, `johanna%40example.com`, `johanna&#64;example.com` and "johanna at example dot com" are one address to
whoever reads them, and so they are to recognizers, to memory, to surrogates and to the audit. Every character of a reading knows
where it stands in the text as written, so that what is found in the one is replaced in the other.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from functools import lru_cache, partial
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from llmci.core.privacy.spoken import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from llmci.domain.finding import Span

_HIDDEN = "\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff"
# Fullwidth forms, and the letters of mathematics.
_STYLED = "\uff01-\uff5e\U0001d400-\U0001d7ff"
_SPACES = "\u00a0\u2000-\u200a\u202f\u205f\u3000"
_DASHES = "\u2010-\u2013\u2212\ufe63"
_MARKS = "\u0300-\u036f"
# Digits of other scripts: Arabic, Persian, of India, Thai.
_DIGITS = "\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef\u0ae6-\u0aef\u0be6-\u0bef\u0c66-\u0c6f\u0e50-\u0e59"
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,31}\d{0,2});")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_CODE = re.compile(r"\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}")
# Of mail: two bytes or more, one of which is no character on its own.
_QUOTED = re.compile(r"=[C-F][0-9A-F]=[89AB][0-9A-F]")
_DRESS = re.compile(
    r"(?P<entity>&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,31}\d{0,2});)|(?P<percent>(?:%[0-9A-Fa-f]{2})+)"
    r"|(?P<code>(?:\\u[0-9a-fA-F]{4})+|(?:\\x[0-9a-fA-F]{2})+)|(?P<quoted>=[C-F][0-9A-F](?:=[89AB][0-9A-F]){1,3})"
    rf"|(?P<hidden>[{_HIDDEN}]+)|(?P<marks>(?<=[^\W\d_])[{_MARKS}]+)|(?P<styled>[{_STYLED}])|(?P<digit>[{_DIGITS}])"
    rf"|(?P<space>(?<=\w)[{_SPACES}](?=\w))|(?P<dash>(?<=\d)[{_DASHES}](?=\d))"
)
# One of these begins whatever is not read as it is written.
_BEYOND = re.compile(rf"[{_HIDDEN}{_MARKS}{_STYLED}{_DIGITS}{_SPACES}{_DASHES}]")
_BEGINS = re.compile(rf"[&%\\={_HIDDEN}{_MARKS}{_STYLED}{_DIGITS}{_SPACES}{_DASHES}]")
_ONLY_HIDDEN = re.compile(rf"[{_HIDDEN}]+")
# Halves of a character that UTF-16 writes in two.
_FIRST_SURROGATE, _FIRST_PRIVATE = 0xD800, 0xE000
_OTHER_ALPHABET = re.compile("[\u0370-\u03ff\u0400-\u052f]")
# Letters of other alphabets that look like one of the Latin alphabet.
_ALIKE = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0408"
    "\u0405\u03bf\u03b1\u03b5\u03b9\u03bd\u03c1\u0391\u0392\u0395\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a7\u0396",
    "aeopcyxijshdqABEKMHOPCTXIJSoaeivpABEHIKMNOPTXZ",
)  # fmt: skip
_LETTERS = re.compile(r"[^\W\d_]{2,}")
# What a query of an address of the web holds under one name: a plus is a blank there.
_QUERIED = re.compile(r"[?&][\w.\[\]-]{1,40}=([^&\s#\"'<>]{1,400})")


class Reading(NamedTuple):
    """What a reader sees.

    Attributes:
        text: As it is read.
        edits: Start and end of what is read otherwise, in the text before, in order.
        at: Where what is read instead starts in `text`, for each of them.
        sizes: How long that is.
        before: The text before, where that is a reading as well.
    """

    text: str
    edits: Sequence[tuple[int, int]]
    at: Sequence[int]
    sizes: Sequence[int]
    before: Reading | None = None

    def written(self, spans: Iterable[Span]) -> Iterator[Span]:
        """Spans of the reading, in the text as it is written."""
        for span in spans:
            start, end = self._written(span.start)[0], self._written(span.end - 1)[1]
            if start < end:
                yield span._replace(start=start, end=end)

    def read(self, spans: Iterable[Span]) -> list[Span]:
        """Spans of the text as it is written, in the reading."""
        if self.before is not None:
            spans = self.before.read(spans)
        moved = []
        for span in spans:
            start, end = self._read(span.start)[0], self._read(span.end - 1)[1]
            if start < end:
                moved.append(span._replace(start=start, end=end))
        return moved

    def _written(self, index: int) -> tuple[int, int]:
        """Where a character of the reading stands in the text as it is written."""
        which = bisect_right(self.at, index) - 1
        start, end = index, index + 1
        if which >= 0:
            behind = self.at[which] + self.sizes[which]
            shift = self.edits[which][1] - behind
            start, end = self.edits[which] if index < behind else (index + shift, index + 1 + shift)
        if self.before is None:
            return start, end
        return self.before._written(start)[0], self.before._written(end - 1)[1]  # noqa: SLF001  of its own kind

    def _read(self, index: int) -> tuple[int, int]:
        """Where a character of the text before stands in the reading."""
        which = bisect_right(self.edits, index, key=itemgetter(0)) - 1
        if which < 0:
            return index, index + 1
        end, behind = self.edits[which][1], self.at[which] + self.sizes[which]
        return (self.at[which], behind) if index < end else (index - end + behind, index + 1 - end + behind)


def reading_of(text: str) -> Reading | None:
    """How a text is read; None where that is as it is written."""
    latin = _latinised(text)
    edits = list(_undressed(latin)) if _is_dressed(latin) else []
    made = _edited(latin, edits, None) if edits or latin != text else None
    if "+" in text and "=" in text and "?" in text:
        made = _again(made, text, _blanks_of_queries(text if made is None else made.text))
    return _again(made, text, said(text if made is None else made.text))


@lru_cache(maxsize=4096)
def plain(value: str) -> str:
    """A value as it is read: equal for all the ways in which it can be written down."""
    reading = reading_of(value)
    return value if reading is None else reading.text


def dressed_like(value: str, made: str) -> str:
    """What takes a value's place, escaped as the value is."""
    if "%" in value and re.search(r"%[0-9A-Fa-f]{2}", value):
        return quote(made, safe="")
    if "&" in value and re.search(r"&#?\w+;", value):
        return html.escape(made)
    return made


def _is_dressed(text: str) -> bool:
    if not text.isascii() and _BEYOND.search(text) is not None:
        return True
    return (
        ("&" in text and _ENTITY.search(text) is not None)
        or ("%" in text and _PERCENT.search(text) is not None)
        or ("\\" in text and _CODE.search(text) is not None)
        or ("=" in text and _QUOTED.search(text) is not None)
    )


def _again(made: Reading | None, text: str, changes: Iterable[tuple[int, int, str]]) -> Reading | None:
    """A reading of a reading."""
    found = list(changes)
    return _edited(text if made is None else made.text, found, made) if found else made


def _edited(text: str, edits: Iterable[tuple[int, int, str]], before: Reading | None) -> Reading:
    """The text with stretches replaced; all characters of a replacement stand for the whole stretch."""
    parts: list[str] = []
    places: list[tuple[int, int]] = []
    at: list[int] = []
    sizes: list[int] = []
    done = size = 0
    for start, end, new in edits:
        parts += text[done:start], new
        size += start - done
        places.append((start, end))
        at.append(size)
        sizes.append(len(new))
        size += len(new)
        done = end
    parts.append(text[done:])
    return Reading("".join(parts), places, at, sizes, before)


def _undressed(text: str) -> Iterator[tuple[int, int, str]]:
    """What is read otherwise than it is written."""
    at = 0
    while (begins := _BEGINS.search(text, at)) is not None:
        done, at = at, begins.start()
        match = _DRESS.match(text, at)
        if match is None:
            at += 1
            continue
        at = match.end()
        if match.lastgroup == "marks":
            # The letter before it may be a part of an escape.
            if match.start() == done:
                continue
            yield match.start() - 1, at, unicodedata.normalize("NFC", text[match.start() - 1 : at])
        else:
            yield from _read(match[match.lastgroup or 0], match.lastgroup, match.start())


def _read(written: str, dress: str | None, start: int) -> list[tuple[int, int, str]]:
    match dress:
        case "code":
            width = 6 if written[1] == "u" else 4
            codes = [int(written[at + 2 : at + width], 16) for at in range(0, len(written), width)]
            return _decoded(start, codes, width) or [
                (start + index * width, start + (index + 1) * width, chr(code))
                for index, code in enumerate(codes)
                if not _FIRST_SURROGATE <= code < _FIRST_PRIVATE
            ]
        case "percent" | "quoted":
            return _decoded(start, [int(written[at + 1 : at + 3], 16) for at in range(0, len(written), 3)], 3)
        case _:
            read = _CHANGES[dress or ""](written)
            return [(start, start + len(written), read)] if read != written else []


def _unescaped(entity: str) -> str:
    return _ONLY_HIDDEN.sub("", html.unescape(entity))


_CHANGES: dict[str, Callable[[str], str]] = {
    "entity": _unescaped,
    "hidden": lambda _: "",
    "styled": partial(unicodedata.normalize, "NFKC"),
    "digit": lambda written: str(unicodedata.decimal(written)),
    "space": lambda _: " ",
    "dash": lambda _: "-",
}


def _decoded(start: int, codes: Sequence[int], width: int) -> list[tuple[int, int, str]]:
    """Bytes of UTF-8, each written in so many characters; nothing if they are none."""
    try:
        read = bytes(codes).decode()
    except ValueError:
        return []
    edits = []
    for character in read:
        end = start + len(character.encode()) * width
        edits.append((start, end, character))
        start = end
    return edits


def _blanks_of_queries(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _QUERIED.finditer(text):
        for at in range(*match.span(1)):
            if text[at] == "+" and text[at - 1].isalnum() and "@" not in match[1]:
                yield at, at + 1, " "


def _latinised(text: str) -> str:
    """Letters that look like Latin ones, in words that hold some of these."""
    if text.isascii() or _OTHER_ALPHABET.search(text) is None:
        return text
    return _LETTERS.sub(lambda match: _alike(match[0]), text)


def _alike(word: str) -> str:
    if word.isascii() or not any("a" <= c <= "z" for c in word.lower()):
        return word
    made = word.translate(_ALIKE)
    return made if made.isascii() else word
