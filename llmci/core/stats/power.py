"""How many cases a drop needs to be noticed, and which drop so many cases would notice."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmci.core.stats.paired import Moments

# "9 times in 10", everywhere.
POWER = 0.9


def cases_needed(discordance: float, drop: float, *, alpha: float = 0.05, power: float = POWER) -> float:
    """Cases that notice a drop of a pass/fail metric with the given chance.

    Args:
        discordance: Share of cases that differ between two runs of an unchanged system; a drop adds
            its losses to them.
        drop: Size of the drop, in (0, 1].
        alpha: One-sided error rate.
        power: Chance to notice.

    Source:
        Connor (1987), Sample size for testing differences in proportions for the paired-sample design.
    """
    differing = min(discordance + drop, 1.0)
    z_alpha, z_power = _quantile(1 - alpha), _quantile(power)
    spread = max(differing - drop**2, 0.0)
    return float((z_alpha * differing**0.5 + z_power * spread**0.5) ** 2 / drop**2)


def cases_for_variance(variance: float, drop: float, *, alpha: float = 0.05, power: float = POWER) -> float:
    """The same for any metric whose differences have this variance.

    Source:
        Miller (2024), Adding Error Bars to Evals, eq. (9); with alpha .025 for its two-sided form.
    """
    return (_quantile(1 - alpha) + _quantile(power)) ** 2 * variance / drop**2


def detectable_drop(discordance: float, cases: float, *, alpha: float = 0.05, power: float = POWER) -> float:
    """Smallest drop that so many cases notice with the given chance; 1 where they notice none."""
    low, high = 1e-6, 1.0
    if cases_needed(discordance, high, alpha=alpha, power=power) > cases:
        return 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if cases_needed(discordance, middle, alpha=alpha, power=power) > cases:
            low = middle
        else:
            high = middle
    return high


def chance_to_notice(discordance: float, drop: float, cases: float, *, alpha: float = 0.05) -> float:
    """Chance that so many cases notice a drop: `cases_needed` turned round."""
    differing = min(discordance + drop, 1.0)
    spread = max(differing - drop**2, 1e-12) ** 0.5
    return NormalDist().cdf((drop * cases**0.5 - _quantile(1 - alpha) * differing**0.5) / spread)


def chance_to_rule_out(discordance: float, drop: float, cases: float, *, alpha: float = 0.05) -> float:
    """Chance that so many cases of an unchanged system rule out a drop."""
    return NormalDist().cdf(drop * cases**0.5 / max(discordance, 1e-12) ** 0.5 - _quantile(1 - alpha))


def discordance_seen(of: Moments) -> float:
    """How much two runs of an unchanged system would differ, judging from a comparison.

    The mean square of the differences, imaginary cases included, less what the change itself
    brought. For graded metrics this counts half a step as a quarter of a lost case.
    """
    n = float(of.effective)
    mean = float(of.estimate)
    squares = float(of.se) ** 2 * (n - 1) + mean**2
    return max((squares * n + 2) / (n + 2) - abs(mean), 2 / (n + 2))


def _quantile(probability: float) -> float:
    return NormalDist().inv_cdf(probability)
