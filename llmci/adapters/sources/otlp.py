"""OpenTelemetry spans, and the GenAI events about them: files of the collector's file exporter, and what `llmci pull --listen` received.

The spans of one trace may stand in any export of any file. They are spilled to a few files by a hash
of the trace id, so that one such file at a time is held in memory, whatever the size of the whole.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from pydantic import Field

from llmci.adapters.sources.files import (
    READ_ERRORS,
    fingerprint_of,
    matching,
    open_bytes,
    shard_id,
    shard_prefix,
    shown,
    unreadable,
)
from llmci.adapters.sources.framed import exports_of
from llmci.adapters.sources.otlp_inbox import Inbox
from llmci.adapters.sources.rows import within
from llmci.adapters.sources.spill import Spill
from llmci.adapters.sources.uploads import Uploads
from llmci.core.canonical import digest_of
from llmci.core.traces.litellm_spans import traces_in
from llmci.core.traces.log_events import is_event, joined, records_in
from llmci.core.traces.mapping import Where
from llmci.core.traces.otlp import identity, span_of, spans_in
from llmci.core.traces.records import Origin
from llmci.core.traces.scalars import Unreadable
from llmci.core.traces.spans import trace_of
from llmci.errors import OutsideError
from llmci.seams import Options as BaseOptions
from llmci.seams import Rejected, Shard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from llmci.core.traces.otlp import Span
    from llmci.domain.trace import TraceRow
    from llmci.seams import Context, Progress, Received, Window


_SAID = {"span": "span", "log": "GenAI event"}


class OtlpSource:
    """Traces in OTLP files, JSON or protobuf; see `llmci.seams.Source` and `llmci.seams.Listener`."""

    class Options(BaseOptions):
        """Files of the collector's file exporter, JSON or protobuf, or what was received.

        Attributes:
            path: A file, a directory, a glob or a URI of an object store, from the configuration's directory. Without it, what
                `llmci pull --listen` received.
            variant: Attribute of a span or of its resource that names the variant, where it is
                none of the usual ones.
            uploads: Directory or URI of an object store with what instrumentations uploaded instead of writing it
                into spans (`gen_ai.input.messages_ref` and its kin). Without it a trace that refers to such files
                is not replayable.
            max_line_mb: A longer line or message is rejected, and so is a longer request to the receiver.
        """

        path: str | None = Field(default=None, min_length=1)
        variant: Where = None
        uploads: str | None = Field(default=None, min_length=1)
        max_line_mb: float = Field(default=64, gt=0)

    lists_all: ClassVar[bool] = True

    def __init__(self, options: Options, context: Context) -> None:
        self._options, self._context = options, context
        self._uploads = Uploads(options.uploads, context.root, self._limit)

    def shards(self, window: Window) -> Sequence[Shard]:  # noqa: ARG002  files are listed whole
        """See `Source.shards`: one for all files, or one for each part that received traces begin in."""
        if self._options.path is not None:
            return [self._files(self._options.path)]
        # `land` leaves no journal pending, unless a receiver has just begun one.
        found = [self._files(str(path)) for path in self._inbox.pending()] + self._units()
        if not found:
            name = self._context.name
            raise OutsideError(
                f"source {name!r}: nothing was received yet.",
                fix=f"Run `llmci pull {name} --listen 127.0.0.1:4318 --for 10m`, or name files with `path:`.",
            )
        return found

    def _files(self, pattern: str) -> Shard:
        """One shard for all files, because a trace may be spread over them."""
        name, root = self._context.name, self._context.root
        files = matching(pattern, root, source=name)
        try:
            digests = [[shown(path, root), fingerprint_of(path)] for path in files]
            size = sum(path.stat().st_size for path in files)
        except OSError as error:
            raise unreadable(files[0], error) from None
        return Shard(shard_id(name, pattern), digest_of(*digests), pattern, size)

    def _units(self) -> list[Shard]:
        prefix = shard_prefix(self._context.name)
        return [
            Shard(f"{prefix}{unit.name}", unit.fingerprint, orjson.dumps([unit.name, unit.parts]).decode(), unit.size)
            for unit in self._inbox.units()
        ]

    def read(self, shard: Shard, window: Window) -> Iterator[TraceRow | Rejected]:
        """See `Source.read`."""
        for entries in self._landed(shard) if shard.uri.startswith("[") else self._filed(shard):
            for outcome in [entries] if isinstance(entries, Rejected) else self._folded(entries):
                if isinstance(outcome, Rejected) or within(outcome, window):
                    yield outcome

    def _landed(self, shard: Shard) -> Iterator[list[Any]]:
        unit, parts = orjson.loads(shard.uri)
        for entries in self._inbox.entries(unit, parts):
            yield [[*entry, f"{self._context.name}: a trace of {unit}"] for entry in entries]

    def _filed(self, shard: Shard) -> Iterator[list[Any] | Rejected]:
        files = matching(shard.uri, self._context.root, source=self._context.name)
        with Spill(self._context.state / "raw" / f".spill-{shard.shard_id}", shard.size or 0) as spill:
            for path in files:
                yield from self._spilled(path, spill)
            yield from spill.groups()

    def land(self) -> None:
        """See `Listener.land`."""
        if self._options.path is None:
            self._inbox.land(self._limit)

    def erase(self, holds: Callable[[str | None], bool]) -> set[str]:
        """See `Listener.erase`; a trace of a proxy has another id than the spans that it was received as."""
        self.land()
        if self._options.path is not None:
            return set()
        found: set[str] = set()
        received: set[str] = set()
        for shard in self._units():
            for entries in self._landed(shard):
                rows = [row for row in self._folded(entries) if not isinstance(row, Rejected)]
                if any(holds(row.get("user_id")) for row in rows):
                    found |= {row["trace_id"] for row in rows}
                    received.add(str(identity(entries[0][0])[0]))
        with closing(self._inbox.landing()) as landing:
            landing.erase(received)
        return found

    def receive(self, host: str, port: int, *, seconds: float | None, progress: Progress) -> Received:
        """See `Listener.receive`."""
        from llmci.adapters.sources.otlp_receiver import receive

        return receive(self._inbox.path, host, port, seconds=seconds, limit=self._limit, progress=progress)

    @property
    def _limit(self) -> int:
        return int(self._options.max_line_mb * 1_000_000)

    @property
    def _inbox(self) -> Inbox:
        """Where the receiver lands what it gets."""
        return Inbox(self._context.state / "landing" / f"{shard_prefix(self._context.name)}received")

    def _spilled(self, path: Path, spill: Spill) -> Iterator[Rejected]:
        """Put a file's spans and GenAI events into the spill; gives what cannot be read."""
        name, limit = shown(path, self._context.root), self._limit
        metrics = 0
        logs = _Logs()
        with open_bytes(path) as file:
            try:
                for export in exports_of(file, limit):
                    where = f"{name}:{export.number}"
                    if export.fault is not None:
                        yield Rejected(where, export.fault)
                    elif _is_metrics(export.value):
                        metrics += 1
                    elif export.value is not None:
                        yield from _put(export.value, where, spill, logs)
            except READ_ERRORS as error:
                raise unreadable(path, error) from None
        if metrics:
            yield Rejected(name, f"{metrics} exports hold metrics, which are not read")
        if logs.seen and not logs.events:
            yield Rejected(name, f"none of its {logs.seen} log records is an event of the GenAI conventions")

    def _folded(self, entries: list[Any]) -> Iterator[TraceRow | Rejected]:
        spans, records = [], []
        where = entries[0][-1]
        for logged, resource, kind, place in entries:
            if kind == "log":
                records.append((logged, resource))
                continue
            try:
                spans.append(span_of(logged, resource))
            except Unreadable as error:
                yield Rejected(place, str(error))
        try:
            spans = joined(spans, records) if records else spans
        except Unreadable as error:
            yield Rejected(where, str(error))
        for trace in traces_in(spans) if spans else ():
            yield self._trace(trace, where)

    def _trace(self, spans: Sequence[Span], where: str) -> TraceRow | Rejected:
        spans, lacks = self._uploads.told(spans)
        try:
            row = trace_of(spans, Origin(self._context.name, "otlp"), variant=self._options.variant)
            return {**row, "missing": [*row["missing"], "uploads"], "replay_kind": "none"} if lacks else row
        except (Unreadable, RecursionError):
            return Rejected(where, "nested too deeply")


@dataclass(slots=True)
class _Logs:
    """Log records of a file, and how many of them are GenAI events."""

    seen: int = 0
    events: int = 0


def _is_metrics(export: object) -> bool:
    return isinstance(export, dict) and "resourceMetrics" in export and not export.keys() & {"resourceSpans", "resourceLogs"}  # fmt: skip


def _put(export: object, where: str, spill: Spill, logs: _Logs) -> Iterator[Rejected]:
    if not isinstance(export, dict):
        yield Rejected(where, "not a JSON object")
        return
    found = False
    for logged, resource in spans_in(export):
        found = True
        yield from _kept(logged, resource, "span", where, spill)
    for logged, resource in records_in(export):
        found, logs.seen = True, logs.seen + 1
        if is_event(logged):
            logs.events += 1
            yield from _kept(logged, resource, "log", where, spill)
    if not found and "resourceLogs" not in export:
        yield Rejected(where, "no spans: not an OTLP trace export")


def _kept(logged: Any, resource: Any, kind: str, where: str, spill: Spill) -> Iterator[Rejected]:  # noqa: ANN401
    trace_id, _ = identity(logged)
    if trace_id is None:
        yield Rejected(where, f"a {_SAID[kind]} without a trace id")
        return
    try:
        spill.put(trace_id, [logged, resource, kind, where])
    except Unreadable as error:
        yield Rejected(where, str(error))
