"""What earlier runs scored on the cases of a comparison that looks early."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.gating.columns import bounded
from llmci.core.stats.differences import of_scores
from llmci.core.stats.history import History, times_with_history
from llmci.core.stats.layout import layout
from llmci.core.stats.sequential import Look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.core.gating.frame import Frame
    from llmci.domain.case import Case
    from llmci.domain.run import Metric, Run


@dataclass(frozen=True, slots=True, eq=False)
class Earlier:
    """Earlier scores, and where in the schedule the cases stand with their help."""

    history: History
    look: Look


def earlier(metric: Metric, baseline: Run, asked: Frame, cases: Sequence[Case]) -> Earlier | None:
    """Arrange what the baseline holds of earlier runs; None where it holds nothing that helps.

    Args:
        metric: Of scores; money and time have no worst value to weigh them by.
        baseline: With its covariates.
        asked: The cases asked so far.
        cases: All cases of the set.
    """
    known = next((one.values for one in baseline.covariates if one.metric == metric.name), None)
    looks = baseline.looks
    if known is None or looks is None or asked.look is None or not bounded(metric):
        return None
    could = [case for case in cases if case.case_id in known]
    if len(could) < looks.planned[-1]:
        # Asked a second time, or of another set: there is nothing left that history could tell.
        return None
    weights = np.array([case.weight for case in could], dtype=np.float64)
    if weights.sum() <= 0:
        return None
    shares = layout(len(could), weights=weights)
    values = _oriented(np.array([known[case.case_id] for case in could], dtype=np.float64), metric)
    mean = float(shares.weights @ values)
    by_id = dict(zip((case.case_id for case in could), values.tolist(), strict=True))
    here = np.array([by_id.get(case.case_id, mean) for case in asked.cases], dtype=np.float64)
    times = times_with_history(looks.planned, len(could))
    return Earlier(History(here, mean, shares.effective), Look(times, looks.taken - 1))


def _oriented(values: np.ndarray, metric: Metric) -> np.ndarray:
    return of_scores(
        np.zeros_like(values), values, low=metric.low, high=metric.high, higher_is_better=metric.higher_is_better
    )
