"""OpenTelemetry spans: files of the collector's file exporter, and what `llmci pull --listen` received.

The spans of one trace may stand in any export of any file. They are spilled to a few files by a hash
of the trace id, so that one such file at a time is held in memory, whatever the size of the whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

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
from llmci.adapters.sources.rows import within
from llmci.adapters.sources.spill import Spill
from llmci.core.canonical import digest_of
from llmci.core.traces.litellm_spans import traces_in
from llmci.core.traces.mapping import Where
from llmci.core.traces.otlp import span_of, spans_in, trace_id_of
from llmci.core.traces.records import Origin
from llmci.core.traces.scalars import Unreadable
from llmci.core.traces.spans import trace_of
from llmci.errors import OutsideError
from llmci.seams import Options as BaseOptions
from llmci.seams import Rejected, Shard

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from llmci.core.traces.otlp import Span
    from llmci.domain.trace import TraceRow
    from llmci.seams import Context, Progress, Received, Window


_OTHER_SIGNALS = {"resourceLogs", "resourceMetrics"}


class OtlpSource:
    """Traces in OTLP files, JSON or protobuf; see `llmci.seams.Source` and `llmci.seams.Listener`."""

    class Options(BaseOptions):
        """Files of the collector's file exporter, JSON or protobuf, or what was received.

        Attributes:
            path: A file, a directory, a glob or a URI of an object store, from the configuration's directory. Without it, what
                `llmci pull --listen` received.
            variant: Attribute of a span or of its resource that names the variant, where it is
                none of the usual ones.
            max_line_mb: A longer line or message is rejected, and so is a longer request to the receiver.
        """

        path: str | None = Field(default=None, min_length=1)
        variant: Where = None
        max_line_mb: float = Field(default=64, gt=0)

    lists_all: ClassVar[bool] = True

    def __init__(self, options: Options, context: Context) -> None:
        self._options, self._context = options, context

    def shards(self, window: Window) -> Sequence[Shard]:  # noqa: ARG002  files are listed whole
        """See `Source.shards`: one for all files, because a trace may be spread over them."""
        name, root = self._context.name, self._context.root
        if self._options.path is None and not any(self._inbox.glob("*.jsonl")):
            raise OutsideError(
                f"source {name!r}: nothing was received yet.",
                fix=f"Run `llmci pull {name} --listen 127.0.0.1:4318 --for 10m`, or name files with `path:`.",
            )
        pattern = self._options.path or str(self._inbox / "*.jsonl")
        files = matching(pattern, root, source=name)
        try:
            digests = [[shown(path, root), fingerprint_of(path)] for path in files]
            size = sum(path.stat().st_size for path in files)
        except OSError as error:
            raise unreadable(files[0], error) from None
        return [Shard(shard_id(name, self._options.path or ""), digest_of(*digests), pattern, size)]

    def read(self, shard: Shard, window: Window) -> Iterator[TraceRow | Rejected]:
        """See `Source.read`."""
        files = matching(shard.uri, self._context.root, source=self._context.name)
        with Spill(self._context.state / "raw" / f".spill-{shard.shard_id}", shard.size or 0) as spill:
            for path in files:
                yield from self._spilled(path, spill)
            for entries in spill.groups():
                for outcome in self._folded(entries):
                    if isinstance(outcome, Rejected) or within(outcome, window):
                        yield outcome

    def receive(self, host: str, port: int, *, seconds: float | None, progress: Progress) -> Received:
        """See `Listener.receive`."""
        from llmci.adapters.sources.otlp_receiver import receive

        limit = int(self._options.max_line_mb * 1_000_000)
        return receive(self._inbox, host, port, seconds=seconds, limit=limit, progress=progress)

    @property
    def _inbox(self) -> Path:
        """Where the receiver lands what it gets."""
        return self._context.state / "landing" / f"{shard_prefix(self._context.name)}received"

    def _spilled(self, path: Path, spill: Spill) -> Iterator[Rejected]:
        """Put a file's spans into the spill; gives what cannot be read."""
        name = shown(path, self._context.root)
        limit = int(self._options.max_line_mb * 1_000_000)
        without = 0
        with open_bytes(path) as file:
            try:
                for export in exports_of(file, limit):
                    where = f"{name}:{export.number}"
                    if export.fault is not None:
                        yield Rejected(where, export.fault)
                    elif _is_other_signal(export.value):
                        without += 1
                    elif export.value is not None:
                        yield from _put(export.value, where, spill)
            except READ_ERRORS as error:
                raise unreadable(path, error) from None
        if without:
            yield Rejected(name, f"{without} exports hold logs or metrics, which are not read")

    def _folded(self, entries: list[Any]) -> Iterator[TraceRow | Rejected]:
        spans = []
        for logged, resource, where in entries:
            try:
                spans.append(span_of(logged, resource))
            except Unreadable as error:
                yield Rejected(where, str(error))
        for trace in traces_in(spans) if spans else ():
            yield self._trace(trace, entries[0][2])

    def _trace(self, spans: Sequence[Span], where: str) -> TraceRow | Rejected:
        try:
            return trace_of(spans, Origin(self._context.name, "otlp"), variant=self._options.variant)
        except (Unreadable, RecursionError):
            return Rejected(where, "nested too deeply")


def _is_other_signal(export: object) -> bool:
    return isinstance(export, dict) and bool(_OTHER_SIGNALS & export.keys()) and "resourceSpans" not in export


def _put(export: object, where: str, spill: Spill) -> Iterator[Rejected]:
    if not isinstance(export, dict):
        yield Rejected(where, "not a JSON object")
        return
    found = False
    for logged, resource in spans_in(export):
        found = True
        trace_id = trace_id_of(logged)
        if trace_id is None:
            yield Rejected(where, "a span without a trace id")
            continue
        try:
            spill.put(trace_id, [logged, resource, where])
        except Unreadable as error:
            yield Rejected(where, str(error))
    if not found:
        yield Rejected(where, "no spans: not an OTLP trace export")
