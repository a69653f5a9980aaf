"""How large the difference is, how sure that is, and what so many cases could have shown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.gating.questions import differences, score_moments, spent
from llmci.core.stats.paired import METHOD, bounds, guarded_bounds, moments
from llmci.core.stats.power import cases_for_variance, cases_needed, detectable_drop, discordance_seen
from llmci.domain.verdict import Difference

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmci.core.gating.questions import Question

# A candidate that may cost more than this many times the baseline has no known upper limit.
_MOST_RATIO = 100.0
# What is beyond them comes from adding floats.
_DIGITS = 12


def measure(of: Question) -> Difference:
    """The difference that a question is about, with its plausible range."""
    estimate, low, high, detectable = _ratio(of) if of.metric.kind == "ratio" else _score(of)
    # Exact comparison: a case is unchanged only where both values are the same.
    rise = np.sign(of.candidate - of.baseline) if of.metric.higher_is_better else np.sign(of.baseline - of.candidate)
    if of.metric.kind == "latency":
        rise = differences(of)
    better, worse = int(np.sum(rise > 0)), int(np.sum(rise < 0))
    return Difference(
        estimate=round(estimate, _DIGITS),
        low=low,
        high=high,
        baseline=_mean(float(of.layout.weights @ of.baseline)),
        candidate=_mean(float(of.layout.weights @ of.candidate)),
        cases=len(of.baseline),
        groups=of.layout.group_count,
        better=better,
        worse=worse,
        unchanged=len(of.baseline) - better - worse,
        detectable=detectable,
        method=METHOD if of.history is None else f"{METHOD}, with earlier runs as a control variate (Cochran 1977)",
    )


def _mean(of: float) -> float:
    """A mean without the dust of its sum: equal means must not seem to differ in their last bit."""
    return float(f"{of:.{_DIGITS}g}")


def planned_cases(of: Question, seen: Difference) -> int | None:
    """Cases that notice a drop of the tolerance 9 times in 10; None if that is not known."""
    if of.metric.kind == "ratio":
        return _scaled(seen.cases, seen.detectable / of.rule.tolerance)
    measured = moments(differences(of), of.layout)
    design = seen.cases / float(measured.effective)
    return math.ceil(cases_needed(discordance_seen(measured), of.rule.tolerance, alpha=of.rule.alpha) * design)


def needed_cases(of: Question, seen: Difference) -> int | None:
    """Cases that would settle an open question 9 times in 10; None if that is not known.

    Enough to notice a drop of the tolerance, and enough to tell the estimate from the farther of
    the two decisions, if the estimate stays where it is.
    """
    planned = planned_cases(of, seen)
    apart = max(abs(seen.estimate), abs(seen.estimate + of.rule.tolerance))
    if of.metric.kind == "ratio":
        settled = _scaled(seen.cases, seen.detectable / apart)
    else:
        spread = float(moments(differences(of), of.layout).spread) ** 2 * seen.cases
        settled = math.ceil(cases_for_variance(spread, apart, alpha=of.rule.alpha))
    return None if planned is None or settled is None else max(planned, settled)


def _scaled(cases: int, factor: float) -> int | None:
    return math.ceil(cases * factor**2) if math.isfinite(factor) else None


def _score(of: Question) -> tuple[float, float, float, float]:
    measured = score_moments(of)
    for_high, for_low = of.levels
    low, high = guarded_bounds(measured, for_low)[0], guarded_bounds(measured, for_high)[1]
    plain = moments(differences(of), of.layout)
    detectable = detectable_drop(discordance_seen(plain), float(plain.effective), alpha=of.rule.alpha)
    return float(measured.estimate), float(low), float(high), detectable


def _ratio(of: Question) -> tuple[float, float, float, float]:
    """Estimate and bounds as shares of the baseline.

    The margin that is just ruled out is how much worse the candidate may be; the one that is just
    proven is how much worse it is at least.
    """
    both, weights = spent(of), of.layout.weights
    before, after = float(weights @ both.baseline), float(weights @ both.candidate)
    change = after / before - 1 if before > 0 else math.inf if after > 0 else 0.0
    dearer = -change if of.metric.higher_is_better else change
    if not math.isfinite(dearer) or of.layout.df < 1:
        return -dearer, -math.inf, math.inf, math.inf
    worst, least = (
        _crossing(lambda margin, s=side, a=rate: float(bounds(moments(both.within(margin), of.layout), a)[s]), dearer)  # type: ignore[misc]
        for side, rate in enumerate(reversed(of.levels))
    )
    # The range is a quantile of each bound's error rate; noticing 9 times in 10 takes one and a half of the rule's.
    spread = (worst - least) / sum(map(_one_quantile, of.levels))
    detectable = spread * math.sqrt(cases_for_variance(1, 1, alpha=of.rule.alpha))
    return -dearer, -worst, -least, detectable


def _one_quantile(alpha: float) -> float:
    return math.sqrt(cases_for_variance(1, 1, alpha=alpha, power=0.5))


def _crossing(height: Callable[[float], float], start: float) -> float:
    """Where an ascending function is zero (regula falsi, Illinois); infinite where it never is."""
    step = 0.1
    low, high = start - step, start + step
    while (below := height(low)) > 0:
        low -= (step := step * 2)
        if low < -_MOST_RATIO:
            return -math.inf
    while (above := height(high)) < 0:
        high += (step := step * 2)
        if high > _MOST_RATIO:
            return math.inf
    side = 0
    for _ in range(60):
        middle = (low * above - high * below) / (above - below) if above > below else (low + high) / 2
        here = height(middle)
        if abs(here) < 1e-12 or high - low < 1e-9:
            return middle
        if here < 0:
            low, below = middle, here
            above = above / 2 if side == -1 else above
            side = -1
        else:
            high, above = middle, here
            below = below / 2 if side == 1 else below
            side = 1
    return (low + high) / 2
