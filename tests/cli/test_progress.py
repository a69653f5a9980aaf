"""What a stage says of itself while it runs."""

from __future__ import annotations

from llmci.cli.progress import Tally


def a_tally(**changes: object) -> Tally:
    return Tally(**{"stage": "bench", "total": 300, "unit": "answers", "started": 0.0} | changes)  # type: ignore[arg-type]


def test_the_cost_stands_against_the_budget_from_the_first_moment() -> None:
    tally = a_tally(budget=5.0)

    assert tally.pace(1.0)[-1] == "$0.0000 of $5.00"
    tally.add(30, 0.12)
    assert tally.pace(10.0) == ["3.0/s", "90 s left", "$0.1200 of $5.00"]


def test_a_cost_without_a_budget_stands_alone_and_an_unknown_one_is_not_zero() -> None:
    tally = a_tally()

    tally.add(30, None)
    assert tally.pace(10.0) == ["3.0/s", "90 s left"]
    tally.add(0, 0.12)
    assert tally.pace(10.0)[-1] == "$0.1200"


def test_the_longest_line_fits_eighty_columns() -> None:
    tally = a_tally(total=1_000_000, done=999_999, cost=12_345.6789, budget=50_000.0)

    assert len(", ".join([f"bench: {tally.counted()}", *tally.pace(360_000.0)])) <= 80
