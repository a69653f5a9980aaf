from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from llmci.core.stats.chances import at_fixed_size
from llmci.core.stats.layout import layout
from llmci.core.stats.mcnemar import highest_change, p_fewer_wins, table_of


@pytest.mark.parametrize(("wins", "losses", "two_sided"), [(1, 7, 0.0390625), (86, 150, 2.89339e-05)])
def test_the_published_mid_p(wins: int, losses: int, two_sided: float) -> None:
    assert 2 * float(p_fewer_wins(wins, losses)) == pytest.approx(two_sided, rel=1e-5)


@given(st.integers(0, 60), st.integers(0, 60), st.sampled_from([0.5, 0.3, 0.9]))
def test_it_is_the_binomial_chance_less_half_of_what_was_seen(wins: int, losses: int, share: float) -> None:
    n = wins + losses
    expected = binom.cdf(wins, n, share) - binom.pmf(wins, n, share) / 2 if n else 0.5

    assert float(p_fewer_wins(wins, losses, share)) == pytest.approx(expected, abs=1e-12)


@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from([0.05, 0.01]))
def test_the_bound_lies_below_zero_exactly_where_a_drop_is_proven(wins: int, losses: int, alpha: float) -> None:
    proven = wins + losses > 0 and float(p_fewer_wins(wins, losses)) <= alpha

    assert (highest_change(wins, losses, 100, alpha) < 0) == proven


@pytest.mark.parametrize("cases", [20, 50, 200])
def test_an_unchanged_system_fails_at_most_5_times_in_100_whatever_the_discordance(cases: int) -> None:
    worst = max(
        at_fixed_size(cases, discordance=psi, drop=0.0, margin=0.05).fails
        for psi in (0.005, *np.arange(0.02, 0.7, 0.04))
    )

    assert worst <= 0.051


def test_it_stays_out_where_cases_count_half_depend_or_weigh_differently() -> None:
    d = np.array([1.0, -1, 0, 0] * 10)

    assert table_of(d, layout(40)) == (10, 10)
    assert table_of(d[:19], layout(19)) is None
    assert table_of(d / 2, layout(40)) is None
    assert table_of(d, layout(40, groups=np.arange(40) // 2)) is None
    assert table_of(d, layout(40, weights=np.arange(1.0, 41))) is None
