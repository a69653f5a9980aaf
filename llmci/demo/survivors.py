"""Looks for planted personal data wherever text rests after sanitizing; it must find none."""

from __future__ import annotations

import base64
import binascii
import gzip
import re
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

# The HTML report carries its cases as base64 of gzipped JSON.
_PACKED = re.compile(rb"[A-Za-z0-9+/]{64,}={0,2}")


def survivors(planted: Collection[str], places: Iterable[Path]) -> list[str]:
    """Files below these places that still hold a planted value: their names, never the value."""
    sought = [value.encode() for value in planted]
    return [
        str(path)
        for place in places
        for path in _files(place)
        if any(value in content for content in _contents(path) for value in sought)
    ]


def _files(place: Path) -> list[Path]:
    return sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]


def _contents(path: Path) -> Iterator[bytes]:
    raw = path.read_bytes()
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches():
                yield orjson.dumps(batch.to_pylist(), default=str)
        return
    yield raw
    if path.suffix == ".html":
        for block in _PACKED.findall(raw):
            try:
                yield gzip.decompress(base64.b64decode(block))
            except (OSError, EOFError, binascii.Error):
                continue
