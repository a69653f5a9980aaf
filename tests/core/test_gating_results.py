from __future__ import annotations

import math
from typing import Any

import pytest

from llmci.core.gating.reading import Reading, ResultFile
from llmci.core.gating.results import runs_of
from llmci.domain.result import ResultRow
from llmci.domain.run import Scored, Unscored
from llmci.errors import UsageError


def a_file(*rows: dict[str, Any], name: str = "a.jsonl") -> ResultFile:
    return ResultFile(name, [ResultRow(f"line {at}", row) for at, row in enumerate(rows, start=1)])


def test_rows_become_cases_and_scores() -> None:
    file = a_file({"id": 1, "score": True, "app": "mail", "talk": "t1"}, {"id": 2, "score": 0, "app": "", "talk": "t1"})

    before, _, cases = runs_of(file, file, Reading(group="talk", slices=("app",)))

    assert before.case_ids == ("1", "2")
    assert [score.value for score in before.scores if isinstance(score, Scored)] == [1.0, 0.0]
    assert [case.dependence for case in cases] == ["t1", "t1"]
    assert [dict(case.slices) for case in cases] == [{"app": "mail"}, {}]
    assert sum(case.weight for case in cases) == pytest.approx(1)


@pytest.mark.parametrize(
    ("values", "kind"),
    [((0, 1), "binary"), ((True, False), "binary"), (("pass", "FAIL"), "binary"), ((0.2, 1), "graded")],
)
def test_the_kind_of_a_metric_is_seen_in_both_files(values: tuple[Any, Any], kind: str) -> None:
    files = [a_file({"id": "a", "score": value}) for value in values]

    assert runs_of(*files, Reading())[0].metrics[0].kind == kind


def test_stars_need_their_range() -> None:
    file = a_file({"id": "a", "score": 4})

    with pytest.raises(UsageError, match=r"outside 0\.\.1, such as 4") as error:
        runs_of(file, file, Reading())
    assert "--range 1:5" in error.value.fix
    assert runs_of(file, file, Reading(low=1, high=5))[0].metrics[0].high == 5


def test_an_empty_cell_is_a_gap_and_an_empty_cost_is_unknown() -> None:
    file = a_file({"id": "a", "score": None, "cost": ""})

    run = runs_of(file, file, Reading(metrics=("score",), ratios=("cost",)))[0]

    assert run.scores == (Unscored(case_id="a", repeat=0, metric="cost", why="empty", fault="case"),)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        pytest.param([{"id": "a", "score": 1}, {"id": "a", "score": 0}], "stands twice .line 1 and line 2", id="id"),
        pytest.param([{"key": "a", "score": 1}], "there is no column 'id'", id="no-id"),
        pytest.param([{"id": "a"}], "there is no column 'score'", id="no-score"),
        pytest.param([{"id": "a", "score": "good"}], "line 1, score: not a number", id="text"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        runs_of(a_file(*rows), a_file(*rows), Reading())


def test_a_score_that_is_not_a_number_is_kept_for_the_gate_to_refuse() -> None:
    file = a_file({"id": "a", "score": math.nan}, {"id": "b", "score": 1})

    run = runs_of(file, file, Reading())[0]

    assert math.isnan(run.scores[0].value)  # type: ignore[union-attr]


def test_a_named_column_that_is_missing_is_not_taken_for_empty() -> None:
    file = a_file({"id": "a", "score": 1})

    for reading in (Reading(weight="share"), Reading(group="user")):
        with pytest.raises(UsageError, match="there is no column"):
            runs_of(file, file, reading)
