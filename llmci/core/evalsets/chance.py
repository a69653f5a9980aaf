"""Random numbers that belong to names: the same for the same seed, whatever else there is."""

from __future__ import annotations

import hashlib


def chance(seed: int, name: str) -> float:
    """A number in (0, 1) that belongs to a name."""
    key = seed.to_bytes(8, "little", signed=True)
    digest = hashlib.blake2b(name.encode(), digest_size=8, key=key).digest()
    return (int.from_bytes(digest, "big") + 0.5) / 2**64
