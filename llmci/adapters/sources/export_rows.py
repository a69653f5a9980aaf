"""Rows of tables out of export files, one at a time: Parquet, JSON Lines, a JSON array, CSV; gzip is unpacked."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from llmci.adapters.sources.files import READ_ERRORS, open_bytes
from llmci.adapters.sources.lines import NotJson, lines_of, parsed
from llmci.errors import OutsideError
from llmci.storage import StorePath

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmci.adapters.sources.files import File

ROW_LIMIT = 64_000_000
_BLOCK = 1 << 20
_WHITE = " \t\r\n"


def is_table(path: File) -> bool:
    """Whether a file has one of the formats, by its name."""
    return _format(path) in _READERS


def rows_of(path: File) -> Iterator[dict[str, Any] | NotJson]:
    """Every row as plain values, in order; what is no row says why.

    Raises:
        OutsideError: The file is cut off or damaged so that nothing can be read from there on.
    """
    import pyarrow as pa

    try:
        yield from _READERS[_format(path)](path)
    except (pa.ArrowException, UnicodeDecodeError, *READ_ERRORS):
        raise OutsideError(
            f"{path}: cannot be read to its end.", fix="Check that the file is whole and readable, then pull again."
        ) from None


def _format(path: File) -> str:
    return "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix


def _parquet(path: File) -> Iterator[dict[str, Any] | NotJson]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path.arrow() if isinstance(path, StorePath) else path, pre_buffer=False) as file:
        for batch in file.iter_batches(256, use_threads=False):
            for row in batch.to_pylist():
                yield {key: _plain(value) for key, value in row.items()}


def _plain(value: Any) -> Any:  # noqa: ANN401  a table holds anything
    """Text stored as bytes, and maps, which Arrow gives as lists of pairs; times as text that says they are UTC."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list) and value and all(isinstance(item, tuple) and len(item) == 2 for item in value):
        return {str(_plain(key)): _plain(inner) for key, inner in value}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _lines(path: File) -> Iterator[dict[str, Any] | NotJson]:
    with open_bytes(path) as file:
        for line in lines_of(file, ROW_LIMIT):
            try:
                row = parsed(line, ROW_LIMIT)
            except NotJson as error:
                yield error
                continue
            if row is not None:
                yield _row(row)


def _array(path: File) -> Iterator[dict[str, Any] | NotJson]:
    """Elements of one JSON array that may be larger than memory."""
    with open_bytes(path) as file:
        text = _Ahead(io.TextIOWrapper(file, "utf-8-sig"))
        if not text.more():
            return
        if not text.took("["):
            yield NotJson("not a JSON array")
            return
        while not text.took("]"):
            try:
                yield _row(text.value())
            except NotJson as error:
                # Where the next element begins is not known.
                yield error
                return
            text.took(",")


class _Ahead:
    """A text that is read in blocks, and the value that stands next in it."""

    def __init__(self, file: IO[str]) -> None:
        self._file, self._held, self._at = file, "", 0
        self._decoder = json.JSONDecoder()

    def more(self) -> bool:
        """Read on; false at the end."""
        # As much again as is held: a long value is then begun anew a few times only.
        block = self._file.read(max(_BLOCK, len(self._held)))
        self._held, self._at = self._held[self._at :] + block, 0
        return bool(block)

    def took(self, character: str) -> bool:
        """Pass over white space, and over this character if it comes next."""
        while True:
            while self._at < len(self._held) and self._held[self._at] in _WHITE:
                self._at += 1
            if self._at < len(self._held) or not self.more():
                break
        if self._held[self._at : self._at + 1] != character:
            return False
        self._at += 1
        return True

    def value(self) -> Any:  # noqa: ANN401  JSON holds anything
        """The next value; raises `NotJson` where there is none, or one that is too long."""
        self.took("")
        while True:
            try:
                value, end = self._decoder.raw_decode(self._held, self._at)
            except json.JSONDecodeError as error:
                if len(self._held) - self._at > ROW_LIMIT:
                    raise NotJson(f"longer than {ROW_LIMIT / 1_000_000:g} MB") from None
                if not self.more():
                    raise NotJson(f"not valid JSON, or cut off: {error.msg}") from None
                continue
            except RecursionError:
                raise NotJson("nested too deeply") from None
            # A number at the end of a block may go on in the next.
            if end == len(self._held) and self.more():
                continue
            self._at = end
            return value


def _csv(path: File) -> Iterator[dict[str, Any] | NotJson]:
    """Cells hold text as it is, and JSON for all else; an empty one is nothing."""
    csv.field_size_limit(ROW_LIMIT)
    with open_bytes(path) as file:
        reader = csv.reader(io.TextIOWrapper(file, "utf-8-sig", newline=""), strict=True)
        columns: list[str] | None = None
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                yield NotJson(f"not CSV: {error}")
                continue
            if cells is None:
                return
            if columns is None:
                columns = cells
            elif len(cells) != len(columns):
                yield NotJson(f"{len(cells)} cells, but {len(columns)} columns")
            else:
                yield {column: cell for column, cell in zip(columns, cells, strict=True) if cell}


def _row(value: object) -> dict[str, Any] | NotJson:
    return value if isinstance(value, dict) else NotJson("not a JSON object")


_PLAIN_READERS = {".jsonl": _lines, ".json": _array, ".csv": _csv}
_READERS = {
    ".parquet": _parquet,
    **_PLAIN_READERS,
    **{f"{suffix}.gz": reader for suffix, reader in _PLAIN_READERS.items()},
}
