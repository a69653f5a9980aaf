"""Verdicts on pairs of real systems: an upgrade, a broken format, a constant answer, another week, another judge."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from llmci.core.gating.reading import Reading
from llmci.domain.verdict import Outcome, Rule
from llmci.wiring.gate import contest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from llmci.domain.verdict import GateResult

    Data = Callable[[str], Path]

pytestmark = pytest.mark.real


def said(root: Path, before: Iterable[dict[str, Any]], after: Iterable[dict[str, Any]], **reading: Any) -> GateResult:
    for name, rows in (("before.jsonl", before), ("after.jsonl", after)):
        (root / name).write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return contest(
        str(root / "before.jsonl"),
        str(root / "after.jsonl"),
        config=lambda: pytest.fail("no configuration is needed"),
        reading=Reading(**reading),
        rules=lambda read: [
            Rule(metric=name, role="primary", tolerance=0.05, slice_by=read.slices) for name in read.scores()
        ],
        by_flags=True,
    ).decide()


def gorilla(data: Path, retriever: str) -> list[dict[str, Any]]:
    rows = pq.read_table(data / "responses.parquet").to_pylist()
    return [
        {"id": row["question_id"], "score": row["correct"], "output": row["output"]}
        for row in rows
        if (row["model"], row["retriever"]) == ("gorilla_FT", retriever)
    ]


@pytest.mark.parametrize(("retriever", "outcome"), [("bm25", Outcome.REGRESSED), ("oracle", Outcome.INCONCLUSIVE)])
def test_a_retriever_that_costs_answers_fails_and_one_that_may_not_does_not(
    tmp_path: Path, shared_data: Data, retriever: str, outcome: Outcome
) -> None:
    data = shared_data("gorilla_apibench")

    assert said(tmp_path, gorilla(data, "0_shot"), gorilla(data, retriever)).outcome is outcome


def test_a_format_that_breaks_in_one_mode_is_told_while_another_improves(tmp_path: Path, shared_data: Data) -> None:
    rows = pq.read_table(shared_data("gsm8k_openai") / "outputs.parquet").to_pylist()
    before = [
        {"id": row["item_id"], "score": row["correct"], "output": row["output"], "mode": "ab"[row["item_id"] % 4 == 0]}
        for row in rows
        if row["variant"] == "175b_finetuning"
    ]
    better = {row["item_id"]: row["correct"] for row in rows if row["variant"] == "175b_verification"}
    after = [
        {**row, "score": False, "output": f"```\n{row['output']}\n```"}
        if row["mode"] == "b"
        else {**row, "score": better[row["id"]]}
        for row in before
    ]

    result = said(tmp_path, before, after, slices=("mode",))

    [broken] = [finding for finding in result.findings if "code fence" in finding.text]
    assert broken.slice == ("mode", "b")
    assert any(finding.kind == "slice" for finding in result.findings)


def test_one_answer_to_everything_that_a_judge_likes_does_not_pass(tmp_path: Path, shared_data: Data) -> None:
    rows = pq.read_table(shared_data("pandalm_human") / "pairs_0_499.parquet").to_pylist()
    before = [{"id": row["idx"], "score": float(row["gpt_result"] != "2"), "output": row["response1"]} for row in rows]
    after = [{**row, "score": 1.0, "output": "A thorough, correct and well written answer."} for row in before]

    result = said(tmp_path, before, after)

    assert result.outcome is Outcome.INCONCLUSIVE
    assert "cannot be believed" in result.headline


def test_systems_that_were_measured_in_different_weeks_are_refused(tmp_path: Path, shared_data: Data) -> None:
    rows = pq.read_table(shared_data("tau2_runs") / "airline_gpt4o_qwen.parquet").to_pylist()
    sides = [
        [
            {"id": row["task_id"], "score": row["reward"], "start_time": row["start_time"]}
            for row in rows
            if row["system"] == system
        ]
        for system in ("stock_gpt-4o-2024-11-20", "stock_qwen2.5-7b")
    ]

    result = said(tmp_path, *sides)

    assert result.outcome is Outcome.NOT_COMPARABLE
    assert "days apart" in result.because[0]


def test_another_judge_of_the_same_answers_is_refused(tmp_path: Path, shared_data: Data) -> None:
    rows = pq.read_table(shared_data("tau2_judges") / "airline.parquet").to_pylist()
    sides = [
        [
            {"id": row["task_id"], "score": row["verdict"], "judge_prompt": row["judge_prompt"]}
            for row in rows
            if row["judge_prompt"] == judge
        ]
        for judge in ("customer_outcome", "quick_triage")
    ]

    result = said(tmp_path, *sides)

    assert result.outcome is Outcome.NOT_COMPARABLE
    assert (
        "was judged by judge_prompt customer_outcome before and by judge_prompt quick_triage now" in result.because[0]
    )


@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 2), (2, 0)])
def test_the_same_answers_graded_again_do_not_fail(tmp_path: Path, shared_data: Data, one: int, other: int) -> None:
    rows = pq.read_table(shared_data("gpt4_judge_3x") / "vicuna.parquet").to_pylist()
    sides = [
        [
            {"id": f"{row['idx']}-{row['response_source']}", "score": row["gpt4_score"][at], "task": row["idx"]}
            for row in rows
        ]
        for at in (one, other)
    ]

    assert said(tmp_path, *sides, low=1.0, high=5.0, group="task").outcome is not Outcome.REGRESSED
