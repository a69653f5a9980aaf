"""The paired statistic against published values, oracles, properties and exact error rates."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from llmci.core.stats.layout import layout
from llmci.core.stats.paired import (
    Moments,
    bounds,
    guarded_bounds,
    moments,
    of_table,
    p_above,
    p_not_worse,
    p_worse,
    statistic,
)
from llmci.errors import UsageError

GRADED = np.array([0.25, -0.5, 0, 0, 0.25, -1, 0, 0.5, 0, 0, -0.25, 0])
differences = arrays(np.float64, st.integers(2, 40), elements=st.sampled_from([-1.0, -0.5, -0.25, 0.0, 0.25, 1.0]))


def a_table(wins: int, losses: int, cases: int) -> Moments:
    return moments(np.array([1.0] * wins + [-1.0] * losses + [0.0] * (cases - wins - losses)), layout(cases))


@pytest.mark.parametrize(
    ("table", "imaginary", "evidence", "interval"),
    [
        (
            (6, 8, 100),
            (-0.01960784, 0.03936102, -9.992022e-07),
            (0.308307, 0.222705, 0.023206),
            (-0.08568, 0.04506),
        ),
        (
            (3, 12, 120),
            (-0.07377049, 0.03326604, -2.938386e-06),
            (0.009907, 0.770058, 0.224786),
            (-0.13208, -0.02127),
        ),
        (
            (0, 5, 100),
            (-0.04901961, 0.02560641, -3.764217e-06),
            (0.014155, 0.499677, 0.050309),
            (-0.10011, -0.01156),
        ),
        ((0, 0, 60), (0.0, 0.0229961, 0.0), (0.5, 0.046070, 0.001797), (-0.03843, 0.03843)),
        ((20, 20, 400), (0.0, 0.01614133, 0.0), (0.5, 0.001044, 0.0), (-0.02661, 0.02661)),
    ],
)
def test_pass_fail_tables_give_the_reference_values(
    table: tuple[int, int, int],
    imaginary: tuple[float, float, float],
    evidence: tuple[float, float, float],
    interval: tuple[float, float],
) -> None:
    of = a_table(*table)

    assert (of.centre, of.spread) == pytest.approx(imaginary[:2], abs=1e-8)
    assert of.skew == pytest.approx(imaginary[2], rel=1e-6, abs=1e-15)
    assert (p_worse(of), p_not_worse(of, 0.05), p_not_worse(of, 0.10)) == pytest.approx(evidence, abs=1e-6)
    assert bounds(of, 0.05) == pytest.approx(interval, abs=1e-5)


def test_the_statistic_of_a_table_has_the_reference_values() -> None:
    of = a_table(6, 8, 100)

    assert statistic(of, 0) == pytest.approx(-0.5022400999, abs=1e-10)
    assert statistic(of, -0.05) == pytest.approx(0.7661512756, abs=1e-10)


def test_graded_differences_give_the_reference_values() -> None:
    of = moments(GRADED, layout(12))

    assert (of.estimate, of.se) == pytest.approx((-0.0625, 0.11148532), abs=1e-8)
    assert (of.centre, of.spread) == pytest.approx((-0.05357143, 0.14156351), abs=1e-8)
    assert of.skew == pytest.approx(-0.000144331603, abs=1e-12)
    assert p_worse(of) == pytest.approx(0.35223015, abs=1e-8)
    assert p_not_worse(of, 0.1) == pytest.approx(0.37834329, abs=1e-8)
    assert bounds(of, 0.05) == pytest.approx((-0.31733793, 0.19222266), abs=1e-8)


def test_dependence_groups_give_the_reference_values() -> None:
    of = moments(GRADED, layout(12, groups=np.array([0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4])))

    assert (of.se, of.spread) == pytest.approx((0.08026581, 0.12529349), abs=1e-8)
    assert of.df == 4
    assert p_worse(of) == pytest.approx(0.34548947, abs=1e-8)


def test_strata_with_shares_give_the_reference_values() -> None:
    shares = np.repeat([0.8 / 6, 0.2 / 6], 6)

    of = moments(GRADED, layout(12, weights=shares, strata=np.repeat([0, 1], 6)))

    assert (of.estimate, of.se) == pytest.approx((-0.125, 0.16180407), abs=1e-8)
    assert of.effective == pytest.approx(8.82352941, abs=1e-8)
    assert (of.centre, of.spread) == pytest.approx((-0.10190217, 0.18986153), abs=1e-8)
    assert p_worse(of) == pytest.approx(0.29896518, abs=1e-8)


def test_a_table_and_its_cases_say_the_same() -> None:
    wins, losses = np.array([6.0, 0.0, 3.0]), np.array([8.0, 5.0, 12.0])

    together = of_table(wins, losses, 120)

    apart = [a_table(int(w), int(lost), 120) for w, lost in zip(wins, losses, strict=True)]
    assert together.spread == pytest.approx([float(of.spread) for of in apart])
    assert p_worse(together) == pytest.approx([float(p_worse(of)) for of in apart])


def test_without_strata_or_groups_it_is_the_t_test_of_the_cases_and_two_imaginary_ones() -> None:
    from scipy import stats

    of = moments(GRADED, layout(12))
    oracle = stats.ttest_1samp([*GRADED, 1.0, -1.0], 0.0)

    assert of.centre / of.spread == pytest.approx(oracle.statistic)


def test_the_clustered_spread_is_that_of_statsmodels() -> None:
    import statsmodels.api as sm

    groups = np.array([0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4])
    fit = sm.OLS(GRADED, np.ones(12)).fit(cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False})

    of = moments(GRADED, layout(12, groups=groups))

    assert of.se == pytest.approx(fit.bse[0] * np.sqrt(5 / 4))


@given(differences)
def test_exchanging_the_systems_mirrors_the_interval(d: np.ndarray) -> None:
    there, back = moments(d, layout(len(d))), moments(-d, layout(len(d)))

    low, high = bounds(there, 0.05)

    assert bounds(back, 0.05) == pytest.approx((-high, -low), abs=1e-9)
    assert statistic(back, 0) == pytest.approx(-statistic(there, 0), abs=1e-9)


@given(differences, st.randoms(use_true_random=False))
def test_the_order_of_the_cases_does_not_matter(d: np.ndarray, random: object) -> None:
    order = np.random.default_rng(random.randrange(2**32)).permutation(len(d))  # type: ignore[attr-defined]
    strata, groups = np.arange(len(d)) % 3, np.arange(len(d)) // 2

    one = moments(d, layout(len(d), strata=strata, groups=groups))
    other = moments(d[order], layout(len(d), strata=strata[order], groups=groups[order]))

    assert statistic(other, -0.05) == pytest.approx(statistic(one, -0.05))


@given(differences, st.floats(0.01, 100))
def test_the_unit_of_the_weights_does_not_matter(d: np.ndarray, unit: float) -> None:
    weights = np.linspace(1, 2, len(d))

    one, other = (moments(d, layout(len(d), weights=w)) for w in (weights, weights * unit))

    assert other.spread == pytest.approx(float(one.spread))


@given(differences, st.floats(0.001, 0.3))
def test_a_bound_is_where_the_evidence_reaches_the_error_rate(d: np.ndarray, alpha: float) -> None:
    of = moments(d, layout(len(d)))

    low, high = guarded_bounds(of, alpha)

    assert -1 <= low <= high <= 1
    assert high == 1 or p_worse(of, -float(high)) == pytest.approx(alpha, rel=1e-6)
    assert low in (-1, 0) or p_above(of, float(low)) <= alpha * (1 + 1e-6)
    assert low == -1 or low >= 0 or p_not_worse(of, -float(low)) == pytest.approx(alpha, rel=1e-6)


@given(differences)
def test_a_wider_tolerance_never_takes_a_pass_back(d: np.ndarray) -> None:
    evidence = p_not_worse(moments(d, layout(len(d))), np.linspace(0.01, 0.99, 50))

    assert np.all(np.diff(evidence) <= 1e-12)


@given(differences)
def test_the_evidence_grows_with_the_distance_without_end(d: np.ndarray) -> None:
    steps = statistic(moments(d, layout(len(d))), np.linspace(-3, 3, 400))

    assert np.all(np.diff(steps) < 0)


@pytest.mark.parametrize("loss", [0.2, 0.5, 1.0])
@pytest.mark.parametrize("cases", [30, 100, 1000])
def test_a_drop_of_every_case_by_the_same_amount_is_proven(loss: float, cases: int) -> None:
    of = moments(np.full(cases, -loss), layout(cases))

    low, high = bounds(of, 0.05)
    assert p_worse(of) <= 0.05
    assert low <= -loss <= high < 0


@pytest.mark.parametrize(("margin", "clean_cases"), [(0.02, 149), (0.05, 59), (0.10, 29)])
def test_identical_outputs_pass_from_the_guard_on_and_not_before(margin: float, clean_cases: int) -> None:
    enough, too_few = (moments(np.zeros(n), layout(n)) for n in (clean_cases, clean_cases - 1))

    assert p_not_worse(enough, margin) <= 0.05 < p_not_worse(too_few, margin)
    assert p_worse(enough) >= 0.5


def test_a_proven_rise_passes_however_few_the_cases() -> None:
    of = a_table(12, 0, 40)

    assert guarded_bounds(of, 0.05)[0] > 0
    assert p_not_worse(of, 0.05) <= 0.05


def test_one_case_says_nothing() -> None:
    of = moments(np.array([-1.0]), layout(1))

    assert guarded_bounds(of, 0.05) == (-1, 1)
    assert (p_worse(of), p_not_worse(of, 0.5)) == (1, 1)


def test_one_dependence_group_says_nothing() -> None:
    of = moments(np.array([-1.0] * 50), layout(50, groups=np.zeros(50, dtype=np.int64)))

    assert guarded_bounds(of, 0.05) == (-1, 1)


def test_groups_of_one_case_are_no_groups() -> None:
    assert layout(12, groups=np.arange(12)).groups is None


def test_a_stratum_with_a_single_case_is_pooled_and_not_taken_for_certain() -> None:
    lonely = layout(6, strata=np.array([0, 0, 0, 0, 1, 2]))

    assert lonely.df == 6 - 2
    assert list(lonely.stratum_factors) == pytest.approx([4 / 3, 2.0])


def test_a_case_without_weight_does_not_count() -> None:
    weights = np.array([1.0, 1.0, 1.0, 0.0])

    with_it = moments(np.array([1.0, 0.0, -1.0, -1.0]), layout(4, weights=weights))

    assert with_it.spread == pytest.approx(float(moments(np.array([1.0, 0.0, -1.0]), layout(3)).spread))


@pytest.mark.parametrize("weights", [[0.0, 0.0], [1.0, -1.0], [1.0, np.nan], [np.inf, 1.0]])
def test_weights_that_weigh_nothing_are_refused(weights: list[float]) -> None:
    with pytest.raises(UsageError, match="weights"):
        layout(2, weights=np.array(weights))


def test_no_case_is_refused() -> None:
    with pytest.raises(UsageError, match="no case"):
        layout(0)


def test_a_difference_that_is_no_number_is_refused() -> None:
    with pytest.raises(UsageError, match="finite"):
        moments(np.array([0.0, np.nan]), layout(2))


def _rate(hits: int, of: int, at_most: float) -> None:
    """A bound that a rate of `at_most` breaks less than once in a million."""
    assert hits <= of * at_most + 4.9 * np.sqrt(of * at_most * (1 - at_most))


def test_dependent_cases_do_not_raise_more_false_alarms() -> None:
    random = np.random.default_rng(11)
    groups = np.repeat(np.arange(60), 4)
    cases = layout(240, groups=groups)
    alarms = passes = 0
    for _ in range(1000):
        mood = random.choice([-1.0, 0.0, 1.0], p=[0.15, 0.7, 0.15], size=60)[groups]
        own = random.choice([-1.0, 0.0, 1.0], p=[0.1, 0.8, 0.1], size=240)
        d = np.where(random.random(240) < 0.6, mood, own)
        alarms += bool(p_worse(moments(d, cases)) <= 0.05)
        dropped = np.where(random.random(60)[groups] < 0.05, np.minimum(d, 0) - (d >= 0), d)
        passes += bool(p_not_worse(moments(np.clip(dropped, -1, 1), cases), 0.05) <= 0.05)

    _rate(alarms, 1000, 0.05)
    _rate(passes, 1000, 0.06)


def test_skewed_graded_scores_keep_both_error_rates() -> None:
    random = np.random.default_rng(12)
    cases = layout(100)
    false_alarms = false_passes = 0
    for _ in range(1500):
        # Rare heavy losses, balanced by frequent small gains.
        heavy = random.random(100) < 0.05
        d = np.where(heavy, -0.75, 0.75 * 0.05 / 0.95)
        false_alarms += bool(p_worse(moments(d, cases)) <= 0.05)
        false_passes += bool(
            p_not_worse(moments(np.where(random.random(100) < 0.05 / 0.75, -0.75, 0.0), cases), 0.05) <= 0.05
        )

    _rate(false_alarms, 1500, 0.055)
    _rate(false_passes, 1500, 0.055)


def test_importing_the_statistics_costs_nothing_beyond_numpy() -> None:
    code = "import numpy, time; t = time.process_time(); import llmci.core.stats.paired, llmci.core.stats.sequential; print(time.process_time() - t); import sys; assert 'scipy' not in sys.modules"

    seconds = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert float(seconds) < 0.1
