"""Agents' traces from the pull to the report: each action as a case of its own, and whole conversations with recorded tools."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from bench_project import run
from builders import NOON, a_message, a_trace
from openai_server import OpenaiServer, answered
from scaled import stages
from shelves import a_clean_shelf

from llmci.config import Config, load
from llmci.domain.run import Scored, Unanswered
from llmci.domain.verdict import Outcome
from llmci.errors import UsageError
from llmci.wiring.evalset import build_version
from llmci.wiring.label import label
from llmci.wiring.stored_report import report_runs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aiohttp import web

    from llmci.domain.evalset import EvalSet
    from llmci.domain.trace import TraceRow

TOOLS = [
    {"type": "function", "function": {"name": name, "description": "", "parameters": {"type": "object"}}}
    for name in ("find_order", "refund", "cancel")
]
CITIES = ["Lyon", "Porto", "Gent", "Turin", "Bonn", "Graz", "Brno", "Oulu", "Split", "Cork"]


class Agent(OpenaiServer):
    """Finds the order, refunds it and says so; `hasty` cancels the order instead of refunding it."""

    def _fault(self, model: str) -> web.Response | None:
        messages = self.requests[-1]["messages"]
        question = next(message["content"] for message in messages if message["role"] == "user")
        number = question.rpartition(" ")[2]
        done = sum(message["role"] == "tool" for message in messages)
        second = "cancel" if model == "hasty" else "refund"
        if done < 2:
            made = [
                call("find_order", f'{{"city": "{question.split()[4]}", "id": {number}}}'),
                call(second, f'{{"id":{number}}}'),
            ][done]
            return answered(model, None, [made])
        return answered(model, "It is done.")


def call(name: str, arguments: str) -> dict[str, Any]:
    return {"id": f"{name}-1", "type": "function", "function": {"name": name, "arguments": arguments}}


@pytest.fixture(scope="module")
def running() -> Iterator[OpenaiServer]:
    with Agent().running() as server:
        yield server


@pytest.fixture
def server(running: OpenaiServer) -> OpenaiServer:
    running.forget()
    return running


def a_record(number: int) -> dict[str, Any]:
    """A trace of the agent, as an application logs it: the keys of the arguments in another order."""
    city = CITIES[number % len(CITIES)]
    found = {"role": "tool", "tool_call_id": "find_order-1", "content": json.dumps({"id": number, "paid": 20 + number})}
    refunded = {"role": "tool", "tool_call_id": "refund-1", "content": "refunded"}
    return {
        "id": f"t{number}",
        "user_id": f"u{number}",
        "tools": TOOLS,
        "messages": [
            {"role": "user", "content": f"Refund my order from {city} please, it is number {number}"},
            {"role": "assistant", "tool_calls": [call("find_order", f'{{"id": {number}, "city": "{city}"}}')]},
            found,
            {"role": "assistant", "tool_calls": [call("refund", f'{{"id": {number}}}')]},
            refunded,
            {"role": "assistant", "content": "It is done."},
        ],
    }


SOURCE = "sources: {prod: {kind: jsonl, path: agents.jsonl}}\nsanitize: {recognizers: [secrets]}\n"


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pulled, sanitized and labelled traces of the agent."""
    root = tmp_path_factory.mktemp("agents")
    (root / "agents.jsonl").write_text("".join(json.dumps(a_record(number)) + "\n" for number in range(60)))
    (root / "llmci.yaml").write_text(SOURCE)
    stages(load(root / "llmci.yaml"))
    return root


def a_project(pulled: Path, root: Path, url: str, agents: str, systems: str, scorer: str) -> tuple[Config, EvalSet]:
    """A set of those traces, and two agents for it."""
    shutil.copytree(pulled, root, dirs_exist_ok=True)
    (root / "llmci.yaml").write_text(
        f"""{SOURCE}
evalset: {{agents: {agents}, size: 200}}
systems:
  baseline: {{kind: litellm, model: openai/careful, base_url: "{url}", api_key_env: KEY{systems}}}
  candidate: {{extends: baseline, model: openai/hasty}}
scorers:
  {scorer}
gates:
  - {{metric: way, tolerance: 10pt}}
"""
    )
    config = load(root / "llmci.yaml")
    return config, build_version(config, now=NOON).evalset


def test_each_action_is_a_case_and_a_gate_says_which_tool_it_was(
    server: OpenaiServer, pulled: Path, tmp_path: Path
) -> None:
    scorer = "way: {kind: tool-calls, compare: exact}"
    config, made = a_project(pulled, tmp_path, server.url, "steps", "", scorer)

    outcome = run(config, made)
    reported = report_runs(config, outcome.baseline, outcome.candidate, [tmp_path / "report.json"], evalset=made)

    assert len(made.cases) == 180
    assert {case.slices["action"] for case in made.cases} == {"find_order", "refund", "answer"}
    # A step depends on the others of its conversation.
    assert len({case.dependence for case in made.cases}) == 60
    assert sum(case.weight for case in made.cases) == pytest.approx(1)
    assert [tool.name for tool in made.cases[0].tools] == ["find_order", "refund", "cancel"]
    assert reported.result.outcome is Outcome.REGRESSED
    marks = {score.case_id: score.value for score in outcome.candidate.scores if isinstance(score, Scored)}
    assert {case.slices["action"] for case in made.cases if marks[case.case_id] == 0} == {"refund"}
    findings = " ".join(finding.text for finding in reported.result.findings)
    assert "action refund carries" in findings
    assert "call cancel" in findings


def test_recorded_tools_answer_the_candidate_and_the_report_says_where_it_strays(
    server: OpenaiServer, pulled: Path, tmp_path: Path
) -> None:
    systems = ", tool_replay: {on_miss: stop}"
    config, made = a_project(pulled, tmp_path, server.url, "replay", systems, "way: {kind: tool-path}")

    outcome = run(config, made)
    reported = report_runs(config, outcome.baseline, outcome.candidate, [tmp_path / "report.md"], evalset=made)

    assert len(made.cases) == 60
    assert made.cases[0].expectations["tool_results"][1]["result"] == "refunded"  # type: ignore[index]
    assert {score.value for score in outcome.baseline.scores if isinstance(score, Scored)} == {1.0}
    reasons = {score.reason for score in outcome.candidate.scores if isinstance(score, Scored)}
    assert reasons == {"call 2 is cancel, and was refund when it was recorded"}
    assert reported.result.outcome is Outcome.REGRESSED
    told = (tmp_path / "report.md").read_text()
    assert "100 % of the candidate's answers call cancel" in told


def test_a_call_that_was_never_recorded_is_a_failure_of_the_candidate(
    server: OpenaiServer, pulled: Path, tmp_path: Path
) -> None:
    config, made = a_project(pulled, tmp_path, server.url, "replay", ", tool_replay: {}", "way: {kind: tool-path}")

    outcome = run(config, made)

    lost = [answer for answer in outcome.candidate.answers if isinstance(answer, Unanswered)]
    assert {(answer.fault, answer.why) for answer in lost} == {
        ("system", "its call 2 is of a tool that was not called when it was recorded")
    }
    assert len(lost) == 60


def an_agent(trace_id: str, question: str, **columns: Any) -> TraceRow:
    """A trace whose model calls were logged with their prompts; its own output is only the last word."""
    asked = [a_message("system", "Be brief."), a_message("user", question)]
    made = {"type": "tool_call", "tool_name": "look", "tool_arguments": '{"at": 1}', "tool_call_id": "1"}
    found = {"type": "tool_result", "tool_result": "4", "tool_call_id": "1"}
    first = {"role": "assistant", "parts": [made]}
    tools = [{"name": "look", "description": "", "parameters": "{}"}]

    def model(seq: int, before: list[Any], said: Any) -> dict[str, Any]:
        payloads = {
            "input": {"kind": "messages", "messages": before},
            "output": {"kind": "messages", "messages": [said]},
        }
        return {"span_id": f"s{seq}", "seq": seq, "kind": "llm", "request": {"tools": tools}, **payloads}

    tool = {
        "span_id": "s2",
        "seq": 2,
        "kind": "tool",
        "tool_name": "look",
        "input": {"kind": "json", "json": '{"at":1}'},
        "output": {"kind": "text", "text": "4"},
    }
    fetched = {"span_id": "s0", "seq": 0, "kind": "retriever", "name": "index", "output": {"kind": "text", "text": "x"}}
    last = model(3, [*asked, first, {"role": "tool", "parts": [found]}], a_message("assistant", "It is 4."))
    steps = [last, model(1, asked, first), tool, fetched]
    return a_trace(trace_id, question, "It is 4.", replay_kind="agent", user_id=trace_id, **{"steps": steps} | columns)


def a_set(root: Path, rows: list[TraceRow], agents: str) -> EvalSet:
    (root / "llmci.yaml").write_text(f"evalset: {{agents: {agents}, size: 50}}")
    a_clean_shelf(root / ".llmci", rows)
    config = load(root / "llmci.yaml")
    label(config, now=NOON)
    return build_version(config, now=NOON).evalset


def test_logged_model_calls_are_the_steps_with_their_own_prompts_and_tools(tmp_path: Path) -> None:
    made = a_set(tmp_path, [an_agent(f"t{n}", f"What is at {n}?") for n in range(6)], "steps")

    first, last = sorted((case for case in made.cases if case.origin.trace_id == "t0"), key=lambda c: len(c.messages))
    assert [message.role for message in last.messages] == ["system", "user", "assistant", "tool"]
    assert first.expectations["tool_calls"] == [{"name": "look", "arguments": '{"at": 1}'}]
    assert last.expectations["tool_calls"] == []
    assert (first.slices["action"], last.slices["action"]) == ("look", "answer")
    assert [tool.name for tool in first.tools] == ["look"]


def test_what_code_fetched_by_itself_is_no_recorded_call(tmp_path: Path) -> None:
    made = a_set(tmp_path, [an_agent(f"t{n}", f"What is at {n}?") for n in range(6)], "replay")

    assert made.cases[0].expectations["tool_results"] == [{"name": "look", "arguments": '{"at":1}', "result": "4"}]


def test_what_a_failed_agent_did_is_not_to_be_imitated(tmp_path: Path) -> None:
    failed = [an_agent(f"f{n}", f"What went wrong at {n}?", status="error") for n in range(3)]

    made = a_set(tmp_path, [*failed, *(an_agent(f"t{n}", f"What is at {n}?") for n in range(6))], "steps")

    assert {case.origin.trace_id for case in made.cases} == {f"t{n}" for n in range(6)}
    assert made.parameters["left out"] == {"an agent that failed, or no input": 3}
    only = tmp_path / "only"
    only.mkdir()
    with pytest.raises(UsageError, match="an agent that failed"):
        a_set(only, failed, "steps")


def test_the_recording_ends_where_the_user_has_the_next_word(tmp_path: Path) -> None:
    made = {"type": "tool_call", "tool_name": "look", "tool_arguments": "{}", "tool_call_id": "1"}
    found = {"role": "tool", "parts": [{"type": "tool_result", "tool_result": "4", "tool_call_id": "1"}]}
    acted = [{"role": "assistant", "parts": [made]}, found, a_message("assistant", "It is 4.")]
    output = {"kind": "messages", "messages": [*acted, a_message("user", "And now?"), *acted]}

    rows = [an_agent(f"t{n}", f"What is at {n}?", steps=[], output=output) for n in range(6)]
    made_set = a_set(tmp_path, rows, "replay")

    assert made_set.cases[0].expectations["tool_calls"] == [{"name": "look", "arguments": "{}"}]
