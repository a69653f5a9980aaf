"""The sign of a pass/fail metric's change: McNemar's test on wins and losses, mid-p.

Counted instead of approximated, it keeps 5 % (worst case 5.06 % over all discordance rates from 20
cases on) where the adjusted t stays below it, and so notices a little more on few cases.

Source:
    Fagerland, Lydersen & Laake (2013), The McNemar test for binary matched-pairs data: mid-p and
    asymptotic are better than exact conditional. BMC Medical Research Methodology 13:91.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llmci.core.stats.paired import p_worse

if TYPE_CHECKING:
    from llmci.core.stats.arrays import FloatArray
    from llmci.core.stats.layout import Layout
    from llmci.core.stats.paired import Moments


# With fewer cases that nearly all differ, mid-p exceeds 5 %; the adjusted t does not.
FEWEST = 20


def table_of(differences: FloatArray, cases: Layout) -> tuple[int, int] | None:
    """Wins and losses; None where cases count half, depend on each other, weigh differently or are too few."""
    if len(differences) < FEWEST:
        return None
    moved = differences[differences != 0]
    if cases.groups is not None or not np.all(np.abs(moved) == 1) or np.ptp(cases.weights) > 1e-9 / len(differences):
        return None
    return int((moved > 0).sum()), int((moved < 0).sum())


def p_drop(of: Moments, differences: FloatArray, cases: Layout) -> float:
    """Evidence for any drop from one look at the cases: counted where that is possible, else by the adjusted t."""
    table = table_of(differences, cases)
    return float(p_worse(of) if table is None else p_fewer_wins(*table))


def p_fewer_wins(wins: FloatArray | float, losses: FloatArray | float, share: float = 0.5) -> FloatArray:
    """Evidence that wins are less than `share` of wins and losses: mid-p, one-sided; 1/2 where there is neither."""
    from scipy.special import betainc, gammaln, xlog1py, xlogy

    k, n = np.asarray(wins, float), np.asarray(wins, float) + np.asarray(losses, float)
    logs = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + xlogy(k, share) + xlog1py(n - k, -share)
    upto = np.where(k < n, betainc(np.maximum(n - k, 1), k + 1, 1 - share), 1.0)
    result: FloatArray = np.where(n > 0, upto - np.exp(logs) / 2, 0.5)
    return result


def highest_change(wins: int, losses: int, cases: int, alpha: float) -> float:
    """The largest mean difference that the split of wins and losses leaves possible, at their number.

    Below 0 exactly where `p_fewer_wins` is at most `alpha`.
    """
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        if float(p_fewer_wins(wins, losses, middle)) > alpha:
            low = middle
        else:
            high = middle
    return (wins + losses) / cases * (2 * high - 1)
