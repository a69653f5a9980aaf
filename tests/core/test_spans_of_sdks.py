"""One conversation, traced by the SDKs' own instrumentation, is the same trace; see `dialects/make_spans.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from one_conversation import ANSWER, ARGUMENTS, ASKED, SYSTEM, span, spoken

from llmci.core.traces.payloads import text_in
from llmci.core.traces.records import Origin
from llmci.core.traces.spans import trace_of

TRACED = json.loads((Path(__file__).parent / "dialects" / "spans.json").read_text(encoding="utf-8"))
CALL = ("assistant", ("call", "call_9", "track", ARGUMENTS))
# The kit of Google keeps the objects that its tools return, and adds to the instructions who the agent is.
FOUND = {"google-adk/agent": '{"result":"Lyon"}'}


@pytest.mark.parametrize("form", sorted(TRACED))
def test_the_last_model_call_has_the_whole_conversation(form: str) -> None:
    trace = traced(form)
    last = [step for step in trace["steps"] if step["kind"] == "llm"][-1]

    said = spoken([*last["input"]["messages"], *last["output"]["messages"]])

    assert [(role, what) for role, what in said if role != "system"] == [
        ASKED,
        CALL,
        ("tool", ("result", "call_9", FOUND.get(form, "Lyon"))),
        ANSWER,
    ]
    assert said[0][0] == "system"
    assert said[0][1].startswith(SYSTEM[1])


@pytest.mark.parametrize("form", sorted(TRACED))
def test_the_trace_is_what_was_asked_and_what_was_answered_with_its_tool_between(form: str) -> None:
    trace = traced(form)
    tools = [step for step in trace["steps"] if step["kind"] == "tool"]

    assert (text_in(trace["input"], "user"), str(text_in(trace["output"], "assistant")).strip()) == (
        ASKED[1],
        ANSWER[1],
    )
    assert (trace["replay_kind"], trace["missing"]) == ("agent", [])
    assert [(step["tool_name"], step["tool_call_id"]) for step in tools] == [("track", "call_9")]
    assert "778" in str(tools[0]["input"])
    assert "Lyon" in str(tools[0]["output"])


def traced(form: str) -> dict[str, Any]:
    return trace_of([span(logged) for logged in TRACED[form]["spans"]], Origin("prod", "otlp-json"))


VERCEL = [
    {
        "name": "ai.generateText",
        "parent": None,
        "attributes": {
            "ai.operationId": "ai.generateText",
            "ai.prompt": json.dumps({"system": "Be brief.", "prompt": "Where is parcel 778?"}),
            "ai.response.text": "It is in Lyon.",
            "ai.usage.promptTokens": 40,
            "ai.usage.completionTokens": 9,
        },
    },
    {
        "name": "ai.generateText.doGenerate",
        "parent": "0",
        "attributes": {
            "ai.operationId": "ai.generateText.doGenerate",
            "ai.model.id": "m",
            "ai.prompt.messages": json.dumps(
                [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": [{"type": "text", "text": "Where is parcel 778?"}]},
                ]
            ),
            "ai.response.toolCalls": json.dumps([{"toolCallId": "call_9", "toolName": "track", "input": ARGUMENTS}]),
            "ai.response.finishReason": "tool-calls",
            "ai.usage.inputTokens": 40,
            "ai.usage.outputTokens": 9,
            "ai.usage.cachedInputTokens": 30,
            "ai.response.msToFirstChunk": 120.5,
            "ai.telemetry.metadata.userId": "u-81",
        },
    },
    {
        "name": "ai.toolCall",
        "parent": "0",
        "attributes": {
            "ai.operationId": "ai.toolCall",
            "ai.toolCall.name": "track",
            "ai.toolCall.id": "call_9",
            "ai.toolCall.args": '{"parcel": 778}',
            "ai.toolCall.result": '"Lyon"',
        },
    },
]


def test_spans_of_the_vercel_sdk_are_read_by_its_own_attributes() -> None:
    spans = [
        span(
            {
                "name": one["name"],
                "context": {"trace_id": "t", "span_id": str(number)},
                "parent_id": one["parent"],
                "start_time": f"2026-11-21T12:00:0{number}Z",
                "end_time": "2026-11-21T12:00:09Z",
                "attributes": one["attributes"],
                "events": [],
            }
        )
        for number, one in enumerate(VERCEL)
    ]

    trace = trace_of(spans, Origin("prod", "otlp-json"))

    root, call, tool = trace["steps"]
    assert [step["kind"] for step in trace["steps"]] == ["chain", "llm", "tool"]
    assert spoken(root["input"]["messages"]) == [SYSTEM, ASKED]
    assert spoken(trace["output"]["messages"]) == [ANSWER]
    assert spoken([*call["input"]["messages"], *call["output"]["messages"]]) == [SYSTEM, ASKED, CALL]
    assert call["output"]["messages"][0]["finish_reason"] == "tool_calls"
    assert (tool["tool_name"], tool["tool_call_id"]) == ("track", "call_9")
    assert trace["usage"] == {"input": 40, "output": 9, "total": 49, "cache_read": 30}
    assert (trace["ttft_ms"], trace["user_id"], trace["request"]["model"]) == (120.5, "u-81", "m")


def test_mastra_counts_tokens_in_the_request_and_keeps_what_was_said_in_the_step_around_it() -> None:
    asked = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where is parcel 778?"}]
    calls = [{"toolCallId": "call_9", "toolName": "track", "args": ARGUMENTS}]
    told: list[tuple[str | None, dict[str, Any]]] = [
        (None, {"mastra.span.type": "agent_run", "gen_ai.operation.name": "invoke_agent", "gen_ai.system_instructions": "Be brief.", "mastra.agent_run.input": "Where is parcel 778?", "mastra.agent_run.output": '{"text":"It is in Lyon.","files":[]}'}),
        ("0", {"mastra.span.type": "model_step", "gen_ai.operation.name": "agent_step", "mastra.model_step.input": json.dumps(asked), "mastra.model_step.output": json.dumps({"text": "", "toolCalls": calls})}),
        ("1", {"mastra.span.type": "model_inference", "gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 40, "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":""}]}]'}),
    ]  # fmt: skip
    spans = [
        span({"name": "s", "context": {"trace_id": "t", "span_id": str(n)}, "parent_id": parent, "start_time": f"2026-11-21T12:00:0{n}Z", "end_time": "2026-11-21T12:00:09Z", "attributes": attributes, "events": []})
        for n, (parent, attributes) in enumerate(told)
    ]  # fmt: skip

    row = trace_of(spans, Origin("prod", "otlp"))

    assert [step["kind"] for step in row["steps"]] == ["agent", "chain", "llm"]
    assert spoken(row["input"]["messages"]) == [SYSTEM, ASKED]
    assert spoken(row["output"]["messages"]) == [ANSWER]
    call = row["steps"][2]
    assert spoken([*call["input"]["messages"], *call["output"]["messages"]]) == [SYSTEM, ASKED, CALL]
    assert (row["usage"]["input"], row["missing"]) == (40, [])


@pytest.mark.parametrize(
    ("attributes", "wanted"),
    [
        pytest.param(
            {
                "events": json.dumps(
                    [
                        {"event.name": "gen_ai.system.message", "role": "system", "content": "Be brief."},
                        {"event.name": "gen_ai.user.message", "role": "user", "content": "Where is parcel 778?"},
                        {
                            "event.name": "gen_ai.choice",
                            "message": {
                                "role": "assistant",
                                "tool_calls": [
                                    {
                                        "id": "call_9",
                                        "type": "function",
                                        "function": {"name": "track", "arguments": '{"parcel": 778}'},
                                    }
                                ],
                            },
                        },
                    ]
                )
            },
            [SYSTEM, ASKED, CALL],
            id="pydantic-ai-1",
        ),
        pytest.param(
            {
                "gen_ai.prompt.0.role": "system",
                "gen_ai.prompt.0.content": "Be brief.",
                "gen_ai.prompt.1.role": "user",
                "gen_ai.prompt.1.content": "Where is parcel 778?",
                "gen_ai.completion.0.role": "assistant",
                "gen_ai.completion.0.finish_reason": "tool_calls",
                "gen_ai.completion.0.tool_calls.0.id": "call_9",
                "gen_ai.completion.0.tool_calls.0.name": "track",
                "gen_ai.completion.0.tool_calls.0.arguments": '{"parcel": 778}',
            },
            [SYSTEM, ASKED, CALL],
            id="openllmetry",
        ),
        pytest.param(
            {
                "request_data": json.dumps(
                    {"model": "m", "messages": [{"role": "user", "content": "Where is parcel 778?"}]}
                ),
                "response_data": json.dumps({"message": {"role": "assistant", "content": "It is in Lyon."}}),
            },
            [ASKED, ANSWER],
            id="logfire",
        ),
        pytest.param(
            {
                "gcp.vertex.agent.llm_request": json.dumps(
                    {
                        "model": "gemini",
                        "config": {"system_instruction": "Be brief."},
                        "contents": [{"role": "user", "parts": [{"text": "Where is parcel 778?"}]}],
                    }
                ),
                "gcp.vertex.agent.llm_response": json.dumps(
                    {"content": {"role": "model", "parts": [{"text": "It is in Lyon."}]}, "finish_reason": "STOP"}
                ),
                "gcp.vertex.agent.tool_call_args": "{}",
            },
            [SYSTEM, ASKED, ANSWER],
            id="google-adk-before-conventions",
        ),
        pytest.param(
            {
                "gen_ai.operation.name": "acompletion",
                "gen_ai.input.messages": json.dumps(
                    [{"role": "user", "parts": [{"type": "text", "content": ASKED[1]}]}]
                ),
                "gen_ai.output.messages": json.dumps(
                    [{"role": "assistant", "parts": [], "finish_reason": "tool_calls"}]
                ),
                "gen_ai.completion.0.function_call.name": "track",
                "gen_ai.completion.0.function_call.id": "call_9",
                "gen_ai.completion.0.function_call.arguments": '{"parcel": 778}',
            },
            [ASKED, CALL],
            id="litellm-calls-beside-empty-parts",
        ),
        pytest.param(
            {
                "mastra.span.type": "agent_run",
                "mastra.agent_run.input": json.dumps([{"role": "user", "content": "Where is parcel 778?"}]),
                "mastra.agent_run.output": json.dumps([{"role": "assistant", "content": "It is in Lyon."}]),
            },
            [ASKED, ANSWER],
            id="mastra",
        ),
    ],
)
def test_attributes_that_only_one_sdk_writes_become_messages(
    attributes: dict[str, Any], wanted: list[tuple[str, Any]]
) -> None:
    times = {"start_time": "2026-11-21T12:00:00Z", "end_time": "2026-11-21T12:00:01Z", "events": []}
    logged = {"name": "s", "context": {"trace_id": "t", "span_id": "s"}, "parent_id": None, **times}

    trace = trace_of([span({**logged, "attributes": attributes})], Origin("prod", "otlp-json"))

    assert spoken([*trace["input"]["messages"], *trace["output"]["messages"]]) == wanted


def test_metadata_that_was_logged_as_a_python_repr_is_read() -> None:
    logged = {
        "name": "litellm_request",
        "context": {"trace_id": "t", "span_id": "s"},
        "parent_id": None,
        "start_time": "2026-11-21T12:00:00Z",
        "end_time": "2026-11-21T12:00:01Z",
        "attributes": {
            "metadata": "{'plan': 'free', 'n': None}",
            "metadata.requester_metadata": "{'variant': 'canary'}",
        },
        "events": [],
    }

    trace = trace_of([span(logged)], Origin("prod", "otlp-json"))

    assert json.loads(trace["metadata"]) == {"plan": "free", "n": None, "requester_metadata": {"variant": "canary"}}


def test_tools_that_were_logged_within_the_input_are_those_of_the_request() -> None:
    tool = {"type": "function", "function": {"name": "track", "parameters": {"type": "object"}}}
    value = json.dumps({"messages": [{"role": "user", "content": "Where is parcel 778?"}], "tools": [tool]})
    logged = {
        "name": "OpenAI",
        "context": {"trace_id": "t", "span_id": "s"},
        "parent_id": None,
        "start_time": "2026-11-21T12:00:00Z",
        "end_time": "2026-11-21T12:00:01Z",
        "attributes": {"openinference.span.kind": "LLM", "llm.model_name": "m", "input.value": value},
        "events": [],
    }

    trace = trace_of([span(logged)], Origin("prod", "otlp-json"))

    assert (trace["request"]["model"], [tool["name"] for tool in trace["request"]["tools"]]) == ("m", ["track"])
