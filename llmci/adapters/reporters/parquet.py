"""Parquet of all cases, for notebooks."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, ClassVar

from llmci.adapters.reporters.table import table_of
from llmci.seams import ReportOptions

if TYPE_CHECKING:
    from llmci.seams import ReportInput


class ParquetReporter:
    """One row a case, worst first."""

    suffixes: ClassVar[tuple[str, ...]] = (".parquet",)

    def __init__(self, options: ReportOptions | None = None) -> None:
        self._options = options or ReportOptions()

    def render(self, report: ReportInput) -> bytes:
        """See `Reporter.render`."""
        import pyarrow.parquet as pq

        out = io.BytesIO()
        pq.write_table(table_of(report, texts=self._options.texts), out, compression="zstd")
        return out.getvalue()
