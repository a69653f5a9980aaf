"""Verdicts as they stand in files: words, numbers and truth values to pass or fail."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from llmci.core.judging.verdicts import last_verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

_VerdictT = TypeVar("_VerdictT", bool, int)

PASS_WORDS = ("pass", "passed", "yes", "true")
FAIL_WORDS = ("fail", "failed", "no", "false")


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """What counts as a pass and as a fail; everything else is no verdict.

    Attributes:
        passing: Words; case does not matter.
        failing: Words.
        cut: A number of at least so much is a pass; None allows only 0 and 1.
    """

    passing: Sequence[str] = PASS_WORDS
    failing: Sequence[str] = FAIL_WORDS
    cut: float | None = None


def verdict_of(value: object, menu: Menu) -> bool | None:
    """True for a pass, False for a fail, None for no verdict; texts may be whole opinions of a judge."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        number = _number(value)
        if number is None:
            word = last_verdict(value, [*menu.passing, *menu.failing])
            return None if word is None else word in menu.passing
        value = number
    if not isinstance(value, (int, float)) or math.isnan(value):
        return None
    if menu.cut is not None:
        return value >= menu.cut
    return bool(value) if value in (0, 1) else None


def word_of(value: object, menu: Menu) -> str | None:
    """A verdict as it was said, for comparing a judge with itself: a grade stays a grade; None for no verdict."""
    number = _number(value) if isinstance(value, str) else value
    if isinstance(number, (int, float)) and not isinstance(number, bool) and not math.isnan(number):
        return f"{number:g}"
    verdict = verdict_of(value, menu)
    return None if verdict is None else "pass" if verdict else "fail"


_PREFERENCES = {"1": 1, "a": 1, "first": 1, "2": -1, "b": -1, "second": -1, "0": 0, "tie": 0, "draw": 0, "equal": 0}


def preference_of(value: object) -> int | None:
    """Which of two answers is better: 1 the first (1, A), -1 the second (2, B), 0 neither (0, tie); None for no verdict."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    word = last_verdict(str(value), list(_PREFERENCES)) if isinstance(value, (str, int)) else None
    return None if word is None else _PREFERENCES[word]


def majority(verdicts: Sequence[_VerdictT | None]) -> _VerdictT | None:
    """The verdict that more than half of the people share who gave one; None if there is none."""
    given = [verdict for verdict in verdicts if verdict is not None]
    return next((verdict for verdict in given if 2 * given.count(verdict) > len(given)), None)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
