"""Results of another runner as two runs and their cases, so that they are gated like llmci's own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.core.wording import listed
from llmci.domain.case import Case, Origin
from llmci.domain.run import Metric, Run, Scored, Unscored
from llmci.domain.system import SystemSpec
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.domain.run import Score

_TRUE, _FALSE = {"true", "pass", "passed", "yes"}, {"false", "fail", "failed", "no"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Which columns say what.

    Attributes:
        id: Names the case; results are paired by it.
        metrics: Columns that are scores; "score" where none is named.
        ratios: Columns that are costs, tokens or the like, compared as a share of the baseline.
        low: Smallest possible score; with `high`, needed where scores leave 0..1.
        high: Largest possible score.
        lower_is_better: Scores where less is better.
        weight: Share of production of the case; equal by default.
        group: Cases with the same value depend on each other.
        slices: Columns whose values are reported one by one.
    """

    id: str = "id"
    metrics: tuple[str, ...] = ()
    ratios: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0
    lower_is_better: bool = False
    weight: str | None = None
    group: str | None = None
    slices: tuple[str, ...] = ()

    def scores(self) -> tuple[str, ...]:
        """The columns that are scores."""
        return self.metrics or (() if self.ratios else ("score",))


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A result file, read.

    Attributes:
        name: As the user wrote it.
        rows: Where each result stands in the file, and its values by column.
    """

    name: str
    rows: Sequence[tuple[str, Mapping[str, object]]]


def runs_of(baseline: ResultFile, candidate: ResultFile, reading: Reading) -> tuple[Run, Run, list[Case]]:
    """Make two runs of two result files.

    Raises:
        UsageError: A column is missing, an id stands twice, or a value is no number.
    """
    values = [_values(file, reading) for file in (baseline, candidate)]
    metrics = [_score(name, reading, values) for name in reading.scores()]
    metrics += [Metric(name=name, kind="ratio", digest="", higher_is_better=False, unit="") for name in reading.ratios]
    cases = [_case(where, row, baseline, reading) for where, row in baseline.rows]
    before, after = (_run(file, by_id, metrics) for file, by_id in zip((baseline, candidate), values, strict=True))
    return before, after, cases


_Values = dict[str, dict[str, float | None]]


def _values(file: ResultFile, reading: Reading) -> _Values:
    """Every number that is asked for, by case id and column."""
    found: _Values = {}
    stands: dict[str, str] = {}
    for where, row in file.rows:
        key = str(_cell(row, reading.id, file, where))
        if key in found:
            raise UsageError(
                f"{file.name}: id {key!r} stands twice ({stands[key]} and {where}).",
                fix="Give every case its own id, or name another column with --id.",
            )
        names = (*reading.scores(), *reading.ratios)
        found[key] = {name: _number(_cell(row, name, file, where), f"{file.name}, {where}, {name}") for name in names}
        stands[key] = where
    return found


def _cell(row: Mapping[str, object], name: str, file: ResultFile, where: str) -> object:
    if name in row:
        return row[name]
    raise UsageError(
        f"{file.name}, {where}: there is no column {name!r}.",
        fix=f"The columns are {listed(map(str, row), most=12)}; name the right one with --id, --metric or its own flag.",
    )


def _number(cell: object, place: str) -> float | None:
    """A number, a verdict in words, or None where the cell is empty."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, (bool, int, float)):
        return float(cell)
    text = str(cell).strip().lower()
    if text in _TRUE | _FALSE:
        return float(text in _TRUE)
    try:
        return float(text)
    except ValueError:
        raise UsageError(
            f"{place}: not a number.", fix="Name a column of numbers, booleans or pass/fail with --metric."
        ) from None


def _score(name: str, reading: Reading, values: Sequence[_Values]) -> Metric:
    cells = (row[name] for by_id in values for row in by_id.values())
    # What is no number at all stays in its place, for the gate to name the case.
    numbers = {cell for cell in cells if cell is not None and math.isfinite(cell)}
    strays = [number for number in numbers if not reading.low <= number <= reading.high]
    if strays and (reading.low, reading.high) == (0.0, 1.0):
        raise UsageError(
            f"{name} has values outside 0..1, such as {strays[0]:g}.",
            fix="Say what is possible with --range, such as --range 1:5, or compare it by ratio with --ratio.",
        )
    return Metric(
        name=name,
        kind="binary" if numbers <= {reading.low, reading.high} else "graded",
        digest="",
        low=reading.low,
        high=reading.high,
        higher_is_better=not reading.lower_is_better,
    )


def _case(where: str, row: Mapping[str, object], file: ResultFile, reading: Reading) -> Case:
    key = str(row[reading.id])
    weight: float | None = 1 / len(file.rows)
    if reading.weight is not None:
        weight = _number(_cell(row, reading.weight, file, where), f"{file.name}, {where}, {reading.weight}")
    return Case(
        case_id=key,
        messages=(),
        slices={name: str(row[name]) for name in reading.slices if row.get(name) not in (None, "")},
        stratum="",
        dependence=key if reading.group is None else str(_cell(row, reading.group, file, where)),
        weight=weight or 0.0,
        origin=Origin(kind="hand"),
    )


def _run(file: ResultFile, values: _Values, metrics: Sequence[Metric]) -> Run:
    scores: list[Score] = []
    for key, row in values.items():
        for metric in metrics:
            number = row[metric.name]
            if number is not None:
                scores.append(Scored(case_id=key, repeat=0, metric=metric.name, value=number))
            elif metric.kind == "ratio":
                scores.append(Unscored(case_id=key, repeat=0, metric=metric.name, why="empty", fault="case"))
    return Run(
        run_id=file.name,
        system=SystemSpec(name=file.name, kind="recorded", parameters={}, digest=""),
        evalset_name=file.name,
        evalset_version=0,
        evalset_digest="",
        case_ids=tuple(values),
        repeats=1,
        metrics=tuple(metrics),
        answers=(),
        scores=tuple(scores),
        cost=None,
        judge_cost=None,
        complete=True,
        started_at="",
        finished_at="",
    )
