"""Results of another runner as two runs and their cases, so that they are gated like llmci's own."""

from __future__ import annotations

import hashlib
import math
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from llmci.core.gating.traits import Said
from llmci.core.wording import count, listed
from llmci.domain.case import Case, Origin
from llmci.domain.run import Metric, Run, Scored, Unanswered, Unscored
from llmci.domain.system import SystemSpec
from llmci.errors import NoDecisionError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from llmci.core.gating.reading import Reading, ResultFile
    from llmci.domain.result import ResultRow
    from llmci.domain.run import Answer, Score

# Columns of a table that tell when a result was measured.
_TIMES = ("measured_at", "start_time", "started_at", "created_at", "timestamp")
# Columns of a table that tell who or what gave the score.
_JUDGES = re.compile(r"(?:judge|grader|scorer|evaluator|rater)(?:_?(?:model|prompt|name|id|version))?", re.IGNORECASE)
_JUDGE = 60
_TRUE, _FALSE = {"true", "pass", "passed", "yes"}, {"false", "fail", "failed", "no"}


def runs_of(baseline: ResultFile, candidate: ResultFile, reading: Reading) -> tuple[Run, Run, list[Case]]:
    """Make two runs of two result files; what one file measures and the other does not is missing in its run.

    Raises:
        UsageError: A column is missing, an id stands twice in a table, or a value is no number.
        NoDecisionError: A case was asked something else in the two files.
    """
    files = (baseline, candidate)
    if baseline.by_runner() and candidate.by_runner():
        _same_inputs(baseline, candidate, reading)
        _asked_columns(files, reading)
    for name in reading.slices:
        if not any(name in row.values for row in baseline.rows):
            raise _no_column(baseline.name, name, baseline.rows[0].values)
    tries = [_tries(file, reading) for file in files]
    metrics = [_score(name, reading, tries) for name in reading.scores()]
    metrics += [Metric(name=name, kind="ratio", digest="", higher_is_better=False, unit="") for name in reading.ratios]
    before, after = (
        _run(file, by_id, [_measured(metric, file, by_id, tries) for metric in metrics if _holds(file, metric.name)])
        for file, by_id in zip(files, tries, strict=True)
    )
    return before, after, _cases(baseline, reading, len(before.case_ids))


def answers_of(file: ResultFile, reading: Reading) -> dict[str, Said]:
    """What was answered to each case, at the first try, where the file says; nobody has sanitized it."""
    found: dict[str, Said] = {}
    table = not file.by_runner()
    for row in file.rows:
        cell = row.values.get(reading.answer) if table else None
        text = row.output if cell is None else str(cell)
        if text is not None and row.fault is None:
            found.setdefault(str(row.values.get(reading.id)), Said(text, row.tools, clean=False))
    return found


@dataclass(frozen=True, slots=True)
class _Try:
    """One row, with the numbers that are asked for."""

    row: ResultRow
    numbers: Mapping[str, float | None]


_Tries = dict[str, list[_Try]]


def _tries(file: ResultFile, reading: Reading) -> _Tries:
    """Every try, by case id."""
    found: _Tries = {}
    once = not file.by_runner()
    for row in file.rows:
        key = str(_cell(row, reading.id, file))
        if once and key in found:
            raise UsageError(
                f"{file.name}: id {key!r} stands twice ({found[key][0].row.where} and {row.where}).",
                fix="Give every case its own id, or name another column with --id.",
            )
        found.setdefault(key, []).append(_Try(row, _numbers(row, file, reading)))
    return found


def _numbers(row: ResultRow, file: ResultFile, reading: Reading) -> dict[str, float | None]:
    """What a runner leaves out is a gap; a table has every column or is mistaken."""
    return {
        name: _number(
            row.values.get(name) if row.scores else _cell(row, name, file), f"{file.name}, {row.where}, {name}"
        )
        for name in (*reading.scores(), *reading.ratios)
    }


def _same_inputs(baseline: ResultFile, candidate: ResultFile, reading: Reading) -> None:
    before, after = (
        {str(row.values.get(reading.id)): row.input for row in file.rows if row.input} for file in (baseline, candidate)
    )
    apart = [case_id for case_id, asked in before.items() if after.get(case_id, asked) != asked]
    if apart:
        raise NoDecisionError(
            f"{count(len(apart), 'case')} stand for something else in the two files ({listed(apart, most=3)}): "
            "the input or the expected answer differs.",
            fix="Compare two runs of the same cases.",
        )


def _asked_columns(files: Sequence[ResultFile], reading: Reading) -> None:
    known = dict.fromkeys(name for file in files for row in file.rows for name in row.values)
    for name in (*reading.scores(), *reading.ratios):
        if name not in known:
            raise _no_column(f"{files[0].name} and {files[1].name}", name, known)


def _cell(row: ResultRow, name: str, file: ResultFile) -> object:
    if name in row.values:
        return row.values[name]
    raise _no_column(f"{file.name}, {row.where}", name, row.values)


def _no_column(place: str, name: str, known: Mapping[str, object]) -> UsageError:
    return UsageError(
        f"{place}: there is no column {name!r}.",
        fix=f"The columns are {listed(map(str, known), most=12)}; name the right one with --id, --metric or its own flag.",
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


def _score(name: str, reading: Reading, files: Sequence[_Tries]) -> Metric:
    cells = (one.numbers[name] for by_id in files for tries in by_id.values() for one in tries)
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


def _cases(file: ResultFile, reading: Reading, number: int) -> list[Case]:
    firsts = {str(row.values[reading.id]): row for row in reversed(file.rows)}
    return [_case(key, row, file, reading, 1 / number) for key, row in reversed(firsts.items())]


def _case(key: str, row: ResultRow, file: ResultFile, reading: Reading, share: float) -> Case:
    weight: float | None = share
    if reading.weight is not None:
        weight = _number(_cell(row, reading.weight, file), f"{file.name}, {row.where}, {reading.weight}")
    group = (row.group or key) if reading.group is None else str(_cell(row, reading.group, file))
    return Case(
        case_id=key,
        messages=(),
        slices={name: str(row.values[name]) for name in reading.slices if row.values.get(name) not in (None, "")},
        stratum="",
        dependence=group,
        weight=weight or 0.0,
        origin=Origin(kind="hand"),
    )


def _run(file: ResultFile, by_id: _Tries, metrics: Sequence[Metric]) -> Run:
    answers: list[Answer] = []
    scores: list[Score] = []
    for key, tries in by_id.items():
        for repeat, one in enumerate(tries):
            if one.row.fault is not None:
                answers.append(Unanswered(case_id=key, repeat=repeat, why=one.row.why, fault=one.row.fault))
            else:
                scores += [score for metric in metrics if (score := _scored(key, repeat, metric, one)) is not None]
    return Run(
        run_id=file.name,
        system=SystemSpec(name=file.name, kind="recorded", parameters={}, digest=""),
        evalset_name=file.name,
        evalset_version=0,
        evalset_digest="",
        case_ids=tuple(by_id),
        repeats=max(map(len, by_id.values()), default=1),
        metrics=tuple(metrics),
        answers=tuple(answers),
        scores=tuple(scores),
        cost=None,
        judge_cost=None,
        complete=True,
        started_at=_measured_at(file, min),
        finished_at=_measured_at(file, max),
    )


def _measured_at(file: ResultFile, which: Callable[[list[datetime]], datetime]) -> str:
    """The first or last time of measurement that the file tells, ISO 8601; empty where it tells none."""
    told = {row.at or next((row.values[name] for name in _TIMES if row.values.get(name)), None) for row in file.rows}
    times = []
    for text in told:
        with suppress(ValueError):
            at = datetime.fromisoformat(str(text))
            times.append(at if at.tzinfo else at.replace(tzinfo=UTC))
    return which(times).isoformat() if times else ""


def _holds(file: ResultFile, name: str) -> bool:
    return any(name in row.values or name in row.scores for row in file.rows)


def _measured(metric: Metric, file: ResultFile, by_id: _Tries, tries: Sequence[_Tries]) -> Metric:
    """The metric with a digest that is this file's own where the same case was decided by something else."""
    before, after = (_decided(metric.name, by_id) for by_id in tries)
    if all(after.get(key, by) == by for key, by in before.items()):
        return metric
    mine = _decided(metric.name, by_id)
    named = {text for texts in mine.values() for text in texts if text}
    return replace(
        metric,
        digest=hashlib.sha256(file.name.encode()).hexdigest(),
        # Only a table says it in words; runners are known by the digest of what decided.
        judge=None if file.by_runner() or not named else listed(sorted(text[:_JUDGE] for text in named), most=2),
    )


def _decided(name: str, by_id: _Tries) -> dict[str, set[str]]:
    """What decided the score of each case that has one."""
    return {
        key: texts
        for key, tries in by_id.items()
        if (texts := {_decider(name, one.row) for one in tries if one.numbers[name] is not None})
    }


def _decider(name: str, row: ResultRow) -> str:
    """What decided a score, as far as the file says."""
    if row.scores:
        return row.scores.get(name, "")
    return "; ".join(
        f"{column} {row.values[column]}" for column in row.values if _JUDGES.fullmatch(column) and column != name
    )


def _scored(key: str, repeat: int, metric: Metric, one: _Try) -> Score | None:
    number = one.numbers[metric.name]
    if number is not None:
        return Scored(case_id=key, repeat=repeat, metric=metric.name, value=number)
    absent = bool(one.row.scores) and metric.name not in one.row.values
    if metric.kind == "ratio" or absent:
        # What a runner does not even name was not asked of this case.
        return Unscored(case_id=key, repeat=repeat, metric=metric.name, why="empty", fault="case")
    return None
