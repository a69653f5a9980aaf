"""Images, sound, films and files in a message, inline or by reference, in any provider's form."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Any

Row = dict[str, Any]

_MEDIA = ("image", "audio", "video")
# The reference sits one level down in most forms: image_url, source, input_audio, inlineData, ...
_ENVELOPES = (
    "image_url", "image", "image_file", "audio", "video", "document", "source", "input_audio", "file", "inlineData", "inline_data",
    "fileData", "file_data", "s3Location",
)  # fmt: skip
_MIME = (
    "mime_type", "media_type", "mimeType", "mediaType", "image_mimetype", "document_mimetype", "video_mimetype",
)  # fmt: skip
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,30}:")
# Beginnings of base64 that say what is inside, for formats that name no kind.
_MAGIC = (
    ("iVBORw0KGgo", "image/png"),
    ("/9j/", "image/jpeg"),
    ("R0lGOD", "image/gif"),
    ("UklGR", "image/webp"),
    ("SUQz", "audio/mpeg"),
    ("JVBERi0", "application/pdf"),
)


def media_of(item: Row, kind: str) -> tuple[Row, Row] | None:
    """A media part, and the keys of the block that have no place in it; None where there is neither bytes nor a place.

    Inline bytes become a `data:` URI with their digest and size; a reference is kept as it is.
    """
    rest = {key: value for key, value in item.items() if key != "type"}
    if (source := rest.get("source")) and isinstance(source, dict) and source.get("type") == "text":
        # Anthropic's plain text documents.
        text = source.get("data")
        encoded = base64.b64encode(text.encode()).decode() if isinstance(text, str) else None
        rest["source"] = {**source, "type": "base64", "data": encoded}
    for envelope in _ENVELOPES:
        inner = _octets(rest.get(envelope))
        if isinstance(inner, str):
            if rest.get("url") is None and rest.get("data") is None:
                rest["url" if _SCHEME.match(inner[:40]) or (inner.startswith("/") and len(inner) < 1000) else "data"] = rest.pop(envelope)  # fmt: skip
        elif isinstance(inner, dict):
            del rest[envelope]
            rest = {**{f"outer_{key}" if key in inner else key: value for key, value in rest.items()}, **inner}
    mime = _first(rest, *_MIME)
    mime = mime if isinstance(mime, str) else None
    sort = rest.get("format")
    if mime is None and isinstance(sort, str) and (sound := _kind(kind, None, None)) in _MEDIA:
        mime = f"{sound}/{rest.pop('format')}"
    data = _octets(_first(rest, "data", "bytes", "content", "file_data", "base64", "base64_image", "base64_data"))
    uri = _first(rest, "url", "uri", "fileUri", "file_uri", "file_id", "path") if data is None else None
    if isinstance(uri, str):
        row = _referenced(uri, mime)
    elif isinstance(data, str):
        row = _referenced(data, mime) if data.startswith("data:") else _inline(data, mime)
    else:
        return None
    modality = rest.pop("modality", None)
    if rest.get("type") in ("base64", "url"):
        rest.pop("type")
    return {"type": _kind(kind, row.get("mime_type"), modality), **row}, rest


def _octets(value: Any) -> Any:  # noqa: ANN401  JSON holds anything
    """Base64 of bytes that JavaScript wrote as numbers; any other value as it is."""
    listed = value
    if isinstance(value, dict):
        listed = value.get("data") if value.get("type") == "Buffer" else list(value.values()) if "0" in value else None
    if not isinstance(listed, list) or not listed:
        return value
    try:
        return base64.b64encode(bytes(listed)).decode()
    except (TypeError, ValueError):
        return value


def _first(rest: Row, *names: str) -> Any:  # noqa: ANN401  JSON holds anything
    for name in names:
        if rest.get(name) is not None:
            return rest.pop(name)
    return None


def _referenced(uri: str, mime: str | None) -> Row:
    if uri.startswith("data:") and ";base64," in uri[:200]:
        head, _, data = uri.partition(";base64,")
        return {**_inline(data, mime or head.removeprefix("data:").partition(";")[0] or None), "uri": uri}
    return {"uri": uri, "mime_type": mime}


def _inline(data: str, mime: str | None) -> Row:
    mime = mime or next((found for start, found in _MAGIC if data.startswith(start)), None)
    if mime == "image/webp" and (bytes_in(f"data:;base64,{data[:16]}") or b"").endswith(b"WAVE"):
        # Pictures and sound begin alike in this container.
        mime = "audio/wav"
    row: Row = {"uri": f"data:{mime or ''};base64,{data}", "mime_type": mime}
    content = bytes_in(row["uri"])
    return row if content is None else {**row, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def bytes_in(uri: str) -> bytes | None:
    """What a base64 `data:` URI holds; None for any other text, or base64 that is damaged or cut off."""
    head, separator, data = uri.partition(";base64,")
    if not separator or not head.startswith("data:"):
        return None
    try:
        # Also the alphabet that is fit for URLs.
        return base64.b64decode(data.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return None


def _kind(kind: str, mime: object, modality: object) -> str:
    for hint in (modality, kind, mime):
        for media in _MEDIA:
            if isinstance(hint, str) and media in hint:
                return media
    return "file"
