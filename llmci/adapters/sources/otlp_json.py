"""OTLP in JSON, as the OpenTelemetry collector's file exporter writes it: one export request a line.

The spans of one trace may stand on any line of any file. They are spilled to a few files by a hash
of the trace id, so that one such file at a time is held in memory, whatever the size of the whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from llmci.adapters.sources.files import READ_ERRORS, matching, open_bytes, shard_id, shown, unreadable
from llmci.adapters.sources.lines import NotJson, lines_of, parsed
from llmci.adapters.sources.rows import within
from llmci.adapters.sources.spill import Spill
from llmci.core.canonical import digest_of
from llmci.core.traces.mapping import Where
from llmci.core.traces.otlp import span_of, spans_in, trace_id_of
from llmci.core.traces.records import Origin
from llmci.core.traces.scalars import Unreadable
from llmci.core.traces.spans import trace_of
from llmci.files import sha256_of
from llmci.seams import Options as BaseOptions
from llmci.seams import Rejected, Shard

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from llmci.core.traces.otlp import Span
    from llmci.domain.trace import TraceRow
    from llmci.seams import Context, Window


_OTHER_SIGNALS = {"resourceLogs", "resourceMetrics"}


class OtlpJsonSource:
    """Traces in OTLP-JSON files; see `llmci.seams.Source`."""

    class Options(BaseOptions):
        """Files of the collector's file exporter.

        Attributes:
            path: A file or a glob, from the configuration's directory.
            variant: Attribute of a span or of its resource that names the variant, where it is
                none of the usual ones.
            max_line_mb: A longer line is rejected.
        """

        path: str = Field(min_length=1)
        variant: Where = None
        max_line_mb: float = Field(default=64, gt=0)

    lists_all: ClassVar[bool] = True

    def __init__(self, options: Options, context: Context) -> None:
        self._options, self._context = options, context

    def shards(self, window: Window) -> Sequence[Shard]:  # noqa: ARG002  files are listed whole
        """See `Source.shards`: one for all files, because a trace may be spread over them."""
        name, root = self._context.name, self._context.root
        files = matching(self._options.path, root, source=name)
        try:
            digests = [[shown(path, root), sha256_of(path)] for path in files]
            size = sum(path.stat().st_size for path in files)
        except OSError as error:
            raise unreadable(files[0], error) from None
        return [Shard(shard_id(name, self._options.path), digest_of(*digests), self._options.path, size)]

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

    def _spilled(self, path: Path, spill: Spill) -> Iterator[Rejected]:
        """Put a file's spans into the spill; gives what cannot be read."""
        name = shown(path, self._context.root)
        limit = int(self._options.max_line_mb * 1_000_000)
        without = 0
        with open_bytes(path) as file:
            try:
                for number, line in enumerate(lines_of(file, limit), 1):
                    where = f"{name}:{number}"
                    try:
                        export = parsed(line, limit)
                    except NotJson as error:
                        yield Rejected(where, str(error))
                        continue
                    if isinstance(export, dict) and _OTHER_SIGNALS & export.keys() and "resourceSpans" not in export:
                        without += 1
                    elif export is not None:
                        yield from _put(export, where, spill)
            except READ_ERRORS as error:
                raise unreadable(path, error) from None
        if without:
            yield Rejected(name, f"{without} lines hold logs or metrics, which are not read")

    def _folded(self, entries: list[Any]) -> Iterator[TraceRow | Rejected]:
        spans = []
        for logged, resource, where in entries:
            try:
                spans.append(span_of(logged, resource))
            except Unreadable as error:
                yield Rejected(where, str(error))
        if spans:
            yield self._trace(spans, entries[0][2])

    def _trace(self, spans: list[Span], where: str) -> TraceRow | Rejected:
        try:
            return trace_of(spans, Origin(self._context.name, "otlp-json"), variant=self._options.variant)
        except (Unreadable, RecursionError):
            return Rejected(where, "nested too deeply")


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
