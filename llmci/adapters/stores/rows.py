"""Answers and scores as plain rows, for Parquet, journal and cache alike, and back.

What is read here was clean when it was written: this is where text becomes clean text again.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from llmci.adapters.stores.columns import DOCUMENT, PART, TEXT
from llmci.domain.case import Document, Message, Part
from llmci.domain.run import Answered, Scored, Unanswered, Unscored, Usage
from llmci.domain.text import CleanText

if TYPE_CHECKING:
    from llmci.domain.run import Answer, Score

Row = dict[str, Any]

# A row is `Answered` where `fault` is null, else `Unanswered`.
ANSWER = pa.schema(
    [
        ("case_id", TEXT),
        ("repeat", pa.int32()),
        ("text", TEXT),
        ("messages", pa.list_(pa.struct([("role", TEXT), ("parts", pa.list_(PART)), ("name", TEXT)]))),
        ("documents", pa.list_(DOCUMENT)),
        ("usage", pa.struct([("input", pa.int64()), ("output", pa.int64()), ("cached", pa.int64())])),
        ("cost", pa.float64()),
        ("latency_ms", pa.float64()),
        ("ttft_ms", pa.float64()),
        ("request_digest", TEXT),
        ("recorded_scores", pa.list_(pa.struct([("name", TEXT), ("value", pa.float64())]))),
        ("cached", pa.bool_()),
        ("why", TEXT),
        ("fault", TEXT),
    ],
    metadata={b"llmci.schema": b"run/1 answers"},
)
# A row is `Scored` where `fault` is null, else `Unscored`.
SCORE = pa.schema(
    [
        ("case_id", TEXT),
        ("repeat", pa.int32()),
        ("metric", TEXT),
        ("value", pa.float64()),
        ("reason", TEXT),
        ("error", TEXT),
        ("cost", pa.float64()),
        ("why", TEXT),
        ("fault", TEXT),
    ],
    metadata={b"llmci.schema": b"run/1 scores"},
)
# What earlier runs scored less what this one did.
COVARIATE = pa.schema(
    [("case_id", TEXT), ("metric", TEXT), ("value", pa.float64())], metadata={b"llmci.schema": b"run/1 covariates"}
)

_ANSWERED, _UNANSWERED, _USAGE, _SCORED, _UNSCORED = (
    tuple(field.name for field in fields(noun)) for noun in (Answered, Unanswered, Usage, Scored, Unscored)
)


def answer_row(answer: Answer) -> Row:
    """One row of `ANSWER`."""
    # Field by field: `asdict` copies whatever it meets, and there is a row for every answer.
    if isinstance(answer, Unanswered):
        return {name: getattr(answer, name) for name in _UNANSWERED}
    row = {name: getattr(answer, name) for name in _ANSWERED}
    row["messages"] = [asdict(message) for message in answer.messages]
    row["documents"] = None if answer.documents is None else [asdict(document) for document in answer.documents]
    row["usage"] = {name: getattr(answer.usage, name) for name in _USAGE}
    row["recorded_scores"] = [{"name": name, "value": value} for name, value in answer.recorded_scores.items()]
    return row


def answer_of(row: Row) -> Answer:
    """Read a row of `ANSWER`; raises `KeyError` or `TypeError` if it is not one."""
    if row.get("fault") is not None:
        return Unanswered(**_only(row, "case_id", "repeat", "why", "fault", "latency_ms"))
    return Answered(
        **_only(row, "case_id", "repeat", "cost", "latency_ms", "ttft_ms", "request_digest", "cached"),
        text=CleanText(_string(row["text"])),
        messages=tuple(_message(message) for message in row["messages"] or ()),
        documents=None if row["documents"] is None else tuple(Document(**item) for item in row["documents"]),
        usage=Usage(**row["usage"]),
        recorded_scores={item["name"]: item["value"] for item in row["recorded_scores"] or ()},
    )


def score_row(score: Score) -> Row:
    """One row of `SCORE`."""
    return {name: getattr(score, name) for name in (_SCORED if isinstance(score, Scored) else _UNSCORED)}


def score_of(row: Row) -> Score:
    """Read a row of `SCORE`; raises `KeyError` or `TypeError` if it is not one."""
    if row.get("fault") is not None:
        return Unscored(**_only(row, "case_id", "repeat", "metric", "why", "fault", "cost"))
    reason = row["reason"]
    return Scored(
        **_only(row, "case_id", "repeat", "metric", "error", "cost"),
        value=float(row["value"]),
        reason=None if reason is None else CleanText(_string(reason)),
    )


def _only(row: Row, *names: str) -> Row:
    return {name: row[name] for name in names}


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text is a {type(value).__name__}")
    return value


def _message(row: Row) -> Message:
    return Message(role=row["role"], name=row["name"], parts=tuple(Part(**part) for part in row["parts"] or ()))
