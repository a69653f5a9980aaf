"""Parquet: one result a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from llmci.domain.result import ResultRow
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class ParquetResults:
    """See `llmci.seams.Results`."""

    suffixes: ClassVar[tuple[str, ...]] = (".parquet", ".pq")
    table: ClassVar[bool] = True

    def recognizes(self, path: Path) -> bool:  # noqa: ARG002  any file of the suffix will do
        """See `Results.recognizes`."""
        return True

    def rows(self, path: Path) -> Iterator[ResultRow]:
        """See `Results.rows`."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        number = 0
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches():
                    for row in batch.to_pylist():
                        number += 1
                        yield ResultRow(f"row {number}", row)
        except (pa.ArrowException, OSError):
            raise UsageError(
                f"{path}: not a Parquet file, or damaged after row {number}.", fix="Write the file again."
            ) from None
