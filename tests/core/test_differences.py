from __future__ import annotations

import numpy as np
import pytest

from llmci.core.stats.differences import of_costs, of_latencies, of_scores, slow_threshold


def test_graded_scores_become_fractions_of_their_range() -> None:
    d = of_scores(np.array([1.0, 3.0]), np.array([5.0, 2.0]), low=1, high=5, higher_is_better=True)

    assert list(d) == [1.0, -0.25]


def test_a_rise_of_what_should_be_low_is_a_drop() -> None:
    assert list(of_scores(np.array([0.0]), np.array([1.0]), low=0, high=1, higher_is_better=False)) == [-1.0]


def test_costs_within_the_margin_are_no_loss_on_average() -> None:
    spent = of_costs(np.array([1.0, 2.0, 3.0]), np.array([1.1, 2.2, 3.3]))

    assert spent.cap == pytest.approx(3.3)
    assert spent.within(0.10).mean() == pytest.approx(0.0, abs=1e-12)
    assert spent.within(0.0).mean() == pytest.approx(-0.6 / 3 / 3.3)


def test_one_runaway_answer_in_thousands_counts_only_up_to_the_cap() -> None:
    candidate = np.ones(2000)
    candidate[7] = 1e6

    spent = of_costs(np.ones(2000), candidate)

    assert spent.cap == 1.0
    assert spent.candidate.max() == 1.0


def test_free_on_both_sides_is_no_difference() -> None:
    assert list(of_costs(np.zeros(3), np.zeros(3)).within(0.1)) == [0, 0, 0]


def test_latency_counts_answers_that_only_one_of_the_systems_gave_slowly() -> None:
    d = of_latencies(np.array([10.0, 900.0, 900.0]), np.array([900.0, 10.0, 950.0]), 500.0)

    assert list(d) == [-1, 1, 0]


def test_what_is_slow_does_not_depend_on_which_system_is_the_candidate() -> None:
    one, other = np.arange(100.0), np.arange(50.0, 150.0)

    assert slow_threshold(one, other) == slow_threshold(other, one)
