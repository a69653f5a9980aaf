"""pull -> **sanitize** -> label: raw traces in, clean traces out."""

from __future__ import annotations

import gc
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from llmci.core.privacy.batch import Session, Tally, learn_sessions, sanitize_batch
from llmci.core.privacy.spread import session_digest
from llmci.domain.text import RawBatch
from llmci.seams import Rejected

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from llmci.core.privacy.canaries import Recall
    from llmci.core.privacy.memory import Memory
    from llmci.core.privacy.notes import Notes
    from llmci.core.privacy.permutation import Keyed
    from llmci.core.privacy.redact import Redactor
    from llmci.core.privacy.second_look import SecondLook
    from llmci.seams import ShardInfo, Shelf

_ROWS = 256
_UNKNOWN = "its session has traces in a shard that ended its worker, so that what they tell is not known"


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
class Known:
    """What is known of a shard before it is sanitized.

    Attributes:
        sessions: Those that other shards have traces of as well, by id, with all that any of them tells.
        notes: Where something was found in its texts by `learn_shard`; empty where that was not asked.
    """

    sessions: Mapping[str, Session]
    notes: Notes


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


def sessions_in(raw: Shelf, shard_id: str, keyed: Keyed) -> NDArray[np.uint64]:
    """The digest of each session of a shard, once, in order; shape (sessions,)."""
    found = {session_digest(keyed, session) for session in _counted_sessions(raw, shard_id)}
    return np.array(sorted(found), np.uint64)


def learn_shard(
    raw: Shelf, shard_id: str, redactor: Redactor, keyed: Keyed, split: Collection[int], notes: Notes
) -> dict[int, Memory]:
    """What is found in those sessions of a shard that other shards have traces of; by digest. Where it stands is noted."""
    digests = {name: session_digest(keyed, name) for name in _counted_sessions(raw, shard_id)}
    sessions = {name: Session() for name, digest in digests.items() if digest in split}
    with redactor.detector.noting(notes):
        _learn(raw, shard_id, redactor, sessions)
    return {digests[name]: session.memory for name, session in sessions.items()}


def known_sessions(
    raw: Shelf, shard_id: str, keyed: Keyed, memories: Mapping[int, Memory], unknown: Collection[int]
) -> dict[str, Session]:
    """The sessions that other shards have traces of as well, by id, with what all of them tell.

    Args:
        memories: By digest.
        unknown: Those of which a shard could not be looked at: their traces do not go on.
    """
    found = {}
    for name in _counted_sessions(raw, shard_id):
        digest = session_digest(keyed, name)
        if digest in unknown:
            found[name] = Session(unknown=_UNKNOWN)
        elif digest in memories:
            found[name] = Session(memories[digest])
    return found


def sanitize_shard(
    raw: Shelf,
    target: Shelf,
    shard_id: str,
    fingerprint: str,
    redactor: Redactor,
    known: Known,
    second: SecondLook | None = None,
) -> ShardSanitized:
    """Sanitize one shard; it appears on the target whole, or not at all."""
    given, notes = known.sessions, known.notes
    counted = _counted_sessions(raw, shard_id)
    own = {name: Session() for name, count in counted.items() if count > 1 and name not in given}
    tally, read = Tally(), 0
    with redactor.detector.noting(notes), target.writer(shard_id, fingerprint) as writer:
        notes.open = True
        _learn(raw, shard_id, redactor, own)
        left = counted.copy()
        # What comes from here on is searched for the last time.
        notes.open = False
        sessions = {**own, **given}
        del given, own
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
            for name in _ended(batch, left):
                sessions.pop(name, None)
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


def _learn(raw: Shelf, shard_id: str, redactor: Redactor, sessions: Mapping[str, Session]) -> None:
    if not sessions:
        return
    left = _counted_sessions(raw, shard_id)
    wanted = pa.array(list(sessions), pa.string())
    for batch in raw.read(shard_id):
        theirs = batch.filter(pc.is_in(batch.column("session_id"), value_set=wanted))
        with _uncollected():
            learn_sessions(RawBatch(theirs), redactor, sessions)
        for name in _ended(theirs, left):
            sessions[name].heard = set()


def _ended(batch: pa.RecordBatch, left: Counter[str]) -> list[str]:
    """Sessions of which a shard has no trace behind this batch: what was kept for those is no longer needed.

    Args:
        left: Traces that are still to come, of each session; is counted down.
    """
    names = Counter(name for name in batch.column("session_id").to_pylist() if name)
    left.subtract(names)
    return [name for name in names if not left[name]]


def _counted_sessions(raw: Shelf, shard_id: str) -> Counter[str]:
    """The sessions of a shard, and how many of its traces belong to each."""
    counts: Counter[str] = Counter()
    for batch in raw.read(shard_id, ("session_id",)):
        counts.update(name for name in batch.column(0).to_pylist() if name)
    return counts


def quarantined_share(infos: Sequence[ShardInfo]) -> float:
    """Share of traces that are held back, in [0, 1]."""
    held, rows = sum(info.rejected for info in infos), sum(info.rows for info in infos)
    return held / (held + rows) if held else 0.0
