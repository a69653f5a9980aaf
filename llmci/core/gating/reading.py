"""How result files of other runners are read, and how their cases are paired."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.domain.result import ResultRow

# Where a runner's own id of a case is put.
_ID = "id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Which columns say what.

    Attributes:
        id: Names the case; results are paired by it.
        metrics: Columns that are scores; where none is named, those of the runner, or "score" in a table.
        ratios: Columns that are costs, tokens or the like, compared as a share of the baseline.
        low: Smallest possible score; with `high`, needed where scores leave 0..1.
        high: Largest possible score.
        lower_is_better: Scores where less is better.
        weight: Share of production of the case; equal by default.
        group: Cases with the same value depend on each other.
        slices: Columns whose values are reported one by one.
        answer: Column of a table with what the system answered; its form is compared if it is there.
    """

    id: str = _ID
    metrics: tuple[str, ...] = ()
    ratios: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0
    lower_is_better: bool = False
    weight: str | None = None
    group: str | None = None
    slices: tuple[str, ...] = ()
    answer: str = "output"

    def scores(self) -> tuple[str, ...]:
        """The columns that are scores."""
        return self.metrics or (() if self.ratios else ("score",))


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A result file, read; `name` is as the user wrote it."""

    name: str
    rows: Sequence[ResultRow]

    def by_runner(self) -> bool:
        """Whether a runner wrote it, which says what its scores are; a table does not."""
        return any(row.scores for row in self.rows)


def settled(reading: Reading, baseline: ResultFile, candidate: ResultFile) -> Reading:
    """The same reading, with the scores that the runner names where the user names none."""
    named = [name for file in (baseline, candidate) for row in file.rows for name in row.scores]
    if reading.metrics or reading.ratios or not named:
        return reading
    return replace(reading, metrics=tuple(dict.fromkeys(named)))


def pairing(baseline: ResultFile, candidate: ResultFile, reading: Reading) -> tuple[str, ...]:
    """What a reader should know of how the cases of two files were paired, as sentences."""
    notes = []
    files = (baseline, candidate)
    if reading.id == _ID and any(row.by_input for file in files for row in file.rows):
        notes.append("the runner gives its cases no id: they are paired by a digest of their input")
    counts = [Counter(str(row.values.get(reading.id)) for row in file.rows) for file in files]
    if most := max(max(count.values(), default=1) for count in counts) - 1:
        notes.append(f"up to {most + 1} tries of a case are averaged")
    uneven = sum(counts[0][case_id] != counts[1][case_id] for case_id in counts[0] if case_id in counts[1])
    if uneven:
        notes.append(f"{uneven:,} of the cases were tried a different number of times in the two files")
    return tuple(notes)
