"""Text before and after sanitizing, as different types, so that a type checker sees a leak.

Only `llmci.core.privacy` mints `CleanText` and `CleanBatch`; only the stores, which wrote them
after that, read them back (`tests/house` keeps it so). Text written by the user in the project's
own files (a prompt, a hand-written case, a rubric) is the user's word that it is clean, and is
minted by `declared_clean` alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    import pyarrow as pa

CleanText = NewType("CleanText", str)


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Rows of `trace/1` as they came."""

    rows: pa.RecordBatch


@dataclass(frozen=True, slots=True)
class CleanBatch:
    """Rows of `trace/1` after sanitizing and audit."""

    rows: pa.RecordBatch


def declared_clean(text: str) -> CleanText:
    """Take the user's own file for clean: a prompt template, a hand-written case, a rubric."""
    return CleanText(text)
