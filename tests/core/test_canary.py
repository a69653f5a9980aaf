from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmci.core.stats.blocks import Blocking
from llmci.core.stats.canary import MeanEvidence, expected_units, required_evidence, sample_ratio_evidence
from llmci.core.stats.criterion import Tracked
from llmci.core.stats.exceedance import Exceedance
from llmci.domain.rollout import Criterion

if TYPE_CHECKING:
    from llmci.core.stats.blocks import BoolArray, FloatArray
    from llmci.core.stats.canary import EvidencePaths

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
    errors = Criterion(name="errors", kind="error", margin=margin, base_rate=0.05)
    return Tracked(errors, share=SHARE).add(values, treated)


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
        dearer = Criterion(name="cost", kind="cost", margin=0.1, base_rate=0.05)
        found = Tracked(dearer, share=SHARE).add(np.where(treated, factor, 1.0) * cost, treated)
        return float(np.max(found.against))

    assert strongest(1.25) >= 20
    assert strongest(1.0) < 20


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60))
def test_every_unit_is_used_in_one_block_at_most(units: list[tuple[float, bool]]) -> None:
    values, treated = np.array([u[0] for u in units]), np.array([u[1] for u in units], dtype=bool)

    blocks = Blocking(share=0.5).add(values, treated)

    assert len(blocks.control) <= min(treated.sum(), (~treated).sum())
    assert np.all(np.diff(blocks.closed_at) > 0)


def test_the_mean_of_evidence_counts_a_silent_criterion_as_one() -> None:
    strong = paths(*traffic(np.random.default_rng(1), treatment_rate=0.2))
    silent = paths(np.zeros(0), np.zeros(0, dtype=bool))

    moments, means = MeanEvidence(2).add([strong, silent])

    assert moments.tolist() == strong.closed_at.tolist()
    assert np.max(means) == pytest.approx((np.max(strong.against) + 1) / 2)
    assert len(MeanEvidence(0).add([])[1]) == 0


@given(
    st.lists(st.tuples(st.floats(0, 9), st.booleans(), st.integers(0, 9)), max_size=120),
    st.lists(st.integers(0, 120), max_size=5),
    st.sampled_from(["error", "cost", "latency"]),
)
def test_where_traffic_is_cut_into_stretches_changes_nothing(
    units: list[tuple[float, bool, int]], cuts: list[int], kind: Any
) -> None:
    """Long enough that the scale of a cost and the quantile of a latency are reached."""
    units *= 20
    values = np.array([value if known else np.nan for value, _, known in units])
    treated = np.array([arm for _, arm, _ in units], dtype=np.bool_)
    criterion = Criterion(name="x", kind=kind, margin=0.1)
    whole, cut = Tracked(criterion, share=0.25).add(values, treated), Tracked(criterion, share=0.25)

    parts = [
        cut.add(values[some], treated[some])
        for some in np.split(np.arange(len(units)), sorted(20 * np.array(cuts, dtype=int)))
    ]

    assert np.concatenate([part.closed_at for part in parts]).tolist() == whole.closed_at.tolist()
    np.testing.assert_allclose(np.concatenate([part.against for part in parts]), whole.against)
    np.testing.assert_allclose(np.concatenate([part.in_favour for part in parts]), whole.in_favour)


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
    whole = Exceedance(quantile=0.95).add(values, treated)

    part = Exceedance(quantile=0.95).add(values[:1500], treated[:1500])

    np.testing.assert_array_equal(whole[:1500], part)
    assert np.isnan(whole[:100]).all()
    assert np.nanmean(whole) == pytest.approx(0.05, abs=0.02)


def test_a_latency_that_is_unknown_does_not_silence_the_others() -> None:
    values, treated = np.arange(4000.0), np.arange(4000) % 4 == 0
    values[50] = np.nan
    slow = Criterion(name="slow", kind="latency", margin=0.05)

    assert len(Tracked(slow, share=0.25).add(values, treated).against) > 500


def test_more_exposure_needs_more_evidence() -> None:
    assert [required_evidence(share) for share in (0.05, 0.25, 0.5, 1.0)] == [3, 3, 10, 20]


def test_the_plan_says_about_a_thousand_requests_for_two_points_at_five_percent() -> None:
    assert 700 <= expected_units(0.02, 0.05, share=0.05, alpha=0.05) <= 1100
