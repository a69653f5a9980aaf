from __future__ import annotations

from typing import Any

import pytest
from builders import NOON, a_case, a_run
from report_builders import a_result

from llmci.domain.verdict import Outcome
from llmci.errors import NoDecisionError
from llmci.pipeline.promote import baseline_record, proposals


def label(trace_id: str, *flags: str, cluster: str = "a", anomaly: float = 0.1, **columns: Any) -> dict[str, Any]:
    return {"trace_id": trace_id, "flags": list(flags), "cluster_name": cluster, "anomaly": anomaly, **columns}


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


def test_failures_that_the_set_does_not_hold_are_proposed_a_topic_in_turn_the_strangest_first() -> None:
    labels = [
        label("t1", "thumbs_down", anomaly=0.2),
        label("t2", "error", anomaly=0.9),
        label("t3", "refusal", cluster="b"),
        label("fine"),
        label("slow", "slow"),
        label("trace-c1", "error"),
        label("twin", "error", near_duplicate_of="t1"),
    ]

    found = proposals(labels, [a_case("c1")], most=10)

    assert [(item.trace_id, item.reasons) for item in found] == [
        ("t2", ("error",)),
        ("t3", ("refusal",)),
        ("t1", ("thumbs_down",)),
    ]


def test_no_more_are_proposed_than_asked_for() -> None:
    assert len(proposals([label(f"t{n}", "error") for n in range(9)], [], most=4)) == 4
