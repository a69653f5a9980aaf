from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmci.core.wording import about, count, listed, money, percent, points, rounded, signed, sure, value


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (-0.0043, "-0.4"),
        (0.032, "+3.2"),
        (0.0, "0"),
        (-0.0004, "-0.04"),
        (1e-6, "+0.0001"),
        (1e-17, "0"),
        (-0.2, "-20"),
    ],
)
def test_a_change_is_never_rounded_to_zero(fraction: float, text: str) -> None:
    assert signed(fraction * 100) == text


@given(st.floats(-1, 1))
def test_only_nothing_is_worded_as_nothing(fraction: float) -> None:
    assert (float(signed(fraction * 100)) == 0) == (abs(fraction * 100) < 1e-12)


def test_a_bound_is_not_rounded_onto_the_limit_that_it_keeps() -> None:
    assert rounded(-4.996, apart_from=(0.0, -5.0)) == "-4.996"
    assert rounded(-5.0, apart_from=(0.0, -5.0)) == "-5"


@pytest.mark.parametrize(
    ("dollars", "text"),
    [
        (None, "unknown"),
        (math.nan, "unknown"),
        (0.0, "$0"),
        (0.0071, "$0.0071"),
        (0.05749, "$0.057"),
        (2.5, "$2.50"),
        (-0.2, "-$0.20"),
        (1234.0, "$1,234"),
        (9e-7, "$0.00000090"),
    ],
)
def test_money_keeps_two_digits_and_an_unknown_cost_is_not_zero(dollars: float | None, text: str) -> None:
    assert money(dollars) == text


def test_sizes_shares_and_counts_read_as_people_say_them() -> None:
    assert points(0.05) == "5 points"
    assert points(-0.01) == "1 point"
    assert percent(0.1) == "10 %"
    assert count(1, "case") == "1 case"
    assert count(1319, "case") == "1,319 cases"
    assert about(387.2) == "about 390"
    assert about(58.2) == "about 59"
    assert sure(0.05) == "95 % sure"


def test_values_carry_their_unit_and_the_unknown_says_so() -> None:
    assert value(0.7857, "points") == "0.786"
    assert value(1830.4, "ms") == "1,830 ms"
    assert value(None, "USD") == "unknown"


def test_long_lists_end_with_a_number() -> None:
    assert listed(["a", "b", "c"], most=2) == "a, b and 1 more"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed([]) == ""
