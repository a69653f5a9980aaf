"""Media out of a trace's row into files of their own, named by their content.

A picture in a row would be copied wherever the row goes, and no recognizer can read it. What stands
in its place is `blob:sha256:<hex>`; whoever may read the raw shelf finds the bytes there.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from llmci.core.traces.media import bytes_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pyarrow as pa

    from llmci.domain.trace import TraceRow

BLOB = "blob:sha256:"
# A larger picture or film is left out of the raw shelf, and the trace says so.
MAX_MEDIA_BYTES = 32 << 20
# What stands where media were in a text, once they must not go on.
REMOVED = "[media removed]"
_DATA = re.compile(rb"data:(?:[\w.+-]+/|[,;])")
MEDIA_TYPES = frozenset({"image", "audio", "video", "file"})
# Short ones are icons in a page, or examples of code.
_INSIDE_TEXT = re.compile(r"data:[\w.+-]+/[\w.+-]+(?:;[\w=.+-]+)*;base64,[A-Za-z0-9+/_-]{200,}={0,2}")
_BLOB_IN_TEXT = re.compile(rf"{BLOB}[0-9a-f]{{64}}")


def holds_media(text: str) -> bool:
    """Whether a row, as JSON text, may hold inline media."""
    return ";base64," in text


def may_hold_media(strings: Iterable[pa.Array]) -> bool:
    """Whether any of these strings may hold media or refer to them; false says that none does."""
    buffers = (buffer for array in strings for buffer in array.buffers()[2:] if buffer is not None)
    return any(_is_marked(buffer.to_pybytes()) for buffer in buffers)


def _is_marked(found: bytes) -> bool:
    return b"blob:sha256:" in found or b";base64," in found or (b"data:" in found and _DATA.search(found) is not None)


def lifted(row: TraceRow, keep: Callable[[str, bytes], None]) -> TraceRow:
    """The row with a reference in the place of all inline media, whose bytes go to `keep` with their SHA-256.

    What cannot be decoded, or is larger than `MAX_MEDIA_BYTES`, is left out, and `missing` says "media".
    """
    lost: list[str] = []
    found = {name: _walked(value, name, keep, lost) for name, value in row.items()}
    return _without(found, lost)


def without_media(row: TraceRow) -> TraceRow:
    """The row with nothing of its media but what kind they were and how large."""
    lost: list[str] = []
    found = {name: _walked(value, name, None, lost) for name, value in row.items()}
    return _without(found, lost)


def _without(row: TraceRow, lost: list[str]) -> TraceRow:
    if not lost:
        return row
    row["missing"] = list(dict.fromkeys([*(row.get("missing") or []), "media"]))
    if "input" in lost:
        # A question about a picture is another question without it.
        row["replay_kind"] = "none"
    return row


def _walked(value: Any, column: str, keep: Callable[[str, bytes], None] | None, lost: list[str]) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return _text(value, column, keep, lost)
    if isinstance(value, list):
        return [_walked(item, column, keep, lost) for item in value]
    if isinstance(value, dict):
        if value.get("type") in MEDIA_TYPES and isinstance(value.get("uri"), str):
            value = _part(value, column, keep, lost)
        return {name: _walked(item, column, keep, lost) for name, item in value.items()}
    return value


def _part(part: dict[str, Any], column: str, keep: Callable[[str, bytes], None] | None, lost: list[str]) -> dict[str, Any]:  # fmt: skip
    uri = part["uri"]
    if keep is None:
        if not uri.startswith((BLOB, "data:")):
            return part
        lost.append(column)
        return {**part, "uri": None, "sha256": None}
    if not uri.startswith("data:"):
        return part
    reference = _kept(uri, keep)
    if reference is None:
        lost.append(column)
    return {**part, "uri": reference}


def _text(text: str, column: str, keep: Callable[[str, bytes], None] | None, lost: list[str]) -> str:
    if keep is None:
        found = _BLOB_IN_TEXT.sub(REMOVED, text) if BLOB in text else text
        found = _INSIDE_TEXT.sub(REMOVED, found) if ";base64," in found else found
        if found != text:
            lost.append(column)
        return found
    if ";base64," not in text:
        return text

    def reference(match: re.Match[str]) -> str:
        kept = _kept(match[0], keep)
        if kept is None:
            lost.append(column)
        return kept or REMOVED

    return _INSIDE_TEXT.sub(reference, text)


def _kept(uri: str, keep: Callable[[str, bytes], None]) -> str | None:
    content = bytes_in(uri)
    if content is None or len(content) > MAX_MEDIA_BYTES:
        return None
    digest = hashlib.sha256(content).hexdigest()
    keep(digest, content)
    return BLOB + digest
