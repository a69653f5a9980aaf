"""A plan is tried on traffic before anyone is exposed to it."""

from __future__ import annotations

import numpy as np
import pytest

from llmci.domain.rollout import Criterion, RolloutPlan, Stage
from llmci.pipeline.simulate import Release, made_up, releases_of, simulate

ERRORS = Criterion(name="errors", kind="error", margin=0.02, base_rate=0.05)
PLAN = RolloutPlan(
    name="bot", control="old", treatment="new", stages=(Stage(share=0.1), Stage(share=1.0)), criteria=(ERRORS,)
)
TRAFFIC = made_up(PLAN, 40_000, 8_000, seed=1)


def test_an_unchanged_candidate_completes_and_a_bad_one_is_rolled_back() -> None:
    good, bad = (simulate(TRAFFIC, PLAN, Release("", {"errors": by}), runs=10, every=50, seed=2) for by in (0.0, 0.05))

    assert good.rolled_back <= 0.1
    assert good.completed >= 0.9
    assert bad.rolled_back == 1.0
    assert bad.exposed < 600 < good.exposed


def test_equal_seeds_give_equal_fates() -> None:
    first, again = (simulate(TRAFFIC, PLAN, Release("", {}), runs=3, every=50, seed=5) for _ in range(2))

    assert first == again


@pytest.mark.parametrize("kind", ["error", "cost", "latency"])
def test_made_up_traffic_swings_over_the_day(kind: str) -> None:
    plan = RolloutPlan(
        name="bot",
        control="old",
        treatment="new",
        stages=(Stage(share=1.0),),
        criteria=(Criterion(name="c", kind=kind, margin=0.1, base_rate=0.05),),
    )
    hours = made_up(plan, 48_000, 24_000, seed=1)["c"].reshape(48, -1).mean(axis=1)

    assert hours.max() > 3 * hours.min()
    assert np.allclose(hours[:24], hours[24:], rtol=0.5, atol=0.05)


def test_a_plan_is_asked_about_unchanged_worse_and_much_worse_candidates() -> None:
    assert [(r.truth, dict(r.worse_by)) for r in releases_of(PLAN)] == [
        ("unchanged", {}),
        ("errors worse by the margin", {"errors": 0.02}),
        ("errors worse by 2.5 margins", {"errors": 0.05}),
    ]
