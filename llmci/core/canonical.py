"""Values to JSON bytes that are equal for equal values, and to their digest."""

from __future__ import annotations

import hashlib

import orjson


def canonical(value: object) -> bytes:
    """JSON bytes that are equal for equal values; dataclasses count as objects, keys that are no text as text."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def digest_of(*parts: object) -> str:
    """SHA-256 of values as canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(parts)).hexdigest()
