from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmci.core.stats.sequential import critical_values, hwang_shih_decani, plan

NORMAL = NormalDist()
FIFTHS = (0.2, 0.4, 0.6, 0.8, 1.0)
THIRDS = (1 / 3, 2 / 3, 1.0)


def _obrien_fleming(times: tuple[float, ...], alpha: float) -> tuple[float, ...]:
    return tuple(2 * (1 - NORMAL.cdf(NORMAL.inv_cdf(1 - alpha / 2) / t**0.5)) for t in times)


def _pocock(times: tuple[float, ...], alpha: float) -> tuple[float, ...]:
    return tuple(float(alpha * np.log(1 + (np.e - 1) * t)) for t in times)


@pytest.mark.parametrize(
    ("times", "spent", "expected"),
    [
        pytest.param(
            FIFTHS, _obrien_fleming(FIFTHS, 0.025), (4.87688, 3.35701, 2.68028, 2.28982, 2.03103), id="O'Brien-Fleming"
        ),
        pytest.param(FIFTHS, _pocock(FIFTHS, 0.025), (2.43798, 2.42681, 2.41019, 2.39665, 2.38600), id="Pocock"),
        pytest.param(THIRDS, hwang_shih_decani(THIRDS, 0.025, -4), (3.010739, 2.546531, 1.999226), id="gsDesign"),
        pytest.param(
            FIFTHS, hwang_shih_decani(FIFTHS, 0.05, -2), (2.66504, 2.46029, 2.24299, 2.01949, 1.78692), id="for-a-drop"
        ),
        pytest.param(
            FIFTHS, hwang_shih_decani(FIFTHS, 0.05, 1), (2.18791, 2.13580, 2.10069, 2.08344, 2.07976), id="for-none"
        ),
    ],
)
def test_boundaries_are_the_published_ones(
    times: tuple[float, ...], spent: tuple[float, ...], expected: tuple[float, ...]
) -> None:
    assert critical_values(times, spent) == pytest.approx(expected, abs=6e-6)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(5, 300), min_size=1, max_size=8), st.sampled_from([0.01, 0.05, 0.1]))
def test_a_schedule_spends_what_it_may_and_no_look_more_than_all(batches: list[int], alpha: float) -> None:
    looks = plan([int(n) for n in np.cumsum(batches)], alpha)

    assert all(0 < level <= alpha + 1e-9 for level in (*looks.fail, *looks.succeed))
    assert looks.fail[0] <= looks.succeed[0] + 1e-12


def test_random_walks_cross_as_often_as_is_spent() -> None:
    random = np.random.default_rng(3)
    critical = np.array(critical_values(FIFTHS, hwang_shih_decani(FIFTHS, 0.05, -2)))
    walks = np.cumsum(random.normal(size=(40_000, 5)), axis=1) / np.sqrt(np.arange(1, 6))

    crossed = (walks > critical).any(axis=1).mean()

    assert crossed == pytest.approx(0.05, abs=4.9 * np.sqrt(0.05 * 0.95 / 40_000))


def test_an_even_spending_is_the_limit_of_the_family() -> None:
    assert hwang_shih_decani(FIFTHS, 0.05, 0) == pytest.approx(hwang_shih_decani(FIFTHS, 0.05, 1e-9))
