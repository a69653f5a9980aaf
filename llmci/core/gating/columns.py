"""Scores of a run as columns: one number a case and metric, and what became of the cases that have none."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.wording import listed
from llmci.domain.run import Scored, Unanswered
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.core.stats.arrays import BoolArray, FloatArray
    from llmci.domain.run import Metric, Run, Score

# Scores a hair outside their range come from adding floats.
_HAIR = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One metric of one run.

    Attributes:
        values: Mean over the tries of each case, in the metric's own unit, shape (n,); NaN where
            there is no number.
        inapplicable: Cases that hold nothing this metric could compare with, shape (n,).
        faults: Cases that the system itself failed to answer at least once, shape (n,).
        unusable: Why the numbers cannot be used at all; None if they can.
    """

    values: FloatArray
    inapplicable: BoolArray
    faults: BoolArray
    unusable: str | None = None


class _Tally:
    """Sums up the scores of one metric."""

    def __init__(self, metric: Metric, cases: int) -> None:
        self.metric = metric
        self.total = np.zeros(cases)
        self.given = np.zeros(cases, dtype=np.int64)
        self.seen = np.zeros(cases, dtype=np.int64)
        self.faults = np.zeros(cases, dtype=np.bool_)
        self.inapplicable = np.zeros(cases, dtype=np.bool_)
        self.strange: list[str] = []
        limited = bounded(metric)
        self._lowest = metric.low - _HAIR if limited else 0.0
        self._highest = metric.high + _HAIR if limited else sys.float_info.max

    def add(self, at: int, score: Score) -> None:
        self.seen[at] += 1
        if isinstance(score, Scored):
            if score.error is not None:
                self.faults[at] = True
                self.blame(at)
            elif self._lowest <= score.value <= self._highest:
                self.total[at] += score.value
                self.given[at] += 1
            else:
                self.strange.append(score.case_id)
        elif score.fault == "system":
            self.blame(at)
        elif score.fault == "case" and bounded(self.metric):
            # A missing reference excuses a case; a missing price leaves the cost unknown.
            self.inapplicable[at] = True

    def blame(self, at: int, times: int = 1) -> None:
        """Count a failure of the system itself as the worst value; money and time have none."""
        if bounded(self.metric):
            self.total[at] += times * worst(self.metric)
            self.given[at] += times

    def column(self) -> Column:
        with np.errstate(invalid="ignore"):
            values = np.where(self.given > 0, self.total / np.maximum(self.given, 1), np.nan)
        if bounded(self.metric):
            values = np.clip(values, self.metric.low, self.metric.high)
        unusable = None
        if self.strange:
            limits = f"{self.metric.low:g}..{self.metric.high:g}" if bounded(self.metric) else "0 and above"
            unusable = f"{self.metric.name} is no number within {limits} in case {listed(self.strange, most=3)}"
        return Column(values, self.inapplicable & (self.given == 0), self.faults, unusable)


def bounded(metric: Metric) -> bool:
    """Whether the metric has a worst value: scores do, money and time do not."""
    return metric.kind in ("binary", "graded")


def worst(metric: Metric) -> float:
    """The value that a system earns for failing to answer."""
    return metric.low if metric.higher_is_better else metric.high


def columns(run: Run, metrics: Sequence[Metric], index: Mapping[str, int]) -> dict[str, Column]:
    """Average the scores of each case over its tries.

    A failure of the system counts as the worst value: leaving it out would reward a system that
    gives up on what is hard. A failure of anything else leaves a gap.

    Args:
        run: Whose scores.
        metrics: Which of its metrics.
        index: Position of each case id in the columns.

    Raises:
        UsageError: The run is damaged: scores for unknown cases, or more than one for a try.
    """
    tallies = {metric.name: _Tally(metric, len(index)) for metric in metrics}
    for score in run.scores:
        if tally := tallies.get(score.metric):
            at = index.get(score.case_id)
            if at is None:
                raise _damaged(run, f"it holds a score for case {score.case_id}, which was not asked")
            tally.add(at, score)
    failures = _failures(run, index)
    for tally in tallies.values():
        tally.faults |= failures > 0
        if np.any(tally.seen > run.repeats):
            raise _damaged(run, f"{tally.metric.name} has more scores for a case than it was tried")
        unexplained = np.minimum(failures, run.repeats - tally.seen)
        for at in np.flatnonzero(unexplained).tolist():
            tally.blame(at, int(unexplained[at]))
    return {name: tally.column() for name, tally in tallies.items()}


def _failures(run: Run, index: Mapping[str, int]) -> np.ndarray:
    """How often the system itself failed to answer each case."""
    failures = np.zeros(len(index), dtype=np.int64)
    for answer in run.answers:
        if isinstance(answer, Unanswered) and answer.fault == "system" and answer.case_id in index:
            failures[index[answer.case_id]] += 1
    return failures


def _damaged(run: Run, why: str) -> UsageError:
    return UsageError(f"run {run.run_id}: {why}.", fix="Run `llmci bench` again.")
