"""Records of a remote source as they came: files that are only ever added, and a ledger of them.

    <state>/landing/<source>-<digest>/<part>.jsonl.zst   a line a record: hash of its trace, then JSON
    <state>/landing/<source>-<digest>/ledger.sqlite      windows, parts, records and their versions, media
    <state>/landing/<source>-<digest>/media/<hash>       a file that records refer to, by the hash of its id

A part counts once the ledger names it, and the ledger changes in one transaction: after a kill at any
instant the landing is as it was before or after a window, and a file that no ledger names is removed.
The records hold text as it was logged: the directory is its owner's only.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from llmci.adapters.sources.remote.parts import MARK, Parts, Writer, last_versions, mark_of, number_of
from llmci.core.canonical import digest_of
from llmci.core.pulling.windows import merged
from llmci.errors import UsageError
from llmci.files import write_once

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from llmci.core.pulling.windows import Span
    from llmci.seams import Part, Record, Stream, Window

_LEDGER = "ledger.sqlite"
_MEDIA = "media"
_SCHEMA = """
create table if not exists windows (stream text, since real, until real, primary key (stream, since)) without rowid;
create table if not exists parts (part integer primary key, name text unique, stream text, sha256 text, size integer);
create table if not exists records (stream text, key integer, version text, start real, primary key (stream, key)) without rowid;
create table if not exists traces (trace integer, part integer, primary key (trace, part)) without rowid;
create index if not exists traces_by_part on traces (part);
create table if not exists absent (trace integer primary key);
create table if not exists media (id text, trace integer, size integer, primary key (id, trace)) without rowid;
create index if not exists media_by_trace on media (trace);
"""
# In the place of a size; null is for what was not asked for yet.
_GONE = -1
_UPSERT = """
insert into records values (?, ?, ?, ?) on conflict do update set version = excluded.version, start = excluded.start
where excluded.version > version
"""
_INSERT_MEDIA = "insert or ignore into media values (?, ?, (select max(size) from media where id = ?))"
_MEDIA_BY_HOME = """
with homes as (
    select trace, min(name) as home from traces join parts using (part) where stream = 'spans' group by trace
)
select distinct id, home from media join homes using (trace) where size >= 0 order by id
"""
_ASKED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Unit:
    """Traces that are folded together: those whose first span is in one part.

    Attributes:
        name: Of that part.
        parts: All parts that hold spans or scores of them: name and stream, that one first.
        fingerprint: Changes when one of the parts does.
        size: Bytes of its parts, before they are compressed.
    """

    name: str
    parts: tuple[tuple[str, Stream], ...]
    fingerprint: str
    size: int


class Landing:
    """See `llmci.seams.Landing`; one thread at a time commits, any number writes parts."""

    def __init__(self, path: Path) -> None:
        self.path, self._parts = path, Parts(path)
        self._lock = threading.Lock()
        self._open: sqlite3.Connection | None = None

    @staticmethod
    def is_at(path: Path) -> bool:
        """Whether a directory is the landing of some source."""
        return (path / _LEDGER).exists()

    def covered(self, stream: Stream) -> Sequence[Span]:
        """See `Landing.covered`."""
        rows = self._rows("select since, until from windows where stream = ?", (stream,))
        return merged((datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(until, UTC)) for since, until in rows)

    @contextmanager
    def part(self, stream: Stream, name: str) -> Iterator[Writer]:
        """See `Landing.part`."""
        self._make()
        with self._parts.written(stream, name) as writer:
            yield writer

    def commit(self, stream: Stream, window: Window | None, parts: Sequence[Part]) -> int:
        """See `Landing.commit`."""
        with self._ledger() as ledger, ledger:
            new = sum(_add(ledger, part) for part in parts)
            if window is not None and window.since and window.until:
                bounds = (stream, window.since.timestamp(), window.until.timestamp())
                ledger.execute("insert or replace into windows values (?, ?, ?)", bounds)
            return new

    def news(self, stream: Stream, records: Sequence[Record]) -> Sequence[Record]:
        """See `Landing.news`."""
        known: dict[int, str] = {}
        keys = [_key(record.trace_id, record.key) for record in records]
        for first in range(0, len(keys), _ASKED_AT_ONCE):
            some = keys[first : first + _ASKED_AT_ONCE]
            marks = ",".join("?" * len(some))
            query = f"select key, version from records where stream = ? and key in ({marks})"  # noqa: S608  marks alone
            known.update(self._rows(query, (stream, *some)))
        return [
            record for record, key in zip(records, keys, strict=True) if key not in known or known[key] < record.version
        ]

    def unknown(self, trace_ids: Iterable[str]) -> Sequence[str]:
        """See `Landing.unknown`."""
        query = "select 1 from traces join parts using (part) where trace = ? and stream = 'spans' union select 1 from absent where trace = ?"
        with self._ledger() as ledger:
            numbers = {trace_id: number_of(trace_id) for trace_id in trace_ids}
            return [
                trace_id
                for trace_id, number in numbers.items()
                if ledger.execute(query, (number, number)).fetchone() is None
            ]

    def give_up(self, trace_ids: Iterable[str]) -> None:
        """Remember that the source has no span of these, or none that is wanted."""
        with self._ledger() as ledger, ledger:
            ledger.executemany("insert or ignore into absent values (?)", [(number_of(t),) for t in trace_ids])

    def holds_part(self, name: str) -> bool:
        """Whether a part of this name was committed."""
        return any(self._rows("select 1 from parts where name = ?", (name,)))

    def count(self, stream: Stream, window: Window) -> int:
        """See `Landing.count`."""
        bounds = [moment.timestamp() if moment else None for moment in (window.since, window.until)]
        query = "select count(*) from records where stream = ? and start >= ? and start < ?"
        return int(next(self._rows(query, (stream, *bounds)), (0,))[0])

    def units(self) -> list[Unit]:
        """All traces, by the part that holds the first of each; in order of the parts' names."""
        rows = self._rows(
            """
            with homes as (
                select trace, min(name) as home from traces join parts using (part) where stream = 'spans' group by trace
            )
            select distinct home, name, stream, sha256, size
            from homes join traces using (trace) join parts using (part)
            order by home, stream desc, name
            """
        )
        found: dict[str, list[tuple[str, Stream, str, int]]] = {}
        for home, name, stream, sha256, size in rows:
            found.setdefault(home, []).append((name, stream, sha256, size))
        # A unit is another one once media of it have come.
        media: dict[str, list[str]] = {}
        for media_id, home in self._rows(_MEDIA_BY_HOME):
            media.setdefault(home, []).append(media_id)
        return [_unit(home, parts, media.get(home, [])) for home, parts in found.items()]

    def lacking(self) -> Sequence[str]:
        """See `Landing.lacking`."""
        return [media_id for (media_id,) in self._rows("select distinct id from media where size is null order by id")]

    def keep_media(self, media_id: str, content: bytes | None) -> None:
        """See `Landing.keep_media`."""
        if content is not None:
            write_once(self._media(media_id), content)
        size = _GONE if content is None else len(content)
        with self._ledger() as ledger, ledger:
            ledger.execute("update media set size = ? where id = ?", (size, media_id))

    def media(self, media_id: str) -> bytes | None:
        """A file that was kept; None where there is none."""
        try:
            return self._media(media_id).read_bytes()
        except FileNotFoundError:
            return None

    def _media(self, media_id: str) -> Path:
        return self.path / _MEDIA / hashlib.sha256(media_id.encode()).hexdigest()

    def grouped(
        self, unit: str, parts: Sequence[tuple[str, Stream]]
    ) -> Iterator[tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]]:
        """Spans and scores of each trace of a unit, every record in its last version.

        Holds the unit's records as bytes, and one trace of them decoded.

        Args:
            unit: Its name.
            parts: Its parts, see `Unit`.
        """
        homes = self._homes(unit)
        found: dict[bytes, tuple[list[bytes], list[bytes]]] = {}
        for name, stream in parts:
            for line in self._parts.lines(name):
                trace = line[:MARK]
                if trace in homes:
                    found.setdefault(trace, ([], []))[stream == "scores"].append(line)
        while found:
            spans, scores = found.pop(next(iter(found)))
            yield last_versions(spans), last_versions(scores)

    def erase(self, trace_ids: Iterable[str]) -> int:
        """Take all records of these traces out of the files, and never ask for them again; gives how many.

        Their keys stay in the ledger as hashes, so that a record that is seen again is not news.
        """
        numbers = [number_of(trace_id) for trace_id in trace_ids]
        held: dict[str, int] = {}
        for number in numbers:
            query = "select name, part from traces join parts using (part) where trace = ?"
            held.update(dict(self._rows(query, (number,))))
        gone = sum(self._without(name, part, numbers) for name, part in held.items())
        self._without_media(numbers)
        return gone

    def _without(self, name: str, part: int, numbers: Sequence[int]) -> int:
        """Take traces out of a part and out of what the ledger has of it; gives how many records."""
        gone, size, digest = self._parts.rewritten(name, {mark_of(number) for number in numbers})
        with self._ledger() as ledger, ledger:
            ledger.execute("update parts set sha256 = ?, size = ? where part = ?", (digest, size, part))
            ledger.executemany("delete from traces where trace = ? and part = ?", [(n, part) for n in numbers])
            ledger.executemany("insert or ignore into absent values (?)", [(n,) for n in numbers])
        return gone

    def _without_media(self, numbers: Sequence[int]) -> None:
        """Forget media of these traces, and delete those that no other trace refers to."""
        with self._ledger() as ledger, ledger:
            found = {
                row[0]
                for number in numbers
                for row in ledger.execute("select id from media where trace = ?", (number,))
            }
            ledger.executemany("delete from media where trace = ?", [(number,) for number in numbers])
            for media_id in found:
                if ledger.execute("select 1 from media where id = ?", (media_id,)).fetchone() is None:
                    self._media(media_id).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what killed writers left; only for who knows that nobody is writing now."""
        if self.path.is_dir():
            self._parts.sweep({name for (name,) in self._rows("select name from parts")})

    def _homes(self, unit: str) -> set[bytes]:
        query = """
            select trace from traces join parts using (part) where stream = 'spans'
            and trace in (select trace from traces join parts using (part) where name = ?)
            group by trace having min(name) = ?
        """
        return {mark_of(trace) for (trace,) in self._rows(query, (unit, unit))}

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> Iterator[Any]:
        if not (self.path / _LEDGER).exists():
            return
        with self._ledger() as ledger:
            found = ledger.execute(query, values).fetchall()
        yield from found

    def close(self) -> None:
        """Let go of the ledger; it is opened again when it is needed."""
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    @contextmanager
    def _ledger(self) -> Iterator[sqlite3.Connection]:
        """The ledger, for one thread at a time."""
        self._make()
        try:
            with self._lock:
                if self._open is None:
                    self._open = sqlite3.connect(self.path / _LEDGER, timeout=30, check_same_thread=False)
                    # A lost power may lose the last commits this way, which are then fetched anew; a kill loses none.
                    self._open.executescript(
                        f"pragma journal_mode=wal; pragma synchronous=normal; pragma cache_size=-65536; {_SCHEMA}"
                    )
                yield self._open
        except sqlite3.DatabaseError:
            raise UsageError(
                f"{self.path / _LEDGER}: damaged.",
                fix=f"Delete {self.path} and pull again; all of this source is fetched anew.",
            ) from None

    def _make(self) -> None:
        for path in (self.path.parent, self.path):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)


def _add(ledger: sqlite3.Connection, part: Part) -> int:
    """Enter a part; gives how many of its records are new, or newer than what was there."""
    known = ledger.execute("select part from parts where name = ?", (part.name,)).fetchone()
    if known:
        ledger.execute("delete from traces where part = ?", known)
        ledger.execute("update parts set sha256 = ?, size = ? where part = ?", (part.sha256, part.size, *known))
        number = known[0]
    else:
        values = (part.name, part.stream, part.sha256, part.size)
        number = ledger.execute("insert into parts (name, stream, sha256, size) values (?, ?, ?, ?)", values).lastrowid
    traces = {number_of(trace_id) for trace_id, *_ in part.entries if trace_id}
    ledger.executemany("insert into traces values (?, ?)", [(trace, number) for trace in sorted(traces)])
    for trace_id, media_id in sorted(part.media):
        # What another record referred to before is there, or is not to be had.
        ledger.execute(_INSERT_MEDIA, (media_id, number_of(trace_id), media_id))
    before = ledger.total_changes
    # In the order of the table: pages of it are then changed once rather than for every record.
    entries = sorted((_key(trace_id, key), version, start or 0.0) for trace_id, key, version, start in part.entries)
    ledger.executemany(_UPSERT, [(part.stream, *entry) for entry in entries])
    return ledger.total_changes - before


def _unit(home: str, parts: list[tuple[str, Stream, str, int]], media: Sequence[str]) -> Unit:
    ordered = sorted(parts, key=lambda part: (part[1] == "scores", part[0] != home, part[0]))
    size = sum(size for _, _, _, size in parts)
    digest = digest_of(*([name, sha256] for name, _, sha256, _ in ordered), *media)
    return Unit(home, tuple((name, stream) for name, stream, _, _ in ordered), digest, size)


def _key(trace_id: str, key: str) -> int:
    return number_of(f"{trace_id}/{key}")
