"""**pull** -> sanitize: traces of a source to the raw shelf, shard by shard."""

from __future__ import annotations

import gc
import hashlib
import heapq
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from llmci.core.traces.digest import sealed
from llmci.domain.trace import TRACE
from llmci.errors import ExitCode
from llmci.seams import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from llmci.domain.trace import TraceRow
    from llmci.seams import Shard, ShardInfo, ShardWriter, Shelf, Source, Window

BATCH_ROWS = 512
BATCH_BYTES = 32 << 20
# Stands in a fingerprint before the digest of traces that were left to another shard.
APART = "+"
_SUMMARY_COLUMNS = ("replay_kind", "missing", "variant", "cost")
_FIRST_REJECTED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardPulled:
    """What came of one shard: rows written, records held back, identical repetitions left out."""

    shard_id: str
    rows: int
    rejected: int
    repeated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFailure:
    """A source that could not be read, or not to its end; what was read of it is kept."""

    source: str
    message: str
    fix: str
    exit_code: ExitCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What came over the network.

    Attributes:
        windows: Windows of time that were fetched or surveyed.
        records: Spans and scores that came.
        new: Those that were not there before.
        seconds: It took so long.
    """

    windows: int
    records: int
    new: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PullSummary:
    """What a pull did, and what the shelf now holds of its sources.

    Attributes:
        shards_read: Shards that were new or had changed.
        shards_unchanged: Shards that were left alone.
        shards_dropped: Shards whose files, or whose source, are gone.
        traces: Traces on the shelf.
        repeated: Records left out because the same trace was there already, identical.
        rejected: Records held back; the whole list is on the shelf.
        rejected_first: The first few of them.
        replay: Traces by `replay_kind`.
        missing: Traces by what they lack.
        unreplayed: The same of those that cannot be replayed: why they cannot.
        variants: Traces by variant; "" for those without one.
        unknown_costs: Traces whose cost is not known.
        fetched: What came over the network; None where no source is behind one.
        notes: What the reader should know of that.
        failures: Sources that failed.
    """

    sources: tuple[str, ...]
    shards_read: int
    shards_unchanged: int
    shards_dropped: int
    traces: int
    repeated: int
    rejected: int
    rejected_first: tuple[Rejected, ...]
    replay: Mapping[str, int]
    missing: Mapping[str, int]
    unreplayed: Mapping[str, int]
    variants: Mapping[str, int]
    unknown_costs: int
    fetched: Fetched | None = None
    notes: tuple[str, ...] = ()
    failures: tuple[SourceFailure, ...]

    @property
    def exit_code(self) -> ExitCode:
        """0, or the graver of the failures' codes."""
        return max((failure.exit_code for failure in self.failures), default=ExitCode.PASSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Which traces of a shard are kept.

    Attributes:
        threshold: Only those whose `sample_key` is at most this; None keeps all.
        elsewhere: Trace ids that an earlier shard has, with their content hash there.
    """

    threshold: int | None = None
    elsewhere: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """Which shards are read, which stand as they are, and which are dropped."""

    stale: tuple[str, ...]
    unchanged: tuple[str, ...]
    gone: tuple[str, ...]


def plan(listed: Mapping[str, str], on_shelf: Mapping[str, ShardInfo], droppable: Iterable[str]) -> Plan:
    """Compare what the sources list with what the shelf has.

    Args:
        listed: Fingerprint of every shard that the sources list, by id.
        on_shelf: Committed shards.
        droppable: Shards on the shelf that go if they are not listed.
    """
    gone = tuple(shard_id for shard_id in droppable if shard_id not in listed)
    fresh = {
        shard_id
        for shard_id, fingerprint in listed.items()
        if shard_id in on_shelf and on_shelf[shard_id].fingerprint.partition(APART)[0] == fingerprint
    }
    if gone or len(fresh) < len(listed):
        # A shard that left traces to another one may get them back now.
        fresh = {shard_id for shard_id in fresh if APART not in on_shelf[shard_id].fingerprint}
    return Plan(tuple(s for s in listed if s not in fresh), tuple(s for s in listed if s in fresh), gone)


def pull_shard(
    source: Source, shard: Shard, shelf: Shelf, *, window: Window, fingerprint: str, now: datetime, keep: Keep
) -> ShardPulled:
    """Read one shard of a source into one shard of the shelf, in constant memory.

    Of several records with one trace id the first is kept. A later one that is identical is left
    out and counted; one that differs is rejected.
    """
    left = hashlib.sha256("\n".join(sorted(keep.elsewhere)).encode()).hexdigest() if keep.elsewhere else ""
    print_of_input = f"{fingerprint}{APART}{left}" if left else fingerprint
    with _no_cycles_sought(), shelf.writer(shard.shard_id, print_of_input) as writer:
        landing = _Landing(writer, shard.shard_id, keep, now)
        for outcome in source.read(shard, window):
            landing.take(outcome)
        landing.flush()
    return ShardPulled(shard_id=shard.shard_id, rows=writer.rows, rejected=landing.rejected, repeated=landing.repeated)


@contextmanager
def _no_cycles_sought() -> Iterator[None]:
    """Rows are trees without cycles, and looking for cycles among so many takes a tenth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Landing:
    """Gathers rows into batches that are bounded in rows and in bytes."""

    def __init__(self, writer: ShardWriter, shard_id: str, keep: Keep, now: datetime) -> None:
        self.rejected = self.repeated = 0
        self._writer, self._shard_id, self._keep, self._now = writer, shard_id, keep, now
        # Eight bytes of each digest rather than ids and digests whole, because a shard may be large.
        self._seen: dict[int, int] = {}
        self._rows: list[TraceRow] = []
        self._bytes = 0

    def take(self, outcome: TraceRow | Rejected) -> None:
        if isinstance(outcome, Rejected):
            self._reject(outcome)
            return
        if self._keep.threshold is not None and sample_key(outcome["trace_id"]) > self._keep.threshold:
            return
        row, size = sealed(outcome, self._now, self._writer.keep)
        if self._is_new(row):
            self._rows.append(row)
            self._bytes += size
            if len(self._rows) >= BATCH_ROWS or self._bytes >= BATCH_BYTES:
                self.flush()

    def flush(self) -> None:
        if self._rows:
            self._writer.write(pa.RecordBatch.from_pylist(self._rows, schema=TRACE))
            self._rows, self._bytes = [], 0

    def _is_new(self, row: TraceRow) -> bool:
        trace_id, content = row["trace_id"], _short(row["content_hash"])
        key = sample_key(trace_id)
        before = self._seen.get(key)
        if before is None and trace_id in self._keep.elsewhere:
            before = _short(self._keep.elsewhere[trace_id])
        if before is None:
            self._seen[key] = content
            return True
        if before == content:
            self.repeated += 1
        else:
            why = "this trace id came before with other content; the first is kept"
            self._reject(Rejected(f"{self._shard_id}: trace {trace_id}", why))
        return False

    def _reject(self, rejected: Rejected) -> None:
        self._writer.reject(rejected)
        self.rejected += 1


def _short(digest: str) -> int:
    return int(digest[:16], 16)


def sample_key(trace_id: str) -> int:
    """A number that is as good as random but always the same for a trace, so that a rerun takes the same ones."""
    return int.from_bytes(hashlib.sha256(trace_id.encode()).digest()[:8])


def smallest_keys(source: Source, shard: Shard, window: Window, limit: int) -> list[int]:
    """The `limit` smallest sample keys of a shard's traces."""
    rows = (row for row in source.read(shard, window) if not isinstance(row, Rejected))
    return heapq.nsmallest(limit, {sample_key(row["trace_id"]) for row in rows})


def threshold_of(keys: Iterable[list[int]], limit: int) -> int | None:
    """The key up to which `limit` traces are kept; None where there are no more than that."""
    best = heapq.nsmallest(limit, {key for shard in keys for key in shard})
    return best[-1] if len(best) == limit else None


def threshold_of_share(share: float) -> int:
    """The key up to which this share of all traces is kept."""
    return min(int(share * 2**64), 2**64 - 1)


def keys_in(shelf: Shelf, shard_id: str) -> NDArray[np.uint64]:
    """Sample keys of a shard's traces, shape (traces,)."""
    return np.fromiter((sample_key(trace_id) for trace_id, _ in _ids(shelf, shard_id)), dtype=np.uint64)


def often(keys: Sequence[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """Keys that come more than once in all shards, in order: of equal ids, or by a chance that ids decide."""
    values, counts = np.unique(np.concatenate(keys) if keys else np.empty(0, np.uint64), return_counts=True)
    return values[counts > 1]


def suspected_in(shelf: Shelf, shard_id: str, suspects: NDArray[np.uint64]) -> list[tuple[str, str]]:
    """Id and content hash of a shard's traces with one of these keys."""
    wanted = set(suspects.tolist())
    return [(trace_id, content) for trace_id, content in _ids(shelf, shard_id) if sample_key(trace_id) in wanted]


def repeated_elsewhere(suspected: Mapping[str, Sequence[tuple[str, str]]]) -> dict[str, dict[str, str]]:
    """Traces that more than one shard has: by later shard, their ids with the content hash of the first."""
    first: dict[str, tuple[str, str]] = {}
    found: dict[str, dict[str, str]] = {}
    for shard_id, traces in suspected.items():
        for trace_id, content in traces:
            owner, kept = first.setdefault(trace_id, (shard_id, content))
            if owner != shard_id:
                found.setdefault(shard_id, {})[trace_id] = kept
    return found


def _ids(shelf: Shelf, shard_id: str) -> Iterator[tuple[str, str]]:
    for batch in shelf.read(shard_id, ("trace_id", "content_hash")):
        yield from zip(batch.column("trace_id").to_pylist(), batch.column("content_hash").to_pylist(), strict=True)


def tally_shard(shelf: Shelf, shard_id: str) -> Tally:
    """Count what a shard holds."""
    tally = Tally()
    for batch in shelf.read(shard_id, _SUMMARY_COLUMNS):
        tally.add(batch)
    return tally


@dataclass(slots=True)
class Tally:
    """Counts what is on the shelf, batch by batch."""

    traces: int = 0
    unknown_costs: int = 0
    replay: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    unreplayed: Counter[str] = field(default_factory=Counter)
    variants: Counter[str] = field(default_factory=Counter)

    def add(self, batch: pa.RecordBatch) -> None:
        """Count a batch that has at least the columns of a summary."""
        self.traces += batch.num_rows
        self.unknown_costs += batch.column("cost").null_count
        kinds = batch.column("replay_kind").to_pylist()
        self.replay.update(kinds)
        self.variants.update(variant or "" for variant in batch.column("variant").to_pylist())
        for kind, reasons in zip(kinds, batch.column("missing").to_pylist(), strict=True):
            self.missing.update(reasons or ())
            if kind == "none":
                self.unreplayed.update(reasons or ())

    def merge(self, other: Tally) -> None:
        """Add another tally's counts."""
        self.traces += other.traces
        self.unknown_costs += other.unknown_costs
        self.replay.update(other.replay)
        self.missing.update(other.missing)
        self.unreplayed.update(other.unreplayed)
        self.variants.update(other.variants)
