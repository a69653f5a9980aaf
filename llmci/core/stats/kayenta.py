"""Kayenta's verdict on one metric of a canary: for those who come from it, and to be compared with.

Two samples without pairing or clock. A shift counts when the interval of the Hodges-Lehmann estimate
lies beyond a tolerance, which is a fraction of that estimate, and when the effect is large enough.
Unlike `llmci.core.stats.canary` it has no error rate under repeated looks, and "pass" may mean that
there is too little to see anything.

Source: Spinnaker Kayenta, NetflixACAJudge (Apache-2.0), re-implemented from its description: Mann-Whitney
interval by the normal approximation, effect sizes as ratio of means or as common language effect size
(McGraw and Wong, 1992).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

Found = Literal["Pass", "High", "Low", "Nodata"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KayentaRule:
    """A metric's configuration in Kayenta.

    Attributes:
        direction: Which change matters: a rise, a fall, or either.
        tolerance: Fraction of the estimate that a shift has to exceed.
        level: Of the interval.
        effect: What the effect size is: ratio of means, or chance that a value of the canary exceeds one of the control.
        effect_limits: Effects within them are no change; None asks for no effect.
        critical_limits: Effects beyond them are said whatever `effect_limits` say; None is none.
        zeros_for_missing: Take a missing side for zeros.
    """

    direction: Literal["Either", "Increase", "Decrease"] = "Either"
    tolerance: float = 0.25
    level: float = 0.98
    effect: Literal["meanRatio", "cles"] = "meanRatio"
    effect_limits: tuple[float, float] | None = None
    critical_limits: tuple[float, float] | None = None
    zeros_for_missing: bool = False


def kayenta_verdict(control: FloatArray, experiment: FloatArray, rule: KayentaRule) -> Found:
    """What Kayenta would say of one metric.

    Args:
        control: Values of the control, shape (n,); nan is missing.
        experiment: Values of the canary, shape (m,).
        rule: How to decide.
    """
    control, experiment = (values[~np.isnan(values)] for values in (control, experiment))
    if not len(control) or not len(experiment):
        if not rule.zeros_for_missing:
            return "Nodata"
        # Both sides: what is absent everywhere did not change.
        return "Pass"
    if np.array_equal(np.sort(control), np.sort(experiment)):
        return "Pass"
    low, estimate, high = hodges_lehmann(control, experiment, rule.level)
    bound = rule.tolerance * abs(estimate)
    shift: Found = "High" if low > bound else "Low" if high < -bound else "Pass"
    unasked = {"Increase": "Low", "Decrease": "High"}.get(rule.direction)
    if shift in ("Pass", unasked):
        return "Pass"
    return shift if _matters(shift, _effect(control, experiment, rule.effect), rule) else "Pass"


def hodges_lehmann(control: FloatArray, experiment: FloatArray, level: float) -> tuple[float, float, float]:
    """Lower end, estimate and upper end of the shift from control to experiment.

    The interval holds the differences between the two quantiles that the normal approximation of the
    Mann-Whitney statistic, with ties, leaves at this level (Hollander and Wolfe, 1999, section 4.3).
    """
    shifts = np.sort(np.subtract.outer(experiment, control), axis=None)
    n, m = len(control), len(experiment)
    _, counts = np.unique(np.concatenate((control, experiment)), return_counts=True)
    ties = float(np.sum(counts**3 - counts)) / ((n + m) * (n + m - 1))
    deviation = np.sqrt(n * m / 12 * (n + m + 1 - ties))
    skipped = max(int(np.floor(n * m / 2 - stats.norm.ppf(0.5 + level / 2) * deviation)), 0)
    return float(shifts[skipped]), float(np.median(shifts)), float(shifts[-1 - skipped])


def _effect(control: FloatArray, experiment: FloatArray, kind: str) -> float:
    if kind == "cles":
        return float(stats.mannwhitneyu(experiment, control).statistic / (len(control) * len(experiment)))
    before, after = float(np.mean(control)), float(np.mean(experiment))
    if before == 0:
        return np.inf if after else 1.0
    return after / before


def _matters(shift: Found, effect: float, rule: KayentaRule) -> bool:
    for limits in (rule.critical_limits, rule.effect_limits):
        if limits is not None and (effect >= limits[1] if shift == "High" else effect <= limits[0]):
            return True
    return rule.effect_limits is None


def mean_inequality(control: FloatArray, experiment: FloatArray) -> Found:
    """Kayenta's simplest classifier: any difference of the means counts."""
    if not len(control) or not len(experiment):
        return "Nodata"
    before, after = float(np.mean(control)), float(np.mean(experiment))
    return "High" if after > before else "Low" if after < before else "Pass"
