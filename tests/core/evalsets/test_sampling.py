"""What is drawn stands for all of production, whatever was drawn on purpose."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmci.core.evalsets.sampling import Draw, Plan
from llmci.core.evalsets.sampling import draw as draw_rows
from llmci.core.evalsets.sightings import Sighting, Sightings


def draw(sightings: list[Sighting], plan: Plan) -> Draw:
    return draw_rows(Sightings.of(sightings), plan)


PLAN = Plan(size=40, floor=3, failures=0.2, seed=7)


def sightings_of(cells: list[tuple[int, int, int]]) -> list[Sighting]:
    """(stratum, traces, flagged) to sightings of distinct cases."""
    return [
        Sighting(f"case-{number:04d}", f"s{stratum}", f"t{stratum % 2}", traces, flagged=bool(flagged))
        for number, (stratum, traces, flagged) in enumerate(cells)
    ]


anything = st.lists(st.tuples(st.integers(0, 8), st.integers(1, 50), st.integers(0, 1)), min_size=1, max_size=300).map(
    sightings_of
)
plans = st.builds(
    Plan,
    size=st.integers(1, 120),
    floor=st.integers(0, 5),
    failures=st.floats(0, 1),
    seed=st.integers(0, 5),
)


@given(anything, plans)
def test_weights_are_positive_and_sum_to_one(sightings: list[Sighting], plan: Plan) -> None:
    drawn = draw(sightings, plan)

    assert math.isclose(sum(drawn.weights.values()), 1)
    assert min(drawn.weights.values()) > 0


@given(anything, plans)
def test_weights_restore_the_share_of_every_stratum(sightings: list[Sighting], plan: Plan) -> None:
    drawn = draw(sightings, plan)

    for stratum in drawn.strata:
        weight = sum(w for case_id, w in drawn.weights.items() if drawn.stratum[case_id] == stratum.name)
        assert math.isclose(weight, stratum.share)
    assert sum(stratum.traces for stratum in drawn.strata) == sum(s.traces for s in sightings)
    assert sum(stratum.cases for stratum in drawn.strata) == len(drawn.weights)


@given(anything, plans, st.randoms(use_true_random=False))
def test_the_order_of_the_traffic_changes_nothing(sightings: list[Sighting], plan: Plan, random: object) -> None:
    shuffled = sightings[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert draw(shuffled, plan) == draw(sightings, plan)


@given(anything, plans)
def test_a_set_is_as_large_as_was_asked_or_as_there_are_inputs(sightings: list[Sighting], plan: Plan) -> None:
    drawn = draw(sightings, plan)

    assert len(drawn.weights) <= max(plan.size, len(drawn.strata))


def test_a_plain_population_fills_the_set() -> None:
    sightings = sightings_of([(number % 4, 1, number % 10 == 0) for number in range(400)])

    assert len(draw(sightings, PLAN).weights) == PLAN.size


def test_every_cluster_has_its_floor() -> None:
    sightings = sightings_of([(0, 1, 0)] * 500 + [(1, 1, 0)] * 10)

    assert {s.name: s.cases for s in draw(sightings, PLAN).strata} == {"s0": 37, "s1": 3}


def test_failures_are_drawn_beyond_their_share() -> None:
    sightings = sightings_of([(0, 1, number < 20) for number in range(500)])

    drawn = draw(sightings, PLAN)

    flagged = [s for s in sightings if s.flagged and s.case_id in drawn.weights]
    assert len(flagged) >= 8
    assert sum(drawn.weights[s.case_id] for s in flagged) == pytest.approx(20 / 500)


def test_required_cases_are_always_drawn_and_weigh_what_they_are() -> None:
    sightings = [*sightings_of([(0, 1, 0)] * 500), Sighting("wanted", "s0", "t0", 1, flagged=True, required=True)]

    drawn = draw(sightings, PLAN)

    assert drawn.weights["wanted"] == pytest.approx(1 / 501)


def test_more_clusters_than_cases_are_pooled_by_topic() -> None:
    sightings = sightings_of([(number, 1, 0) for number in range(200) for _ in range(3)])

    drawn = draw(sightings, PLAN)

    assert {stratum.name for stratum in drawn.strata} == {"t0 (topic)", "t1 (topic)"}
    assert len(drawn.weights) == PLAN.size


def test_a_little_more_traffic_changes_a_little_of_the_set() -> None:
    sightings = sightings_of([(number % 3, 1 + number % 5, 0) for number in range(600)])
    more = [*sightings, *(Sighting(f"new-{n}", "s0", "t0", 1, flagged=False) for n in range(20))]

    before, after = draw(sightings, PLAN).weights, draw(more, PLAN).weights

    assert len(before.keys() & after.keys()) >= 0.9 * len(before)


def test_the_mean_of_a_known_quantity_is_estimated_without_bias() -> None:
    cells = [(number % 3, 1 + number % 7, number % 9 == 0) for number in range(900)]
    sightings = sightings_of(cells)
    value = {s.case_id: (s.traces > 4) + 2.0 * s.flagged for s in sightings}
    truth = sum(value[s.case_id] * s.traces for s in sightings) / sum(s.traces for s in sightings)

    estimates = []
    for seed in range(200):
        weights = draw(sightings, Plan(size=60, floor=3, failures=0.2, seed=seed)).weights
        estimates.append(sum(weights[case_id] * value[case_id] for case_id in weights))

    assert sum(estimates) / len(estimates) == pytest.approx(truth, abs=0.02)


def test_failures_keep_their_share_where_a_cluster_has_no_place_for_them() -> None:
    # 40 clusters with about seven places each: one failure in 30 is less than one place anywhere.
    sightings = sightings_of([(number % 40, 1, number % 31 == 0) for number in range(1600)])
    failed = {s.case_id for s in sightings if s.flagged}
    truth = len(failed) / len(sightings)

    shares = []
    for seed in range(25):
        weights = draw(sightings, Plan(size=300, floor=3, failures=0, seed=seed)).weights
        shares.append(sum(weight for case_id, weight in weights.items() if case_id in failed))

    assert sum(shares) / len(shares) == pytest.approx(truth, abs=0.006)


def test_a_question_that_much_of_the_traffic_asks_is_drawn_whatever_was_there_before() -> None:
    before = [Sighting(f"old-{n}", "s0", "t0", 0, flagged=False, kept=True) for n in range(40)]
    now = [Sighting(f"new-{n}", "s0", "t0", 1, flagged=False) for n in range(300)]

    drawn = draw([*before, *now, Sighting("outage", "s0", "t0", 100, flagged=False)], PLAN)

    assert drawn.weights["outage"] == pytest.approx(100 / 400)
    assert sum(case_id.startswith("old") for case_id in drawn.weights) == 39


def test_failures_that_were_over_sampled_before_do_not_count_twice_when_a_set_is_refreshed() -> None:
    before = [Sighting(f"old-{n}", f"s{n % 40}", "t0", 0, flagged=n % 2 == 0, kept=True) for n in range(300)]
    now = sightings_of([(number % 40, 1, number % 31 == 0) for number in range(1600)])
    failed = {s.case_id for s in (*before, *now) if s.flagged}
    truth = sum(s.flagged for s in now) / len(now)

    shares = []
    for seed in range(25):
        weights = draw([*before, *now], Plan(size=300, floor=3, failures=0, seed=seed)).weights
        shares.append(sum(weight for case_id, weight in weights.items() if case_id in failed))

    assert sum(shares) / len(shares) == pytest.approx(truth, abs=0.006)
