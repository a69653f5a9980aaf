"""Which traces a set was drawn from, told only to who holds the project's key.

A keyed hash stands for each trace, so that the manifest can be shown: with the key and an id it can be told whether the trace is
behind a case; without the key nothing can. A sum of hashes stands for many traces, whatever their order.

Source:
    Clarke, Devadas, van Dijk, Gassend, Suh (2003), Incremental multiset hash functions and their application to memory
    integrity checking: MSet-Add-Hash.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llmci.domain.case import Case

_BYTES = 16
_WHOLE = 1 << (8 * _BYTES)


class Keyed:
    """Hashes ids of traces with a key.

    Args:
        key: The project's; only a digest of it is used.
    """

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.blake2b(key, person=b"llmci lineage").digest()
        # Tells keys apart, and nothing of them.
        self.fingerprint = hashlib.blake2b(b"", key=self._key, digest_size=8, person=b"fingerprint").hexdigest()

    def of(self, trace_id: str) -> int:
        """The hash of one id."""
        hashed = hashlib.blake2b(trace_id.encode("utf-8", "surrogatepass"), key=self._key, digest_size=_BYTES)
        return int.from_bytes(hashed.digest(), "big")


@dataclass(slots=True)
class Traces:
    """So many traces, and the sum of their hashes."""

    count: int = 0
    total: int = 0

    def add(self, hashed: int) -> None:
        """One more."""
        self.count += 1
        self.total = (self.total + hashed) % _WHOLE

    def join(self, other: Traces) -> None:
        """All of another's."""
        self.count += other.count
        self.total = (self.total + other.total) % _WHOLE

    def told(self) -> dict[str, object]:
        """As the manifest has it."""
        return {"traces": self.count, "digest": f"{self.total:0{2 * _BYTES}x}"}


def lineage(cases: Iterable[Case], keyed: Keyed, *, window: Traces, behind: Mapping[str, Traces]) -> dict[str, object]:
    """What the manifest says: of all traces, and of each case its own trace and all that it stands for.

    Args:
        cases: Of the set.
        keyed: Hashes with the project's key.
        window: All traces that could become a case.
        behind: Those that could become each case, by its id.
    """
    told = {}
    for case in cases:
        if case.origin.trace_id is not None:
            own = f"{keyed.of(case.origin.trace_id):0{2 * _BYTES}x}"
            told[case.case_id] = {"trace": own, **behind.get(case.case_id, Traces()).told()}
    return {"key": keyed.fingerprint, "window": window.told(), "cases": told}


def wrong_lineage(lineage: Mapping[str, object], cases: Iterable[Case], keyed: Keyed) -> str | None:
    """The first case that is not of the trace that the lineage says; None where all are, or where the key is another."""
    told = lineage.get("cases")
    if lineage.get("key") != keyed.fingerprint or not isinstance(told, dict):
        return None
    for case in cases:
        if case.origin.trace_id is not None:
            own = f"{keyed.of(case.origin.trace_id):0{2 * _BYTES}x}"
            if told.get(case.case_id, {}).get("trace") != own:
                return case.case_id
    return None
