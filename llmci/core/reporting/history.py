"""What a case scored in earlier runs on the same set under the same metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.core.reporting import numbers
from llmci.core.reporting.inert import one_line
from llmci.core.reporting.view import HistoryView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.domain.run import Metric, PastScores


def history_view(past: Sequence[PastScores], metric: Metric | None) -> HistoryView | None:
    """The runs that measured just this metric, oldest first; None where there is none.

    Args:
        past: Earlier runs, in any order.
        metric: The metric that stands beside a case in lists.
    """
    if metric is None:
        return None
    same = sorted((run for run in past if run.metric == metric.name), key=lambda run: run.finished_at)
    if not same:
        return None
    return HistoryView(
        metric=metric.name,
        runs=tuple((numbers.moment(run.finished_at), one_line(run.system, 80)) for run in same),
        values=tuple(run.values for run in same),
    )
