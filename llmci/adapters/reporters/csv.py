"""CSV of all cases, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, ClassVar

from llmci.adapters.reporters.table import table_of
from llmci.seams import ReportOptions

if TYPE_CHECKING:
    from llmci.seams import ReportInput

# A cell that starts with one of these is run as a formula by spreadsheets.
_FORMULA = ("=", "+", "-", "@", "\t")


class CsvReporter:
    """One row a case, worst first; text that a spreadsheet would run gets a leading apostrophe."""

    suffixes: ClassVar[tuple[str, ...]] = (".csv",)

    def __init__(self, options: ReportOptions | None = None) -> None:
        self._options = options or ReportOptions()

    def render(self, report: ReportInput) -> bytes:
        """See `Reporter.render`."""
        table = table_of(report, texts=self._options.texts)
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow([_cell(name) for name in table.column_names])
        for row in table.to_pylist():
            writer.writerow([_cell(value) for value in row.values()])
        return out.getvalue().encode()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
