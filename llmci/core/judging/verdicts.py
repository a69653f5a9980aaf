"""Reading a judge's verdict: the last one it states, and only if it is on the menu."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Why there is no score where a judge answered and said nothing from the menu.
NO_VERDICT = "the judge gave no verdict from the menu"
# "Verdict: pass", "**Verdict** = `PASS`", "verdict: 4/5" (which is not on any menu).
_STATED = re.compile(r"verdict[\"'*_`\s]*[:=][\"'*_`\s]*([^\s\"'*_`,;}\])]*)", re.IGNORECASE)
_MARKUP = " \t\r\n\"'*_`.!()[]"
_OBJECT = json.JSONDecoder()


def last_verdict(text: str, menu: Sequence[str]) -> str | None:
    """The verdict that stands, as it is spelled on the menu; None if there is none.

    Earlier verdicts may be quoted from what was judged, so only the last counts; and if that one is
    not on the menu, no earlier one takes its place. An empty, unknown or ambiguous verdict is never a pass.

    Args:
        text: What the judge wrote: prose, JSON, or JSON in a code fence.
        menu: Words that may be said; case does not matter.
    """
    known = {word.casefold(): word for word in menu}
    objects = list(_objects(text))
    stated = [(start, value.get("verdict")) for start, _, value in objects if "verdict" in value]
    stated += [
        (match.start(), match[1])
        for match in _STATED.finditer(text)
        if not any(start <= match.start() < end for start, end, _ in objects)
    ]
    if stated:
        return known.get(_word(max(stated, key=lambda item: item[0])[1]))
    # Nothing but the word itself, or a last line that is nothing but the word.
    lines = [line for line in text.splitlines() if line.strip(_MARKUP)]
    return known.get(_word(lines[-1])) if lines else None


def _objects(text: str) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """JSON objects in a text, with their places; those inside others are left out."""
    at = text.find("{")
    while at >= 0:
        end = at + 1
        try:
            value, end = _OBJECT.raw_decode(text, at)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            yield at, end, value
        at = text.find("{", end)


def _word(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip(_MARKUP).casefold()
