"""Recorded answers in the clean traces of a variant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from llmci.adapters.systems.recordings import Recordings
from llmci.core.evalsets.cases import COLUMNS, LabelledTrace, case_of
from llmci.core.evalsets.places import text_at
from llmci.core.evalsets.rows import document_of, message_of
from llmci.core.privacy.manifest import check
from llmci.core.privacy.mint import sanitized_batch
from llmci.core.traces.payloads import text_in
from llmci.domain.run import Usage
from llmci.domain.settings import EvalsetSettings
from llmci.errors import UsageError
from llmci.seams import Failed, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmci.seams import Shelf


def read_traces(clean: Shelf, variant: str, key: str | None) -> Recordings:
    """The answers of a variant, earliest first.

    Raises:
        PrivacyStop: The manifest does not vouch for the shelf.
        UsageError: No trace has that variant.
    """
    check(clean.manifest(), clean.shards())
    settings = EvalsetSettings(key=key, slices={})
    found = [_recording(trace, settings) for trace in _of_variant(clean, variant)]
    recordings = Recordings()
    for one in sorted(found, key=lambda one: one.order):
        recordings.add(one.reply, key=one.key, case_id=one.case_id)
    if not found:
        raise UsageError(f"no clean trace has the variant {variant!r}.", fix="See `fields.variant` of the source.")
    return recordings


@dataclass(frozen=True, slots=True)
class _Recording:
    order: tuple[str, str]
    key: str | None
    case_id: str | None
    reply: Reply | Failed


def _recording(found: LabelledTrace, settings: EvalsetSettings) -> _Recording:
    case = case_of(found, settings)
    return _Recording(
        order=(str(found.trace["start"]), found.trace["trace_id"]),
        key=text_at(settings.key, found.trace, found.label) if settings.key else None,
        case_id=case.case_id if case else None,
        reply=reply_of_trace(found),
    )


def _of_variant(clean: Shelf, variant: str) -> Iterator[LabelledTrace]:
    for batch in clean.batches(COLUMNS):
        rows = batch.filter(pc.equal(batch["variant"], variant))
        # The manifest has vouched for the shelf; labels play no part in what was answered.
        clean_rows = sanitized_batch(rows)
        for trace in rows.to_pylist():
            yield LabelledTrace(trace=trace, label={"cluster_name": "", "flags": []}, batch=clean_rows)


def reply_of_trace(found: LabelledTrace) -> Reply | Failed:
    """What the system answered in a trace."""
    row = found.trace
    output = row["output"] or {"kind": "none"}
    text = text_in(output, "assistant") or output.get("json") or ""
    scores = {s["name"]: s["num"] for s in row["scores"] or () if s["name"] and s["num"] is not None}
    messages = tuple(message_of(message, found.batch) for message in output.get("messages") or ())
    if row["status"] == "error" and not text and not scores:
        return Failed(f"recorded as failed: {row['error_type'] or 'error'}", "system", charged=False)
    usage, cost = row["usage"] or {}, row["cost"] or {}
    return Reply(
        text=text,
        messages=messages,
        documents=None
        if row["documents"] is None
        else tuple(document_of(item, found.batch) for item in row["documents"]),
        usage=Usage(input=usage.get("input"), output=usage.get("output"), cached=usage.get("cache_read")),
        cost=cost.get("total"),
        latency_ms=row["latency_ms"],
        ttft_ms=row["ttft_ms"],
        recorded_scores=scores,
        clean=True,
        recorded=True,
    )
