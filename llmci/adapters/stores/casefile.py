"""Cases to an Arrow table and back: the stored schema `evalset/1`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa

from llmci.core.canonical import canonical
from llmci.core.evalsets.digests import case_document
from llmci.core.privacy.mint import sanitized_batch, vouched
from llmci.domain.case import Case, Document, Message, Origin, Part, Tool
from llmci.domain.evalset import SCHEMA_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.domain.text import CleanBatch, CleanText

_text = pa.string()
_PART = pa.struct(
    [
        ("type", _text),
        ("text", _text),
        ("uri", _text),
        ("mime_type", _text),
        ("tool_call_id", _text),
        ("tool_name", _text),
        ("tool_arguments", _text),
        ("tool_result", _text),
        ("is_error", pa.bool_()),
        ("extra", _text),
    ]
)
_MESSAGE = pa.struct([("role", _text), ("name", _text), ("parts", pa.list_(_PART))])
_TOOL = pa.struct([("name", _text), ("description", _text), ("parameters", _text)])
_DOCUMENT = pa.struct([("id", _text), ("content", _text), ("score", pa.float64()), ("rank", pa.int32())])
_ORIGIN = pa.struct([("kind", _text), ("trace_id", _text), ("pulled_at", _text), ("set_version", pa.int32())])
CASES = pa.schema(
    [
        ("case_id", _text),
        ("key", _text),
        ("messages", pa.list_(_MESSAGE)),
        ("tools", pa.list_(_TOOL)),
        ("documents", pa.list_(_DOCUMENT)),
        ("reference", _text),
        ("reference_origin", _text),
        # JSON text: what a scorer expects has any shape.
        ("expectations", _text),
        ("rubric", _text),
        ("slices", pa.map_(_text, _text)),
        ("stratum", _text),
        ("dependence", _text),
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
    for rows in table.to_batches():
        batch = sanitized_batch(rows)
        cases.extend(_case(row, batch) for row in rows.to_pylist())
    return tuple(cases)


def _case(row: Mapping[str, Any], batch: CleanBatch) -> Case:
    plain = {k: row[k] for k in ("case_id", "key", "stratum", "dependence", "weight", "must_pass", "holdout")}
    return Case(
        **plain,
        messages=tuple(_message(message, batch) for message in row["messages"]),
        tools=tuple(Tool(**_cleaned(tool, ("description", "parameters"), batch)) for tool in row["tools"]),
        documents=tuple(Document(**_cleaned(document, ("content",), batch)) for document in row["documents"]),
        reference=_clean(row["reference"], batch),
        reference_origin=row["reference_origin"],
        expectations=orjson.loads(row["expectations"]),
        rubric=_clean(row["rubric"], batch),
        slices=dict(row["slices"]),
        origin=Origin(**row["origin"]),
    )


def _message(message: Mapping[str, Any], batch: CleanBatch) -> Message:
    held = ("text", "tool_arguments", "tool_result", "extra")
    parts = tuple(Part(**_cleaned(part, held, batch)) for part in message["parts"])
    return Message(role=message["role"], name=message["name"], parts=parts)


def _cleaned(value: Mapping[str, Any], texts: Sequence[str], batch: CleanBatch) -> dict[str, Any]:
    return {**value, **{name: _clean(value[name], batch) for name in texts}}


def _clean(text: str | None, batch: CleanBatch) -> CleanText | None:
    return None if text is None else vouched(text, batch)
