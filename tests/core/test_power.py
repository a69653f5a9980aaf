from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmci.core.stats.chances import at_fixed_size
from llmci.core.stats.layout import layout
from llmci.core.stats.paired import moments
from llmci.core.stats.power import (
    cases_for_variance,
    cases_needed,
    detectable_drop,
    discordance_seen,
)


@pytest.mark.parametrize(
    ("discordance", "drop", "cases"),
    [(0.05, 0.05, 338.8), (0.10, 0.05, 510.1), (0.10, 0.10, 167.5), (0.30, 0.10, 338.8)],
)
def test_needed_cases_are_the_reference_values(discordance: float, drop: float, cases: float) -> None:
    assert cases_needed(discordance, drop) == pytest.approx(cases, abs=0.06)


def test_planning_by_variance_is_millers_example() -> None:
    assert cases_for_variance(1 / 9, 0.03, alpha=0.025, power=0.8) == pytest.approx(968.997, abs=1e-3)


@pytest.mark.parametrize(
    ("cases", "at_90", "at_80"),
    [
        (50, (19.9, 22.9, 31.2), (15.6, 18.3, 25.7)),
        (120, (10.3, 12.5, 18.3), (8.2, 10.1, 15.1)),
        (200, (7.1, 8.9, 13.5), (5.7, 7.3, 11.2)),
        (500, (3.9, 5.1, 8.0), None),
        (1000, (2.5, 3.4, 5.5), None),
    ],
)
def test_detectable_drops_are_the_reference_table(
    cases: int, at_90: tuple[float, ...], at_80: tuple[float, ...] | None
) -> None:
    seen = [100 * detectable_drop(psi, cases) for psi in (0.05, 0.1, 0.3)]
    assert seen == pytest.approx(at_90, abs=0.051)
    if at_80:
        assert [100 * detectable_drop(psi, cases, power=0.8) for psi in (0.05, 0.1, 0.3)] == pytest.approx(
            at_80, abs=0.051
        )


@given(st.floats(0, 0.7), st.floats(5, 1e6))
def test_the_detectable_drop_is_the_one_that_needs_so_many_cases(discordance: float, cases: float) -> None:
    drop = detectable_drop(discordance, cases)

    assert 0 < drop <= 1
    assert drop == 1 or cases_needed(discordance, drop) == pytest.approx(cases, rel=1e-6)


def test_discordance_is_what_remains_after_the_drop() -> None:
    d = np.array([1.0] * 10 + [-1.0] * 30 + [0.0] * 160)

    # 40 of 200 differ, 20 of them because of the drop of 10 points; two imaginary cases.
    assert discordance_seen(moments(d, layout(200))) == pytest.approx(42 / 202 - 0.1, abs=1e-9)


def test_a_set_without_a_difference_still_admits_that_some_may_come() -> None:
    assert discordance_seen(moments(np.zeros(100), layout(100))) == pytest.approx(2 / 102)


def test_the_planned_number_of_cases_has_the_promised_power() -> None:
    cases = round(cases_needed(0.1, 0.05))

    assert at_fixed_size(cases, discordance=0.1, drop=0.05, margin=0.05).fails == pytest.approx(0.9, abs=0.01)
