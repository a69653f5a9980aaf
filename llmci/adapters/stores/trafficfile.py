"""What the traffic of a set asked, to an Arrow table and back: the stored schema `traffic/1`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from llmci.adapters.stores.columns import TEXT
from llmci.core.privacy.mint import sanitized_batch, vouched
from llmci.domain.evalset import TrafficInput

if TYPE_CHECKING:
    from collections.abc import Sequence

TRAFFIC = pa.schema(
    [
        ("trace_id", TEXT),
        ("text", TEXT),
        ("user", pa.uint64()),
        ("cluster", TEXT),
        ("start", pa.timestamp("us", tz="UTC")),
    ],
    metadata={b"llmci.schema": b"traffic/1"},
)


def traffic_table(inputs: Sequence[TrafficInput]) -> pa.Table:
    """Inputs in the order that they are given in."""
    return pa.table({name: [getattr(each, name) for each in inputs] for name in TRAFFIC.names}, schema=TRAFFIC)


def traffic_from(table: pa.Table) -> tuple[TrafficInput, ...]:
    """Inputs of a table that `traffic_table` made; raises `KeyError`, `TypeError` or `ValueError` on any other."""
    found: list[TrafficInput] = []
    for rows in table.to_batches():
        batch = sanitized_batch(rows)
        found.extend(TrafficInput(**{**row, "text": vouched(row["text"], batch)}) for row in rows.to_pylist())
    return tuple(found)
