from __future__ import annotations

import math

import pytest
from builders import a_metric
from hypothesis import given
from hypothesis import strategies as st

from llmci.core.reporting import numbers


@given(st.floats(-1, 1).filter(lambda value: abs(value) > 1e-9))
def test_a_difference_is_never_rounded_to_zero(value: float) -> None:
    assert float(numbers.change(value, "binary").split()[0]) != 0


@given(st.floats(0, 1), st.floats(0, 1))
def test_two_rates_that_differ_read_differently(before: float, after: float) -> None:
    one, other = numbers.pair(a_metric(), before, after)

    assert (one == other) is (before == after) or abs(before - after) < 1e-9


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(numbers.rate(0.9999), "99.99 %", id="almost-all-is-not-all"),
        pytest.param(numbers.rate(1.0), "100.0 %", id="all"),
        pytest.param(numbers.rate(0.0004), "0.04 %", id="almost-none-is-not-none"),
        pytest.param(numbers.relative(0.0, 1.0), "-", id="no-percentage-of-nothing"),
        pytest.param(numbers.relative(100.0, 104.0), "+4 %", id="dearer"),
        pytest.param(numbers.plausible(-0.0496, 0.01, "binary", 0.05), "-4.96 … +1 pt", id="not-onto-the-tolerance"),
        pytest.param(numbers.plausible(-math.inf, 0.01, "ratio"), "no limit … +1 %", id="open-end"),
        pytest.param(numbers.change(math.inf, "ratio"), "from 0", id="from-nothing"),
        pytest.param(numbers.duration(34_814), "34.8 s", id="long-time"),
        pytest.param(numbers.duration(890.4), "890 ms", id="short-time"),
        pytest.param(numbers.size(0.05, "binary"), "5 pt", id="points"),
        pytest.param(numbers.size(0.1, "ratio"), "10 %", id="percent"),
    ],
)
def test_numbers_in_words(words: str, expected: str) -> None:
    assert words == expected
