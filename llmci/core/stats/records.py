"""Live traces to records: what a canary looks at, from rows or from whole columns, and no text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from llmci.core.evalsets.places import named_at
from llmci.core.grouping.anomalies import OF_ONE_TRACE, flag_of
from llmci.core.stats.hashing import hashes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from llmci.domain.rollout import Criterion, RolloutPlan
    from llmci.domain.trace import TraceRow

    FloatArray = NDArray[np.float64]
    # One element a trace, see `fields_of`.
    Records = NDArray[np.void]

_ROWS = 4096
# Batches are put together to so many: a partition of a few rows each would cost more than it saves.
_BATCH_ROWS = 1 << 15
NEITHER, CONTROL, TREATMENT = -1, 0, 1


def fields_of(plan: RolloutPlan) -> np.dtype[np.void]:
    """What one trace is reduced to.

    key, user and pair are hashes, of which 0 is none; start is in seconds, nan where unknown; order is the place among
    all that was read; segment is an index into the plan's segments, -1 for none of them; of values there is one a
    criterion, more being worse and nan unknown. A user and a pair are there only where the plan needs them.
    """
    fields: list[Any] = [("key", "u8"), ("start", "f8"), ("order", "i8"), ("values", "f8", (len(plan.criteria),))]
    fields += [("user", "u8")] if plan.unit == "user" else []
    fields += [("pair", "u8")] if plan.pair_by is not None else []
    return np.dtype([*fields, ("segment", "i2"), ("arm", "i1")], align=True)


def columns_needed(plan: RolloutPlan) -> list[str]:
    """Columns of `trace/1` that `records_of_batches` reads."""
    kinds = {"error": "status", "latency": "latency_ms", "cost": "cost", "tokens": "usage", "score": "scores"}
    flags = {column for c in plan.criteria if c.flag for column in OF_ONE_TRACE[c.flag]}
    places = [(place or "").partition(".")[0].partition(":")[0] for place in (plan.segment, plan.pair_by)]
    named = {{"tag": "tags", "score": "scores", "model": "request"}.get(place, place) for place in places}
    wanted = {"trace_id", "start", "variant", *(kinds.get(c.kind, "") for c in plan.criteria), *flags, *named} - {""}
    return sorted(wanted | ({"user_id"} if plan.unit == "user" else set()))


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What judges said of some traces.

    Attributes:
        keys: Hashes of the traces' ids, ascending, shape (n,).
        values: How good the answer is by each judge, 0 to 1 and nan where it did not look, shape (n,) each.
    """

    keys: NDArray[np.uint64]
    values: Mapping[str, FloatArray]

    def of(self, judge: str | None, keys: NDArray[np.uint64]) -> FloatArray:
        """What a judge said of these traces, nan where nothing."""
        values = self.values.get(judge or "")
        if values is None or not len(self.keys):
            return np.full(len(keys), np.nan)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[at] == keys, values[at], np.nan)


def verdicts_of(rows: Iterable[Mapping[str, Any]]) -> Verdicts:
    """Verdicts of judges from rows of `label/2`; of one trace the last one counts."""
    import pyarrow as pa

    said = {row["trace_id"]: {one["judge"]: one["value"] for one in row["verdicts"]} for row in rows if row["verdicts"]}
    keys = hashes_of(pa.array(list(said), pa.string()))
    order = np.argsort(keys)
    judges = sorted({judge for verdicts in said.values() for judge in verdicts})
    values = {judge: np.array([one.get(judge, np.nan) for one in said.values()], dtype=np.float64) for judge in judges}
    return Verdicts(keys[order], {judge: found[order] for judge, found in values.items()})


NONE_SAID = Verdicts(np.zeros(0, dtype=np.uint64), {})


def records_of_rows(rows: Iterable[TraceRow], plan: RolloutPlan, verdicts: Verdicts = NONE_SAID) -> Iterator[Records]:
    """Reduce traces to what the plan's criteria look at, some thousand at a time.

    Args:
        rows: Live traces, in any order.
        plan: Which variants, and what counts.
        verdicts: What judges said of some of them.
    """
    held, read = [], 0
    for row in rows:
        held.append(_reduced(row, plan))
        if len(held) == _ROWS:
            yield _judged(_stacked(held, plan, read), plan, verdicts)
            read += len(held)
            held = []
    yield _judged(_stacked(held, plan, read), plan, verdicts)


def records_of_batches(
    batches: Iterable[pa.RecordBatch], plan: RolloutPlan, verdicts: Verdicts = NONE_SAID
) -> Iterator[Records]:
    """The same from columns of `trace/1`, and without a Python object a row."""
    import pyarrow as pa

    held, read = [], 0
    yield _empty(0, plan, 0)
    for batch in batches:
        held.append(batch)
        if (rows := sum(map(len, held))) >= _BATCH_ROWS:
            whole = pa.Table.from_batches(held).combine_chunks().to_batches()[0]
            yield _judged(_columns(whole, plan, read), plan, verdicts)
            held, read = [], read + rows
    for batch in held:
        yield _judged(_columns(batch, plan, read), plan, verdicts)
        read += len(batch)


def _judged(found: Records, plan: RolloutPlan, verdicts: Verdicts) -> Records:
    for at, criterion in enumerate(plan.criteria):
        if criterion.kind == "judge":
            counts = criterion.segment is None or found["segment"] == plan.segments.index(criterion.segment)
            found["values"][:, at] = np.where(counts, 1.0 - verdicts.of(criterion.judge, found["key"]), np.nan)
    return found


def _reduced(row: TraceRow, plan: RolloutPlan) -> tuple[str, str, str, float, int, int, list[float]]:
    start, segment = row.get("start"), _segment_of(row, plan)
    return (
        row["trace_id"],
        row.get("user_id") or "",
        _pair_of(row, plan),
        float("nan") if start is None else start.timestamp(),
        _arms(plan).get(row.get("variant"), NEITHER),
        segment,
        [
            _value(row, c) if c.segment is None or segment == plan.segments.index(c.segment) else np.nan
            for c in plan.criteria
        ],
    )


def _arms(plan: RolloutPlan) -> dict[str | None, int]:
    return {plan.control: CONTROL, plan.treatment: TREATMENT}


def _stacked(
    rows: Sequence[tuple[str, str, str, float, int, int, list[float]]], plan: RolloutPlan, read: int
) -> Records:
    import pyarrow as pa

    keys, users, pairs, starts, arms, segments, values = zip(*rows, strict=True) if rows else ([],) * 7
    found = _empty(len(rows), plan, read)
    found["key"] = hashes_of(pa.array(keys, pa.string()))
    found["start"], found["arm"], found["segment"] = starts, arms, segments
    found["values"] = np.array(values, dtype=np.float64).reshape(len(rows), len(plan.criteria))
    if plan.unit == "user":
        found["user"] = hashes_of(pa.array(users, pa.string()))
    if plan.pair_by is not None:
        found["pair"] = hashes_of(pa.array(pairs, pa.string()))
    return found


def _empty(size: int, plan: RolloutPlan, read: int) -> Records:
    found = np.zeros(size, fields_of(plan))
    found["order"] = np.arange(read, read + size)
    return found


def _segment_of(row: TraceRow, plan: RolloutPlan) -> int:
    if plan.segment is None:
        return -1
    name = named_at(plan.segment, row, {})
    return plan.segments.index(name) if name in plan.segments else -1


def _pair_of(row: TraceRow, plan: RolloutPlan) -> str:
    return "" if plan.pair_by is None else named_at(plan.pair_by, row, {}) or ""


def _value(row: TraceRow, criterion: Criterion) -> float:
    """The criterion's number for one request, where more is worse; nan where it is unknown."""
    value: object = None
    match criterion.kind:
        case "error":
            value = row.get("status") == "error"
        case "latency":
            value = row.get("latency_ms")
        case "cost":
            value = (row.get("cost") or {}).get("total")
        case "tokens":
            value = (row.get("usage") or {}).get("total")
        case "flag":
            value = flag_of(row, criterion.flag or "")
        case "score":
            found = [_number(s.get("num")) for s in row.get("scores") or () if s.get("name") == criterion.score]
            if found and 0.0 <= found[-1] <= 1.0:
                value = 1.0 - found[-1] if criterion.higher_is_better else found[-1]
    return _number(value)


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float, bool)) else float("nan")


def _columns(batch: pa.RecordBatch, plan: RolloutPlan, read: int) -> Records:
    import pyarrow as pa
    import pyarrow.compute as pc

    found = _empty(batch.num_rows, plan, read)
    found["arm"] = NEITHER
    variant = batch.column("variant")
    for name, number in _arms(plan).items():
        found["arm"][_numpy(pc.fill_null(pc.equal(variant, name), fill_value=False))] = number
    moments = pc.cast(pc.cast(batch.column("start"), pa.timestamp("us", "UTC")), pa.int64())
    found["start"] = _floats(pc.divide(moments.cast(pa.float64()), 1e6))
    found["segment"] = segment = _segments(batch, plan)
    for at, criterion in enumerate(plan.criteria):
        values = _values(batch, criterion)
        if criterion.segment is not None:
            values[segment != plan.segments.index(criterion.segment)] = np.nan
        found["values"][:, at] = values
    found["key"] = hashes_of(batch.column("trace_id"))
    if plan.unit == "user":
        found["user"] = hashes_of(batch.column("user_id"))
    if plan.pair_by is not None:
        found["pair"] = hashes_of(pa.array([_pair_of(row, plan) for row in batch.to_pylist()], pa.string()))
    return found


def _segments(batch: pa.RecordBatch, plan: RolloutPlan) -> NDArray[np.int16]:
    if plan.segment is None:
        return np.full(batch.num_rows, -1, dtype=np.int16)
    if not plan.segment.startswith("metadata."):
        return np.array([_segment_of(row, plan) for row in batch.to_pylist()], dtype=np.int16)
    # Metadata is JSON as text, and often the same.
    known = lru_cache(maxsize=10_000)(lambda text: _segment_of({"metadata": text}, plan))
    return np.array([known(text) for text in batch.column("metadata").to_pylist()], dtype=np.int16)


def _values(batch: pa.RecordBatch, criterion: Criterion) -> FloatArray:
    import pyarrow.compute as pc

    match criterion.kind:
        case "error":
            return _floats(pc.fill_null(pc.equal(batch.column("status"), "error"), fill_value=False))
        case "latency":
            return _floats(batch.column("latency_ms"))
        case "flag":
            columns = batch.select([*OF_ONE_TRACE[criterion.flag or ""]])
            return np.array([_value(row, criterion) for row in columns.to_pylist()], dtype=np.float64)
        case "judge":
            return np.full(batch.num_rows, np.nan)
        case "cost" | "tokens":
            return _floats(pc.struct_field(batch.column("cost" if criterion.kind == "cost" else "usage"), "total"))
        case "score":
            scores = batch.column("scores")
            parents, held = pc.list_parent_indices(scores), pc.list_flatten(scores)
            named = pc.fill_null(pc.equal(pc.struct_field(held, "name"), criterion.score), fill_value=False)
            numbers = _floats(pc.struct_field(held, "num").filter(named))
            found = np.full(batch.num_rows, np.nan)
            # Of several the last one counts, as numpy assigns in order.
            found[_numpy(parents.filter(named))] = numbers
            found[~((found >= 0.0) & (found <= 1.0))] = np.nan
            return 1.0 - found if criterion.higher_is_better else found


def _numpy(values: pa.Array) -> Any:  # noqa: ANN401  an array of the column's own type
    return values.to_numpy(zero_copy_only=False)


def _floats(values: pa.Array) -> FloatArray:
    import pyarrow as pa

    found: FloatArray = _numpy(values.cast(pa.float64())).astype(np.float64)
    return found
