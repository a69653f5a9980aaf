"""Raw rows in, clean rows out: the one place where a trace becomes clean."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from llmci.core.privacy.columns import without_empty
from llmci.core.privacy.leaves import Leaves
from llmci.core.privacy.memory import Memory
from llmci.core.privacy.mint import sanitized_batch
from llmci.core.privacy.redact import Redacted, Settled, Withheld
from llmci.core.traces.blobs import may_hold_media, without_media

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.core.privacy.flatten import Text
    from llmci.core.privacy.redact import Redactor
    from llmci.core.privacy.second_look import SecondLook
    from llmci.domain.text import CleanBatch, RawBatch


# What is asked of a row beside its texts.
_OF_TRACE = ("trace_id", "session_id", "user_id")
_FIELD_ENDS = re.compile(r"[.\[]")


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A trace that is held back: its place in the batch, a keyed name for it, and why."""

    index: int
    name: str
    why: str


@dataclass(slots=True)
class Tally:
    """What was removed, by kind, by detector, and by field; and what stayed.

    Attributes:
        kept: By keyed digest of a user: kinds and digests of kept attributes; see `quasi`.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    detectors: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    kept: dict[str, set[tuple[str, str]]] = field(default_factory=dict)

    def add(self, redacted: Redacted, user: str) -> None:
        """Count what was found in one trace of a user."""
        if redacted.attributes:
            self.kept.setdefault(user, set()).update(redacted.attributes)
        self.kinds.update([finding.span.kind for finding in redacted.findings])
        self.detectors.update([finding.span.detector for finding in redacted.findings])
        self.fields.update([_FIELD_ENDS.split(finding.path, maxsplit=1)[0] for finding in redacted.findings])

    def merge(self, other: Tally) -> None:
        """Add another tally's counts."""
        self.kinds.update(other.kinds)
        self.detectors.update(other.detectors)
        self.fields.update(other.fields)
        for user, attributes in other.kept.items():
            self.kept.setdefault(user, set()).update(attributes)


@dataclass(frozen=True, slots=True)
class SanitizedBatch:
    """What became of a batch: the clean rows in their order, those held back, and counts."""

    clean: CleanBatch
    quarantined: tuple[Quarantined, ...]
    tally: Tally


@dataclass(slots=True)
class Session:
    """What was found anywhere in a session of several traces, and what became of the texts that they share.

    Attributes:
        unknown: Why what its other traces tell could not be learnt, so that none of them goes on.
    """

    memory: Memory = field(default_factory=Memory)
    unknown: str | None = None
    settled: Settled = field(default_factory=Settled)
    heard: set[tuple[str, str, str | None]] = field(default_factory=set)

    def unheard(self, texts: list[Text]) -> list[Text]:
        """Those of a trace that no trace before it had, which are few where each repeats the history."""
        new = []
        for text in texts:
            asked = (text.text, text.column, text.role)
            if asked not in self.heard:
                self.heard.add(asked)
                new.append(text)
        return new


def _leaves(raw: RawBatch) -> tuple[pa.RecordBatch, Leaves]:
    """Rows and their texts. Nothing here can read a picture or hear a voice, so none of them goes on."""
    leaves = Leaves(raw.rows)
    if not may_hold_media(leaves.strings):
        return raw.rows, leaves
    rows = [without_media(row) for row in without_empty(raw.rows).to_pylist()]
    batch = pa.RecordBatch.from_pylist(rows, schema=raw.rows.schema)
    return batch, Leaves(batch)


def learn_sessions(raw: RawBatch, redactor: Redactor, sessions: Mapping[str, Session]) -> None:
    """Remember what is found in the traces of these sessions; a first pass before `sanitize_batch`."""
    told = []
    rows, leaves = _leaves(raw)
    for name, texts in zip(rows.column("session_id").to_pylist(), leaves.rows(), strict=True):
        session = sessions.get(name or "")
        if session is not None and (new := session.unheard(texts)):
            told.append((new, session.memory))
    redactor.search_ahead(text for texts, _ in told for text in texts)
    for texts, memory in told:
        # One by one: what stands behind a text that cannot be searched is learnt as well.
        for text in texts:
            redactor.learned([text], memory)


def sanitize_batch(
    raw: RawBatch, redactor: Redactor, sessions: Mapping[str, Session], second: SecondLook | None = None
) -> SanitizedBatch:
    """Sanitize every trace of a batch.

    A trace with a text that cannot be searched, or in which something that was found would survive,
    is held back with the reason, and so is one that the second pass refuses; the others go on.
    """
    tally, held = Tally(), []
    rows, leaves = _leaves(raw)
    redactor.search_ahead(leaves.texts)
    texts = leaves.rows()
    traces = rows.select(_OF_TRACE).to_pylist()
    outcomes = [
        _redacted(of, redactor, sessions.get(trace["session_id"] or ""))
        for trace, of in zip(traces, texts, strict=True)
    ]
    if second is not None:
        second.search_ahead(kept for done in outcomes if isinstance(done, Redacted) for kept in done.kept)
    clean: list[Sequence[str]] = []
    for index, (trace, outcome) in enumerate(zip(traces, outcomes, strict=True)):
        refused = second.refusal(outcome.kept) if second is not None and isinstance(outcome, Redacted) else None
        if isinstance(outcome, Withheld) or refused is not None:
            why = outcome.why if isinstance(outcome, Withheld) else str(refused)
            held.append(Quarantined(index, redactor.surrogates.hashed("trace", str(trace["trace_id"])), why))
            clean.append([""] * len(texts[index]))
            continue
        user = str(trace["user_id"] or trace["session_id"] or trace["trace_id"])
        tally.add(outcome, redactor.surrogates.hashed("user", user))
        clean.append(outcome.texts)
    made = leaves.batch_with(clean)
    # A plain hash of what was written could be tried out against guesses.
    hashes = [redactor.surrogates.hashed("content", str(h), 64) for h in made.column("content_hash").to_pylist()]
    made = made.set_column(
        made.schema.get_field_index("content_hash"), made.schema.field("content_hash"), pa.array(hashes, pa.string())
    )
    if held:
        made = made.take(np.delete(np.arange(len(made)), [one.index for one in held]))
    return SanitizedBatch(sanitized_batch(made), tuple(held), tally)


def _redacted(texts: list[Text], redactor: Redactor, session: Session | None) -> Redacted | Withheld:
    if session is None:
        session = Session()
        unreadable = redactor.learned(texts, session.memory)
        if unreadable is not None:
            return Withheld(unreadable.why)
    elif session.unknown is not None:
        return Withheld(session.unknown)
    return redactor.redact(texts, session.memory, settled=session.settled)
