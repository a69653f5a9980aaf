"""Messages that were logged as Python's `repr` of an object: `role='user' content='Hi' name=None`."""

from __future__ import annotations

import ast
import re
from typing import Any

_STARTS = re.compile(r"""(?:[A-Z]\w*\()?role=(?:'|"|<)""")
_KEY = re.compile(r"\s*(\w+)=")
_ENUM = re.compile(r"<[\w.]+: (.*)>")


def fields_in(text: str) -> dict[str, Any] | None:
    """Fields of a message's `repr`, or None where a text is none.

    Values that are Python literals are read; anything else is kept as the text that it is.
    """
    if not _STARTS.match(text):
        return None
    body = text[text.index("(") + 1 :].removesuffix(")") if text[0].isupper() else text
    found: dict[str, Any] = {}
    position = 0
    while (key := _KEY.match(body, position)) is not None:
        end = _end(body, key.end())
        found[key[1]] = _literal(body[key.end() : end])
        position = end + 1
    return found if position >= len(body) else None


def _end(text: str, start: int) -> int:
    """Where a value ends: at the first comma or space that is in no quotes and no brackets."""
    depth, quote, index = 0, "", start
    while index < len(text):
        character = text[index]
        if quote:
            if character == "\\":
                index += 1
            elif character == quote:
                quote = ""
        elif character in "'\"":
            quote = character
        elif character in "([{<":
            depth += 1
        elif character in ")]}>":
            depth -= 1
        elif character in ", " and depth <= 0:
            return index
        index += 1
    return len(text)


def _literal(text: str) -> Any:  # noqa: ANN401  any literal
    enum = _ENUM.fullmatch(text)
    try:
        return ast.literal_eval(enum[1] if enum else text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
