"""Parquet: one record a row, read by batches of a row group."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, ClassVar

from llmci.adapters.sources.files import fingerprint_of, matching, shard_id, shown, unreadable, uri_of
from llmci.adapters.sources.rows import FileOptions, Normaliser, check_columns, paths_of
from llmci.core.traces.paths import first_keys
from llmci.core.traces.records import Origin
from llmci.errors import OutsideError
from llmci.seams import Rejected, Shard
from llmci.storage import StorePath, place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa
    import pyarrow.parquet as pq

    from llmci.adapters.sources.files import File
    from llmci.core.traces.mapping import Mapping
    from llmci.domain.trace import TraceRow
    from llmci.seams import Context, Window

_BATCH_ROWS = 256
_SHARD_BYTES = 64 << 20


class ParquetSource:
    """Traces in Parquet files; see `llmci.seams.Source`."""

    class Options(FileOptions):
        """Parquet tables; a column may hold JSON as text, or nested values."""

    lists_all: ClassVar[bool] = True

    def __init__(self, options: Options, context: Context) -> None:
        self._options, self._context = options, context

    def shards(self, window: Window) -> Sequence[Shard]:  # noqa: ARG002  files are listed whole
        """See `Source.shards`: one for the row groups of each 64 MiB of a file."""
        name, root = self._context.name, self._context.root
        shards = []
        for path in matching(self._options.path, root, source=name):
            with _reading(path) as file:
                groups = _grouped([file.metadata.row_group(i).total_byte_size for i in range(file.num_row_groups)])
            digest = fingerprint_of(path)
            for number, (first, end, size) in enumerate(groups):
                shard = shard_id(name, shown(path, root), number)
                shards.append(Shard(shard, f"{digest}:{first}-{end}", f"{uri_of(path)}?{first}-{end}", size))
        return shards

    def read(self, shard: Shard, window: Window) -> Iterator[TraceRow | Rejected]:
        """See `Source.read`."""
        where, _, bounds = shard.uri.rpartition("?")
        first, end = (int(bound) for bound in bounds.split("-"))
        path = place(where, self._context.root)
        name = shown(path, self._context.root)
        normalise = Normaliser(Origin(self._context.name, "parquet"), self._options, window)
        with _reading(path) as file:
            columns = file.schema_arrow.names
            check_columns(self._options.fields, columns, name)
            wanted = _wanted(self._options.fields, columns)
            number = sum(file.metadata.row_group(i).num_rows for i in range(first))
            groups = list(range(first, end))
            for batch in file.iter_batches(_BATCH_ROWS, row_groups=groups, columns=wanted, use_threads=False):
                for record in _records(batch):
                    number += 1
                    if outcome := _row(record, f"{name}: row {number}", normalise):
                        yield outcome


@contextlib.contextmanager
def _reading(path: File) -> Iterator[pq.ParquetFile]:
    """The file, read page by page; damage found on the way stops with its name."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(
            path.arrow() if isinstance(path, StorePath) else path, pre_buffer=False, buffer_size=1 << 20
        ) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from None


def _grouped(sizes: Sequence[int]) -> list[tuple[int, int, int]]:
    """Row groups in runs of at least 64 MiB: first, end (exclusive), bytes. An empty file is one run of none."""
    runs: list[tuple[int, int, int]] = []
    first = total = 0
    for index, size in enumerate(sizes, 1):
        total += size
        if total >= _SHARD_BYTES or index == len(sizes):
            runs.append((first, index, total))
            first, total = index, 0
    return runs or [(0, 0, 0)]


def _damaged(path: File, error: Exception) -> OutsideError:
    if isinstance(error, OSError) and error.errno:
        return unreadable(path, error)
    return OutsideError(
        f"{path}: not a whole Parquet file; it is damaged or was cut off.",
        fix="Write or copy it again, then pull again.",
    )


def _wanted(mapping: Mapping | None, columns: list[str]) -> list[str] | None:
    """The columns that a mapping reads; all where it is guessed."""
    if mapping is None:
        return None
    keys = {key for _, path in paths_of(mapping) for key in first_keys(path)}
    return [column for column in columns if column in keys or column.partition(".")[0] in keys]


def _records(batch: pa.RecordBatch) -> Iterator[dict[str, Any] | None]:
    """Rows as plain values; None for one whose text is not UTF-8."""
    try:
        yield from batch.to_pylist()
    except UnicodeDecodeError:
        for index in range(batch.num_rows):
            try:
                yield batch.slice(index, 1).to_pylist()[0]
            except UnicodeDecodeError:
                yield None


def _row(record: dict[str, Any] | None, where: str, normalise: Normaliser) -> TraceRow | Rejected | None:
    if record is None:
        return Rejected(where, "invalid UTF-8")
    # Text is often stored as bytes.
    found = {
        key: value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        for key, value in record.items()
        if value is not None
    }
    return normalise(found, where)
