"""pull -> **sanitize** -> label: raw traces in, clean traces out."""

from __future__ import annotations

import gc
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llmci.core.privacy.batch import Session, Tally, learn_sessions, sanitize_batch
from llmci.domain.text import RawBatch
from llmci.seams import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from llmci.core.privacy.canaries import Recall
    from llmci.core.privacy.redact import Redactor
    from llmci.core.privacy.second_look import SecondLook
    from llmci.seams import ShardInfo, Shelf

_ROWS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What there is to do: shards to sanitize, those that are as they should be, those to drop."""

    stale: tuple[str, ...]
    unchanged: tuple[str, ...]
    gone: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardSanitized:
    """What became of one shard."""

    shard_id: str
    rows: int
    rejected: int
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class SanitizeSummary:
    """What a run of the stage did.

    Attributes:
        shards: Sanitized now.
        shards_unchanged: Left as they were.
        traces: On the clean shelf.
        quarantined: Held back.
        quarantined_first: A few of those, with the reason.
        counts: What was removed, by kind.
        suspected: What the second pass takes for personal data in the output, by kind.
        canaries: How many planted values were found, by kind.
        digest: Of the manifest.
    """

    shards: int
    shards_unchanged: int
    traces: int
    quarantined: int
    quarantined_first: tuple[Rejected, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    detectors: Mapping[str, int] = field(default_factory=dict)
    suspected: Mapping[str, int] = field(default_factory=dict)
    canaries: tuple[Recall, ...] = ()
    key_fingerprint: str = ""
    digest: str = ""


def plan(wanted: Mapping[str, str], present: Mapping[str, ShardInfo]) -> Plan:
    """Compare the fingerprints that clean shards should have with those they have."""
    stale = tuple(s for s, mark in wanted.items() if s not in present or present[s].fingerprint != mark)
    return Plan(
        stale=stale,
        unchanged=tuple(s for s in wanted if s not in stale),
        gone=tuple(s for s in present if s not in wanted),
    )


def sanitize_shard(
    raw: Shelf, target: Shelf, shard_id: str, fingerprint: str, redactor: Redactor, second: SecondLook | None = None
) -> ShardSanitized:
    """Sanitize one shard; it appears on the target whole, or not at all."""
    sessions = _shared_sessions(raw, shard_id)
    if sessions:
        for batch in raw.read(shard_id):
            with _uncollected():
                learn_sessions(RawBatch(batch), redactor, sessions)
    tally, read = Tally(), 0
    with target.writer(shard_id, fingerprint) as writer:
        for batch in raw.read(shard_id):
            for start in range(0, batch.num_rows, _ROWS):
                with _uncollected():
                    done = sanitize_batch(RawBatch(batch.slice(start, _ROWS)), redactor, sessions, second)
                writer.write(done.clean.rows)
                for held in done.quarantined:
                    where = f"{shard_id}, row {read + held.index + 1} (trace {held.name})"
                    writer.reject(Rejected(where=where, why=held.why))
                tally.merge(done.tally)
                read += min(_ROWS, batch.num_rows - start)
        rows = writer.rows
    return ShardSanitized(shard_id=shard_id, rows=rows, rejected=read - rows, tally=tally)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Rows are trees: looking for cycles among millions of their objects takes a third of the time and finds none."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _shared_sessions(raw: Shelf, shard_id: str) -> dict[str, Session]:
    """A place for every session that several traces of the shard belong to."""
    counts: Counter[str | None] = Counter()
    for batch in raw.read(shard_id, ("session_id",)):
        counts.update(batch.column(0).to_pylist())
    return {session: Session() for session, count in counts.items() if session and count > 1}


def quarantined_share(infos: Sequence[ShardInfo]) -> float:
    """Share of traces that are held back, in [0, 1]."""
    held, rows = sum(info.rejected for info in infos), sum(info.rows for info in infos)
    return held / (held + rows) if held else 0.0
