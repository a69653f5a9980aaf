"""Columns, pairs and obstacles: what becomes of scores before anything is weighed."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from builders import a_case, a_metric, a_run, an_answer

from llmci.core.gating.columns import columns
from llmci.core.gating.comparable import metric_obstacle, nothing_changed, obstacles
from llmci.core.gating.pairs import pairs
from llmci.domain.run import Scored, Unanswered, Unscored
from llmci.domain.system import SystemSpec
from llmci.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

CORRECT = a_metric()
COST = a_metric("cost", kind="ratio", higher_is_better=False, unit="USD")
INDEX = {"a": 0, "b": 1}
CASES = [a_case("a"), a_case("b")]


def scored(case_id: str, value: float, repeat: int = 0, **more: object) -> Scored:
    return Scored(case_id=case_id, repeat=repeat, metric="correct", value=value, **more)  # type: ignore[arg-type]


def unscored(case_id: str, fault: str, metric: str = "correct") -> Unscored:
    return Unscored(case_id=case_id, repeat=0, metric=metric, why="no reply", fault=fault)  # type: ignore[arg-type]


def column_of(*scores: Scored | Unscored, **changes: object) -> np.ndarray:
    run = a_run({"a": 0, "b": 0}, scores=scores, **changes)
    return columns(run, [CORRECT], INDEX)["correct"].values


def test_tries_are_averaged_case_by_case() -> None:
    values = column_of(scored("a", 1), scored("a", 0, 1), scored("b", 1), scored("b", 1, 1), repeats=2)

    assert list(values) == [0.5, 1.0]


def test_a_failure_of_the_system_is_the_worst_value_however_it_is_recorded() -> None:
    assert list(column_of(scored("a", 1), unscored("b", "system"))) == [1.0, 0.0]
    assert list(column_of(scored("a", 1), scored("b", 1, error="timed out"))) == [1.0, 0.0]
    answers = [an_answer("a"), Unanswered(case_id="b", repeat=0, why="timed out", fault="system")]
    assert list(column_of(scored("a", 1), answers=answers)) == [1.0, 0.0]


def test_the_worst_value_is_the_highest_where_less_is_better() -> None:
    refusals = a_metric(higher_is_better=False)
    run = a_run({"a": 0, "b": 0}, scores=[scored("a", 0), unscored("b", "system")], metric=refusals)

    assert list(columns(run, [refusals], INDEX)["correct"].values) == [0.0, 1.0]


def test_a_fault_of_the_infrastructure_leaves_a_gap() -> None:
    assert math.isnan(column_of(scored("a", 1), unscored("b", "infrastructure"))[1])


def test_a_case_that_the_metric_cannot_be_asked_about_is_not_lost() -> None:
    run = a_run({"a": 0, "b": 0}, scores=[scored("a", 1), unscored("b", "case")])
    column = columns(run, [CORRECT], INDEX)["correct"]

    paired = pairs(CORRECT, column, column, 0.02)

    assert (paired.lost, paired.no_evidence) == (0, None)
    assert list(paired.kept) == [True, False]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1.5, -0.1])
def test_a_score_that_is_no_number_of_the_range_makes_the_metric_unusable(value: float) -> None:
    run = a_run({"a": 1, "b": value})

    column = columns(run, [CORRECT], INDEX)["correct"]

    assert column.unusable == "correct is no number within 0..1 in case b"


def test_a_score_for_a_case_that_was_not_asked_is_a_damaged_run() -> None:
    with pytest.raises(UsageError, match="case zzz"):
        column_of(scored("zzz", 1))


def test_two_scores_for_one_try_are_a_damaged_run() -> None:
    with pytest.raises(UsageError, match="more scores"):
        column_of(scored("a", 1), scored("a", 0), scored("b", 1))


def test_cases_that_only_one_system_can_be_scored_on_are_counted_as_missing_of_the_other() -> None:
    known = a_run({"a": 1, "b": 1})
    silent = a_run({"a": 0, "b": 0}, scores=[scored("a", 0), unscored("b", "case")])
    before, after = (columns(one, [CORRECT], INDEX)["correct"] for one in (known, silent))

    no_evidence = pairs(CORRECT, before, after, 0.02).no_evidence

    assert no_evidence is not None
    assert no_evidence.startswith("correct is missing for 1 case of the candidate (of 2)")


def test_an_unknown_cost_is_said_to_be_unknown() -> None:
    run = a_run({"a": 0, "b": 0}, scores=[unscored("a", "case", "cost"), unscored("b", "case", "cost")])
    known = a_run({"a": 0.1, "b": 0.2}, metric=COST)
    before, after = (columns(one, [COST], INDEX)["cost"] for one in (run, known))

    assert pairs(COST, before, after, 0.02).no_evidence == "cost is unknown for 2 cases of the baseline (of 2)"


def test_a_cost_that_a_failed_answer_does_not_have_is_not_unknown() -> None:
    answers = [an_answer("a"), Unanswered(case_id="b", repeat=0, why="timed out", fault="system")]
    failed = a_run({"a": 0, "b": 0}, scores=[replace(scored("a", 0.1), metric="cost")], metric=COST, answers=answers)
    known = a_run({"a": 0.1, "b": 0.2}, metric=COST)
    before, after = (columns(one, [COST], INDEX)["cost"] for one in (failed, known))

    paired = pairs(COST, before, after, 0.02)

    assert (paired.lost, paired.no_evidence, list(paired.kept)) == (0, None, [True, False])


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param(
            {"evalset_version": 2, "evalset_digest": "x"}, "main v1 before, main v2 now", id="another-version"
        ),
        pytest.param({"evalset_digest": "x"}, "differ in content", id="another-content"),
        pytest.param({"case_ids": ("a",)}, "1 case only in the baseline (b)", id="missing-case"),
        pytest.param({"case_ids": ("a", "b", "b")}, "holds 1 case twice", id="duplicate-case"),
        pytest.param({"complete": False}, "stopped early: 2 of 2 cases", id="stopped-early"),
    ],
)
def test_what_forbids_a_comparison_is_named(changes: dict[str, object], named: str) -> None:
    before = a_run({"a": 1, "b": 0})

    stops = obstacles(before, replace(before, **changes), CASES)  # type: ignore[arg-type]

    assert any(named in stop for stop in stops)


def test_runs_of_the_same_cases_with_the_same_scorers_compare() -> None:
    run = a_run({"a": 1, "b": 0})

    assert obstacles(run, run, CASES) == ()
    assert metric_obstacle(run, run, "correct") is None


@pytest.mark.parametrize(
    ("after", "named"),
    [
        (a_metric(judge="gpt-5"), "judged by no model before and by gpt-5 now"),
        (a_metric(digest="other-scorer"), "scored differently"),
        (a_metric(high=5.0), "means different things"),
        (a_metric("other"), "correct was not measured in the candidate"),
    ],
)
def test_a_metric_that_changed_its_meaning_does_not_compare(after: object, named: str) -> None:
    before = a_run({"a": 1, "b": 0})

    obstacle = metric_obstacle(before, replace(before, metrics=(after,)), "correct")  # type: ignore[arg-type]

    assert obstacle is not None
    assert named in obstacle


def _requesting(digest: str | None, kind: str = "litellm") -> object:
    return a_run(
        {"a": 1, "b": 1},
        answers=[an_answer("a", request_digest="same"), an_answer("b", request_digest=digest)],
        system=SystemSpec(name="s", kind=kind, parameters={}, digest="d"),
    )


@pytest.mark.parametrize(
    ("before", "after", "unchanged"),
    [
        (_requesting("same"), _requesting("same"), True),
        (_requesting("same"), _requesting("other"), False),
        (_requesting(None), _requesting(None), False),
        (_requesting("same", "recorded"), _requesting("same", "recorded"), False),
    ],
)
def test_only_equal_requests_of_live_systems_show_that_nothing_changed(
    before: object,
    after: object,
    unchanged: object,
) -> None:
    assert nothing_changed(before, after) is unchanged  # type: ignore[arg-type]
