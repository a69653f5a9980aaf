"""What a rule asks of all cases, or of one slice, and how strongly the cases answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.stats.differences import of_costs, of_latencies, of_scores, slow_threshold
from llmci.core.stats.history import moments_with_history
from llmci.core.stats.paired import Moments, moments, p_above, p_below, p_not_worse, p_worse

if TYPE_CHECKING:
    from llmci.core.gating.frame import Frame, SliceKey
    from llmci.core.gating.pairs import Pairs
    from llmci.core.stats.arrays import BoolArray, FloatArray
    from llmci.core.stats.differences import Spent
    from llmci.core.stats.history import History
    from llmci.core.stats.layout import Layout
    from llmci.core.stats.sequential import Look
    from llmci.domain.run import Metric
    from llmci.domain.verdict import Rule


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A rule, and the cases that it is asked of.

    Attributes:
        slice: (label, value), or None for all cases.
        gating: Whether a proven drop fails the run.
        kept: Which cases of the frame, shape (n,).
        baseline: Their values in the metric's own unit, shape (k,).
        candidate: The same for the candidate.
        layout: How they stand to each other.
        look: Where in a schedule they are weighed; None where they are weighed once.
        history: What earlier runs scored on them.
    """

    rule: Rule
    metric: Metric
    slice: SliceKey | None
    gating: bool
    kept: BoolArray
    baseline: FloatArray
    candidate: FloatArray
    layout: Layout
    look: Look | None = None
    history: History | None = None

    @property
    def levels(self) -> tuple[float, float]:
        """Error rates of the upper and of the lower bound of the difference, here and now."""
        alpha = self.rule.alpha
        return self.look.levels(alpha) if self.look else (alpha, alpha)

    @property
    def failing_margin(self) -> float:
        """A drop beyond it fails: any drop for a primary rule, one beyond the tolerance for a guardrail."""
        lenient = self.rule.role == "guardrail" or self.rule.fail_on == "beyond-margin"
        return self.rule.tolerance if lenient else 0.0

    def exchanged(self, swapped: BoolArray) -> Question:
        """The same question with baseline and candidate exchanged in some cases of the frame, shape (n,)."""
        mine = swapped[self.kept]
        return replace(
            self,
            baseline=np.where(mine, self.candidate, self.baseline),
            candidate=np.where(mine, self.baseline, self.candidate),
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """Small numbers are strong evidence: for a drop that fails the rule, and against one beyond its tolerance."""

    drop: float
    none: float


def question(rule: Rule, pairs: Pairs, frame: Frame, key: SliceKey | None, members: BoolArray | None) -> Question:
    """Ask a rule of all cases, or of the members of a slice.

    Raises:
        UsageError: There is no case, or the cases weigh nothing.
    """
    kept = pairs.kept & frame.looked if members is None else pairs.kept & frame.looked & members
    whole = key is None
    earlier = pairs.history if whole else None
    return Question(
        rule=rule,
        metric=pairs.metric,
        slice=key,
        gating=rule.role in ("primary", "guardrail") and (whole or rule.critical),
        kept=kept,
        baseline=pairs.baseline[kept],
        candidate=pairs.candidate[kept],
        layout=frame.layout(kept),
        look=earlier.look if earlier else frame.look,
        history=earlier.history.among(kept) if earlier else None,
    )


def evidence(of: Question) -> Evidence:
    """Weigh the cases, at the look that is taken of them."""
    weighed = _weighed(of)
    return Evidence(of.look.drop(weighed.drop), of.look.none(weighed.none)) if of.look else weighed


def _weighed(of: Question) -> Evidence:
    if of.metric.kind == "ratio":
        both = spent(of)
        failing = moments(both.within(of.failing_margin), of.layout)
        tolerated = moments(both.within(of.rule.tolerance), of.layout)
        return Evidence(float(p_below(failing, 0.0)), float(p_above(tolerated, 0.0)))
    measured = score_moments(of)
    return Evidence(float(p_worse(measured, of.failing_margin)), float(p_not_worse(measured, of.rule.tolerance)))


def differences(of: Question) -> FloatArray:
    """Candidate minus baseline of each case, higher is better, for metrics that are no ratios; shape (k,)."""
    if of.metric.kind == "latency":
        return of_latencies(of.baseline, of.candidate, slow_threshold(of.baseline, of.candidate))
    return of_scores(
        of.baseline,
        of.candidate,
        low=of.metric.low,
        high=of.metric.high,
        higher_is_better=of.metric.higher_is_better,
    )


def score_moments(of: Question) -> Moments:
    """Moments of the differences of a metric that is no ratio, sharpened by history where there is one."""
    if of.history is None:
        return moments(differences(of), of.layout)
    return moments_with_history(differences(of), of.layout, of.history)


def spent(of: Question) -> Spent:
    """What both systems spent on each case, for metrics that are ratios."""
    return of_costs(of.baseline, of.candidate, higher_is_better=of.metric.higher_is_better)
