"""Hashes of many strings at once, to tell ids apart without keeping them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

_TABLE = np.random.default_rng(20_261_121).integers(0, 2**64, 256, dtype=np.uint64)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def hashes_of(texts: pa.Array) -> NDArray[np.uint64]:
    """A 64-bit hash of each string, shape (n,); 0 where there is none, or an empty one.

    A polynomial of random numbers of the bytes, modulo 2^64, then mixed: ids of one form differ anywhere.
    """
    import pyarrow as pa

    texts = texts.cast(pa.large_string()).fill_null("")
    _, offsets_at, bytes_at = texts.buffers()
    count = len(texts)
    offsets = np.frombuffer(offsets_at, dtype=np.int64)[texts.offset : texts.offset + count + 1]
    found = np.zeros(count, dtype=np.uint64)
    if not count or bytes_at is None or offsets[-1] == offsets[0]:
        return found
    held = np.frombuffer(bytes_at, dtype=np.uint8)[offsets[0] : offsets[-1]]
    lengths = np.diff(offsets)
    filled = np.flatnonzero(lengths)
    starts = (offsets[:-1] - offsets[0])[filled]
    position = np.arange(len(held)) - np.repeat(starts, lengths[filled])
    powers = np.cumprod(np.full(int(lengths.max()), _MULTIPLIER, dtype=np.uint64), dtype=np.uint64)
    sums = np.add.reduceat(_TABLE[held] * powers[position], starts)
    mixed = (sums ^ (sums >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    found[filled] = (mixed ^ (mixed >> np.uint64(29))) | np.uint64(1)
    return found
