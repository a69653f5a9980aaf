"""Earlier runs as a control variate: no bias, errors as promised, fewer cases."""

from __future__ import annotations

import numpy as np
import pytest
from builders import a_metric, a_run
from scipy import stats

from llmci.core.bench.covariates import covariates
from llmci.core.bench.schedule import evenly
from llmci.core.stats.history import History, moments_with_history, times_with_history
from llmci.core.stats.layout import layout
from llmci.core.stats.paired import moments, p_not_worse, p_worse
from llmci.core.stats.sequential import Look
from llmci.domain.run import Covariate, PastScores

ALPHA, MARGIN, ASKED, ALL = 0.05, 0.10, 200, 600


def drawn(random: np.random.Generator, drop: float, *, runs: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Differences, and what `runs` earlier runs scored less the baseline, of systems whose cases are of all grades."""
    chance = random.beta(1.2, 0.8, ALL)
    before, after = (random.random(ALL) < chance, random.random(ALL) < np.clip(chance * (1 - drop / 0.6), 0, 1))
    past = (random.random((runs, ALL)) < chance).mean(axis=0)
    return after.astype(float) - before, past - before


def decided(d: np.ndarray, x: np.ndarray | None) -> tuple[str, int]:
    """Verdict and cases asked of a bench that looks up to ten times."""
    looks = evenly(ASKED)
    times = times_with_history(looks, ALL) if x is not None else tuple(n / ASKED for n in looks)
    for at, asked in enumerate(looks):
        cases = layout(asked)
        of = (
            moments(d[:asked], cases)
            if x is None
            else moments_with_history(d[:asked], cases, History(x[:asked], float(x.mean()), float(ALL)))
        )
        look = Look(times, at)
        if look.none(float(p_not_worse(of, MARGIN))) <= ALPHA:
            return "passed", asked
        if look.drop(float(p_worse(of))) <= ALPHA:
            return "failed", asked
    return "open", looks[-1]


def test_history_that_tells_nothing_changes_nothing() -> None:
    d = np.random.default_rng(1).choice([-1.0, 0.0, 1.0], 80)
    cases = layout(80)

    of = moments_with_history(d, cases, History(np.full(80, 0.3), 0.3, 600.0))

    plain = moments(d, cases)
    assert (float(of.estimate), float(of.spread), float(of.skew)) == pytest.approx(
        (float(plain.estimate), float(plain.spread), float(plain.skew))
    )


def test_once_all_cases_are_asked_the_spread_is_the_plain_one() -> None:
    d, x = drawn(np.random.default_rng(2), 0.0)
    cases = layout(ALL)

    of = moments_with_history(d, cases, History(x, float(x.mean()), float(ALL)))

    assert float(of.estimate) == pytest.approx(d.mean())
    assert float(of.se) == pytest.approx(float(moments(d, cases).se))


def test_the_estimate_is_that_of_a_regression_on_many_cases() -> None:
    random = np.random.default_rng(3)
    x = random.normal(0, 0.2, 40_000)
    d = np.clip(0.7 * x + random.normal(0, 0.1, 40_000), -1, 1)
    asked = np.argsort(x)[::4]

    of = moments_with_history(d[asked], layout(len(asked)), History(x[asked], float(x.mean()), 40_000.0))

    line = stats.linregress(x[asked], d[asked])
    assert float(of.estimate) == pytest.approx(line.intercept + line.slope * x.mean(), abs=1e-4)


def test_looks_stand_farther_on_early_and_end_at_one() -> None:
    times = times_with_history((50, 100, 200), 600)

    assert times[-1] == 1
    assert times[0] > 50 / 200
    assert times_with_history((50, 200), 200)[0] > 50 / 200


@pytest.mark.parametrize("drop", [0.0, MARGIN], ids=["unchanged", "at-the-margin"])
def test_errors_stay_as_promised_and_fewer_cases_are_asked(drop: float) -> None:
    random = np.random.default_rng(4)
    with_it, without = [], []
    for _ in range(400):
        d, x = drawn(random, drop)
        with_it.append(decided(d, x))
        without.append(decided(d, None))

    wrong = "failed" if drop == 0 else "passed"
    # 5 %, and three standard errors of 400 draws.
    assert np.mean([said == wrong for said, _ in with_it]) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    assert np.mean([asked for _, asked in with_it]) < 0.93 * np.mean([asked for _, asked in without])
    right = "passed" if drop == 0 else "failed"
    assert sum(said == right for said, _ in with_it) >= sum(said == right for said, _ in without) - 8


def past(run_id: str, **values: float) -> PastScores:
    return PastScores(run_id=run_id, system="s", finished_at="2026-11-01", metric="correct", values=values)


def test_a_baseline_knows_what_earlier_runs_scored_less_its_own() -> None:
    run = a_run({"a": 1.0, "b": 0.0, "c": 1.0}, run_id="now")

    [found] = covariates(run, [past("r1", a=1.0, b=1.0), past("r2", a=0.0, b=1.0), past("now", a=0.0)], None)

    assert found.runs == ("r1", "r2")
    # c was in no earlier run: the mean of the others.
    assert dict(found.values) == {"a": -0.5, "b": 1.0, "c": 0.25}


def test_what_the_baseline_until_now_knew_counts_on_and_no_run_counts_twice() -> None:
    known = Covariate(metric="correct", runs=("r1", "r2"), values={"a": -0.5, "b": 1.0})
    before = a_run({"a": 1.0, "b": 0.0}, run_id="old", covariates=(known,))
    run = a_run({"a": 0.0, "b": 0.0}, run_id="now")

    [found] = covariates(
        run, [past("r1", a=0.0, b=0.0), past("old.abc123", a=0.0, b=0.0), past("r3", a=1.0, b=1.0)], before
    )

    # a: (r1 and r2: .5 each), old: 1, r3: 1; b: 1 each, 0, 1.
    assert dict(found.values) == {"a": 0.75, "b": 0.75}
    assert found.runs == ("old", "r1", "r2", "r3")


def test_other_metrics_and_money_have_no_covariate() -> None:
    run = a_run({"a": 1.0}, run_id="now", metric=a_metric("cost", kind="ratio"))

    assert covariates(run, [past("r1", a=1.0)], None) == ()
