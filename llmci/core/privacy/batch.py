"""Raw rows in, clean rows out: the one place where a trace becomes clean."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from llmci.core.privacy.flatten import texts_of, with_texts
from llmci.core.privacy.memory import Memory
from llmci.core.privacy.mint import sanitized_batch
from llmci.core.privacy.redact import Withheld
from llmci.core.traces.blobs import without_media

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.core.privacy.redact import Finding, Redactor
    from llmci.domain.text import CleanBatch, RawBatch
    from llmci.domain.trace import TraceRow


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A trace that is held back: its place in the batch, a keyed name for it, and why."""

    index: int
    name: str
    why: str


@dataclass(slots=True)
class Tally:
    """What was removed, by kind, by detector, and by field."""

    kinds: Counter[str] = field(default_factory=Counter)
    detectors: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)

    def add(self, findings: tuple[Finding, ...]) -> None:
        """Count the findings of one trace."""
        for finding in findings:
            self.kinds[finding.span.kind] += 1
            self.detectors[finding.span.detector] += 1
            self.fields[finding.path.partition("[")[0].partition(".")[0]] += 1

    def merge(self, other: Tally) -> None:
        """Add another tally's counts."""
        self.kinds.update(other.kinds)
        self.detectors.update(other.detectors)
        self.fields.update(other.fields)


@dataclass(frozen=True, slots=True)
class SanitizedBatch:
    """What became of a batch: the clean rows in their order, those held back, and counts."""

    clean: CleanBatch
    quarantined: tuple[Quarantined, ...]
    tally: Tally


# What was found anywhere in a session, by session id; of sessions with several traces in one shard.
Sessions = dict[str, Memory]


def learn_sessions(raw: RawBatch, redactor: Redactor, sessions: Mapping[str, Memory]) -> None:
    """Remember what is found in the traces of these sessions; a first pass before `sanitize_batch`."""
    for row in raw.rows.to_pylist():
        memory = sessions.get(row["session_id"] or "")
        if memory is not None:
            redactor.learned(texts_of(without_media(row)), memory)


def sanitize_batch(raw: RawBatch, redactor: Redactor, sessions: Mapping[str, Memory]) -> SanitizedBatch:
    """Sanitize every trace of a batch.

    A trace with a text that cannot be searched, or in which something that was found would survive,
    is held back with the reason; the others go on.
    """
    tally, clean, held = Tally(), [], []
    for index, row in enumerate(raw.rows.to_pylist()):
        outcome = _sanitized(row, redactor, sessions.get(row["session_id"] or ""), tally)
        if isinstance(outcome, Withheld):
            held.append(Quarantined(index, redactor.surrogates.hashed("trace", str(row["trace_id"])), outcome.why))
        else:
            clean.append(outcome)
    rows = pa.RecordBatch.from_pylist(clean, schema=raw.rows.schema)
    return SanitizedBatch(sanitized_batch(rows), tuple(held), tally)


def _sanitized(row: TraceRow, redactor: Redactor, session: Memory | None, tally: Tally) -> TraceRow | Withheld:
    # Nothing here can read a picture or hear a voice, so they do not go on.
    row = without_media(row)
    texts = texts_of(row)
    memory = session.copy() if session else Memory()
    unreadable = redactor.learned(texts, memory)
    if unreadable is not None:
        return Withheld(unreadable.why)
    redacted = redactor.redact(texts, memory)
    if isinstance(redacted, Withheld):
        return redacted
    tally.add(redacted.findings)
    # A plain hash of what was written could be tried out against guesses.
    content = redactor.surrogates.hashed("content", str(row.get("content_hash")), 64)
    return {**with_texts(row, redacted.texts), "content_hash": content}
