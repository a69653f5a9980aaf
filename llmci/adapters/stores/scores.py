"""The scores of a run without any text: one Parquet file that can be committed, uploaded and compared with.

One row a try, with its scores; the rest of the run stands as JSON in the file's metadata. Answers,
messages, documents and reasons of judges are left out, so that the file says nothing that a case says.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa

from llmci.adapters.stores.rows import ANSWER, COVARIATE, SCORE, Row, answer_row, score_row
from llmci.adapters.stores.runs import covariate_rows, manifest_of, run_of
from llmci.domain.run import SCORES_ONLY, Answered
from llmci.domain.text import CleanText
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmci.domain.run import Answer, Run, Score

SCHEMA_NAME = "scores/2"
# Without covariates.
_OLDER = "scores/1"
# Larger than the scores of a million cases; what is more was not written by llmci.
MOST_BYTES = 256 << 20
_MANIFEST = b"llmci.run"
_KEPT = ("case_id", "repeat", "usage", "cost", "latency_ms", "ttft_ms", "request_digest", "cached", "why", "fault")
_SCORE = pa.struct([field for field in SCORE if field.name not in ("case_id", "repeat", "reason")])
# What earlier runs scored stands in the first row of a case.
_EARLIER = pa.list_(pa.struct([field for field in COVARIATE if field.name != "case_id"]))
SCORES = pa.schema(
    [
        *(ANSWER.field(name) for name in _KEPT),
        ("asked", pa.bool_()),
        ("scores", pa.list_(_SCORE)),
        ("earlier", _EARLIER),
    ],
    metadata={b"llmci.schema": SCHEMA_NAME.encode()},
)
_FIX = "Make it again with `llmci promote` or `llmci bench --save-scores`."


def scores_document(run: Run) -> bytes:
    """A whole run without its texts.

    Raises:
        UsageError: The run stopped early: it would be no baseline.
    """
    import pyarrow.parquet as pq

    if not run.complete:
        raise UsageError(f"the run {run.run_id} stopped early and is no baseline.", fix="Go on with --resume.")
    manifest = manifest_of(run)
    # The rows say it, in the same order.
    del manifest["case_ids"]
    # Whoever compares with it looks at the gates by a plan of its own.
    manifest.pop("looks", None)
    metadata = {**SCORES.metadata, _MANIFEST: orjson.dumps(manifest)}
    table = pa.Table.from_pylist(list(_rows(run)), schema=SCORES.with_metadata(metadata))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content: bytes = sink.getvalue().to_pybytes()
    return content


def scores_run(content: bytes, where: str) -> Run:
    """Read what `scores_document` made.

    Args:
        content: The file.
        where: What to call it.

    Returns:
        A run whose answers have no text; its environment holds `SCORES_ONLY`.

    Raises:
        UsageError: It is too large, damaged, or not of this kind.
    """
    import pyarrow.parquet as pq

    if len(content) > MOST_BYTES:
        raise UsageError(f"{where}: larger than {MOST_BYTES >> 20} MB.", fix=_FIX)
    try:
        table = pq.ParquetFile(pa.BufferReader(content)).read()
        metadata = table.schema.metadata or {}
        schema = metadata.get(b"llmci.schema", b"nothing").decode("utf-8", "replace")[:40]
        if schema not in (SCHEMA_NAME, _OLDER):
            raise UsageError(f"{where}: holds {schema!r} and not {SCHEMA_NAME!r}.", fix=_FIX)
        return _run(orjson.loads(metadata[_MANIFEST]), table.to_pylist())
    except (pa.ArrowException, KeyError, TypeError, ValueError, OSError) as error:
        raise UsageError(f"{where}: no scores of a run, or damaged ({type(error).__name__}).", fix=_FIX) from None


def _rows(run: Run) -> Iterator[Row]:
    answers = {(answer.case_id, answer.repeat): answer for answer in run.answers}
    scores: dict[tuple[str, int], list[Score]] = {}
    for score in run.scores:
        scores.setdefault((score.case_id, score.repeat), []).append(score)
    earlier: dict[str, list[Row]] = {}
    for row in covariate_rows(run.covariates):
        earlier.setdefault(row.pop("case_id"), []).append(row)
    order = {case_id: at for at, case_id in enumerate(run.case_ids)}
    for key in sorted(answers.keys() | scores.keys(), key=lambda key: (order[key[0]], key[1])):
        yield {
            "case_id": key[0],
            "repeat": key[1],
            **_told(answers.get(key)),
            "asked": key in answers,
            "scores": [score_row(score) for score in scores.get(key, ())],
            "earlier": earlier.pop(key[0], None),
        }


def _told(answer: Answer | None) -> Row:
    if answer is None:
        return {}
    if isinstance(answer, Answered):
        answer = replace(answer, text=CleanText(""), messages=(), documents=None, recorded_scores={})
    row = answer_row(answer)
    return {name: row[name] for name in _KEPT if name in row}


def _run(manifest: dict[str, Any], rows: list[Row]) -> Run:
    manifest["case_ids"] = list(dict.fromkeys(row["case_id"] for row in rows))
    manifest["environment"] = {**manifest["environment"], SCORES_ONLY: "yes"}
    textless = {"text": "", "messages": None, "documents": None, "recorded_scores": None}
    return run_of(
        manifest,
        ({**row, **textless} for row in rows if row["asked"]),
        (
            {**score, "case_id": row["case_id"], "repeat": row["repeat"], "reason": None}
            for row in rows
            for score in row["scores"]
        ),
        ({**value, "case_id": row["case_id"]} for row in rows for value in row.get("earlier") or ()),
    )
