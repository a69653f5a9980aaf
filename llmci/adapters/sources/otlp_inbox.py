"""What a receiver was sent: journals of exports as they came, landed by trace and span, and then deleted.

    <state>/landing/<source>-received/<time>.jsonl      a journal: a line an export, as `otlp_receiver` writes it
    <state>/landing/<source>-received/*.jsonl.zst, ...  see `landing`

A journal is deleted once the ledger names its parts. A kill in between lands it again under the same
names, which changes nothing.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

from llmci.adapters.sources.lines import NotJson, lines_of, parsed
from llmci.adapters.sources.remote.landing import Landing
from llmci.core.traces.log_events import records_in
from llmci.core.traces.otlp import identity, spans_in
from llmci.core.traces.scalars import json_text
from llmci.files import locked
from llmci.seams import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from llmci.adapters.sources.remote.landing import Unit
    from llmci.adapters.sources.remote.parts import Writer
    from llmci.seams import Part

_PART_ROWS, _PART_BYTES = 20_000, 32 << 20
LOCK = ".lock"


class Inbox:
    """A directory of journals, and the landing in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def journals(self) -> list[Path]:
        """In the order in which they were begun."""
        return sorted(self.path.glob("*.jsonl"))

    def pending(self) -> list[Path]:
        """Journals of which nothing was landed yet."""
        with closing(self.landing()) as landing:
            return [path for path in self.journals() if not landing.holds_part(_part(path, 0))]

    def landing(self) -> Landing:
        """To be closed by the caller."""
        return Landing(self.path)

    def units(self) -> Sequence[Unit]:
        """See `Landing.units`."""
        with closing(self.landing()) as landing:
            return landing.units()

    def land(self, limit: int) -> None:
        """Land all journals, and delete those that no receiver is writing to.

        Args:
            limit: Longest line, in bytes; a receiver wrote none that is longer.
        """
        if not self.journals():
            return
        with locked(self.path / LOCK) as idle, closing(self.landing()) as landing:
            landing.sweep()
            journals = self.journals()
            for path in journals:
                landing.commit("spans", None, _parts(landing, path, limit))
                if idle or path != journals[-1]:
                    path.unlink()

    def entries(self, unit: str, parts: Sequence[Any]) -> Iterator[list[Any]]:
        """What was received of each trace of a unit: as it was logged, with its resource."""
        with closing(self.landing()) as landing:
            for records, _ in landing.grouped(unit, parts):
                yield [[one["logged"], one["resource"], one["kind"]] for one in records]


def _part(journal: Path, number: int) -> str:
    return f"spans-{journal.stem}-{number:03}"


def _parts(landing: Landing, journal: Path, limit: int) -> list[Part]:
    parts: list[Part] = []
    writer: Writer | None = None
    with ExitStack() as stack:
        for record in _records(journal, limit):
            if writer is None:
                writer = stack.enter_context(landing.part("spans", _part(journal, len(parts))))
            writer.write(record)
            if writer.rows >= _PART_ROWS or writer.size >= _PART_BYTES:
                parts, writer = [*parts, _closed(stack, writer)], None
        if writer is not None:
            parts = [*parts, _closed(stack, writer)]
    return parts


def _closed(stack: ExitStack, writer: Writer) -> Part:
    stack.pop_all().close()
    if writer.part is None:
        raise AssertionError
    return writer.part


def _records(journal: Path, limit: int) -> Iterator[Record]:
    with journal.open("rb") as file:
        for line in lines_of(file, 2 * limit):
            try:
                export = parsed(line, 2 * limit)
            except NotJson:
                # Written half: whoever sent it was not answered, and sends it again.
                continue
            for logged, resource in spans_in(export):
                yield _record("span", logged, resource)
            for logged, resource in records_in(export):
                yield _record("log", logged, resource)


def _record(kind: str, logged: dict[str, Any], resource: dict[str, Any]) -> Record:
    trace_id, span_id = identity(logged)
    if kind == "log":
        digest = hashlib.blake2b(json_text(logged, sort=True).encode(), digest_size=16).hexdigest()
        span_id = f"{span_id}/{digest}"
    value = {"kind": kind, "logged": logged, "resource": resource}
    return Record(trace_id or "", str(span_id), "", None, value)
