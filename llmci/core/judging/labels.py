"""Verdicts as they stand in files: words, numbers and truth values to pass or fail."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.core.judging.verdicts import last_verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
