"""Langfuse's export to blob storage: files in a folder or a bucket, Parquet, JSON Lines, JSON or CSV.

Read are `observations_v2/`, or `traces/` and `observations/` where only those are there, and `scores/`;
columns are those of Langfuse's field reference. Rows of one trace may stand in any file, and windows
of the export overlap: rows are gathered by trace as those of OTLP files are, and the row that was
updated last counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from llmci.adapters.sources.export_rows import is_table, rows_of
from llmci.adapters.sources.files import matching, shard_id, shown, uri_of
from llmci.adapters.sources.lines import NotJson
from llmci.adapters.sources.rows import within
from llmci.adapters.sources.spill import Spill
from llmci.core.canonical import digest_of
from llmci.core.traces import langfuse as rows
from llmci.core.traces.mapping import Where
from llmci.core.traces.records import Origin
from llmci.core.traces.scalars import Unreadable, text_of
from llmci.errors import UsageError
from llmci.seams import Options as BaseOptions
from llmci.seams import Rejected, Shard
from llmci.storage import bare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from llmci.domain.trace import TraceRow
    from llmci.seams import Context, Window

_NEW, _OLD, _SCORES = ("observations_v2",), ("traces", "observations"), "scores"


class LangfuseExportSource:
    """See `llmci.seams.Source`."""

    class Options(BaseOptions):
        """Where Langfuse's blob storage integration writes.

        Attributes:
            path: A folder from the configuration's directory, or an address such as
                s3://bucket/prefix, gs://bucket/prefix or abfs://container/prefix, whose credentials
                are found as the cloud's own tools find them.
            variant: Where the variant is found, where it is none of the usual places.
        """

        path: str = Field(min_length=1)
        variant: Where = None

    lists_all: ClassVar[bool] = True

    def __init__(self, options: Options, context: Context) -> None:
        self._options, self._context = options, context

    def shards(self, window: Window) -> Sequence[Shard]:  # noqa: ARG002  files are listed whole
        """See `Source.shards`: one for all files, because a trace may be spread over them."""
        files = [(path, path.stat()) for _, path in self._files()]
        digest = digest_of(*([str(path), told.st_size, told.st_mtime_ns] for path, told in files))
        size = sum(told.st_size for _, told in files)
        return [Shard(shard_id(self._context.name, self._options.path), digest, self._options.path, size)]

    def read(self, shard: Shard, window: Window) -> Iterator[TraceRow | Rejected]:
        """See `Source.read`."""
        with Spill(self._context.state / "raw" / f".spill-{shard.shard_id}", 4 * (shard.size or 0)) as spill:
            for table, path in self._files():
                yield from self._spilled(table, path, spill)
            for entries in spill.groups():
                outcome = self._folded(entries)
                if isinstance(outcome, Rejected) or (outcome is not None and within(outcome, window)):
                    yield outcome

    def _files(self) -> list[tuple[str, Path]]:
        """Files to read with the table each is of, in order."""
        path, name = self._options.path, self._context.name
        found = matching(path, self._context.root, source=name)
        tables: list[tuple[str, Path]] = [(_table_of(uri_of(file)), file) for file in found if is_table(file)]
        wanted = _NEW if any(table in _NEW for table, _ in tables) else _OLD
        files = [(table, file) for table, file in tables if table in wanted or table == _SCORES]
        if not any(table in wanted for table, _ in files):
            raise UsageError(
                f"source {name!r}: no export of observations is under {bare(path)}.",
                fix="Name the folder that holds `observations_v2/`; its files are .parquet, .jsonl, .json or .csv, plain or .gz.",
            )
        return files

    def _spilled(self, table: str, path: Path, spill: Spill) -> Iterator[Rejected]:
        number, name = 0, shown(path, self._context.root)
        for row in rows_of(path):
            number += 1
            if isinstance(row, NotJson):
                yield Rejected(f"{name}:{number}", str(row))
                continue
            found = rows.camel_case(row)
            if table == "traces":
                trace_id = text_of(found.get("id"))
            else:
                trace_id = text_of(found.get("traceId")) or (None if table == _SCORES else text_of(found.get("id")))
            if trace_id is None:
                if table != _SCORES:
                    yield Rejected(f"{name}:{number}", "a row without an id")
                continue
            try:
                spill.put(trace_id, [table, found])
            except Unreadable as error:
                yield Rejected(f"{name}:{number}", str(error))
        if number == 0 and table != _SCORES:
            yield Rejected(name, "holds no row; exports are known to have been overwritten by empty ones")

    def _folded(self, entries: list[Any]) -> TraceRow | Rejected | None:
        spans = _latest(row for table, row in entries if table != _SCORES)
        scores = _latest(row for table, row in entries if table == _SCORES)
        if not spans:
            return None
        origin = Origin(self._context.name, "langfuse-export")
        try:
            return rows.trace_of(spans, scores, origin, variant=self._options.variant)
        except (Unreadable, RecursionError) as error:
            why = str(error) if isinstance(error, Unreadable) else "nested too deeply"
            return Rejected(self._context.name, why)


def _table_of(path: str) -> str:
    folders = path.split("/")[:-1]
    return next((name for name in reversed(folders) if name in (*_NEW, *_OLD, _SCORES)), "")


def _latest(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every row once, as it was last updated; a trace and an observation may have one id."""
    kept: dict[tuple[bool, str], dict[str, Any]] = {}
    for row in found:
        key = (rows.is_trace(row), str(row.get("id")))
        if key not in kept or str(row.get("updatedAt") or "") >= str(kept[key].get("updatedAt") or ""):
            kept[key] = row
    return list(kept.values())
