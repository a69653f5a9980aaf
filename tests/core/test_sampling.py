from __future__ import annotations

from llmci.core.evalsets.sampling import Plan, Sighting, draw


def test_a_set_that_may_hold_everything_holds_everything() -> None:
    sightings = [
        Sighting(f"c{index}", f"s{index % 3}", "t", 1 + index % 2, flagged=index % 5 == 0) for index in range(40)
    ]

    drawn = draw(sightings, Plan(size=40, floor=3, failures=0.2, seed=7))

    assert len(drawn.weights) == 40
