"""Judges over production answers: who is asked, what it costs, and what becomes of their verdicts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from builders import NOON, a_message, a_trace
from commands import llmci
from intents import questions
from openai_server import OpenaiServer, answered
from shelves import a_clean_shelf

from llmci.config import Config, load
from llmci.errors import OutsideError, PrivacyStop, UsageError
from llmci.seams import Silent
from llmci.wiring.build import shelf_of
from llmci.wiring.evalset import build_version
from llmci.wiring.judge_labels import judge_labels, plan
from llmci.wiring.judge_work import Judging
from llmci.wiring.label import label

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aiohttp import web

    from llmci.domain.trace import TraceRow
    from llmci.wiring.judge_labels import JudgedWindow

ENVIRON = {"KEY": "sk-secret"}


class Judge(OpenaiServer):
    """Passes answers that say Lyon; of steps it blames the second."""

    def _fault(self, model: str) -> web.Response | None:
        asked = self.requests[-1]["messages"]
        if "at which an AI agent went wrong" in asked[0]["content"]:
            return answered(model, '{"reason": "it looked in the wrong place", "verdict": "2"}')
        if model.isdigit():
            return super()._fault(model)
        verdict = "pass" if "Lyon" in asked[-1]["content"].rpartition("answer")[2] else "fail"
        return answered(model, json.dumps({"reason": f"{verdict} it is", "verdict": verdict}), usage=self.usage)


@pytest.fixture(scope="module")
def running() -> Iterator[OpenaiServer]:
    with Judge().running() as server:
        yield server


@pytest.fixture
def server(running: OpenaiServer) -> OpenaiServer:
    running.forget()
    return running


def traffic() -> list[TraceRow]:
    rows = [
        a_trace(f"t{n}", text, "In Lyon." if n % 4 else "I do not know.", user_id=f"u{n % 20}", session_id=f"s{n}")
        for n, (text, _) in enumerate(questions(60, 1))
    ]
    call = {"type": "tool_call", "tool_name": "find", "tool_arguments": '{"id": 1}', "tool_call_id": "1"}
    failed = {"type": "tool_result", "tool_result": "gone", "tool_call_id": "1", "is_error": True}
    turns = [
        {"role": "assistant", "parts": [call]},
        {"role": "tool", "parts": [failed]},
        a_message("assistant", "Lost."),
    ]
    output = {"kind": "messages", "messages": turns}
    return [*rows, a_trace("agent", "Where is my blue bicycle?", replay_kind="agent", output=output)]


def a_project(path: Path, server: OpenaiServer, *, model: str = "fair", settings: str = "") -> Config:
    (path / "llmci.yaml").write_text(
        f"""
sanitize: {{recognizers: [secrets]}}
scorers:
  helpful:
    {{kind: judge, scale: binary, rubric: Says where it is., model: openai/{model}, base_url: "{server.url}",
     api_key_env: KEY, prices: {{input: 1, output: 1}}, params: {{max_tokens: 50}}, retries: 0}}
evalset: {{size: 30, reference: "judge:helpful"}}
{settings}"""
    )
    a_clean_shelf(path / ".llmci", traffic())
    config = load(path / "llmci.yaml")
    label(config, now=NOON)
    return config


def judge(config: Config, **asked: Any) -> JudgedWindow:
    fields = {"judges": ("helpful",), "sample": 20} | asked
    return judge_labels(config, Judging(**fields), ENVIRON, progress=Silent(), clock=lambda: NOON)


def labels_of(config: Config) -> dict[str, dict[str, Any]]:
    return {row["trace_id"]: row for batch in shelf_of(config, "labels").batches() for row in batch.to_pylist()}


def test_a_sample_is_judged_once_and_its_verdicts_are_in_the_labels(tmp_path: Path, server: OpenaiServer) -> None:
    config = a_project(tmp_path, server)

    found = judge(config)
    again = judge(config)

    [opinions] = found.judges
    assert len(server.requests) == opinions.chosen == opinions.judged > 15
    judged = {name: row["verdicts"] for name, row in labels_of(config).items() if row["verdicts"]}
    assert len(judged) == opinions.chosen
    for name, [verdict] in judged.items():
        assert verdict["value"] == float(name.startswith("t") and int(name[1:]) % 4 > 0)
        assert (verdict["judge"], verdict["of"]) == ("helpful", f"hash-{name}")
        assert verdict["reason"] in ("pass it is", "fail it is")
    assert again.judges[0].asked == 0
    assert opinions.approved is not None
    assert 0.4 < opinions.approved < 1
    assert found.spent > again.spent == 0


def test_flagged_traces_are_among_those_that_are_judged(tmp_path: Path, server: OpenaiServer) -> None:
    judge(config := a_project(tmp_path, server))

    assert labels_of(config)["agent"]["verdicts"]


def test_a_dry_run_says_the_cost_and_asks_nobody(tmp_path: Path, server: OpenaiServer) -> None:
    config = a_project(tmp_path, server)
    before = labels_of(config)

    [planned] = plan(config, Judging(judges=("helpful",), sample=20), ENVIRON).judges

    assert planned.judged == 0 < planned.chosen == planned.asked
    assert planned.cost is not None
    assert 0 < planned.cost < 1
    assert not server.requests
    assert labels_of(config) == before


def test_the_budget_is_never_exceeded_and_a_later_run_goes_on(tmp_path: Path, server: OpenaiServer) -> None:
    config = a_project(tmp_path, server)
    server.usage = {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050}
    [planned] = plan(config, Judging(judges=("helpful",), sample=20), ENVIRON).judges
    most = planned.cost or 0.0

    short = judge(config, budget=most / 2)
    asked = len(server.requests)
    whole = judge(config)

    assert short.halted == "budget"
    assert short.spent <= most / 2
    assert 0 < short.judges[0].judged == asked < planned.chosen
    assert len(server.requests) == whole.judges[0].judged == planned.chosen


def test_judges_are_asked_by_the_driver_alone_so_that_workers_cannot_exceed_its_budget(
    tmp_path: Path, server: OpenaiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = a_project(tmp_path, server, settings="engine: {kind: processes, workers: 2}\n")
    server.usage = {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050}
    [planned] = plan(config, Judging(judges=("helpful",), sample=20), ENVIRON).judges
    assert planned.cost is not None

    def no_workers(engine: object) -> None:
        raise AssertionError(engine)

    monkeypatch.setattr("llmci.adapters.engines.processes.ProcessesEngine.executor", no_workers)
    found = judge(config, budget=planned.cost / 2)

    assert found.halted == "budget"
    assert 0 < found.spent <= planned.cost / 2
    assert 0 < len(server.requests) < planned.asked


def test_verdicts_outlive_labelling_anew_and_end_with_the_content_that_they_judged(
    tmp_path: Path, server: OpenaiServer
) -> None:
    judge(config := a_project(tmp_path, server))
    before = {name: row["verdicts"] for name, row in labels_of(config).items() if row["verdicts"]}
    changed = min(before)

    label(config, now=NOON, recluster=True)
    assert {name: row["verdicts"] for name, row in labels_of(config).items() if row["verdicts"]} == before

    rows = [row | ({"content_hash": "new"} if row["trace_id"] == changed else {}) for row in traffic()]
    a_clean_shelf(tmp_path / ".llmci", rows)
    label(config, now=NOON)
    after = {name: row["verdicts"] for name, row in labels_of(config).items() if row["verdicts"]}
    assert after == {name: verdicts for name, verdicts in before.items() if name != changed}


def test_what_a_judge_approved_of_becomes_a_reference_and_the_rest_carries_its_rubric(
    tmp_path: Path, server: OpenaiServer
) -> None:
    judge(config := a_project(tmp_path, server), sample=61)

    cases = build_version(config, now=NOON).evalset.cases

    approved = [case for case in cases if case.reference is not None]
    assert approved
    assert {(case.reference, case.reference_origin, case.rubric) for case in approved} == {
        ("In Lyon.", "judge:helpful", None)
    }
    others = [case for case in cases if case.reference is None]
    assert {(case.rubric, case.origin.kind) for case in others} == {("Says where it is.", "failure")}


def test_a_judge_names_the_step_that_went_wrong_in_place_of_the_rule(tmp_path: Path, server: OpenaiServer) -> None:
    config = a_project(tmp_path, server)

    judge(config, judges=(), suspect="helpful")
    label(config, now=NOON, recluster=True)

    suspect = labels_of(config)["agent"]["suspect"]
    assert len(server.requests) == 1
    assert "step 2 (tool find): for" in server.requests[0]["messages"][1]["content"]
    assert (suspect["step"], suspect["name"], suspect["by"]) == (2, "tool find", "judge:helpful")
    assert suspect["why"] == "it looked in the wrong place"


def test_a_judge_that_refuses_everything_is_named_and_nothing_is_written(tmp_path: Path, server: OpenaiServer) -> None:
    config = a_project(tmp_path, server, model="401")

    with pytest.raises(OutsideError, match="helpful"):
        judge(config)

    assert not any(row["verdicts"] for row in labels_of(config).values())


def test_nothing_is_judged_that_no_manifest_vouches_for(tmp_path: Path, server: OpenaiServer) -> None:
    config = a_project(tmp_path, server)
    shelf_of(config, "clean").write_manifest({"schema": "sanitize/1"})

    with pytest.raises(PrivacyStop):
        judge(config)

    assert not server.requests


@pytest.mark.parametrize(
    ("name", "message"), [("absent", "no judge called 'absent'"), ("plain", "no judge called 'plain'")]
)
def test_what_is_no_judge_is_refused(tmp_path: Path, server: OpenaiServer, name: str, message: str) -> None:
    config = a_project(tmp_path, server)

    with pytest.raises(UsageError, match=message):
        judge(config, judges=(name,))


def test_the_command_says_what_was_approved_of(tmp_path: Path, server: OpenaiServer) -> None:
    a_project(tmp_path, server)

    planned = llmci("label", "--judge", "helpful", "--sample", "5", "--dry-run", cwd=tmp_path, environ=ENVIRON)
    done = llmci("label", "--judge", "helpful", "--sample", "5", cwd=tmp_path, environ=ENVIRON)

    assert "helpful: 5 traces chosen, 0 judged before, 5 calls, at most $" in planned.stdout
    assert "helpful: 5 of 5 traces judged; approves of" in done.stdout
    assert "not calibrated" in done.stdout
