"""What a trace is, as one digest: the same trace pulled twice has the same one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from llmci.core.traces.blobs import holds_media, lifted
from llmci.core.traces.scalars import json_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from llmci.domain.trace import TraceRow

# Raised whenever the same record would become another row; shelves made before are then read anew.
NORMALISATION = 4
# These say where, when and how often a trace was looked at, not what happened in it.
_VOLATILE = ("content_hash", "pulled_at", "source_updated_at", "source")


def sealed(
    row: TraceRow, pulled_at: datetime, keep: Callable[[str, bytes], None] | None = None
) -> tuple[TraceRow, int]:
    """A row with its content hash and the time of the pull, and about how many bytes it takes.

    Args:
        keep: Takes the bytes of inline media, which the row then refers to; see `blobs.lifted`.
    """
    text = _text(row)
    if keep is not None and holds_media(text):
        row = lifted(row, keep)
        text = _text(row)
    content = text.encode()
    digest = hashlib.sha256(content).hexdigest()
    return {**row, "content_hash": digest, "pulled_at": pulled_at}, len(content)


def _text(row: TraceRow) -> str:
    return json_text(
        {key: value for key, value in row.items() if key not in _VOLATILE and value is not None}, sort=True
    )


def record_digest(record: object) -> str:
    """SHA-256 of a record as it came, in hexadecimal; what JSON has no word for counts as its `str`.

    Raises:
        Unreadable: It is nested too deeply to be written.
    """
    return hashlib.sha256(json_text(record, sort=True).encode()).hexdigest()
