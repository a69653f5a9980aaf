"""What belongs to an address beside the part that was found: a number before it, the lines and the postcode behind it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llmci.adapters.recognizers.people import UPPER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmci.domain.finding import Span

_ENOUGH = 0.5
_LEFT = re.compile(r"(?<![\w.,:/-])\d{1,4}[ ]$")
_BEFORE = 6
# The street that crosses this one, before it: "Eloise and" 226 Thomas Avenue.
_CROSSED = re.compile(
    rf"(?<![\w.])[{UPPER}][\w'’-]{{1,24}}(?:[ ][{UPPER}][\w'’.-]{{0,24}}){{0,2}}(?:[ ]\d{{1,4}})?[ ](?:and|&)[ ]$"
)
_MOST_OF_A_STREET = 90
_WORD = rf"(?:[{UPPER}][\w'’-]{{0,24}}\.?|of|the|de|del|di|la|le|and|[a-z]{{2}}(?=[ ,\n]))"
# A comma, a space, or the next line, which may be quoted.
_BREAK = r"(?:[ ]?,[ ]?|[ ]|[ ]?,?[ ]?\n(?:[>|*•-]|\?{1,3})?[ ]{0,2}(?:,[ ]?)?)"
# Town, state and country before a postcode.
_TO_POSTCODE = re.compile(
    rf"(?:{_BREAK}{_WORD}){{0,8}}{_BREAK}\d{{4,6}}(?:-\d{{4}})?(?![\w-]|[.,]\d)(?=[ \t]*(?:\n|$|[.,;?!)])|[ ][a-z])"
)
# Lines below the address that consist of names and codes alone.
_LINE = rf"[ ]?,?[ ]?\n(?:[>|*•-]|\?{{1,3}})?[ ]{{0,2}}(?:,[ ]?)?{_WORD}(?:[ ,]{{1,2}}{_WORD}){{0,4}}(?:[ ,]{{1,2}}\d{{4,6}})?"
_LINES = re.compile(rf"(?:{_LINE}){{1,3}}(?=[ \t]*(?:\n|$))")

# Of the continent: the postcode stands before the town.
_BEFORE_TOWN = re.compile(
    rf"[ ]?(?:,[ ]?|[ ]|[ ]?,?[ ]?\n(?:[>|*•-]|\?{{1,3}})?[ ]{{0,4}})(?:[A-Z]{{1,2}}[ -])?(?P<code>\d{{5}}|(?<![\w.][ ])\d{{4}})(?=[ ][{UPPER}][^\W\d_]+)"
)


def completed(text: str, span: Span) -> Iterator[Span]:
    """The address of which a span is the beginning, and the postcode that stands between it and its town."""
    if span.score < _ENOUGH:
        yield span
        return
    number = _LEFT.search(text, max(0, span.start - _BEFORE), span.start)
    number = number or _CROSSED.search(text, max(0, span.start - _MOST_OF_A_STREET), span.start)
    behind = _TO_POSTCODE.match(text, span.end) or _LINES.match(text, span.end)
    start, end = number.start() if number else span.start, behind.end() if behind else span.end
    yield span._replace(start=start, end=end)
    if code := _BEFORE_TOWN.match(text, end):
        yield span._replace(kind="ZIP_CODE", start=code.start("code"), end=code.end("code"))
