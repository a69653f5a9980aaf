from __future__ import annotations

from dataclasses import replace

from llmci.core.evalsets.sampling import Draw, Plan
from llmci.core.evalsets.sampling import draw as draw_rows
from llmci.core.evalsets.sightings import Sighting, Sightings


def draw(sightings: list[Sighting], plan: Plan) -> Draw:
    return draw_rows(Sightings.of(sightings), plan)


def test_a_set_that_may_hold_everything_holds_everything() -> None:
    sightings = [
        Sighting(f"c{index}", f"s{index % 3}", "t", 1 + index % 2, flagged=index % 5 == 0) for index in range(40)
    ]

    drawn = draw(sightings, Plan(size=40, floor=3, failures=0.2, seed=7))

    assert len(drawn.weights) == 40


def test_a_set_that_is_drawn_again_from_the_same_traffic_is_the_same_whatever_it_held_before() -> None:
    traffic = [
        Sighting(f"c{index}", f"s{index % 9}", f"t{index % 2}", 1 + index % 3, flagged=index % 11 == 0)
        for index in range(200)
    ]
    old = [
        Sighting(f"old{index}", f"s{index % 9}", f"t{index % 2}", 0, flagged=index % 2 == 0, kept=True)
        for index in range(120)
    ]
    for size in (20, 60, 150):
        plan = Plan(size=size, floor=3, failures=0.2, seed=7)
        first = draw([*traffic, *old], plan)
        stays = first.weights.keys()
        again = [replace(each, kept=each.case_id in stays) for each in traffic]

        second = draw([*again, *(each for each in old if each.case_id in stays)], plan)

        assert len(first.weights) == size
        assert second.weights == first.weights


def test_places_for_what_stands_out_go_to_the_rest_where_too_little_does() -> None:
    sightings = [
        Sighting(f"c{index}", f"s{index % 3}", "t", 1, flagged=index % 20 == 0, kept=False) for index in range(200)
    ]

    assert len(draw(sightings, Plan(size=100, floor=3, failures=0.2, seed=7)).weights) == 100
