"""Recorded answers in the clean traces of a variant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from llmci.adapters.systems.recordings import Recordings
from llmci.core.privacy.replies import unclean
from llmci.core.traces.paths import at
from llmci.core.traces.payloads import text_in
from llmci.domain.case import Document, Message, Part
from llmci.domain.run import Usage
from llmci.errors import PrivacyStop, UsageError
from llmci.seams import Failed, Reply

if TYPE_CHECKING:
    import pyarrow as pa

    from llmci.seams import Shelf

Row = dict[str, Any]

_COLUMNS = (
    "trace_id",
    "variant",
    "start",
    "tags",
    "metadata",
    "output",
    "documents",
    "status",
    "error_type",
    "usage",
    "cost",
    "scores",
    "latency_ms",
    "ttft_ms",
)
_PART = (
    "type",
    "text",
    "uri",
    "mime_type",
    "tool_call_id",
    "tool_name",
    "tool_arguments",
    "tool_result",
    "is_error",
    "extra",
)


def read_traces(clean: Shelf, variant: str, key: str | None) -> Recordings:
    """The answers of a variant, earliest first.

    Raises:
        PrivacyStop: The manifest does not vouch for the shelf.
        UsageError: No trace has that variant.
    """
    _check(clean)
    extra = [key] if key is not None and key in clean.schema.names and key not in _COLUMNS else []
    rows = [row for batch in clean.batches([*_COLUMNS, *extra]) for row in _of_variant(batch, variant)]
    if not rows:
        raise UsageError(f"no clean trace has the variant {variant!r}.", fix="See `fields.variant` of the source.")
    recordings = Recordings()
    for row in sorted(rows, key=lambda row: (str(row["start"]), row["trace_id"])):
        recordings.add(_reply(row), key=_key(row, key), case_id=None)
    return recordings


def _of_variant(batch: pa.RecordBatch, variant: str) -> list[Row]:
    rows: list[Row] = batch.filter(pc.equal(batch["variant"], variant)).to_pylist()
    return rows


def _check(clean: Shelf) -> None:
    from llmci.core.privacy.manifest import check  # type: ignore[import-not-found, unused-ignore]

    manifest = clean.manifest()
    if manifest is None:
        raise PrivacyStop("the clean shelf has no manifest.", fix="Run `llmci sanitize`.")
    check(manifest, clean.shards())


def _key(row: Row, spelling: str | None) -> str | None:
    """The identity of the trace's case: a column, `metadata.<key>` or `tag:<prefix>`."""
    if spelling is None:
        return None
    if spelling.startswith("tag:"):
        prefix = spelling.removeprefix("tag:")
        return next((tag[len(prefix) :] for tag in row["tags"] or () if tag.startswith(prefix)), None)
    value = at(row, spelling)
    return None if value is None else str(value)


def _reply(row: Row) -> Reply | Failed:
    output = row["output"] or {"kind": "none"}
    text = text_in(output, "assistant") or output.get("json") or ""
    scores = {s["name"]: s["num"] for s in row["scores"] or () if s["name"] and s["num"] is not None}
    messages = tuple(_message(message) for message in output.get("messages") or ())
    if row["status"] == "error" and not text and not scores:
        return Failed(f"recorded as failed: {row['error_type'] or 'error'}", "system")
    usage, cost = row["usage"] or {}, row["cost"] or {}
    return Reply(
        text=text,
        messages=messages,
        documents=None if row["documents"] is None else tuple(_document(item) for item in row["documents"]),
        usage=Usage(input=usage.get("input"), output=usage.get("output"), cached=usage.get("cache_read")),
        cost=cost.get("total"),
        latency_ms=row["latency_ms"],
        ttft_ms=row["ttft_ms"],
        recorded_scores=scores,
        clean=True,
    )


def _message(message: Row) -> Message:
    parts = tuple(Part(**{name: part[name] for name in _PART}) for part in message["parts"] or ())
    return Message(role=message["role"], name=message["name"], parts=parts)


def _document(item: Row) -> Document:
    content = None if item["content"] is None else unclean(item["content"])
    return Document(id=item["id"], content=content, score=item["score"], rank=item["rank"])
