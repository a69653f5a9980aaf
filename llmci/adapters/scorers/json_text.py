"""JSON as answers hold it: bare, or in one Markdown code fence."""

from __future__ import annotations

import re
from typing import Any

import orjson

_FENCED = re.compile(r"\A\s*```[\w-]*\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)


class NotJson(ValueError):
    """The text is no JSON."""


def json_of(text: str, *, fenced: bool) -> Any:  # noqa: ANN401  JSON holds anything
    """The value of a text that is nothing but JSON; raises `NotJson`.

    Args:
        fenced: Accept it inside one Markdown code fence.
    """
    if fenced and (inner := _FENCED.match(text)):
        text = inner[1]
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise NotJson from None


def whole(value: Any) -> Any:  # noqa: ANN401  JSON holds anything
    """The value with 1.0 as 1: JSON does not tell them apart."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [whole(item) for item in value]
    return value
