"""Langfuse's export to blob storage: files in a folder or a bucket, Parquet or JSON Lines.

Read are `observations_v2/`, or `traces/` and `observations/` where only those are there, and `scores/`;
columns are those of Langfuse's field reference. Rows of one trace may stand in any file, and windows
of the export overlap: rows are gathered by trace as those of OTLP files are, and the row that was
updated last counts.
"""

from __future__ import annotations

from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from llmci.adapters.sources.files import shard_id
from llmci.adapters.sources.lines import NotJson, lines_of, parsed
from llmci.adapters.sources.rows import within
from llmci.adapters.sources.spill import Spill
from llmci.core.canonical import digest_of
from llmci.core.traces import langfuse as rows
from llmci.core.traces.mapping import Where
from llmci.core.traces.records import Origin
from llmci.core.traces.scalars import Unreadable, text_of
from llmci.errors import OutsideError, UsageError
from llmci.seams import Options as BaseOptions
from llmci.seams import Rejected, Shard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pyarrow import fs

    from llmci.domain.trace import TraceRow
    from llmci.seams import Context, Window

_SUFFIXES = (".parquet", ".jsonl", ".jsonl.gz")
_NEW, _OLD, _SCORES = ("observations_v2",), ("traces", "observations"), "scores"
_LINE_LIMIT = 64_000_000


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
        _, files = self._files()
        digest = digest_of(*([file.path, file.size, str(file.mtime)] for _, file in files))
        size = sum(file.size or 0 for _, file in files)
        return [Shard(shard_id(self._context.name, self._options.path), digest, self._options.path, size)]

    def read(self, shard: Shard, window: Window) -> Iterator[TraceRow | Rejected]:
        """See `Source.read`."""
        system, files = self._files()
        with Spill(self._context.state / "raw" / f".spill-{shard.shard_id}", 4 * (shard.size or 0)) as spill:
            for table, file in files:
                yield from self._spilled(system, table, file.path, spill)
            for entries in spill.groups():
                outcome = self._folded(entries)
                if isinstance(outcome, Rejected) or (outcome is not None and within(outcome, window)):
                    yield outcome

    def _files(self) -> tuple[fs.FileSystem, list[tuple[str, fs.FileInfo]]]:
        """Files to read with the table each is of, in order."""
        import pyarrow as pa
        from pyarrow import fs

        path = self._options.path
        try:
            if "://" in path:
                system, base = fs.FileSystem.from_uri(path)
            else:
                system, base = fs.LocalFileSystem(), str(self._context.root / path)
            found = system.get_file_info(fs.FileSelector(base, recursive=True))
        except (pa.ArrowException, OSError, ValueError) as error:
            raise OutsideError(
                f"source {self._context.name!r}: {path} cannot be listed ({type(error).__name__}).",
                fix="Check `path:`, and for a bucket the credentials that the cloud's own tools use.",
            ) from None
        tables = [(_table_of(file.path), file) for file in found if file.is_file and file.path.endswith(_SUFFIXES)]
        wanted = _NEW if any(table in _NEW for table, _ in tables) else _OLD
        files = [(table, file) for table, file in tables if table in wanted or table == _SCORES]
        if not any(table in wanted for table, _ in files):
            raise UsageError(
                f"source {self._context.name!r}: no export of observations is under {path}.",
                fix="Name the folder that holds `observations_v2/`; its files are .parquet, .jsonl or .jsonl.gz.",
            )
        return system, sorted(files, key=lambda item: item[1].path)

    def _spilled(self, system: fs.FileSystem, table: str, path: str, spill: Spill) -> Iterator[Rejected]:
        number = 0
        for row in _parquet(system, path) if path.endswith(".parquet") else _lines(system, path):
            number += 1
            if isinstance(row, NotJson):
                yield Rejected(f"{path}:{number}", str(row))
                continue
            found = rows.camel_case(row)
            if table == "traces":
                trace_id = text_of(found.get("id"))
            else:
                trace_id = text_of(found.get("traceId")) or (None if table == _SCORES else text_of(found.get("id")))
            if trace_id is None:
                if table != _SCORES:
                    yield Rejected(f"{path}:{number}", "a row without an id")
                continue
            try:
                spill.put(trace_id, [table, found])
            except Unreadable as error:
                yield Rejected(f"{path}:{number}", str(error))
        if number == 0 and table != _SCORES:
            yield Rejected(path, "holds no row; exports are known to have been overwritten by empty ones")

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


def _parquet(system: fs.FileSystem, path: str) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, filesystem=system) as file:
            for batch in file.iter_batches(256, use_threads=False):
                for row in batch.to_pylist():
                    yield {key: _plain(value) for key, value in row.items()}
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        raise _unreadable(path) from None


def _plain(value: Any) -> Any:  # noqa: ANN401  a table holds anything
    """Text stored as bytes, and maps, which Arrow gives as lists of pairs; times as text that says they are UTC."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list) and value and all(isinstance(item, tuple) and len(item) == 2 for item in value):
        return {str(_plain(key)): _plain(inner) for key, inner in value}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _lines(system: fs.FileSystem, path: str) -> Iterator[dict[str, Any] | NotJson]:
    import io

    import pyarrow as pa

    try:
        packed = "gzip" if path.endswith(".gz") else None
        with system.open_input_stream(path, compression=packed) as stream:
            file: IO[bytes] = io.BufferedReader(stream)
            for line in lines_of(file, _LINE_LIMIT):
                try:
                    row = parsed(line, _LINE_LIMIT)
                except NotJson as error:
                    yield error
                    continue
                if row is not None:
                    yield row if isinstance(row, dict) else NotJson("not a JSON object")
    except (pa.ArrowException, OSError):
        raise _unreadable(path) from None


def _unreadable(path: str) -> OutsideError:
    return OutsideError(
        f"{path}: cannot be read to its end.", fix="Check that the file is whole and readable, then pull again."
    )
