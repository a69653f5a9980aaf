"""One metric of two runs, case by case, and whether what is left of it is evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.gating.columns import bounded
from llmci.core.wording import count, percent

if TYPE_CHECKING:
    from llmci.core.gating.columns import Column
    from llmci.core.gating.earlier import Earlier
    from llmci.core.stats.arrays import BoolArray, FloatArray
    from llmci.domain.run import Metric


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """One metric of both runs.

    Attributes:
        baseline: Value of each case in the metric's own unit, shape (n,); NaN where there is none.
        candidate: The same for the candidate.
        kept: Cases that both runs have a value for, shape (n,).
        gone: Cases without a value through no fault of either system, shape (n,).
        inapplicable: Cases that hold nothing this metric could compare with, such as no reference.
        max_lost: Share of cases that may be gone, of all and of every slice.
        no_evidence: Why the rest must not be compared; None if it may.
        history: What earlier runs scored, while not all cases are asked; None where that is not known.
    """

    metric: Metric
    baseline: FloatArray
    candidate: FloatArray
    kept: BoolArray
    gone: BoolArray
    inapplicable: BoolArray
    max_lost: float
    no_evidence: str | None
    history: Earlier | None = None

    @property
    def lost(self) -> int:
        """Cases that are gone."""
        return int(self.gone.sum())

    def lost_among(self, members: BoolArray) -> str | None:
        """Why a slice is no evidence: what was lost of it is more than may be; None if it is not.

        One case may always be missing: in a slice of less than fifty it would be more than 2 % already.

        Args:
            members: Its cases, shape (n,).
        """
        lost, asked = int((self.gone & members).sum()), int((~self.inapplicable & members).sum())
        if lost <= max(1.0, self.max_lost * asked) or not bounded(self.metric):
            return None
        return (
            f"{self.metric.name} is missing for {lost:,} of its {count(asked, 'case')}: "
            f"more than {percent(self.max_lost)} were lost to faults that are not the system's"
        )


def pairs(metric: Metric, baseline: Column, candidate: Column, max_lost: float) -> Pairs:
    """Pair up two columns.

    Args:
        metric: What the numbers mean.
        baseline: Of the baseline.
        candidate: Of the candidate, in the same order of cases.
        max_lost: Share of cases that may be lost.
    """
    kept = np.isfinite(baseline.values) & np.isfinite(candidate.values)
    applicable = ~(baseline.inapplicable & candidate.inapplicable)
    gone = applicable & ~kept
    if not bounded(metric):
        # Nothing was measured where a system failed; its failure counts in the scores.
        gone &= ~(baseline.faults | candidate.faults)
    lost = int(gone.sum())
    unusable = baseline.unusable or candidate.unusable
    if unusable is None:
        unusable = _too_little(metric, baseline, candidate, kept=kept, applicable=applicable, lost=lost, limit=max_lost)
    return Pairs(metric, baseline.values, candidate.values, kept, gone, ~applicable, max_lost, unusable)


def _too_little(
    metric: Metric,
    baseline: Column,
    candidate: Column,
    *,
    kept: BoolArray,
    applicable: BoolArray,
    lost: int,
    limit: float,
) -> str | None:
    asked = int(applicable.sum())
    if asked == 0:
        return f"no case holds what {metric.name} compares with"
    if kept.any() and lost <= limit * asked:
        return None
    missing = [
        f"{count(int(np.sum(lacking)), 'case')} of the {who}"
        for who, column in (("baseline", baseline), ("candidate", candidate))
        # What one of them could score is lost where the other could not, whatever the reason.
        if np.any(lacking := ~np.isfinite(column.values) & applicable)
    ]
    if not bounded(metric):
        return f"{metric.name} is unknown for {' and '.join(missing)} (of {asked:,})"
    if not kept.any():
        return f"no case has a value of {metric.name} in both runs"
    return (
        f"{metric.name} is missing for {' and '.join(missing)} (of {asked:,}): "
        f"more than {percent(limit)} were lost to faults that are not the system's"
    )
