"""Text to tokens, and tokens to the features that the tagger knows them by."""

from __future__ import annotations

import re
import unicodedata
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Words with their apostrophes, line breaks, numbers, and every other sign on its own.
TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\n|\d+|[^\w\s]|_")
# What a word list says of a word, as bits.
LISTS = (
    "first_known",
    "first_rare",
    "last_known",
    "last_usual",
    "last_rare",
    "word_usual",
    "word_known",
    "word_rare",
    "city_large",
    "city_small",
    "country",
    "proper",
    "technical",
)
_LONGEST = 24


def folded(word: str) -> str:
    """Lower case without accents, as the word lists have it."""
    lower = word.casefold()
    if lower.isascii():
        return lower
    return "".join(c for c in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(c))


def hashed(text: str) -> int:
    """A stable number for a text, in [0, 2**32)."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def shape(word: str) -> str:
    """Capitals as X, other letters as x, digits as d, runs cut to two: `McDonald` is `XxXxx`."""
    out: list[str] = []
    for c in word[:_LONGEST]:
        kind = "d" if c.isdigit() else "X" if c.isupper() else "x" if c.islower() else "c" if c.isalpha() else c
        if len(out) < 2 or out[-1] != kind or out[-2] != kind:
            out.append(kind)
    return "".join(out)


def forms(word: str, listed: int) -> Iterator[tuple[str, float]]:
    """The features of a word with their weights; `listed` has the bits of the lists that it is on.

    The first is the word itself and the second what the lists say, so that training may leave them out.
    """
    lower = word.casefold()
    if word.isdigit():
        yield f"d{len(word)}", 1.0
        yield "g0", 1.0
        yield f"d={lower}" if len(word) < 3 else "dd", 1.0
        return
    form = shape(word)
    yield f"w={lower}", 1.0
    yield f"g{listed}", 1.0
    yield f"g{listed}{form[:4]}", 1.0
    for bit in range(len(LISTS)):
        if listed >> bit & 1:
            yield f"b{bit}", 1.0
    yield f"s={form}", 1.0
    if not lower[0].isalpha():
        return
    yield f"l{min(len(word), 12)}", 1.0
    plain = folded(word)[:_LONGEST]
    yield f"p2{plain[:2]}", 1.0
    yield f"p3{plain[:3]}", 1.0
    yield f"e2{plain[-2:]}", 1.0
    yield f"e3{plain[-3:]}", 1.0
    yield f"e4{plain[-4:]}", 1.0
    bounded = f"<{plain}>"
    grams = len(bounded) - 2
    for start in range(grams):
        yield f"c{bounded[start : start + 3]}", grams**-0.5
