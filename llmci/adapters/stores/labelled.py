"""Clean traces together with their labels, read side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.core.evalsets.cases import LabelledTrace
from llmci.core.privacy.mint import sanitized_batch
from llmci.domain.label import HELD_BACK
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from llmci.domain.text import CleanBatch
    from llmci.domain.trace import TraceRow
    from llmci.seams import Shelf

_FIX = "Run `llmci label`."


class LabelledShelf:
    """The clean shelf and the labels shelf as one.

    Whoever makes one has checked that the clean shelf's manifest vouches for its shards.

    Args:
        clean: Sanitized traces.
        labels: Their labels, with the same shards and the same order.
    """

    def __init__(self, clean: Shelf, labels: Shelf) -> None:
        self._clean = clean
        self._labels = labels

    def traces(self, columns: Sequence[str] | None = None) -> Iterator[LabelledTrace]:
        """Every trace with its label, without the traces of shards that could not be labelled.

        Args:
            columns: Of the traces; `trace_id` must be among them. None is all.

        Raises:
            UsageError: A shard has no labels, or those of other traces.
        """
        for shard_id in self.shards():
            yield from self.shard(shard_id, columns)

    def shards(self) -> list[str]:
        """The shards with labels, in order; raises `UsageError` where one has none and was not held back."""
        labelled = self._labels.shards()
        for shard_id in (clean := self._clean.shards()):
            if shard_id not in labelled:
                raise UsageError(f"the traces of {shard_id} are not labelled.", fix=_FIX)
        return [shard_id for shard_id in clean if labelled[shard_id].fingerprint != HELD_BACK]

    def shard(self, shard_id: str, columns: Sequence[str] | None = None) -> Iterator[LabelledTrace]:
        """Every trace of a shard with its label; see `traces`."""
        labels = (row for batch in self._labels.read(shard_id) for row in batch.to_pylist())
        for rows in self._clean.read(shard_id, columns):
            batch = sanitized_batch(rows)
            for trace in rows.to_pylist():
                yield _paired(shard_id, trace, next(labels, None), batch)

    def taken(self, trace_ids: Collection[str], columns: Sequence[str]) -> Iterator[LabelledTrace]:
        """The traces of these ids with their labels; `trace_id` must be among the columns."""
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted = pa.array(list(trace_ids), pa.string())
        for shard_id in self.shards():
            labels, before = None, 0
            for rows in self._clean.read(shard_id, columns):
                at = pc.indices_nonzero(pc.is_in(rows.column("trace_id"), value_set=wanted))
                if len(at):
                    labels = labels or pa.Table.from_batches(self._labels.read(shard_id))
                    found = rows.take(at)
                    own = labels.take(pc.add(at, before)).to_pylist()
                    for trace, label in zip(found.to_pylist(), own, strict=True):
                        yield _paired(shard_id, trace, label, sanitized_batch(found))
                before += rows.num_rows

    def some(self, labels: Mapping[str, Mapping[str, Any]], columns: Sequence[str]) -> Iterator[LabelledTrace]:
        """Those traces that labels are given for, by trace; `trace_id` must be among the columns."""
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted = pa.array(list(labels), pa.string())
        for rows in self._clean.batches(columns):
            found = rows.filter(pc.is_in(rows.column("trace_id"), value_set=wanted))
            if found.num_rows:
                batch = sanitized_batch(found)
                for trace in found.to_pylist():
                    yield LabelledTrace(trace=trace, label=labels[trace["trace_id"]], batch=batch)


def _paired(shard_id: str, trace: TraceRow, label: Mapping[str, Any] | None, batch: CleanBatch) -> LabelledTrace:
    if label is None or label["trace_id"] != trace["trace_id"]:
        raise UsageError(f"the labels of {shard_id} are of other traces.", fix=_FIX)
    return LabelledTrace(trace=trace, label=label, batch=batch)
