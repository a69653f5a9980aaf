"""Invented words and texts of the same shape: what most surrogates are made of."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmci.core.privacy.permutation import Keyed

_ONSETS = """
    b c d f g h j k l m n p r s t v w z br cr dr gr kr pr tr st sh th ch fl
    """.split()  # noqa: SIM905  words read more easily without quotes

_VOWELS = ["a", "e", "i", "o", "u", "ai", "ea", "io"]
_CODAS = """
    n l r s t m d k x nd rn ll th v
    """.split()  # noqa: SIM905  words read more easily without quotes


_SHORT = 5
_WORD = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d")
# Alphabets whose letters are told apart one by one; first and last letter of each.
_SCRIPTS = ("az", "áÿ", "αω", "ая", "את", "ءي", "अह", "กฮ", "ぁん", "ァン", "一龥", "가힣")  # fmt: skip


def invented(keyed: Keyed, word: str) -> str:
    """A pronounceable word in place of one, the same however the first is capitalised; length class is kept."""
    number = keyed.number("word", word.casefold())
    made = ""
    short = len(word) <= 4
    for _ in range(2 if short else 3 if len(word) <= 10 else 4):
        number, onset = divmod(number, len(_ONSETS))
        number, vowel = divmod(number, len(_VOWELS))
        made += _ONSETS[onset] + _VOWELS[vowel]
        if short and len(made) < _SHORT:
            # Two syllables are few words: the first of them is closed as well.
            number, coda = divmod(number, len(_CODAS))
            made += _CODAS[coda]
    made += _CODAS[number % len(_CODAS)]
    return cased_like(word, made)


def cased_like(word: str, made: str) -> str:
    """Upper, lower or capitalised, as the first word is."""
    if len(word) > 1 and word.isupper():
        return made.upper()
    return made.capitalize() if word[:1].isupper() else made


def named(keyed: Keyed, text: str) -> str:
    """A name with every part invented; initials become initials, other scripts keep their script."""
    return _WORD.sub(lambda match: _part(keyed, match[0]), text)


def _part(keyed: Keyed, part: str) -> str:
    if not _is_latin(part):
        return same_shape(keyed, "name", part)
    made = invented(keyed, part)
    return made[0].upper() if len(part) == 1 and part.isupper() else made[0] if len(part) == 1 else made


def _is_latin(word: str) -> bool:
    return word.isascii() or all(character < "ɐ" or "Ḁ" <= character <= "ỿ" for character in word)


def refilled(keyed: Keyed, tweak: str, text: str) -> str:
    """The digits permuted, all else as it is."""
    digits = _ascii_digits(text)
    return with_digits(text, keyed.permuted(tweak, digits)) if digits else text


def with_digits(text: str, digits: str) -> str:
    """The digits of a text replaced in order."""
    fresh = iter(digits)
    return _DIGITS.sub(lambda _: next(fresh), text)


def same_shape(keyed: Keyed, tweak: str, text: str) -> str:
    """Digits for digits, letters for letters of the same script, all else as it is; injective for one shape."""
    text = refilled(keyed, f"{tweak}/digits", text)
    for script in _SCRIPTS:
        text = _permuted_letters(keyed, f"{tweak}/{script}", text, script)
    return text


def _permuted_letters(keyed: Keyed, tweak: str, text: str, script: str) -> str:
    low, high = script[0], script[1]
    found = [c for c in text if low <= c.lower()[:1] <= high and len(c.lower()) == 1]
    if not found:
        return text
    alphabet = string.ascii_lowercase if script == "az" else _letters(low, high)
    found = [c for c in found if c.lower() in alphabet]
    if not found:
        return text
    fresh = iter(keyed.permuted(tweak, "".join(found).lower(), alphabet))
    taken = set(found)
    return "".join(cased_like(c, next(fresh)) if c in taken else c for c in text)


def _letters(low: str, high: str) -> str:
    return "".join(c for c in map(chr, range(ord(low), ord(high) + 1)) if c.isalpha() and c == c.lower())


def _ascii_digits(text: str) -> str:
    return "".join(str(int(match[0])) for match in _DIGITS.finditer(text))
