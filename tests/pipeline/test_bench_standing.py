"""How a candidate stands while a bench runs: counted pair by pair, whoever answers first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from builders import a_metric

from llmci.domain.run import Scored, Unscored
from llmci.pipeline.bench.standing import Standing

if TYPE_CHECKING:
    from llmci.domain.run import Score


def scored(case_id: str, value: float, **changes: Any) -> Scored:
    return Scored(**{"case_id": case_id, "repeat": 0, "metric": "correct", "value": value} | changes)


@pytest.mark.parametrize("baseline_first", [True, False])
def test_a_pair_counts_once_both_are_there(baseline_first: bool) -> None:
    standing = Standing(a_metric("correct"))

    for case_id, before, after in (("a", 0.0, 1.0), ("b", 1.0, 0.0), ("c", 1.0, 0.0), ("d", 1.0, 1.0)):
        sides = [(scored(case_id, before), True), (scored(case_id, after), False)]
        for score, of_baseline in sides if baseline_first else sides[::-1]:
            standing.add(score, of_baseline=of_baseline)

    assert standing.words() == "1 better, 2 worse"
    assert standing.so_far() == "1 better, 2 worse, verdict open"


def test_nothing_is_said_before_the_first_pair() -> None:
    standing = Standing(a_metric("correct"))

    standing.add(scored("a", 1.0), of_baseline=True)
    standing.add(scored("b", 1.0), of_baseline=False)

    assert (standing.words(), standing.so_far()) == ("", "")


def test_less_is_better_where_the_metric_says_so() -> None:
    standing = Standing(a_metric("correct", higher_is_better=False))

    standing.add(scored("a", 0.2), of_baseline=True)
    standing.add(scored("a", 0.1), of_baseline=False)

    assert standing.words() == "1 better, 0 worse"


@pytest.mark.parametrize(
    "score",
    [
        scored("a", 0.0, metric="other"),
        scored("a", 0.0, repeat=1),
        Unscored(case_id="a", repeat=0, metric="correct", why="lost", fault="infrastructure"),
    ],
    ids=["another-metric", "another-try", "no-score"],
)
def test_what_has_no_partner_is_left_out(score: Score) -> None:
    standing = Standing(a_metric("correct"), [scored("a", 1.0)])

    standing.add(score, of_baseline=False)

    assert standing.words() == ""


def test_a_baseline_that_is_not_asked_is_known_beforehand() -> None:
    standing = Standing(a_metric("correct"), [scored("a", 1.0), scored("b", 1.0)])

    standing.add(scored("b", 0.0), of_baseline=False)

    assert standing.words() == "0 better, 1 worse"
    assert Standing(None, [scored("a", 1.0)]).words() == ""
