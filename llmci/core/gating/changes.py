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
    listed = [(pairs, _relative(pairs)) for pairs in compared]
    rows = [
        (not bounded(pairs.metric), difference != difference, difference, at, pairs)  # noqa: PLR0124  NaN sorts last
        for pairs, differences in listed
        for at, difference in enumerate(differences.tolist())
    ]
    rows.sort(key=lambda row: row[:4])
    return tuple(
        CaseChange(
            case_id=frame.cases[at].case_id,
            metric=pairs.metric.name,
            baseline=_known(pairs.baseline[at]),
            candidate=_known(pairs.candidate[at]),
            difference=_known(difference),
        )
        for _, _, difference, at, pairs in rows
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


def _known(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
