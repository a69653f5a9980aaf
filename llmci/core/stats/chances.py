"""Exact chances of each verdict on a pass/fail metric, by counting every table of wins and losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.stats.paired import of_table, p_not_worse, p_worse

if TYPE_CHECKING:
    from llmci.core.stats.arrays import BoolArray, FloatArray
    from llmci.core.stats.sequential import Boundaries


@dataclass(frozen=True, slots=True)
class Chances:
    """What a gate would say of one truth.

    Attributes:
        fails: Chance to say that it regressed.
        passes: Chance to say that it did not.
        cases: Cases asked on average.
    """

    fails: float
    passes: float
    cases: float


def at_fixed_size(cases: int, *, discordance: float, drop: float, margin: float, alpha: float = 0.05) -> Chances:
    """Chances of a gate that looks once.

    Args:
        cases: How many are compared.
        discordance: Share of cases that differ without a change; the drop adds its losses.
        drop: The true drop.
        margin: The tolerance of the gate.
        alpha: Its error rate.
    """
    table = _increment(cases, discordance, drop)
    fails, passes = _decisions(table.shape[0] - 1, cases, margin, alpha, alpha)
    return Chances(float(table[fails].sum()), float(table[passes].sum()), float(cases))


def in_sequence(boundaries: Boundaries, *, discordance: float, drop: float, margin: float) -> Chances:
    """Chances of a gate that looks several times and stops as soon as it can decide."""
    open_mass = np.ones((1, 1))
    fails = passes = asked = 0.0
    before = 0
    for cases, alpha_fail, alpha_pass in zip(boundaries.cases, boundaries.fail, boundaries.succeed, strict=True):
        asked += (cases - before) * float(open_mass.sum())
        open_mass = _convolve(open_mass, _increment(cases - before, discordance, drop))
        failing, passing = _decisions(open_mass.shape[0] - 1, cases, margin, alpha_fail, alpha_pass)
        fails += float(open_mass[failing].sum())
        passes += float(open_mass[passing].sum())
        open_mass[failing | passing] = 0.0
        before = cases
    return Chances(fails, passes, asked)


def _increment(cases: int, discordance: float, drop: float) -> FloatArray:
    """Chance of each number of wins (rows) and losses (columns) among so many new cases."""
    from scipy.special import gammaln, xlogy

    win, loss = discordance / 2, discordance / 2 + drop
    most = _most(cases, max(win, loss))
    wins, losses = np.arange(most + 1)[:, None], np.arange(most + 1)[None, :]
    ties = cases - wins - losses
    possible = ties >= 0
    rest = np.where(possible, ties, 0)
    logs = gammaln(cases + 1) - gammaln(wins + 1) - gammaln(losses + 1) - gammaln(rest + 1)
    logs = logs + xlogy(wins, win) + xlogy(losses, loss) + xlogy(rest, max(1 - win - loss, 0.0))
    result: FloatArray = np.where(possible, np.exp(logs), 0.0)
    return result


def _most(cases: int, rate: float) -> int:
    """A number of events that is exceeded less than once in 10^15."""
    return min(cases, int(np.ceil(cases * rate + 8.5 * np.sqrt(cases * rate) + 12)))


def _decisions(
    most: int, cases: int, margin: float, alpha_fail: float, alpha_pass: float
) -> tuple[BoolArray, BoolArray]:
    """Which tables fail, and which pass."""
    wins, losses = np.meshgrid(np.arange(most + 1.0), np.arange(most + 1.0), indexing="ij")
    possible = wins + losses <= cases
    table = of_table(np.where(possible, wins, 0), np.where(possible, losses, 0), cases)
    passes = possible & (p_not_worse(table, margin) <= alpha_pass)
    fails = possible & ~passes & (p_worse(table) <= alpha_fail)
    return fails, passes


def _convolve(one: FloatArray, other: FloatArray) -> FloatArray:
    """The distribution of a sum, by the Fourier transform."""
    shape = [a + b - 1 for a, b in zip(one.shape, other.shape, strict=True)]
    product = np.fft.irfft2(np.fft.rfft2(one, shape) * np.fft.rfft2(other, shape), shape)
    return np.maximum(product, 0.0)
