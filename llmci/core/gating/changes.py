"""How each case fared, worst first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llmci.core.gating.columns import bounded
from llmci.domain.verdict import CaseChange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.core.gating.frame import Frame
    from llmci.core.gating.pairs import Pairs
    from llmci.core.stats.arrays import FloatArray


def changes(frame: Frame, compared: Sequence[Pairs]) -> tuple[CaseChange, ...]:
    """Every case under every metric: scores before money and time, drops before rises, gaps last."""
    if not compared:
        return ()
    columns = [np.stack([pairs.baseline, pairs.candidate, _relative(pairs)]) for pairs in compared]
    baseline, candidate, difference = np.concatenate(columns, axis=1)
    size = len(frame.cases)
    spent = np.repeat([not bounded(pairs.metric) for pairs in compared], size)
    # The last key decides first; NaN sorts behind every number.
    order = np.lexsort((difference, np.isnan(difference), spent)).tolist()
    names, ids = [pairs.metric.name for pairs in compared], [case.case_id for case in frame.cases]
    before, after, apart = (_known(column) for column in (baseline, candidate, difference))
    return tuple(
        CaseChange(
            case_id=ids[at % size],
            metric=names[at // size],
            baseline=before[at],
            candidate=after[at],
            difference=apart[at],
        )
        for at in order
    )


def _relative(pairs: Pairs) -> FloatArray:
    """Differences, higher is better, as fractions of the range, or of the baseline where there is no range."""
    rise = pairs.candidate - pairs.baseline
    if not pairs.metric.higher_is_better:
        rise = -rise
    if bounded(pairs.metric):
        return rise / (pairs.metric.high - pairs.metric.low)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative: FloatArray = np.where(rise == 0, 0.0, rise / pairs.baseline)
    return relative


def _known(column: FloatArray) -> list[float | None]:
    """As Python numbers; None for what is none."""
    values: list[float | None] = column.tolist()
    for at in np.flatnonzero(~np.isfinite(column)).tolist():
        values[at] = None
    return values
