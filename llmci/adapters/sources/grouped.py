"""Rows that are steps of traces, gathered by trace whatever line of whatever file they stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.adapters.sources.rows import placed
from llmci.adapters.sources.spill import Spill
from llmci.core.traces.folding import fold
from llmci.core.traces.logged_spans import SPAN_PRESETS
from llmci.core.traces.scalars import Unreadable
from llmci.seams import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from llmci.core.traces.logged_spans import SpanPreset
    from llmci.core.traces.records import Origin
    from llmci.domain.trace import TraceRow
    from llmci.seams import Window


def span_preset_of(record: object, preset: str | None) -> str | None:
    """The preset that a record's file is read by, if its rows are steps: the one given, or the one recognized."""
    if preset is not None:
        return preset if preset in SPAN_PRESETS else None
    if not isinstance(record, dict):
        return None
    return next((name for name, known in SPAN_PRESETS.items() if known.recognizes(record)), None)


def traces_of(
    records: Iterable[tuple[Any, str] | Rejected],
    preset: str,
    origin: Origin,
    window: Window,
    *,
    spill: Path,
    size: int,
) -> Iterator[TraceRow | Rejected]:
    """Fold rows into traces.

    Args:
        records: Each with its place, or why it cannot be read.
        spill: A directory that does not exist; rows go there, so that one part of them at a time is
            held in memory.
        size: About how many bytes there are.
    """
    known = SPAN_PRESETS[preset]
    with Spill(spill, size) as spilled:
        for entry in records:
            if (rejected := entry if isinstance(entry, Rejected) else _put(known, *entry, spilled)) is not None:
                yield rejected
        for entries in spilled.groups():
            for outcome in _folded(known, entries, origin):
                if isinstance(outcome, Rejected):
                    yield outcome
                elif (row := placed(outcome, entries[0][2], window)) is not None:
                    yield row


def _put(known: SpanPreset, record: object, where: str, spilled: Spill) -> Rejected | None:
    trace_id = known.trace_id(record) if isinstance(record, dict) else None
    if trace_id is None:
        return Rejected(where, f"not a row of {known.name}: it names no trace")
    try:
        spilled.put(trace_id, [trace_id, record, where])
    except Unreadable as error:
        return Rejected(where, str(error))
    return None


def _folded(known: SpanPreset, entries: list[Any], origin: Origin) -> Iterator[TraceRow | Rejected]:
    steps = []
    for _, record, where in entries:
        try:
            steps.append(known.step(record))
        except (Unreadable, RecursionError) as error:
            yield Rejected(where, str(error) if isinstance(error, Unreadable) else "nested too deeply")
    if steps:
        try:
            yield fold(steps, entries[0][0], origin)
        except (Unreadable, RecursionError):
            yield Rejected(entries[0][2], "nested too deeply")
