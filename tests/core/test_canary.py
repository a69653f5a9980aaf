from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmci.core.stats.canary import (
    blocks_of,
    evidence,
    expected_units,
    relative_evidence,
    required_evidence,
    rolling_exceedance,
    sample_ratio_evidence,
    strongest_mean,
)

if TYPE_CHECKING:
    from llmci.core.stats.canary import BoolArray, EvidencePaths, FloatArray

SHARE = 0.05


def traffic(
    rng: np.random.Generator, *, treatment_rate: float, n: int = 40_000, base: float = 0.05
) -> tuple[FloatArray, BoolArray]:
    """Failures of both arms under a twenty-fold daily swing of the failure rate's difficulty."""
    treated = rng.random(n) < SHARE
    daily = 1 + 0.9 * np.sin(np.arange(n) / n * 40)
    rate = np.clip(np.where(treated, treatment_rate, base) * daily, 0, 1)
    return (rng.random(n) < rate).astype(float), treated


def paths(values: FloatArray, treated: BoolArray, *, margin: float = 0.02) -> EvidencePaths:
    blocks = blocks_of(values, treated, share=SHARE)
    return evidence(blocks.treatment - blocks.control, blocks.closed_at, margin=margin, base_rate=0.05)


def test_an_unchanged_system_is_rarely_rolled_back_however_often_one_looks() -> None:
    rng = np.random.default_rng(11)

    alarms = sum(np.max(paths(*traffic(rng, treatment_rate=0.05)).against) >= 20 for _ in range(200))

    # 200 runs at 5 % or less: more than 27 would happen less than once in 10^6.
    assert alarms <= 27


def test_a_system_worse_by_the_margin_is_rarely_expanded() -> None:
    rng = np.random.default_rng(12)

    expanded = sum(np.max(paths(*traffic(rng, treatment_rate=0.07)).in_favour) >= 20 for _ in range(200))

    assert expanded <= 27


def test_five_points_more_failures_stop_within_300_requests_in_the_median() -> None:
    rng = np.random.default_rng(13)
    needed = []
    for _ in range(60):
        values, treated = traffic(rng, treatment_rate=0.10)
        path = paths(values, treated)
        first = path.closed_at[np.argmax(path.against >= 20)]
        needed.append(treated[: first + 1].sum())

    assert np.median(needed) <= 300


def test_a_dearer_candidate_is_caught_and_an_equal_one_is_not() -> None:
    rng = np.random.default_rng(14)
    treated = rng.random(60_000) < SHARE
    cost = rng.lognormal(0, 0.5, 60_000)

    def strongest(factor: float) -> float:
        blocks = blocks_of(np.where(treated, factor, 1.0) * cost, treated, share=SHARE)
        return float(np.max(relative_evidence(blocks, margin=0.1, base_rate=0.05).against))

    assert strongest(1.25) >= 20
    assert strongest(1.0) < 20


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60))
def test_every_unit_is_used_in_one_block_at_most(units: list[tuple[float, bool]]) -> None:
    values, treated = np.array([u[0] for u in units]), np.array([u[1] for u in units], dtype=bool)

    blocks = blocks_of(values, treated, share=0.5)

    assert len(blocks.control) <= min(treated.sum(), (~treated).sum())
    assert np.all(np.diff(blocks.closed_at) > 0)


def test_the_mean_of_evidence_counts_a_silent_criterion_as_one() -> None:
    strong = paths(*traffic(np.random.default_rng(1), treatment_rate=0.2))
    silent = paths(np.zeros(0), np.zeros(0, dtype=bool))

    assert strongest_mean([strong, silent]) == pytest.approx((np.max(strong.against) + 1) / 2)
    assert strongest_mean([]) == 1.0


def test_a_broken_split_shows_and_an_intended_one_does_not() -> None:
    assert sample_ratio_evidence(50, 1000, share=0.05) < 1000
    assert sample_ratio_evidence(150, 1000, share=0.05) >= 1000
    assert sample_ratio_evidence(0, 0, share=0.05) == pytest.approx(1.0)


def test_sample_ratio_evidence_is_the_published_beta_binomial() -> None:
    scipy_special = pytest.importorskip("scipy.special")
    expected = scipy_special.beta(1 + 7, 1 + 93) / (0.05**7 * 0.95**93)

    assert sample_ratio_evidence(7, 100, share=0.05) == pytest.approx(expected)


def test_exceedance_never_looks_ahead() -> None:
    rng = np.random.default_rng(2)
    values, treated = rng.exponential(size=3000), rng.random(3000) < 0.3
    whole = rolling_exceedance(values, treated, quantile=0.95)

    part = rolling_exceedance(values[:1500], treated[:1500], quantile=0.95)

    np.testing.assert_array_equal(whole[:1500], part)
    assert np.isnan(whole[:100]).all()
    assert np.nanmean(whole) == pytest.approx(0.05, abs=0.02)


def test_more_exposure_needs_more_evidence() -> None:
    assert [required_evidence(share) for share in (0.05, 0.25, 0.5, 1.0)] == [3, 3, 10, 20]


def test_the_plan_says_about_a_thousand_requests_for_two_points_at_five_percent() -> None:
    assert 700 <= expected_units(0.02, 0.05, share=0.05, alpha=0.05) <= 1100
