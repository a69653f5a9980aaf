"""Texts inside JSON inside a string, found and changed in place, so that all else stays as it was written."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmci.core.privacy.reading import Reading

_MARK = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[{}\[\],:]', re.DOTALL)
_ESCAPE = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_MOST_NESTED = 8
_OPENING = ("{", "[", '"')
# An integer of an array is worth a look from so many digits on: vectors and token ids are not.
_TELLING_DIGITS = 7


class Holder(NamedTuple):
    """A JSON string that a text stands in.

    Attributes:
        start: Where its content starts in the text around it, after the quote.
        content: As it is written there, escapes and all.
    """

    start: int
    content: str


class Piece(NamedTuple):
    """A text as a reader of the document would see it.

    Attributes:
        text: Decoded. Lone surrogates are replaced, character for character.
        key: The nearest key it stands under; empty where it is a key itself.
        start: Where it starts in what holds it: in the innermost holder's decoded content, if any.
        number: Whether it is written without quotes.
        holders: The strings around it, outermost first.
        reading: How it is read, where that is otherwise than it is written; see `reading`.
    """

    text: str
    key: str | None
    start: int = 0
    number: bool = False
    holders: tuple[Holder, ...] = ()
    reading: Reading | None = None


class Edit(NamedTuple):
    """`text[start:end]` becomes `replacement`."""

    start: int
    end: int
    replacement: str


def pieces_of(text: str, key: str | None) -> list[Piece]:
    """Every text of a JSON document, nested documents included; the text itself if it is none."""
    return list(_pieces(text, key, ()))


def lifted(piece: Piece, start: int, end: int, replacement: str) -> Edit:
    """The edit of the whole text that replaces `piece.text[start:end]`; JSON stays JSON."""
    if piece.number:
        start, end = 0, len(piece.text)
        replacement = replacement if _NUMBER.fullmatch(replacement) else json.dumps(replacement)
    start, end = start + piece.start, end + piece.start
    for holder in reversed(piece.holders):
        offsets = _offsets(holder.content)
        start, end = holder.start + offsets[start], holder.start + offsets[end]
        replacement = json.dumps(replacement, ensure_ascii=holder.content.isascii())[1:-1]
    return Edit(start, end, replacement)


def edited(text: str, edits: Sequence[Edit]) -> str:
    """Apply edits that do not overlap."""
    parts: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda e: e.start):
        parts += (text[at : edit.start], edit.replacement)
        at = edit.end
    return "".join((*parts, text[at:]))


def is_document(text: str) -> bool:
    """Whether a text is JSON with texts in it: an object, an array or a string."""
    if text.lstrip()[:1] not in _OPENING:
        return False
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return _is_lenient_document(text)
    return True


def _is_lenient_document(text: str) -> bool:
    """NaN, lone surrogates and huge integers are JSON to Python, and to whoever logged them."""
    try:
        json.loads(text, parse_int=len)
    except (ValueError, RecursionError):
        return False
    return True


def _pieces(text: str, key: str | None, holders: tuple[Holder, ...]) -> Iterator[Piece]:
    if len(holders) >= _MOST_NESTED or not is_document(text):
        yield Piece(_valid(text), key, holders=holders)
        return
    # For every open bracket: the key that stands before it, and whether it is an array.
    opened: list[tuple[str | None, bool]] = [(key, False)]
    current = key
    for match in _MARK.finditer(text):
        mark = match[0]
        if mark in "{[":
            opened.append((current, mark == "["))
        elif mark in "}]":
            opened.pop()
        elif mark == ",":
            current = opened[-1][0]
        elif mark[0] != '"':
            # A colon is no number, either.
            if _is_telling(mark, in_array=opened[-1][1]):
                yield Piece(mark, current, match.start(), number=True, holders=holders)
        elif _is_key(text, match.end()):
            current = _decoded(mark)
            yield Piece(_valid(current), "", holders=(*holders, Holder(match.start() + 1, mark[1:-1])))
        else:
            said, around = _decoded(mark), (*holders, Holder(match.start() + 1, mark[1:-1]))
            if said.lstrip()[:1] in _OPENING:
                yield from _pieces(said, current, around)
            else:
                yield Piece(_valid(said), current, holders=around)


def _is_key(text: str, end: int) -> bool:
    while text[end : end + 1].isspace():
        end += 1
    return text[end : end + 1] == ":"


def _is_telling(number: str, *, in_array: bool) -> bool:
    digits = number.lstrip("-")
    return digits.isdigit() and len(digits) >= (_TELLING_DIGITS if in_array else 3)


def _decoded(mark: str) -> str:
    return mark[1:-1] if "\\" not in mark else str(json.loads(mark, strict=False))


def _valid(text: str) -> str:
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)


def _offsets(content: str) -> range | list[int]:
    """Where each decoded character starts in the content as written, and where the last one ends."""
    if "\\" not in content:
        return range(len(content) + 1)
    offsets: list[int] = []
    at = 0
    for match in _ESCAPE.finditer(content):
        offsets.extend(range(at, match.start() + 1))
        at = match.end()
    offsets.extend(range(at, len(content) + 1))
    return offsets
