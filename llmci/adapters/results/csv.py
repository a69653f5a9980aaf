"""CSV with a header line: one result a row."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, ClassVar

from llmci.domain.result import ResultRow
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Answers may stand beside the scores; the library's own limit is 128 KiB a cell.
_MOST_CELL = 2**31 - 1


class CsvResults:
    """See `llmci.seams.Results`; every value is text."""

    suffixes: ClassVar[tuple[str, ...]] = (".csv",)
    table: ClassVar[bool] = True

    def recognizes(self, path: Path) -> bool:  # noqa: ARG002  any file of the suffix will do
        """See `Results.recognizes`."""
        return True

    def rows(self, path: Path) -> Iterator[ResultRow]:
        """See `Results.rows`."""
        csv.field_size_limit(_MOST_CELL)
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            try:
                names = reader.fieldnames or []
                if twice := [name for at, name in enumerate(names) if name in names[:at]]:
                    raise UsageError(
                        f"{path}:1: the column {twice[0]!r} stands twice.", fix="Give every column its own name."
                    )
                for row in reader:
                    if None in row or None in row.values():
                        raise UsageError(
                            f"{path}:{reader.line_num}: the row has another number of cells than the header.",
                            fix="Quote cells that hold commas or line breaks.",
                        )
                    yield ResultRow(f"line {reader.line_num}", row)
            except UnicodeDecodeError:
                raise UsageError(
                    f"{path}: not UTF-8 after line {reader.line_num}.", fix="Save the file as UTF-8."
                ) from None
            except csv.Error as error:
                raise UsageError(f"{path}:{reader.line_num}: not CSV: {error}.", fix="Mend that line.") from None
