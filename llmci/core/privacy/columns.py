"""A batch without the fields that are empty in all of its rows: most of them, at every depth."""

from __future__ import annotations

import pyarrow as pa


def without_empty(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The same rows without fields that are null throughout; what makes rows of the schema again fills them in."""
    kept = {
        name: _pruned(_compact(column))
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
        if column.null_count < len(column)
    }
    return pa.RecordBatch.from_pydict(kept) if kept else batch


def _compact(array: pa.Array) -> pa.Array:
    """The array without what stands before and behind its slice."""
    return array.take(pa.array(range(len(array)), pa.int64())) if pa.types.is_nested(array.type) else array


def _pruned(array: pa.Array) -> pa.Array:
    if pa.types.is_list(array.type):
        values = _pruned(array.values)
        return pa.ListArray.from_arrays(array.offsets, values, mask=array.is_null() if array.null_count else None)
    if pa.types.is_struct(array.type):
        fields = {
            field.name: _pruned(values)
            for field, values in zip(array.type, (array.field(i) for i in range(array.type.num_fields)), strict=True)
            if values.null_count < len(values)
        }
        if fields:
            mask = array.is_null() if array.null_count else None
            return pa.StructArray.from_arrays(list(fields.values()), list(fields), mask=mask)
    return array
