from __future__ import annotations

import numpy as np
import pytest

from llmci.core.stats.layout import layout
from llmci.core.stats.paired import moments, p_worse
from llmci.core.stats.swapnull import false_alarm_rate


def test_a_heavy_drop_is_no_drop_once_the_systems_are_exchanged_at_random() -> None:
    d = np.array([-1.0] * 60 + [0.0] * 140)
    cases = layout(200)

    rate = false_alarm_rate(
        lambda swapped: bool(p_worse(moments(np.where(swapped, -d, d), cases)) <= 0.05),
        cases=200,
        groups=None,
        draws=1000,
        seed=5,
    )

    assert 0.02 <= rate <= 0.05 + 4.9 * np.sqrt(0.05 * 0.95 / 1000)


def test_a_dependence_group_is_exchanged_as_one() -> None:
    seen = []
    groups = np.array([4, 4, 9, 9, 9])

    false_alarm_rate(lambda swapped: bool(seen.append(swapped)), cases=5, groups=groups, draws=50, seed=1)

    assert all(s[0] == s[1] and s[2] == s[3] == s[4] for s in seen)
    assert len({tuple(s) for s in seen}) == 4


def test_the_same_seed_gives_the_same_rate() -> None:
    def rate(seed: int) -> float:
        return false_alarm_rate(lambda swapped: swapped.sum() > 12, cases=20, groups=None, draws=200, seed=seed)

    assert rate(1) == rate(1)
    assert rate(1) != pytest.approx(rate(2), abs=1e-12)
