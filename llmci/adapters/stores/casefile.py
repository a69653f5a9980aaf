"""Cases to an Arrow table and back: the stored schema `evalset/1`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa

from llmci.adapters.stores.columns import DOCUMENT, PART, TEXT
from llmci.core.canonical import canonical
from llmci.core.evalsets.digests import case_document
from llmci.core.evalsets.rows import clean_text, document_of, message_of, tool_of
from llmci.core.privacy.mint import sanitized_batch
from llmci.domain.case import Case, Origin
from llmci.domain.evalset import SCHEMA_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.domain.text import CleanBatch

_MESSAGE = pa.struct([("role", TEXT), ("name", TEXT), ("parts", pa.list_(PART))])
_TOOL = pa.struct([("name", TEXT), ("description", TEXT), ("parameters", TEXT)])
_AT_ONCE = 500
_ORIGIN = pa.struct([("kind", TEXT), ("trace_id", TEXT), ("pulled_at", TEXT), ("set_version", pa.int32())])
CASES = pa.schema(
    [
        ("case_id", TEXT),
        ("key", TEXT),
        ("messages", pa.list_(_MESSAGE)),
        ("tools", pa.list_(_TOOL)),
        ("documents", pa.list_(DOCUMENT)),
        ("reference", TEXT),
        ("reference_origin", TEXT),
        # JSON text: what a scorer expects has any shape.
        ("expectations", TEXT),
        ("rubric", TEXT),
        ("slices", pa.map_(TEXT, TEXT)),
        ("stratum", TEXT),
        ("dependence", TEXT),
        ("weight", pa.float64()),
        ("must_pass", pa.bool_()),
        ("holdout", pa.bool_()),
        ("origin", _ORIGIN),
    ],
    metadata={b"llmci.schema": SCHEMA_NAME.encode()},
)


def table_of(cases: Sequence[Case]) -> pa.Table:
    """Cases in order of their ids."""
    rows = []
    for case in sorted(cases, key=lambda case: case.case_id):
        row = case_document(case)
        row["expectations"] = canonical(row["expectations"]).decode()
        row["slices"] = sorted(row["slices"].items())
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=CASES)


def cases_from(table: pa.Table) -> tuple[Case, ...]:
    """Cases of a table that `table_of` made; raises `KeyError`, `TypeError` or `ValueError` on any other."""
    cases: list[Case] = []
    # Rows as Python objects take more room than the cases: never all of them at once.
    for rows in table.to_batches(max_chunksize=_AT_ONCE):
        batch = sanitized_batch(rows)
        cases.extend(_case(row, batch) for row in rows.to_pylist())
    return tuple(cases)


def _case(row: Mapping[str, Any], batch: CleanBatch) -> Case:
    plain = {k: row[k] for k in ("case_id", "key", "stratum", "dependence", "weight", "must_pass", "holdout")}
    return Case(
        **plain,
        messages=tuple(message_of(message, batch) for message in row["messages"]),
        tools=tuple(tool_of(tool, batch) for tool in row["tools"]),
        documents=tuple(document_of(document, batch) for document in row["documents"]),
        reference=clean_text(row["reference"], batch),
        reference_origin=row["reference_origin"],
        expectations=orjson.loads(row["expectations"]),
        rubric=clean_text(row["rubric"], batch),
        slices=dict(row["slices"]),
        origin=Origin(**row["origin"]),
    )
