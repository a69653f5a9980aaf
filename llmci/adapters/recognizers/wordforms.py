"""Text to tokens, and tokens to the features that the tagger knows them by."""

from __future__ import annotations

import re
import unicodedata
import zlib
from functools import lru_cache

# Encoded data as a whole, words with their apostrophes, line breaks, numbers, and every other sign on its own.
_PLAIN = r"[^\W\d_]+(?:['’][^\W\d_]+)*|\n|\d+|[^\w\s]|_"
_TOKEN, _PLAIN_TOKEN = re.compile(rf"(?=[A-Za-z+]{{0,24}}\d)[A-Za-z0-9+]{{48,}}|{_PLAIN}"), re.compile(_PLAIN)
# Without as much in a row there is no encoded data, and it is not looked for at every word.
_ENCODED, _SHORTEST_ENCODED = re.compile(r"[A-Za-z0-9+]{48}"), 48
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
    "foreign",
    "firm",
)
_LONGEST = 24
# A longer token is no word of any language.
LONGEST_WORD = 47


def words_of(text: str) -> list[str]:
    """The tokens of a text."""
    encoded = len(text) >= _SHORTEST_ENCODED and _ENCODED.search(text) is not None
    return (_TOKEN if encoded else _PLAIN_TOKEN).findall(text)


def folded(word: str) -> str:
    """Lower case without accents, as the word lists have it."""
    lower = word.casefold()
    if lower.isascii():
        return lower
    return "".join(c for c in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(c))


def bare(word: str) -> str:
    """A word without the mark of the possessive: `Mia's` is known by `Mia`."""
    return word[:-2] if len(word) > 3 and word[-2] in "'’" and word[-1] in "sS" else word


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


def forms(word: str, listed: int) -> list[tuple[str, float]]:
    """The features of a word with their weights; `listed` has the bits of the lists that it is on.

    The first is the word itself and the second what the lists say, so that training may leave them out.
    """
    owning = word
    word = bare(word)
    lower = word.casefold()
    if word.isdigit():
        return [(f"d{len(word)}", 1.0), ("g0", 1.0), (f"d={lower}" if len(word) < 3 else "dd", 1.0)]
    form = shape(word)
    made = [
        (f"w={lower}", 1.0),
        *_listed(listed)[:1],
        (f"g{listed}{form[:4]}", 1.0),
        *_listed(listed)[1:],
        (f"s={form}", 1.0),
    ]
    if not lower[0].isalpha():
        return made
    plain = folded(word)[:_LONGEST]
    made += [("own", 1.0)] if owning is not word else []
    made += [
        (f"l{min(len(word), 12)}", 1.0),
        (f"p2{plain[:2]}", 1.0),
        (f"p3{plain[:3]}", 1.0),
        (f"e2{plain[-2:]}", 1.0),
        (f"e3{plain[-3:]}", 1.0),
        (f"e4{plain[-4:]}", 1.0),
    ]
    bounded = f"<{plain}>"
    grams = len(bounded) - 2
    weight = grams**-0.5
    return made + [(f"c{bounded[start : start + 3]}", weight) for start in range(grams)]


@lru_cache(maxsize=4096)
def _listed(bits: int) -> tuple[tuple[str, float], ...]:
    """Features of a set of lists: all of it, and each."""
    return (f"g{bits}", 1.0), *((f"b{bit}", 1.0) for bit in range(len(LISTS)) if bits >> bit & 1)
