"""Dates of birth to other dates, spelled the same way: someone of about the same age, and somebody else."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from llmci.core.privacy.shapes import cased_like, refilled

if TYPE_CHECKING:
    from llmci.core.privacy.permutation import Keyed

_MONTHS = (
    "january february march april may june july august september october november december",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
)
_LANGUAGES = tuple(names.split() for names in _MONTHS)
_WORD = re.compile(r"[^\W\d_]{3,}")
_NUMBER = re.compile(r"\d+")
# Two to the twelfth days: a date moves within a block of eleven years.
_HALF = 64


def another_date(keyed: Keyed, text: str) -> str:
    """Another date in the same spelling, and the same one however the first was spelled.

    Days are permuted within blocks of 4,096, so that two dates never become one. What is not a
    date has its digits permuted.
    """
    read = _read(text)
    if read is None:
        return refilled(keyed, "date", text)
    day, order, month = read
    block, rest = divmod(day.toordinal(), _HALF * _HALF)
    left, right = keyed.permuted_pair(f"date/{block}", *divmod(rest, _HALF), _HALF, _HALF)
    moved = date.fromordinal(max(1, block * _HALF * _HALF + left * _HALF + right))
    return _spelled(text, moved, order, month)


def _read(text: str) -> tuple[date, str, re.Match[str] | None] | None:
    """The date, the order of its numbers as letters of "ymd", and the name of its month."""
    numbers = [int(match[0]) for match in _NUMBER.finditer(text)]
    months = ((match, number) for match in _WORD.finditer(text) if (number := _month(match[0])))
    match, month = next(months, (None, None))
    for order in ("dy", "yd") if month else ("ymd", "mdy", "dmy"):
        if len(numbers) < len(order):
            continue
        found = {"m": month, **dict(zip(order, numbers, strict=False))}
        year = found["y"] or 0
        found["y"] = year if year > 99 else year + (1900 if year > 25 else 2000)
        try:
            return date(int(found["y"] or 0), int(found["m"] or 0), int(found["d"] or 0)), order, match
        except ValueError:
            continue
    return None


def _month(word: str) -> int | None:
    folded = word.casefold()
    for names in _LANGUAGES:
        for number, name in enumerate(names, start=1):
            if name == folded or name[:3] == folded or (len(folded) == 4 and name[:4] == folded):
                return number
    return None


def _spelled(text: str, moved: date, order: str, month: re.Match[str] | None) -> str:
    if month is not None:
        text = text[: month.start()] + _renamed(month[0], moved.month) + text[month.end() :]
    values = iter([{"y": moved.year, "m": moved.month, "d": moved.day}[letter] for letter in order])

    def respelled(match: re.Match[str]) -> str:
        value = next(values, None)
        if value is None:
            return match[0]
        width = len(match[0])
        return f"{value % 100:02d}" if value > 31 and width == 2 else f"{value:0{width}d}"

    return _NUMBER.sub(respelled, text)


def _renamed(word: str, month: int) -> str:
    folded = word.casefold()
    for names in _LANGUAGES:
        if any(name.startswith(folded) for name in names):
            name = names[month - 1]
            return cased_like(word, name if folded in names else name[: len(word)])
    return word
