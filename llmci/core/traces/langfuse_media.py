"""Files that Langfuse keeps apart from the observation that they were logged with.

What stands in their place is `@@@langfuseMedia:type=image/png|id=...|source=base64_data_uri@@@`. SDKs do
so with media, the server also with a whole input, output or value of the metadata that is too large for
its tables: that is text of type text/plain, and its source says `field_size_limit`.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from llmci.core.traces.scalars import json_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# What a reference begins with, wherever it stands.
MARK = "@@@langfuseMedia:"
_REFERENCE = re.compile(r"@@@langfuseMedia:((?:[a-z]+=[^|@\"\\]*\|?)+)@@@")
_TOO_LARGE = "field_size_limit"
_FIELDS = ("input", "output", "metadata")


def media_in(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids of the files that a row refers to, each once."""
    found: dict[str, None] = {}
    for name in _FIELDS:
        if refers(value := row.get(name)):
            text = value if isinstance(value, str) else json_text(value)
            told = (_told(match) for match in _REFERENCE.finditer(text))
            found.update((one["id"], None) for one in told if one.get("id"))
    return tuple(found)


def refers(value: object) -> bool:
    """Whether there is a reference anywhere in a value."""
    if isinstance(value, str):
        return MARK in value
    if isinstance(value, dict):
        return any(map(refers, value.values()))
    return isinstance(value, list) and any(map(refers, value))


def with_media(row: Mapping[str, Any], content_of: Callable[[str], bytes | None]) -> Mapping[str, Any]:
    """The row with files in the place of references: media as `data:` URIs, a field that was too large as it was.

    Args:
        content_of: Gives a file by its id; None leaves the reference.
    """
    if not any(refers(row.get(name)) for name in _FIELDS):
        return row
    return {**row, **{name: _filled(row[name], content_of) for name in _FIELDS if row.get(name)}}


def _filled(value: Any, content_of: Callable[[str], bytes | None]) -> Any:  # noqa: ANN401  JSON holds anything
    if isinstance(value, dict):
        return {key: _filled(inner, content_of) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, content_of) for inner in value]
    if not isinstance(value, str) or MARK not in value:
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole and _told(whole).get("source") == _TOO_LARGE:
        content = content_of(_told(whole).get("id", ""))
        return value if content is None else content.decode("utf-8", "replace")

    def uri(match: re.Match[str]) -> str:
        told = _told(match)
        content = content_of(told.get("id", ""))
        return (
            match[0] if content is None else f"data:{told.get('type', '')};base64,{base64.b64encode(content).decode()}"
        )

    return _REFERENCE.sub(uri, value)


def _told(match: re.Match[str]) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in match[1].split("|") if "=" in pair)
