"""The texts of a batch as Arrow holds them: each distinct one becomes an object once, however many rows repeat it.

Chats repeat the conversation so far in every call, and prompts stand in every trace. To make trees of rows, and
rows of trees again, would take longer than to look for what is new in them; docs/decisions/0009-once-for-each-text.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from llmci.core.privacy.flatten import TECHNICAL, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Counts = NDArray[np.intp]


@dataclass(slots=True)
class _Node:
    """Values of one place of the schema, of all rows, one after the other.

    Attributes:
        below: Fields of a struct, or the items of a list.
        at: Where texts stand among strings, shape (texts,): neither null nor empty.
        ids: Which text of the batch stands there.
        rows: In which row.
        keys: What orders the texts of a row: places of fields and of items, from the outside in.
    """

    array: pa.Array
    below: list[_Node] = field(default_factory=list)
    at: Counts | None = None
    ids: Counts | None = None
    rows: Counts | None = None
    keys: list[Counts] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a walk through the schema is, with one entry for each value of the array at hand."""

    path: str
    name: str
    rows: Counts
    keys: list[Counts]
    roles: Counts


class Leaves:
    """What `flatten.texts_of` finds in each row of a batch, and the batch with other texts in their places.

    Attributes:
        texts: Each distinct one by text, field and role; paths are without the places in lists.
        strings: Every string of the batch, those of texts once: where media may be.
    """

    def __init__(self, batch: pa.RecordBatch) -> None:
        self.texts: list[Text] = []
        self.strings: list[pa.Array] = []
        self._batch = batch
        self._columns: list[_Node] = []
        self._known: dict[Text, int] = {}
        self._roles: dict[str | None, int] = {None: 0}
        rows = np.arange(batch.num_rows)
        self._nodes = [
            self._walk(array, _Place(name, name, rows, [np.full(len(rows), index)], np.zeros(len(rows), np.intp)))
            for index, (name, array) in enumerate(zip(batch.schema.names, batch.columns, strict=True))
        ]
        self._order = self._ordered()

    def rows(self) -> list[list[Text]]:
        """The texts of each row, in the order of `flatten.texts_of`."""
        found = [self.texts[at] for at in _joined([c.ids for c in self._columns])[self._order].tolist()]
        counts = np.bincount(_joined([c.rows for c in self._columns]), minlength=self._batch.num_rows)
        return [found[start:end] for start, end in pairwise([0, *np.cumsum(counts).tolist()])]

    def batch_with(self, texts: Sequence[Sequence[str]]) -> pa.RecordBatch:
        """The batch with other texts, given for each row in the order of `rows`."""
        placed = np.empty(len(self._order), object)
        placed[self._order] = list(chain.from_iterable(texts))
        fresh: dict[int, NDArray[np.object_]] = {}
        start = 0
        for column in self._columns:
            count = len(column.ids) if column.ids is not None else 0
            fresh[id(column)] = placed[start : start + count]
            start += count
        arrays = [self._rebuilt(node, fresh) for node in self._nodes]
        return pa.RecordBatch.from_arrays(arrays, schema=self._batch.schema)

    def _walk(self, array: pa.Array, place: _Place) -> _Node:
        node = _Node(array)
        kind = array.type
        if array.null_count == len(array):
            return node
        if pa.types.is_string(kind):
            if place.name in TECHNICAL:
                self.strings.append(array)
            else:
                self._take(node, place)
        elif place.name in TECHNICAL:
            self._note_strings(array)
        elif pa.types.is_list(kind):
            lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy().astype(np.intp)
            of = np.repeat(np.arange(len(array)), lengths)
            within = np.arange(len(of)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
            keys = [*(key[of] for key in place.keys), within]
            below = _Place(f"{place.path}[]", place.name, place.rows[of], keys, place.roles[of])
            node.below = [self._walk(array.flatten(), below)]
        elif pa.types.is_struct(kind):
            roles = place.roles
            fields = array.flatten()
            if (at := kind.get_field_index("role")) >= 0:
                roles = self._roles_of(fields[at], roles)
            node.below = [
                self._walk(
                    values,
                    _Place(
                        f"{place.path}.{kind.field(index).name}",
                        kind.field(index).name,
                        place.rows,
                        [*place.keys, np.full(len(values), index)],
                        roles,
                    ),
                )
                for index, values in enumerate(fields)
            ]
        return node

    def _note_strings(self, array: pa.Array) -> None:
        if pa.types.is_string(array.type):
            self.strings.append(array)
        elif pa.types.is_list(array.type) or pa.types.is_map(array.type):
            self._note_strings(array.flatten() if pa.types.is_list(array.type) else array.keys)
        elif pa.types.is_struct(array.type):
            for values in array.flatten():
                self._note_strings(values)

    def _roles_of(self, said: pa.Array, before: Counts) -> Counts:
        """The role of each message; what says none has that of what it stands in."""
        coded = said.dictionary_encode()
        known = [
            self._roles.setdefault(role, len(self._roles)) if role else -1 for role in coded.dictionary.to_pylist()
        ]
        of = pc.fill_null(coded.indices, len(known)).to_numpy()
        roles = np.array([*known, -1], np.intp)[of]
        return np.where(roles < 0, before, roles)

    def _take(self, node: _Node, place: _Place) -> None:
        """Number the texts of an array of strings."""
        coded = node.array.dictionary_encode()
        self.strings.append(coded.dictionary)
        values = coded.dictionary.to_pylist()
        codes = pc.fill_null(coded.indices, -1).to_numpy().astype(np.intp)
        is_text = codes >= 0
        if "" in values:
            is_text &= codes != values.index("")
        at = np.flatnonzero(is_text)
        # The same text is another one in another role.
        both, which = np.unique(codes[at] * len(self._roles) + place.roles[at], return_inverse=True)
        roles = list(self._roles)
        ids = []
        for one in both.tolist():
            code, role = divmod(one, len(roles))
            text = Text(place.path, place.name, roles[role], values[code])
            ids.append(self._number(text))
        node.at, node.rows, node.keys = at, place.rows[at], [key[at] for key in place.keys]
        node.ids = np.array(ids, np.intp)[which]
        self._columns.append(node)

    def _number(self, text: Text) -> int:
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = len(self.texts)
            self.texts.append(text)
        return known

    def _ordered(self) -> Counts:
        """Which of the texts of all columns, one column after the other, comes first, second, ... in the rows."""
        deepest = max((len(column.keys) for column in self._columns), default=0)
        levels = [
            _joined([c.keys[level] if level < len(c.keys) else np.zeros_like(c.rows) for c in self._columns])
            for level in range(deepest)
        ]
        return np.lexsort((*reversed(levels), _joined([c.rows for c in self._columns])))

    def _rebuilt(self, node: _Node, fresh: dict[int, NDArray[np.object_]]) -> pa.Array:
        array = node.array
        if node.at is not None:
            held = np.full(len(array), None, object)
            held[~array.is_null().to_numpy(zero_copy_only=False)] = ""
            held[node.at] = fresh[id(node)]
            return pa.array(held, pa.string())
        below = [self._rebuilt(one, fresh) for one in node.below]
        if all(made is one.array for made, one in zip(below, node.below, strict=True)):
            return array
        mask = array.is_null() if array.null_count else None
        if pa.types.is_struct(array.type):
            return pa.StructArray.from_arrays(below, fields=list(array.type), mask=mask)
        lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy()
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
        return pa.ListArray.from_arrays(offsets, below[0], type=array.type, mask=mask)


def _joined(found: Sequence[Counts | None]) -> Counts:
    return np.concatenate([np.empty(0, np.intp), *(one for one in found if one is not None)]).astype(np.intp)
