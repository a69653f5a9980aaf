"""The self-test of a gate: exchange baseline and candidate at random, and count how often it cries wolf."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmci.core.stats.arrays import BoolArray, IntArray


def false_alarm_rate(
    alarms: Callable[[BoolArray], bool], *, cases: int, groups: IntArray | None, draws: int, seed: int
) -> float:
    """Share of random exchanges after which a gate fails, although nothing differs by construction.

    The null hypothesis is exact while the difficulty of the cases, their ties and their
    dependence stay real.

    Args:
        alarms: Decides a whole run with the results of the marked cases exchanged, shape (cases,).
        cases: How many there are.
        groups: Dependence group number of each case; a group is exchanged as one.
        draws: How many exchanges are tried.
        seed: Of the exchanges.
    """
    random = np.random.default_rng(seed)
    units = np.arange(cases) if groups is None else np.unique(groups, return_inverse=True)[1]
    count = int(units.max()) + 1
    failed = sum(alarms(random.random(count)[units] < 0.5) for _ in range(draws))
    return failed / draws
