"""Exact error rates of the gate on pass/fail metrics, over the discordance nobody knows."""

from __future__ import annotations

import numpy as np
import pytest

from llmci.core.stats.chances import at_fixed_size, in_sequence
from llmci.core.stats.sequential import plan


@pytest.mark.parametrize(("cases", "size"), [(20, 2.9), (50, 4.1), (100, 4.6), (200, 4.9)])
def test_the_false_alarm_rate_is_never_above_that_of_the_table(cases: int, size: float) -> None:
    worst = max(
        at_fixed_size(cases, discordance=psi, drop=0, margin=0.05).fails for psi in (0.02, 0.1, 0.2, 0.36, 0.5, 0.7)
    )

    assert 100 * worst <= size + 0.05


@pytest.mark.parametrize(
    ("cases", "margin", "size"), [(58, 0.05, 1.5), (100, 0.05, 5.0), (200, 0.02, 4.9), (50, 0.1, 4.8)]
)
def test_a_drop_at_the_margin_passes_as_rarely_as_the_table_says(cases: int, margin: float, size: float) -> None:
    worst = max(
        at_fixed_size(cases, discordance=psi, drop=margin, margin=margin).passes for psi in np.arange(0, 0.72, 0.06)
    )

    assert 100 * worst <= size + 0.05


@pytest.mark.parametrize(("drop", "fails", "passes", "cases"), [(0.0, 0.0410, 0.949, 261), (0.05, 0.906, 0.0467, 339)])
def test_ten_looks_have_the_reference_characteristics(drop: float, fails: float, passes: float, cases: float) -> None:
    looks = plan([*range(59, 587, 59), 587], 0.05)

    chances = in_sequence(looks, discordance=0.1, drop=drop, margin=0.05)

    assert chances.fails == pytest.approx(fails, abs=5e-4)
    assert chances.passes == pytest.approx(passes, abs=5e-4)
    assert chances.cases == pytest.approx(cases, abs=0.6)


def test_one_look_in_sequence_is_the_fixed_size() -> None:
    once = in_sequence(plan([150], 0.05), discordance=0.1, drop=0.03, margin=0.05)
    fixed = at_fixed_size(150, discordance=0.1, drop=0.03, margin=0.05)

    assert (once.fails, once.passes) == pytest.approx((fixed.fails, fixed.passes), abs=1e-9)
