"""Spans in OTLP-JSON files, in two dialects and any order, become traces."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulling import a_source, outcomes

from llmci.core.traces.digest import sealed
from llmci.core.traces.otlp import span_of
from llmci.core.traces.records import Origin
from llmci.core.traces.spans import trace_of
from llmci.domain.trace import TRACE
from llmci.seams import Rejected

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.domain.trace import TraceRow

NOON = 1795176000_000_000_000
CALL = {"id": "call_9", "name": "track", "arguments": '{"parcel":778}'}
GENAI: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.request.temperature": 0.2,
    "gen_ai.usage.input_tokens": 274,
    "gen_ai.usage.output_tokens": 18,
    "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "You help shoppers."}]),
    "gen_ai.input.messages": json.dumps(
        [{"role": "user", "parts": [{"type": "text", "content": "Where is parcel 778?"}]}]
    ),
    "gen_ai.output.messages": json.dumps(
        [{"role": "assistant", "parts": [{"type": "tool_call", **CALL}], "finish_reason": "tool_call"}]
    ),
}
OPENINFERENCE: dict[str, Any] = {
    "openinference.span.kind": "LLM",
    "llm.provider": "openai",
    "llm.model_name": "gpt-4o-mini",
    "llm.invocation_parameters": '{"temperature":0.2}',
    "llm.token_count.prompt": 274,
    "llm.token_count.completion": 18,
    "llm.input_messages.0.message.role": "system",
    "llm.input_messages.0.message.content": "You help shoppers.",
    "llm.input_messages.1.message.role": "user",
    "llm.input_messages.1.message.contents.0.message_content.type": "text",
    "llm.input_messages.1.message.contents.0.message_content.text": "Where is parcel 778?",
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.finish_reason": "tool_calls",
    "llm.output_messages.0.message.tool_calls.0.tool_call.id": "call_9",
    "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "track",
    "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": CALL["arguments"],
    "input.value": '{"messages": "the same once more"}',
}


def any_value(value: object) -> dict[str, object]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [any_value(item) for item in value]}}
        case _:
            return {"stringValue": value}


def a_span(span_id: str, parent: str = "", trace: str = "AA", at: int = 0, **more: Any) -> dict[str, Any]:
    attributes = more.pop("attributes", {})
    return {
        "traceId": trace,
        "spanId": span_id,
        "parentSpanId": parent,
        "name": f"span {span_id}",
        "startTimeUnixNano": str(NOON + at * 1_000_000),
        "endTimeUnixNano": str(NOON + (at + 10) * 1_000_000),
        "attributes": [{"key": key, "value": any_value(value)} for key, value in attributes.items()],
        **more,
    }


def a_line(*spans: dict[str, Any], **resource: str) -> str:
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in resource.items()]
    return json.dumps(
        {"resourceSpans": [{"resource": {"attributes": attributes}, "scopeSpans": [{"spans": list(spans)}]}]}
    )


def pulled(root: Path, *lines: str, **options: Any) -> list[TraceRow | Rejected]:
    (root / "otel.jsonl").write_text("\n".join(lines) + "\n")
    return outcomes(a_source("otlp", root, path="otel.jsonl", **options))


def one(root: Path, *spans: dict[str, Any], **options: Any) -> TraceRow:
    [row] = pulled(root, a_line(*spans, **{"service.name": "bot", "service.version": "2026.11"}), **options)
    assert isinstance(row, dict)
    return row


def test_two_dialects_give_the_same_messages(tmp_path: Path) -> None:
    genai = one(tmp_path, a_span("01", attributes=GENAI))
    openinference = one(tmp_path, a_span("01", attributes=OPENINFERENCE))

    for column in ("input", "output", "usage", "replay_kind", "missing", "cost"):
        assert genai[column] == openinference[column], column
    assert [message["role"] for message in genai["input"]["messages"]] == ["system", "user"]
    assert genai["output"]["messages"][0]["parts"][0]["tool_arguments"] == CALL["arguments"]
    assert genai["request"]["model"] == openinference["request"]["model"] == "gpt-4o-mini"


def test_usage_is_summed_over_model_calls_and_not_over_their_parents(tmp_path: Path) -> None:
    spans = [
        a_span("01", attributes={"openinference.span.kind": "AGENT", "input.value": "Where?", "output.value": "Lyon.", "llm.token_count.prompt": 548}),
        a_span("02", "01", at=1, attributes=GENAI),
        a_span("03", "01", at=2, attributes={"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "track", "gen_ai.tool.call.result": "Lyon"}),
        a_span("04", "01", at=3, attributes=GENAI),
        a_span("05", "04", at=4, attributes=OPENINFERENCE),
    ]  # fmt: skip

    row = one(tmp_path, *spans)

    assert row["usage"] == {"input": 548, "output": 36, "total": 584}
    assert (row["replay_kind"], row["complete"], row["missing"]) == ("agent", True, [])
    assert (row["input"]["text"], row["output"]["text"]) == ("Where?", "Lyon.")
    assert [(step["span_id"], step["depth"], step["kind"]) for step in row["steps"]] == [
        ("01", 0, "agent"),
        ("02", 1, "llm"),
        ("03", 1, "tool"),
        ("04", 1, "llm"),
        ("05", 2, "llm"),
    ]
    assert row["replay_step"] == 1


def test_a_retriever_and_one_model_call_are_rag(tmp_path: Path) -> None:
    retrieved = {
        "openinference.span.kind": "RETRIEVER",
        "retrieval.documents.0.document.id": "d1",
        "retrieval.documents.0.document.content": "Parcels go to Lyon.",
        "retrieval.documents.0.document.score": 0.9,
        "retrieval.documents.1.document.id": "d2",
    }
    spans = [a_span("01"), a_span("02", "01", attributes=retrieved), a_span("03", "01", at=1, attributes=GENAI)]

    row = one(tmp_path, *spans)

    assert row["replay_kind"] == "rag"
    assert [(document["id"], document["rank"]) for document in row["documents"]] == [("d1", 0), ("d2", 1)]
    assert row["documents"][0]["score"] == 0.9


def test_spans_of_one_trace_may_stand_on_any_line_of_any_file(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text(a_line(a_span("01", trace="aa"), a_span("11", trace="BB")))
    (tmp_path / "a.jsonl").write_text(a_line(a_span("02", "01", trace="AA", attributes=GENAI)))

    rows = outcomes(a_source("otlp", tmp_path, path="*.jsonl"))

    assert {row["trace_id"]: len(row["steps"]) for row in rows if isinstance(row, dict)} == {"aa": 2, "bb": 1}
    assert not list((tmp_path / ".llmci" / "raw").iterdir())


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    silent = {key: value for key, value in GENAI.items() if "messages" not in key and "instructions" not in key}

    row = one(tmp_path, a_span("02", "01", attributes=silent))

    assert row["replay_kind"] == "none"
    assert row["missing"] == ["root", "llm_messages", "input", "output"]
    assert row["complete"] is False


def test_messages_may_come_in_events(tmp_path: Path) -> None:
    events = [
        {"name": "gen_ai.user.message", "attributes": [{"key": "content", "value": {"stringValue": "Where?"}}]},
        {"name": "gen_ai.choice", "attributes": [{"key": "message", "value": {"stringValue": '{"role": "assistant", "content": "Lyon."}'}}, {"key": "finish_reason", "value": {"stringValue": "stop"}}]},
    ]  # fmt: skip

    row = one(tmp_path, a_span("01", attributes={"gen_ai.operation.name": "chat"}, events=events))

    assert row["input"]["messages"][0]["parts"] == [{"type": "text", "text": "Where?"}]
    assert row["output"]["messages"] == [
        {"role": "assistant", "finish_reason": "stop", "parts": [{"type": "text", "text": "Lyon."}]}
    ]


def test_errors_evaluations_and_facts_are_read(tmp_path: Path) -> None:
    attributes = {
        **GENAI,
        "session.id": "s-5",
        "user.id": "u-81",
        "metadata": '{"plan": "gold"}',
        "tag.tags": ["prod"],
        "shop.arm": "canary",
    }
    events = [
        {"name": "exception", "attributes": [{"key": "exception.type", "value": {"stringValue": "Timeout"}}]},
        {
            "name": "gen_ai.evaluation.result",
            "attributes": [
                {"key": "gen_ai.evaluation.name", "value": {"stringValue": "relevance"}},
                {"key": "gen_ai.evaluation.score.value", "value": {"doubleValue": 0.5}},
            ],
        },
    ]
    span = a_span("01", attributes=attributes, events=events, status={"code": 2, "message": "too slow"})

    row = one(tmp_path, span, variant="shop.arm")

    assert (row["session_id"], row["user_id"], row["variant"], row["version"]) == ("s-5", "u-81", "canary", "2026.11")
    assert (row["status"], row["error_type"], row["error"]) == ("error", "Timeout", "too slow")
    assert [(score["name"], score["num"]) for score in row["scores"]] == [("relevance", 0.5)]
    assert (row["tags"], row["metadata"]) == (["prod"], '{"plan":"gold","service.name":"bot"}')


def test_a_circle_of_parents_and_a_span_sent_twice_do_no_harm(tmp_path: Path) -> None:
    spans = [a_span("01", "02"), a_span("02", "01"), a_span("02", "01", attributes=GENAI)]

    row = one(tmp_path, *spans)

    assert len(row["steps"]) == 2
    assert row["usage"]["input"] == 274


def test_a_trace_with_very_many_spans_keeps_its_tree_without_payloads(tmp_path: Path) -> None:
    spans = [a_span("0"), *(a_span(f"{number:x}", "0", at=number, attributes=GENAI) for number in range(1, 2001))]

    row = one(tmp_path, *spans)

    assert len(row["steps"]) == 2001
    assert "steps_truncated" in row["missing"]
    assert "input" not in row["steps"][1]
    assert row["usage"]["input"] == 274 * 2000


@pytest.mark.parametrize(
    ("line", "why"),
    [
        pytest.param('{"resourceSpans": [', "not valid JSON", id="truncated"),
        pytest.param("[]", "not a JSON object", id="a-list"),
        pytest.param('{"hello": "user"}', "no spans", id="something-else"),
        pytest.param(a_line({"traceId": "AA", "name": "no span id"}), "without a trace id", id="no-ids"),
    ],
)
def test_a_bad_line_is_rejected_and_the_rest_goes_on(tmp_path: Path, line: str, why: str) -> None:
    found = pulled(tmp_path, line, a_line(a_span("01", attributes=GENAI)))

    bad, row = found
    assert isinstance(bad, Rejected)
    assert isinstance(row, dict)
    assert bad.where == "otel.jsonl:1"
    assert why in bad.why


def test_an_attribute_that_is_nested_too_deeply_rejects_its_trace_alone(tmp_path: Path) -> None:
    deep = '[{"role": "user", "content": ' + "[" * 300 + "]" * 300 + "}]"
    bad, row = pulled(
        tmp_path,
        a_line(a_span("01", attributes={"gen_ai.input.messages": deep})),
        a_line(a_span("01", trace="BB", attributes=GENAI)),
    )

    assert bad == Rejected("otel.jsonl:1", "nested too deeply")
    assert isinstance(row, dict)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "content", "message", "0", "document", "type"]), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = sorted({*GENAI, *OPENINFERENCE, "retrieval.documents.0.document", "llm.tools.0.tool", "metadata", "gen_ai.tool.definitions", "gen_ai.response.finish_reasons", "tag.tags", "gen_ai.usage.cost"})  # fmt: skip


@given(st.dictionaries(st.sampled_from(NAMES), JSON), st.dictionaries(st.sampled_from(["name", "status", "events", "startTimeUnixNano", "endTimeUnixNano", "parentSpanId"]), JSON))  # fmt: skip
def test_whatever_a_span_holds_becomes_a_trace(attributes: dict[str, Any], span: dict[str, Any]) -> None:
    logged = {"traceId": "AA", "spanId": "01", **span, "attributes": attributes}

    row = trace_of([span_of(logged, {})], Origin("prod", "otlp"))

    sealed(row, datetime(2026, 11, 20, tzinfo=UTC))
    pa.RecordBatch.from_pylist([row], schema=TRACE)


def a_log(name: str, span: str = "01", at: int = 0, body: Any = None, **more: Any) -> dict[str, Any]:
    attributes = {"event.name": name, **more.pop("attributes", {})}
    return {
        "traceId": "AA",
        "spanId": span,
        "timeUnixNano": str(NOON + at),
        "attributes": [{"key": key, "value": any_value(value)} for key, value in attributes.items()],
        "body": body or {},
        **more,
    }


def logs(*records: dict[str, Any]) -> str:
    return json.dumps({"resourceLogs": [{"resource": {}, "scopeLogs": [{"logRecords": list(records)}]}]})


def struct(**values: Any) -> dict[str, Any]:
    pairs = [
        {"key": key, "value": struct(**value) if isinstance(value, dict) else any_value(value)}
        for key, value in values.items()
    ]
    return {"kvlistValue": {"values": pairs}}


CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}
CALLED = [{"id": "call_9", "type": "function", "function": {"name": "track", "arguments": '{"parcel":  778}'}}]
PER_MESSAGE = [
    a_log("gen_ai.system.message", body=struct(content="You help.")),
    a_log("gen_ai.user.message", at=1, body={"stringValue": '{"content": "Where is it?"}'}),
    a_log("gen_ai.assistant.message", at=2, body={"stringValue": json.dumps({"tool_calls": CALLED})}),
    a_log("gen_ai.tool.message", at=3, body=struct(content="Lyon", id="call_9")),
    a_log("gen_ai.choice", at=4, body=struct(index=0, finish_reason="stop", message={"role": "assistant", "content": "In Lyon."})),
]  # fmt: skip
DETAILS = {
    "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "You help."}]),
    "gen_ai.input.messages": json.dumps(
        [
            {"role": "user", "parts": [{"type": "text", "content": "Where is it?"}]},
            {"role": "assistant", "parts": [{"type": "tool_call", "id": "call_9", "name": "track", "arguments": '{"parcel":  778}'}]},
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "call_9", "response": "Lyon"}]},
        ]
    ),
    "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "In Lyon."}], "finish_reason": "stop"}]),
}  # fmt: skip
DETAILS_EVENT = "gen_ai.client.inference.operation.details"


def spoken_in(row: TraceRow) -> list[tuple[str, str | None]]:
    """Who said what; an index or an outer id that only one of the forms has is no matter."""
    found = []
    for message in [*row["input"]["messages"], *row["output"]["messages"]]:
        [part] = message["parts"]
        found.append((message["role"], part.get("text") or part.get("tool_result") or part.get("tool_arguments")))
    return found


SPOKEN = [("system", "You help."), ("user", "Where is it?"), ("assistant", '{"parcel":  778}'), ("tool", "Lyon"), ("assistant", "In Lyon.")]  # fmt: skip


@pytest.mark.parametrize(
    "records",
    [
        pytest.param(PER_MESSAGE, id="one-for-each-message"),
        pytest.param([*PER_MESSAGE[3:], *PER_MESSAGE[:3], *PER_MESSAGE], id="sent-twice-and-out-of-order"),
        pytest.param([a_log(DETAILS_EVENT, attributes=DETAILS)], id="one-for-all"),
        pytest.param([a_log("", eventName=DETAILS_EVENT, body=struct(**DETAILS))], id="in-its-body"),
    ],
)
def test_events_that_came_as_log_records_join_their_span(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    spans = a_line(a_span("00"), a_span("01", "00", at=1, attributes=CHAT))

    [row] = pulled(tmp_path, logs(*records[:2]), spans, logs(*records[2:]))

    assert isinstance(row, dict)
    assert spoken_in(row) == SPOKEN
    assert [(step["span_id"], step["kind"], step["events"]) for step in row["steps"]] == [("00", "span", None), ("01", "llm", None)]  # fmt: skip
    assert (row["replay_kind"], row["missing"]) == ("chat", [])


def test_events_without_spans_are_a_call_of_their_own(tmp_path: Path) -> None:
    [row] = pulled(tmp_path, logs(a_log(DETAILS_EVENT, attributes={**DETAILS, **CHAT, "gen_ai.usage.input_tokens": 7})))

    assert isinstance(row, dict)
    assert spoken_in(row) == SPOKEN
    assert (row["name"], row["request"]["model"], row["usage"]["input"]) == ("chat m", "m", 7)
    assert row["latency_ms"] is None


@pytest.mark.parametrize(
    ("attributes", "records"),
    [
        pytest.param(CHAT, [{**one, "body": {}} for one in PER_MESSAGE[:2]], id="events-without-content"),
        pytest.param({"openinference.span.kind": "LLM", "llm.model_name": "m", "input.value": "__REDACTED__", "llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": "__REDACTED__"}, [], id="openinference-hides"),
        pytest.param({**CHAT, "gen_ai.input.messages": '[{"role": "user", "parts": []}]'}, [], id="no-parts"),
    ],
)  # fmt: skip
def test_content_that_was_not_captured_is_missing(
    tmp_path: Path, attributes: dict[str, Any], records: list[dict[str, Any]]
) -> None:
    [row] = pulled(tmp_path, a_line(a_span("01", attributes=attributes)), logs(*records))

    assert isinstance(row, dict)
    assert row["input"] == {"kind": "none"}
    assert row["replay_kind"] == "none"
    assert "input" in row["missing"]


def test_an_evaluation_that_came_as_a_log_record_is_a_score(tmp_path: Path) -> None:
    told = {"gen_ai.evaluation.name": "grounded", "gen_ai.evaluation.score.value": 0.5}
    records = [a_log("gen_ai.evaluation.result", span=span, attributes=told) for span in ("01", "elsewhere")]

    [row] = pulled(tmp_path, a_line(a_span("01", attributes=CHAT)), logs(*records))
    [alone] = pulled(tmp_path, logs(records[0]))

    assert isinstance(row, dict)
    assert [(score["name"], score["num"]) for score in row["scores"]] == [("grounded", 0.5)] * 2
    assert alone == Rejected("otel.jsonl:1", "an evaluation of a span that was not sent")


def test_what_is_no_genai_event_is_left_out_and_said_where_there_is_nothing_else(tmp_path: Path) -> None:
    other = a_log("http.request", body={"stringValue": "GET /"})
    span = a_line(a_span("01", attributes=CHAT))

    first = pulled(tmp_path, logs(other, *PER_MESSAGE), span, '{"resourceMetrics": []}')
    second = pulled(tmp_path, logs(other, other), span)
    third = pulled(tmp_path, logs({**PER_MESSAGE[0], "traceId": ""}), span)

    assert [one for one in first if isinstance(one, Rejected)] == [Rejected("otel.jsonl", "1 exports hold metrics, which are not read")]  # fmt: skip
    assert Rejected("otel.jsonl", "none of its 2 log records is an event of the GenAI conventions") in second
    assert Rejected("otel.jsonl:1", "a GenAI event without a trace id") in third
    assert [len(found) for found in (first, second, third)] == [2, 2, 2]


def test_log_records_are_read_from_protobuf_files_too(tmp_path: Path) -> None:
    from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

    data = LogsData()
    record = data.resource_logs.add().scope_logs.add().log_records.add()
    record.trace_id, record.span_id, record.time_unix_nano = bytes(16), bytes(8), NOON
    record.event_name = "gen_ai.user.message"
    pair = record.body.kvlist_value.values.add(key="content")
    pair.value.string_value = "Where is it?"
    traces = TracesData()
    span = traces.resource_spans.add().scope_spans.add().spans.add(name="chat", start_time_unix_nano=NOON)
    span.trace_id, span.span_id = bytes(16), bytes(8)
    span.attributes.add(key="gen_ai.operation.name").value.string_value = "chat"
    for name, message in (("logs.binpb", data), ("traces.binpb", traces)):
        (tmp_path / name).write_bytes(message.SerializeToString())

    [row] = outcomes(a_source("otlp", tmp_path, path="*.binpb"))

    assert isinstance(row, dict)
    assert row["input"]["messages"] == [{"role": "user", "parts": [{"type": "text", "text": "Where is it?"}]}]
