"""The mint: where text becomes `CleanText`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.domain.text import CleanBatch, CleanText

if TYPE_CHECKING:
    import pyarrow as pa


def vouched(text: str, batch: CleanBatch) -> CleanText:  # noqa: ARG001  the batch is the voucher
    """Take a text out of a clean batch; whoever holds the batch holds proof that it was sanitized."""
    return CleanText(text)


def sanitized(text: str) -> CleanText:
    """Declare a text sanitized. For `llmci.core.privacy` itself, after replacement and audit."""
    return CleanText(text)


def sanitized_batch(rows: pa.RecordBatch) -> CleanBatch:
    """Declare rows sanitized. For `llmci.core.privacy`, and for the store that reads them back."""
    return CleanBatch(rows)
