"""The t distribution by plain arithmetic, beside closed forms, scipy and itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from llmci.core.stats.student import t_cdf, t_quantile

SHARES = [1e-9, 0.0125, 0.05, 0.3, 0.5, 0.8, 0.975, 1 - 1e-6]


@given(st.floats(-1e6, 1e6))
def test_one_and_two_degrees_of_freedom_have_closed_forms(t: float) -> None:
    # An arctangent loses the digits of a far tail.
    assert t_cdf(1, t) == pytest.approx(0.5 + math.atan(t) / math.pi, rel=1e-9, abs=1e-15)
    assert t_cdf(2, t) == pytest.approx(0.5 + t / (2 * math.sqrt(2 + t * t)), rel=1e-9, abs=1e-13)


@pytest.mark.parametrize("df", [1, 1.5, 3, 7.3, 59, 199.5, 200, 1e3, 1e5])
def test_it_is_the_distribution_of_scipy(df: float) -> None:
    # A run of numbers small enough to be computed one by one; nearer to 0 scipy has fewer digits.
    t = np.concatenate([-np.geomspace(1e-3, 50, 40), [0], np.geomspace(1e-3, 50, 40)])

    assert t_cdf(df, t) == pytest.approx(special.stdtr(df, t), rel=1e-9, abs=1e-300)
    assert t_quantile(df, np.array(SHARES)) == pytest.approx(special.stdtrit(df, SHARES), rel=1e-8, abs=1e-12)


@given(st.floats(1, 1e7), st.floats(1e-12, 1 - 1e-12))
def test_the_quantile_is_the_inverse(df: float, share: float) -> None:
    assert t_cdf(df, t_quantile(df, share)) == pytest.approx(share, rel=1e-7)


def test_many_numbers_are_those_of_few() -> None:
    t = np.linspace(-6, 6, 1000)

    assert t_cdf(40, t)[::10] == pytest.approx(t_cdf(40, t[::10]), rel=1e-10)


@pytest.mark.parametrize(("t", "share"), [(math.inf, 1), (-math.inf, 0), (math.nan, math.nan)])
def test_the_ends_and_no_number_at_all(t: float, share: float) -> None:
    assert t_cdf(5, t) == pytest.approx(share, nan_ok=True)
    assert t_quantile(5, share) == pytest.approx(t, nan_ok=True)
