"""What the sources of files have in common: options, the window, and a record that cannot become a trace."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from llmci import seams
from llmci.core.traces.mapping import Mapping, PresetName, plan_of
from llmci.core.traces.paths import first_keys
from llmci.core.traces.presets import PRESETS, TOLD, recognized
from llmci.core.traces.records import Origin, row_of
from llmci.core.traces.scalars import Unreadable
from llmci.errors import UsageError
from llmci.seams import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmci.domain.trace import TraceRow
    from llmci.seams import Window


class FileOptions(seams.Options):
    """Files with one record a trace.

    Attributes:
        path: A file or a glob (`logs/**/*.jsonl`), from the configuration's directory.
        fields: Where each field of a trace is found in a record. Without it the usual names of
            columns are looked for, and the other columns are kept as metadata.
        preset: The tool that wrote the records, where they are not recognized by themselves.
    """

    path: str = Field(min_length=1)
    fields: Mapping | None = None
    preset: PresetName | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.fields is not None and self.preset is not None:
            raise ValueError("give `fields` or `preset`, not both")
        return self


class Normaliser:
    """Turns the records of one file into rows; what cannot be read is rejected with its place."""

    def __init__(self, origin: Origin, options: FileOptions, window: Window) -> None:
        self._origin, self._window = origin, window
        self._plan = None if options.fields is None else plan_of(options.fields)
        self._preset = PRESETS.get(options.preset or "")

    def __call__(self, record: Any, where: str) -> TraceRow | Rejected | None:  # noqa: ANN401  JSON holds anything
        """The row, the rejection, or None for a trace outside the window."""
        if not isinstance(record, dict):
            return Rejected(where, "not a JSON object")
        if not record:
            return Rejected(where, "empty")
        try:
            preset = self._preset or (recognized(record) if self._plan is None else None)
            if preset is None:
                row = row_of(record, self._plan, self._origin)
            elif (told := preset.told(record)) is not None:
                row = row_of(told, TOLD, self._origin)
            else:
                return None
        except (Unreadable, RecursionError) as error:
            return Rejected(where, str(error) if isinstance(error, Unreadable) else "nested too deeply")
        return placed(row, where, self._window)


def within(row: TraceRow, window: Window) -> bool:
    """Whether a trace started in the window; see `Window.holds`."""
    return window.holds(row["start"])


def placed(row: TraceRow, where: str, window: Window) -> TraceRow | Rejected | None:
    """The row where it is in the window, None where it is not, and a rejection where nobody can say."""
    if within(row, window):
        return row
    return None if row["start"] is not None else Rejected(where, "no start time, which --since and --until ask for")


def check_columns(mapping: Mapping | None, columns: Sequence[str], file: str) -> None:
    """Stop where a mapping names a column that a table does not have.

    Raises:
        UsageError: It does; the message lists the columns that are there.
    """
    if mapping is None:
        return
    for name, path in paths_of(mapping):
        if not any(column in columns or column.partition(".")[0] in columns for column in first_keys(path)):
            raise UsageError(
                f"{file}: fields.{name} is {path!r}, but there is no such column.",
                fix=f"The columns are: {', '.join(columns)}.",
            )


def paths_of(mapping: Mapping) -> Iterator[tuple[str, str]]:
    """Every field of a mapping with its path; constants have none."""
    for item in fields(mapping):
        value = getattr(mapping, item.name)
        for name, pick in value.items() if isinstance(value, dict) else [("", value)]:
            if pick is not None and pick.path is not None:
                yield f"{item.name}.{name}" if name else item.name, pick.path
