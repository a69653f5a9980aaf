"""CSV and TSV: one record a row, the first row names the columns; cells may hold JSON."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from llmci.adapters.sources.files import READ_ERRORS, open_bytes, shown, unreadable, whole_files
from llmci.adapters.sources.rows import FileOptions, Normaliser, check_columns
from llmci.core.traces.records import Origin
from llmci.errors import UsageError
from llmci.seams import Rejected, Shard
from llmci.storage import place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from llmci.domain.trace import TraceRow
    from llmci.seams import Context, Window

# Bytes that are no UTF-8 come through `surrogateescape` as these.
_BAD_BYTES = re.compile("[\udc80-\udcff]")


class CsvSource:
    """Traces in CSV files; see `llmci.seams.Source`."""

    class Options(FileOptions):
        """Tables of text with a header.

        Attributes:
            delimiter: Between cells; the default is a tab for `.tsv` and a comma for the rest.
            max_cell_mb: A row with a longer cell is rejected.
        """

        delimiter: str | None = Field(default=None, min_length=1, max_length=1)
        max_cell_mb: float = Field(default=32, gt=0)

    lists_all: ClassVar[bool] = True

    def __init__(self, options: Options, context: Context) -> None:
        self._options, self._context = options, context

    def shards(self, window: Window) -> Sequence[Shard]:  # noqa: ARG002  files are listed whole
        """See `Source.shards`: one for each file."""
        return whole_files(self._options.path, self._context)

    def read(self, shard: Shard, window: Window) -> Iterator[TraceRow | Rejected]:
        """See `Source.read`."""
        path = place(shard.uri, self._context.root)
        name = shown(path, self._context.root)
        csv.field_size_limit(int(self._options.max_cell_mb * 1_000_000))
        normalise = Normaliser(Origin(self._context.name, "csv"), self._options, window)
        with open_bytes(path) as file:
            text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
            reader = csv.reader(text, delimiter=self._options.delimiter or _delimiter(path), strict=True)
            try:
                columns = _header(reader, name)
                if columns:
                    check_columns(self._options.fields, columns, name)
                    yield from _rows(reader, columns, name, normalise)
            except READ_ERRORS as error:
                raise unreadable(path, error) from None


def _delimiter(path: Path) -> str:
    return "\t" if ".tsv" in path.suffixes else ","


def _header(reader: Iterator[list[str]], name: str) -> list[str]:
    """Names of the columns; none for an empty file."""
    try:
        columns = next(reader, [])
    except csv.Error as error:
        raise UsageError(
            f"{name}:1: the header is not CSV: {error}.", fix="Set `delimiter:`, or mend the file."
        ) from None
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise UsageError(f"{name}:1: two columns are called {twice[0]!r}.", fix="Rename one of them.")
    return columns


def _rows(reader: csv._reader, columns: list[str], name: str, normalise: Normaliser) -> Iterator[TraceRow | Rejected]:  # type: ignore[name-defined]
    line = reader.line_num
    while True:
        where = f"{name}:{line + 1}"
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            line = reader.line_num
            yield Rejected(where, f"not CSV: {error}")
            continue
        line = reader.line_num
        if outcome := _row(cells, columns, where, normalise):
            yield outcome


def _row(cells: list[str], columns: list[str], where: str, normalise: Normaliser) -> TraceRow | Rejected | None:
    if not any(cells):
        return None
    if len(cells) > len(columns):
        return Rejected(where, f"{len(cells)} cells, but {len(columns)} columns")
    if any(_BAD_BYTES.search(cell) for cell in cells):
        return Rejected(where, "invalid UTF-8")
    return normalise({column: cell for column, cell in zip(columns, cells, strict=False) if cell}, where)
