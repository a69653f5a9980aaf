"""Live traces to units: what a canary decides on, from rows or from whole columns, and no text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from llmci.core.evalsets.places import named_at
from llmci.core.stats.hashing import hashes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    import pyarrow as pa
    from numpy.typing import NDArray

    from llmci.domain.rollout import Criterion, RolloutPlan
    from llmci.domain.trace import TraceRow

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]

# Clocks differ by so much without harm: evidence depends on the order within minutes hardly at all.
_SKEW = timedelta(minutes=5)
_ROWS = 4096
_NEITHER, _CONTROL, _TREATMENT = -1, 0, 1


@dataclass(frozen=True, slots=True)
class LiveUnits:
    """Requests of both arms in order of time; no text, only what is decided on.

    Attributes:
        treated: Whether the treatment answered, shape (n,).
        values: One array of shape (n,) a criterion, nan where it is unknown.
        split: Units of the treatment, and of both arms.
        segment: Index into the plan's segments, -1 for none of them, shape (n,).
        strangers: Traces whose variant is neither of the two, or that have no start time.
        duplicates: Traces that came twice.
        ahead: Traces that start later than now: a clock is wrong.
        mixed: Users who met both variants, where users count; they are left out.
        pair: Hash of the request that both variants answered, 0 for none, shape (n,).
        alone: Requests that only one variant answered, where pairs count; they are left out.
    """

    treated: BoolArray
    values: dict[str, FloatArray]
    split: tuple[int, int]
    segment: NDArray[np.int16]
    pair: NDArray[np.uint64]
    strangers: int = 0
    duplicates: int = 0
    ahead: int = 0
    mixed: int = 0
    alone: int = 0


@dataclass(frozen=True, slots=True)
class _Columns:
    """A stretch of traces: key and user are hashes, a user of 0 is none; start in seconds, nan where unknown."""

    key: NDArray[np.uint64]
    user: NDArray[np.uint64]
    start: FloatArray
    arm: NDArray[np.int8]
    segment: NDArray[np.int16]
    pair: NDArray[np.uint64]
    values: FloatArray


def columns_needed(plan: RolloutPlan) -> list[str]:
    """Columns of `trace/1` that `units_of_batches` reads."""
    kinds = {"error": "status", "latency": "latency_ms", "cost": "cost", "score": "scores"}
    places = [(place or "").partition(".")[0].partition(":")[0] for place in (plan.segment, plan.pair_by)]
    named = {{"tag": "tags", "score": "scores", "model": "request"}.get(place, place) for place in places}
    wanted = {"trace_id", "user_id", "start", "variant", *(kinds[c.kind] for c in plan.criteria), *named} - {""}
    return sorted(wanted)


def units_of(rows: Iterable[TraceRow], plan: RolloutPlan, *, now: datetime | None = None) -> LiveUnits:
    """Reduce traces to what the plan's criteria look at.

    Args:
        rows: Live traces, in any order.
        plan: Which variants, and what counts once.
        now: Traces that start clearly later are left out: their order cannot be trusted.
    """
    found, held = [], []
    for row in rows:
        held.append(_reduced(row, plan))
        if len(held) == _ROWS:
            found.append(_stacked(held, plan))
            held = []
    return _units([*found, _stacked(held, plan)], plan, now)


def units_of_batches(batches: Iterable[pa.RecordBatch], plan: RolloutPlan, *, now: datetime | None = None) -> LiveUnits:
    """The same from columns of `trace/1`, a batch at a time and without a Python object a row."""
    return _units([_columns(batch, plan) for batch in batches], plan, now)


def _units(stretches: Sequence[_Columns], plan: RolloutPlan, now: datetime | None) -> LiveUnits:
    stretches = [*stretches, _stacked((), plan)]

    def joined(name: str) -> Any:  # noqa: ANN401  an array of the column's own type
        return np.concatenate([getattr(stretch, name) for stretch in stretches])

    start, arm = joined("start"), joined("arm")
    stranger = (arm == _NEITHER) | np.isnan(start)
    _, first = np.unique(joined("key"), return_index=True)
    again = np.ones(len(start), dtype=np.bool_)
    again[first] = False
    again &= ~stranger
    late = np.inf if now is None else (now + _SKEW).timestamp()
    ahead = ~stranger & ~again & (start > late)
    kept = np.flatnonzero(~stranger & ~again & ~ahead)
    kept = kept[np.argsort(start[kept], kind="stable")]
    treated: BoolArray = arm[kept] == _TREATMENT
    table, segment, pair = (joined(name)[kept] for name in ("values", "segment", "pair"))
    split, mixed = (int(treated.sum()), len(treated)), 0
    if plan.unit == "user":
        once, split, mixed = _once_a_user(joined("user")[kept], treated, table)
        treated, table, segment, pair = treated[once], table[once], segment[once], pair[once]
    return LiveUnits(
        treated=treated,
        values={criterion.name: np.ascontiguousarray(table[:, at]) for at, criterion in enumerate(plan.criteria)},
        split=split,
        segment=segment,
        pair=pair,
        strangers=int(stranger.sum()),
        duplicates=int(again.sum()),
        ahead=int(ahead.sum()),
        mixed=mixed,
    )


def paired(units: LiveUnits) -> LiveUnits:
    """Requests that both variants answered, control and treatment by turns, in the order in which pairs were complete.

    A value counts where both sides have it. With a share of a half, a block is then exactly a pair.
    """
    sides = [np.flatnonzero((units.treated == arm) & (units.pair != 0)) for arm in (False, True)]
    _, control, treatment = np.intersect1d(units.pair[sides[0]], units.pair[sides[1]], return_indices=True)
    both = np.column_stack([sides[0][control], sides[1][treatment]])
    both = both[np.argsort(both.max(axis=1), kind="stable")]
    at = both.ravel()
    values = {}
    for name, known in units.values.items():
        pairs = known[both]
        pairs[np.isnan(pairs).any(axis=1)] = np.nan
        values[name] = pairs.ravel()
    return replace(
        units,
        treated=units.treated[at],
        values=values,
        split=(len(both), 2 * len(both)),
        segment=units.segment[at],
        pair=units.pair[at],
        alone=len(units.treated) - len(at),
    )


def _once_a_user(
    users: NDArray[np.uint64], treated: BoolArray, table: FloatArray
) -> tuple[NDArray[np.int64], tuple[int, int], int]:
    """Keep each user's first known value of each criterion, where it stands; later looks never change it.

    A request without a user is a unit of its own. The others' values become nan in `table`.

    Returns:
        Rows with something known, the split by users, and how many users met both variants.
    """
    names = np.where(users == 0, np.arange(len(users), dtype=np.uint64) | np.uint64(1 << 63), users >> np.uint64(1))
    distinct, who = np.unique(names, return_inverse=True)
    arms = np.zeros((len(distinct), 2), dtype=np.bool_)
    arms[who, treated.astype(np.int64)] = True
    mixed: BoolArray = arms[:, 0] & arms[:, 1]
    for column in range(table.shape[1]):
        known = np.flatnonzero(~np.isnan(table[:, column]) & ~mixed[who])
        at = known[np.unique(who[known], return_index=True)[1]]
        values = table[at, column]
        table[:, column] = np.nan
        table[at, column] = values
    kept: NDArray[np.int64] = np.flatnonzero(~np.isnan(table).all(axis=1))
    return kept, (int((arms[:, 1] & ~mixed).sum()), int((~mixed).sum())), int(mixed.sum())


def _reduced(row: TraceRow, plan: RolloutPlan) -> tuple[str, str, str, float, int, int, list[float]]:
    start, segment = row.get("start"), _segment_of(row, plan)
    return (
        row["trace_id"],
        row.get("user_id") or "",
        _pair_of(row, plan),
        float("nan") if start is None else start.timestamp(),
        _arms(plan).get(row.get("variant"), _NEITHER),
        segment,
        [
            _value(row, c) if c.segment is None or segment == plan.segments.index(c.segment) else np.nan
            for c in plan.criteria
        ],
    )


def _arms(plan: RolloutPlan) -> dict[str | None, int]:
    return {plan.control: _CONTROL, plan.treatment: _TREATMENT}


def _stacked(rows: Sequence[tuple[str, str, str, float, int, int, list[float]]], plan: RolloutPlan) -> _Columns:
    import pyarrow as pa

    keys, users, pairs, starts, arms, segments, values = zip(*rows, strict=True) if rows else ([],) * 7
    return _Columns(
        key=hashes_of(pa.array(keys, pa.string())),
        user=hashes_of(pa.array(users, pa.string())),
        start=np.array(starts, dtype=np.float64),
        arm=np.array(arms, dtype=np.int8),
        segment=np.array(segments, dtype=np.int16),
        pair=hashes_of(pa.array(pairs, pa.string())),
        values=np.array(values, dtype=np.float64).reshape(len(rows), len(plan.criteria)),
    )


def _segment_of(row: TraceRow, plan: RolloutPlan) -> int:
    if plan.segment is None:
        return -1
    name = named_at(plan.segment, row, {})
    return plan.segments.index(name) if name in plan.segments else -1


def _pair_of(row: TraceRow, plan: RolloutPlan) -> str:
    return "" if plan.pair_by is None else named_at(plan.pair_by, row, {}) or ""


def _value(row: TraceRow, criterion: Criterion) -> float:
    """The criterion's number for one request, where more is worse; nan where it is unknown."""
    match criterion.kind:
        case "error":
            return float(row.get("status") == "error")
        case "latency":
            return _number(row.get("latency_ms"))
        case "cost":
            return _number((row.get("cost") or {}).get("total"))
        case "score":
            found = [_number(s.get("num")) for s in row.get("scores") or () if s.get("name") == criterion.score]
            if not found or not 0.0 <= found[-1] <= 1.0:
                return float("nan")
            return 1.0 - found[-1] if criterion.higher_is_better else found[-1]


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else float("nan")


def _columns(batch: pa.RecordBatch, plan: RolloutPlan) -> _Columns:
    import pyarrow as pa
    import pyarrow.compute as pc

    def column(name: str) -> pa.Array:
        return batch.column(name)

    variant = column("variant")
    arm = np.full(batch.num_rows, _NEITHER, dtype=np.int8)
    for name, number in _arms(plan).items():
        arm[_numpy(pc.fill_null(pc.equal(variant, name), fill_value=False))] = number
    seconds = pc.divide(
        pc.cast(pc.cast(column("start"), pa.timestamp("us", "UTC")), pa.int64()).cast(pa.float64()), 1e6
    )
    segment = _segments(batch, plan)
    values = np.column_stack([_values(batch, criterion) for criterion in plan.criteria])
    for at, criterion in enumerate(plan.criteria):
        if criterion.segment is not None:
            values[segment != plan.segments.index(criterion.segment), at] = np.nan
    return _Columns(
        key=hashes_of(column("trace_id")),
        user=hashes_of(column("user_id")),
        start=_floats(seconds),
        arm=arm,
        segment=segment,
        pair=_pairs(batch, plan),
        values=values,
    )


def _pairs(batch: pa.RecordBatch, plan: RolloutPlan) -> NDArray[np.uint64]:
    import pyarrow as pa

    if plan.pair_by is None:
        return np.zeros(batch.num_rows, dtype=np.uint64)
    return hashes_of(pa.array([_pair_of(row, plan) for row in batch.to_pylist()], pa.string()))


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
        case "cost":
            return _floats(pc.struct_field(batch.column("cost"), "total"))
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
