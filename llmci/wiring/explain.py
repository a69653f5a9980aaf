"""Why something was removed from a trace, or was not; and spans of texts that are no traces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from llmci.core.privacy.detect import Unreadable
from llmci.core.privacy.flatten import IDENTITIES, Text, texts_of
from llmci.core.privacy.jsontext import lifted
from llmci.core.privacy.masking import mask
from llmci.core.privacy.memory import Memory
from llmci.core.privacy.redact import Withheld
from llmci.core.privacy.resolve import resolved
from llmci.core.privacy.titles import with_titles
from llmci.core.traces.blobs import without_media
from llmci.errors import UsageError
from llmci.files import write_bytes
from llmci.wiring.build import shelf_of
from llmci.wiring.privacy import privacy_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from llmci.config import Config
    from llmci.core.privacy.jsontext import Piece
    from llmci.core.privacy.redact import Redactor
    from llmci.domain.finding import Span
    from llmci.domain.trace import TraceRow
    from llmci.seams import Progress

_AT_ONCE = 1024
# What a finding is called where general dates are not told from dates of birth.
_PUBLISHED = {"DATE_OF_BIRTH": "DATE_TIME"}


@dataclass(frozen=True, slots=True)
class Explained:
    """One finding of a trace.

    Attributes:
        shape: Of the value: letters as A and a, digits as 0.
        action: The operator that replaces it; "keep" with the reason where it stays; "held back" with the
            reason where the audit holds the whole trace back.
    """

    path: str
    kind: str
    detector: str
    score: float
    shape: str
    action: str


def explain(config: Config, trace_id: str, *, environ: Mapping[str, str]) -> list[Explained]:
    """Everything that is found in a trace of the raw shelf, and what becomes of it.

    Raises:
        UsageError: There is no such trace, or one of its texts cannot be searched.
    """
    redactor = privacy_of(config, environ).redactor
    texts, others = _texts(config, trace_id)
    memory = Memory()
    unreadable = redactor.learned(texts, memory)
    if unreadable is not None:
        raise UsageError(f"the trace is held back: {unreadable.why}.", fix="See docs/sanitize.md, quarantine.")
    for other in others:
        redactor.learned([other], memory)
    outcome = redactor.redact(texts, memory)
    held = [Explained("", "", "audit", 1.0, "", f"held back: {outcome.why}")] if isinstance(outcome, Withheld) else []
    return [*held, *(found for text in texts for found in _explained(text, redactor, memory))]


def write_spans(config: Config, source: Path, target: Path, *, environ: Mapping[str, str], progress: Progress) -> int:
    """Read lines of {id, text, group} and write lines of {id, spans}, in their order.

    Lines of one group are one conversation. A text that cannot be searched is one span as a whole.
    Spans of kinds that the policy keeps are marked as `kept`. In the place of a line that cannot be
    read stands one with `error` and no spans.

    Raises:
        UsageError: Some lines cannot be read; those of the others are written all the same.
    """
    read = list(_records(source))
    records = [record for record in read if isinstance(record, dict)]
    # Where a value stands depends on no key: none is asked for, and none is made.
    redactor = privacy_of(config, {**environ, config.sanitize.key_env: "none"}).redactor
    progress.begin("spans", len(records), "traces")
    found = iter(spans_of(records, redactor, progress))
    progress.end()
    lines: list[dict[str, object]] = [
        next(found) if isinstance(line, dict) else {"id": None, "error": line, "spans": []} for line in read
    ]
    write_bytes(target, b"".join(orjson.dumps(line) + b"\n" for line in lines))
    bad = [(number, why) for number, why in enumerate(read, start=1) if isinstance(why, str)]
    if bad:
        raise UsageError(
            f"{len(bad)} of {len(read)} lines cannot be read: {source}:{bad[0][0]}: {bad[0][1]}, for one; their lines in {target} have no spans.",
            fix='Write one JSON object a line: {"id": ..., "text": ..., "group": ...}.',
        )
    return len(read)


def spans_of(records: Sequence[Mapping[str, Any]], redactor: Redactor, progress: Progress) -> list[dict[str, object]]:
    """The lines that `write_spans` writes, in order of the records."""
    memories: dict[str, Memory] = {}
    for index, record in enumerate(records):
        if index % _AT_ONCE == 0:
            redactor.search_ahead(_text(record) for record in records[index : index + _AT_ONCE])
        redactor.learned([_text(record)], memories.setdefault(_group(record, index), Memory()))
        progress.advance()
    return [_spans_line(record, memories[_group(record, index)], redactor) for index, record in enumerate(records)]


def _texts(config: Config, trace_id: str) -> tuple[list[Text], list[Text]]:
    """Texts of a trace as `sanitize` sees them, and those of the other traces of its session, in whatever shard."""
    raw = shelf_of(config, "raw")
    for shard_id in raw.shards():
        for batch in raw.read(shard_id):
            for index, found in enumerate(batch.column("trace_id").to_pylist()):
                if found == trace_id:
                    row: TraceRow = batch.slice(index, 1).to_pylist()[0]
                    return texts_of(without_media(row)), list(_session_texts(raw.batches(), row))
    raise UsageError(
        "there is no trace of that id on the raw shelf.", fix="Take an id of the source; see `llmci pull`."
    )


def _session_texts(batches: Iterable[pa.RecordBatch], of: TraceRow) -> Iterator[Text]:
    session = of.get("session_id")
    if not session:
        return
    for batch in batches:
        for index, found in enumerate(batch.column("session_id").to_pylist()):
            if found == session:
                row: TraceRow = batch.slice(index, 1).to_pylist()[0]
                if row["trace_id"] != of["trace_id"]:
                    yield from texts_of(without_media(row))


def _explained(text: Text, redactor: Redactor, memory: Memory) -> Iterator[Explained]:
    if text.column in IDENTITIES:
        yield Explained(text.path, "USER_ID", "identity", 1.0, mask(text.text), "hash")
        return
    looked = redactor.looked(text)
    if isinstance(looked, Unreadable):
        return
    for piece, found in looked.pieces:
        removed = redactor.spans_in(piece, found, memory, None)
        for span in removed:
            yield _finding(text.path, span, piece.text, redactor.policy.operator_of(span.kind))
        counting = set(redactor.counting(piece, found))
        for span in found:
            if span not in counting:
                yield _finding(text.path, span, piece.text, f"keep: {_reason(span, redactor)}")


def _reason(span: Span, redactor: Redactor) -> str:
    if redactor.policy.operator_of(span.kind) == "keep":
        return "by policy"
    return "below min_score" if span.score < redactor.policy.min_score else "allowed"


def _finding(path: str, span: Span, text: str, action: str) -> Explained:
    return Explained(path, span.kind, span.detector, round(span.score, 2), mask(text[span.start : span.end]), action)


def _records(source: Path) -> Iterator[dict[str, Any] | str]:
    """Each line as a record, or what is wrong with it."""
    try:
        lines = source.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(f"{source}: cannot be read: {error.strerror}.", fix="Name a file that you can read.") from None
    for line in lines:
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            yield "not JSON"
            continue
        is_record = isinstance(record, dict) and isinstance(record.get("text"), str)
        yield record if is_record else "there is no text"


def _group(record: Mapping[str, Any], index: int) -> str:
    return repr(record["group"]) if record.get("group") is not None else f"line {index}"


def _text(record: Mapping[str, Any]) -> Text:
    return Text("text", "text", None, record["text"])


def _spans_line(record: Mapping[str, Any], memory: Memory, redactor: Redactor) -> dict[str, object]:
    text = _text(record)
    looked = redactor.looked(text)
    if isinstance(looked, Unreadable):
        spans: list[dict[str, object]] = [{"start": 0, "end": len(text.text), "type": "UNREADABLE", "score": 1.0}]
    else:
        spans = [line for piece, found in looked.pieces for line in _span_lines(piece, found, memory, redactor)]
    return {"id": record.get("id"), "spans": spans}


def _span_lines(piece: Piece, found: Sequence[Span], memory: Memory, redactor: Redactor) -> Iterator[dict[str, object]]:
    """Spans of the whole text: those that would be removed, and those that the policy keeps.

    A name has its titles and degrees with it; `replaced` says what of it would be removed.
    """
    removed = redactor.spans_in(piece, found, memory, None)
    kept = [span for span in found if redactor.policy.operator_of(span.kind) == "keep"]
    if not removed and not kept:
        return
    shown = resolved(removed, kept)
    ends = [0, *(span.end for span in shown)]
    starts = [*(span.start for span in shown), len(piece.text)]
    for index, span in enumerate(shown):
        whole = with_titles(span, piece.text, ends[index], starts[index + 1])
        line = {**_edges(piece, whole), "type": _PUBLISHED.get(span.kind, span.kind), "score": span.score}
        if redactor.policy.operator_of(span.kind) == "keep":
            yield line | {"kept": True}
        else:
            yield line if whole is span else line | {"replaced": list(_edges(piece, span).values())}


def _edges(piece: Piece, span: Span) -> dict[str, object]:
    edit = lifted(piece, span.start, span.end, "")
    return {"start": edit.start, "end": edit.end}
