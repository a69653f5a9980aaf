"""Prediction-powered means against closed forms, and their coverage in a seeded simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmci.core.stats.ppi import corrected_mean

DRAWS = 1000
# Wide enough for a sound interval to fail less than once in a million runs.
SLACK = 4.9 * (0.95 * 0.05 / DRAWS) ** 0.5


def test_a_judge_that_never_varies_is_left_out() -> None:
    labels = [1, 0, 1, 1]

    found = corrected_mean(labels, [1] * 4, [1] * 50, confidence=0.95)

    assert (found.value, found.weight, found.worth) == (0.75, 0.0, pytest.approx(4))
    assert found.high - found.value == pytest.approx(1.959964 * np.std(labels, ddof=1) / 2)


def test_a_judge_who_is_always_right_makes_one_sample_of_both() -> None:
    labels = [1, 0, 1, 1, 0] * 40

    found = corrected_mean(labels, labels, labels * 9, confidence=0.95)

    assert found.weight == pytest.approx(0.9)
    assert found.value == pytest.approx(0.6)
    assert found.worth == pytest.approx(2000, rel=0.01)


def test_the_judges_bias_is_taken_out() -> None:
    human, judge = [0.0, 1.0] * 50, [1.0, 1.0, 0.0, 1.0] * 25

    found = corrected_mean(human, judge, judge * 10, confidence=0.95)

    assert np.mean(judge) == 0.75
    assert found.value == pytest.approx(0.5)


@given(
    pairs=st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=40),
    rest=st.lists(st.booleans(), min_size=2, max_size=80),
)
def test_the_interval_holds_its_estimate_and_the_weight_stays_in_range(
    pairs: list[tuple[bool, bool]], rest: list[bool]
) -> None:
    found = corrected_mean([human for human, _ in pairs], [judge for _, judge in pairs], rest, confidence=0.9)

    assert found.low <= found.value <= found.high
    assert 0 <= found.weight <= 1


@pytest.mark.parametrize(("catches_good", "catches_bad"), [(0.9, 0.85), (0.7, 0.5), (0.5, 0.5)])
def test_the_interval_covers_the_truth_as_often_as_it_says(catches_good: float, catches_bad: float) -> None:
    rng = np.random.default_rng(7)
    covered, worth = 0, 0.0
    for _ in range(DRAWS):
        right = rng.random(1150) < 0.6
        said = np.where(right, rng.random(1150) < catches_good, rng.random(1150) >= catches_bad)
        found = corrected_mean(right[:150], said[:150], said[150:], confidence=0.95)
        covered += found.low <= 0.6 <= found.high
        worth += found.worth / DRAWS

    assert abs(covered / DRAWS - 0.95) < SLACK
    assert (worth > 200) is (catches_good > 0.8)


@pytest.mark.parametrize(
    ("human", "judge", "rest"), [([1], [1], [1, 0]), ([1, 0], [1], [1, 0]), ([1, 0], [1, 0], [1]), ([], [], [])]
)
def test_too_little_is_refused(human: list[int], judge: list[int], rest: list[int]) -> None:
    with pytest.raises(ValueError, match="at least two"):
        corrected_mean(human, judge, rest, confidence=0.95)
