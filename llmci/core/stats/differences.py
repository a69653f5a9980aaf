"""Two columns of numbers to one difference per case, higher is better: what each kind of metric asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from llmci.core.stats.arrays import FloatArray

# Latency is compared by how many answers are slower than this quantile.
SLOW = 0.95
# Costs beyond this quantile count as if they were at it: one runaway answer is not a trend.
RUNAWAY = 0.999


def of_scores(
    baseline: FloatArray, candidate: FloatArray, *, low: float, high: float, higher_is_better: bool
) -> FloatArray:
    """Differences of pass/fail or graded scores as fractions of the metric's range, in [-1, 1]."""
    rise = (candidate - baseline) / (high - low)
    return rise if higher_is_better else -rise


def slow_threshold(baseline: FloatArray, candidate: FloatArray) -> float:
    """The latency beyond which an answer is slow, from both runs together.

    Taken from the baseline alone, an unchanged system would seem slower than itself: its own
    numbers lie below their own quantile more often than new ones do.
    """
    return float(np.quantile(np.concatenate([baseline, candidate]), SLOW))


def of_latencies(baseline: FloatArray, candidate: FloatArray, threshold: float) -> FloatArray:
    """1 where only the baseline was slower than the threshold, -1 where only the candidate was, else 0."""
    return (baseline > threshold).astype(np.float64) - (candidate > threshold).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Spent:
    """Costs, tokens, or anything else that is compared as a share of the baseline.

    Attributes:
        baseline: What each case cost, as a fraction of the cap; shape (n,).
        candidate: The same for the candidate.
        cap: The largest cost that counts, in the metric's own unit.
        higher_is_better: False for costs; True for what should grow, such as throughput.
    """

    baseline: FloatArray
    candidate: FloatArray
    cap: float
    higher_is_better: bool = False

    def within(self, margin: float) -> FloatArray:
        """Differences whose mean is positive where the candidate is worse by less than `margin` of the baseline.

        Linear in both costs, so a ratio is judged without dividing by a noisy mean.
        """
        if self.higher_is_better:
            return self.candidate - (1 - margin) * self.baseline
        return (1 + margin) * self.baseline - self.candidate


def of_costs(baseline: FloatArray, candidate: FloatArray, *, higher_is_better: bool = False) -> Spent:
    """Scale costs by their cap: the 99.9th percentile of both runs, the largest value below 1,000 of them."""
    cap = float(np.quantile(np.concatenate([baseline, candidate]), RUNAWAY, method="higher"))
    unit = cap if cap > 0 else 1.0
    return Spent(np.minimum(baseline / unit, 1.0), np.minimum(candidate / unit, 1.0), cap, higher_is_better)
