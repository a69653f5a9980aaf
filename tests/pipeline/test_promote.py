from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from builders import NOON, a_case, a_run
from report_builders import a_result, a_verdict

from llmci.domain.case import Origin
from llmci.domain.verdict import CaseChange, Outcome
from llmci.errors import NoDecisionError
from llmci.pipeline.promote import (
    STALE_AFTER,
    Failure,
    Held,
    additions,
    baseline_record,
    broken_in_bench,
    failing,
    rollout_record,
    stale,
)


def label(trace_id: str, *flags: str, cluster: str = "a", anomaly: float = 0.1, **columns: Any) -> dict[str, Any]:
    return {"trace_id": trace_id, "flags": list(flags), "cluster_name": cluster, "anomaly": anomaly, **columns}


def a_failure(case_id: str, variant: str = "baseline") -> Failure:
    return Failure(f"trace-{case_id}", case_id, ("error",), "a", variant)


def a_known_failure(case_id: str) -> Any:
    return a_case(case_id, origin=Origin(kind="failure", trace_id=f"trace-{case_id}"))


def proposed(failures: list[Failure], held: Held) -> list[tuple[str, str, str]]:
    found = additions(failures, held, treatment="candidate", promotion="run-2", most=9)
    return [(change.action, change.case_id, change.seen_in) for change in found]


def test_a_candidate_that_passed_becomes_the_baseline_with_its_evidence() -> None:
    run = a_run({"c1": 1.0}, run_id="run-2")

    record = baseline_record(a_result(outcome=Outcome.PASSED), run, now=NOON.isoformat(), reason=None)

    assert record["run"] == "run-2"
    assert record["evalset"] == {"name": "main", "version": 1, "digest": "set-digest"}
    assert record["verdict"]["outcome"] == "passed"  # type: ignore[index]


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.PASSED])
def test_a_candidate_that_did_not_pass_needs_a_reason(outcome: Outcome) -> None:
    with pytest.raises(NoDecisionError, match="not promoted"):
        baseline_record(a_result(outcome=outcome), a_run({"c1": 1.0}), now="", reason=None)

    assert baseline_record(a_result(outcome=outcome), a_run({"c1": 1.0}), now="", reason="urgent")["reason"] == "urgent"


def test_a_rollout_is_promoted_when_the_candidate_has_all_of_the_traffic() -> None:
    moves = [{"plan": "p", "digest": "d", "to": share, "because": "shown"} for share in (0.05, 1.0)]

    record = rollout_record(moves, treatment="new", control="old", now="", reason=None)

    assert record["system"] == {"name": "new"}
    assert record["verdict"] == {"outcome": "passed", "headline": "shown", "against": "old"}
    with pytest.raises(NoDecisionError, match="the candidate has 5% of the traffic"):
        rollout_record(moves[:1], treatment="new", control="old", now="", reason=None)
    assert rollout_record([], treatment="new", control="old", now="", reason="by hand")["reason"] == "by hand"


def test_failures_are_looked_at_a_topic_in_turn_the_strangest_first_and_twins_once() -> None:
    labels = [
        label("t1", "thumbs_down", anomaly=0.2),
        label("t2", "error", anomaly=0.9),
        label("t3", "refusal", cluster="b"),
        label("fine"),
        label("slow", "slow"),
        label("trace-known", "error"),
        label("wanted", "error"),
        label("twin", "error", near_duplicate_of="t1"),
        label("another twin", "error", near_duplicate_of="wanted"),
        label("first of two", "error", near_duplicate_of="fine", anomaly=0.15),
    ]
    held = Held([a_known_failure("known")], wanted={"wanted"})

    assert list(failing(labels, held, most=10)) == ["t2", "t3", "t1", "first of two"]
    assert list(failing(labels, held, most=2)) == ["t2", "t3"]


def test_an_input_is_proposed_once_with_where_it_was_seen_and_not_where_the_set_holds_it_as_a_failure() -> None:
    held = Held([a_known_failure("known"), a_case("drawn by chance")])

    found = proposed(
        [a_failure("known"), a_failure("new"), a_failure("new"), a_failure("drawn by chance", "candidate")], held
    )

    assert found == [("add", "new", "production"), ("add", "drawn by chance", "canary candidate")]


def test_a_failure_that_was_retired_and_comes_again_is_opened_again() -> None:
    assert proposed([a_failure("old")], Held(retired={"old"})) == [("reopen", "old", "production")]


def test_cases_that_the_candidate_broke_under_a_metric_that_decides_are_kept_from_now_on() -> None:
    changes = (
        CaseChange(case_id="c1", metric="correct", baseline=1.0, candidate=0.0, difference=-1.0),
        CaseChange(case_id="c2", metric="correct", baseline=0.0, candidate=1.0, difference=1.0),
        CaseChange(case_id="c3", metric="watched", baseline=1.0, candidate=0.0, difference=-1.0),
        CaseChange(case_id="c4", metric="correct", baseline=1.0, candidate=0.0, difference=-1.0),
    )
    result = a_result(verdicts=(a_verdict(),), changes=changes)
    held = Held([a_case(name) for name in ("c1", "c2", "c3", "c4")], wanted={"trace-c4"})

    [change] = broken_in_bench(result, held, promotion="run-2", most=9)

    assert (change.action, change.trace_id, change.seen_in) == ("add", "trace-c1", "bench run-2")


def test_a_failure_is_stale_when_it_passed_in_the_last_runs_and_fails_in_production_no_more() -> None:
    held = Held([a_known_failure(name) for name in ("passes", "fails", "fails outside")] + [a_case("drawn")])
    values = {"passes": 1.0, "fails": 1.0, "fails outside": 1.0, "drawn": 1.0}
    runs = [replace(a_run(values), run_id=f"run-{number}") for number in range(STALE_AFTER)]
    runs[-1] = a_run({**values, "fails": 0.0})

    found = stale(held, runs, {"fails outside"}, promotion="run-2")

    assert [(change.action, change.case_id) for change in found] == [("retire", "passes")]
    assert stale(held, runs[1:], set(), promotion="run-2") == []
