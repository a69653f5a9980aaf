"""Files of well-known tools are told apart and read without a mapping."""

from __future__ import annotations

import bz2
import csv
import json
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

import pytest
from pulling import a_source, outcomes

from llmci.core.traces.logged_spans import SPAN_PRESETS
from llmci.core.traces.mapping import PresetName
from llmci.core.traces.payloads import text_in
from llmci.core.traces.presets import PRESETS
from llmci.seams import Rejected, Window

if TYPE_CHECKING:
    from pathlib import Path

ASKED, ANSWER = "Where is parcel 778?", "In Lyon."
CHAT_REQUEST = {
    "model": "gpt-4o-mini",
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": ASKED}],
    "temperature": 0.2,
    "tools": [{"type": "function", "function": {"name": "track", "parameters": {"type": "object"}}}],
    "tool_choice": "auto",
    "response_format": {"type": "json_object"},
    "user": "u-81",
}
CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1795096931,
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": ANSWER}},
        {"index": 1, "finish_reason": "stop", "message": {"role": "assistant", "content": "Lyon, France."}},
    ],
    "usage": {
        "prompt_tokens": 30,
        "completion_tokens": 3,
        "total_tokens": 33,
        "prompt_tokens_details": {"cached_tokens": 16},
    },
}
RESPONSES_REQUEST = {"model": "gpt-4o-mini", "instructions": "Be brief.", "input": ASKED, "temperature": 0.2}
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1795096931,
    "model": "gpt-4o-mini-2024-07-18",
    "status": "completed",
    "instructions": "Be brief.",
    "output": [
        {"type": "reasoning", "id": "rs", "summary": []},
        {"type": "message", "id": "m", "role": "assistant", "content": [{"type": "output_text", "text": ANSWER}]},
    ],
    "usage": {
        "input_tokens": 30,
        "output_tokens": 3,
        "input_tokens_details": {"cached_tokens": 16},
        "total_tokens": 33,
    },
}
ANTHROPIC_REQUEST = {
    "model": "claude-haiku",
    "system": [{"type": "text", "text": "Be brief."}],
    "messages": [{"role": "user", "content": ASKED}],
    "max_tokens": 400,
    "tools": [{"name": "track", "input_schema": {"type": "object"}}],
    "metadata": {"user_id": "u-81"},
}
ANTHROPIC = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4",
    "stop_reason": "end_turn",
    "content": [{"type": "thinking", "thinking": "Look it up.", "signature": "s"}, {"type": "text", "text": ANSWER}],
    "usage": {"input_tokens": 14, "cache_read_input_tokens": 16, "cache_creation_input_tokens": 0, "output_tokens": 3},
}


def written(root: Path, *records: Any, kind: str = "jsonl", **options: Any) -> list[Any]:
    if kind == "json":
        (root / "log.json").write_text(json.dumps(records[0]))
    else:
        (root / "log.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return outcomes(a_source(kind, root, path=f"log.{kind}", **options))


@pytest.mark.parametrize(
    ("record", "dialect"),
    [
        pytest.param({"request": CHAT_REQUEST, "response": CHAT, "user_id": "u-81"}, "openai-chat", id="chat"),
        pytest.param({"request": RESPONSES_REQUEST, "response": RESPONSE, "user_id": "u-81"}, "openai-responses", id="responses"),
        pytest.param({**RESPONSE, "input": ASKED, "user": "u-81"}, "openai-responses", id="response-alone"),
        pytest.param({"request": ANTHROPIC_REQUEST, "response": ANTHROPIC}, "anthropic-messages", id="anthropic"),
        pytest.param({"request_body": json.dumps(CHAT_REQUEST), "response_body": json.dumps(CHAT)}, "openai-chat", id="bodies-as-text"),
    ],
)  # fmt: skip
def test_requests_with_their_responses_are_whole_traces(tmp_path: Path, record: dict[str, Any], dialect: str) -> None:
    [row] = written(tmp_path, record)

    assert [message["role"] for message in row["input"]["messages"]] == ["system", "user"]
    assert (text_in(row["input"], "user"), text_in(row["output"], "assistant")) == (ASKED, ANSWER)
    assert (row["usage"]["input"], row["usage"]["cache_read"], row["usage"]["output"]) == (30, 16, 3)
    assert row["request"]["dialect"] == dialect
    assert row["request"]["model"] in (CHAT_REQUEST["model"], ANTHROPIC_REQUEST["model"], RESPONSE["model"])
    assert row["request"]["response_model"] in (CHAT["model"], ANTHROPIC["model"])
    assert (row["user_id"], row["replay_kind"], row["missing"], row["cost"]) == ("u-81", "chat", [], None)


def test_a_request_keeps_its_tools_parameters_and_formats(tmp_path: Path) -> None:
    [row] = written(tmp_path, {"request": CHAT_REQUEST, "response": CHAT})

    request = row["request"]
    assert json.loads(request["params"]) == {"temperature": 0.2}
    assert (request["tool_choice"], request["response_format"]) == ("auto", '{"type":"json_object"}')
    assert [tool["name"] for tool in request["tools"]] == ["track"]
    assert (row["trace_id"], row["start"]) == ("chatcmpl-1", datetime.fromtimestamp(1795096931, UTC))


@pytest.mark.parametrize("order", ["requests-first", "answers-first"])
def test_a_batch_is_joined_over_its_files_whatever_their_order(tmp_path: Path, order: str) -> None:
    asked = [
        {"custom_id": f"case-{n}", "method": "POST", "url": "/v1/chat/completions", "body": CHAT_REQUEST}
        for n in range(3)
    ]
    answered = [
        {"id": f"b{n}", "custom_id": f"case-{n}", "response": {"status_code": 200, "body": CHAT}, "error": None}
        for n in (2, 0)
    ]
    failed = {
        "id": "b1",
        "custom_id": "case-1",
        "response": {"status_code": 400, "body": {"error": {"message": "no", "type": "invalid_request_error"}}},
        "error": None,
    }
    names = ("a.jsonl", "b.jsonl") if order == "requests-first" else ("b.jsonl", "a.jsonl")
    for name, records in zip(names, (asked, [*answered, failed]), strict=True):
        (tmp_path / name).write_text("".join(json.dumps(record) + "\n" for record in records))

    rows = {row["trace_id"]: row for row in outcomes(a_source("jsonl", tmp_path, path="*.jsonl"))}

    assert sorted(rows) == ["case-0", "case-1", "case-2"]
    assert all(text_in(row["input"], "user") == ASKED for row in rows.values())
    assert text_in(rows["case-2"]["output"], "assistant") == ANSWER
    assert (rows["case-1"]["status"], rows["case-1"]["error_type"], rows["case-1"]["missing"]) == (
        "error",
        "invalid_request_error",
        ["output"],
    )


def test_an_answer_of_a_batch_changes_with_its_request(tmp_path: Path) -> None:
    answer = {"id": "b", "custom_id": "c", "response": {"status_code": 200, "body": CHAT}, "error": None}
    (tmp_path / "out.jsonl").write_text(json.dumps(answer) + "\n")
    source = a_source("jsonl", tmp_path, path="*.jsonl")
    [before] = source.shards(Window())

    (tmp_path / "in.jsonl").write_text(json.dumps({"custom_id": "c", "url": "/v1", "body": CHAT_REQUEST}) + "\n")

    after = {shard.shard_id: shard.fingerprint for shard in source.shards(Window())}
    assert after[before.shard_id] != before.fingerprint


def test_results_of_anthropics_batches_are_joined_too(tmp_path: Path) -> None:
    records = [
        {"custom_id": "a", "params": ANTHROPIC_REQUEST},
        {"custom_id": "b", "params": ANTHROPIC_REQUEST},
        {"custom_id": "a", "result": {"type": "succeeded", "message": ANTHROPIC}},
        {
            "custom_id": "b",
            "result": {
                "type": "errored",
                "error": {"type": "error", "error": {"type": "invalid_request", "message": "no"}},
            },
        },
    ]

    good, bad = written(tmp_path, *records)

    assert (text_in(good["input"], "user"), text_in(good["output"], "assistant")) == (ASKED, ANSWER)
    assert (good["usage"]["input"], good["request"]["dialect"]) == (30, "anthropic-messages")
    assert (bad["trace_id"], bad["status"]) == ("b", "error")


HELICONE = {
    "request_id": "h1",
    "request_created_at": "2026-11-20T10:00:00Z",
    "response_created_at": "2026-11-20T10:00:02Z",
    "request_model": "gpt-4o-mini",
    "request_user_id": "u-81",
    "request_properties": {"Variant": "canary", "Helicone-Session-Id": "s-5"},
    "prompt_tokens": 274,
    "completion_tokens": 18,
    "delay_ms": 1311,
    "time_to_first_token": 420,
    "cost_usd": 0.000047,
    "response_status": 200,
    "scores": {"thumbs": {"value": 0}},
}


def test_helicone_rows_tell_who_which_variant_and_what_it_cost(tmp_path: Path) -> None:
    with_bodies, without = written(
        tmp_path,
        {**HELICONE, "request_body": CHAT_REQUEST, "response_body": CHAT},
        {**HELICONE, "request_id": "h2", "signed_body_url": "https://example.org/b"},
    )

    assert (text_in(with_bodies["input"], "user"), text_in(with_bodies["output"], "assistant")) == (ASKED, ANSWER)
    facts = ("trace_id", "user_id", "session_id", "variant", "latency_ms", "ttft_ms", "status")
    assert tuple(with_bodies[name] for name in facts) == ("h1", "u-81", "s-5", "canary", 1311, 420, "ok")
    assert with_bodies["cost"] == {"total": 0.000047, "currency": "USD", "origin": "reported"}
    assert (with_bodies["usage"]["input"], with_bodies["scores"][0]["num"]) == (274, 0)
    assert (without["replay_kind"], without["missing"]) == (
        "none",
        ["user_message", "input", "output"],
    ) or "input" in without["missing"]


def braintrust(span: str, parent: str | None, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"e-{span}",
        "span_id": span,
        "root_span_id": "r",
        "span_parents": [parent] if parent else None,
        "created": "2026-11-20T10:00:00Z",
        "span_attributes": {"type": kind, "name": f"{kind} {span}"},
        "metrics": {"start": 1795096931.0 + len(span), "end": 1795096933.0},
        **more,
    }


def test_braintrust_rows_are_folded_into_traces_by_their_root(tmp_path: Path) -> None:
    llm = braintrust(
        "aa", "r", "llm",
        input=[{"role": "user", "content": ASKED}],
        output=[{"role": "assistant", "content": ANSWER}],
        metadata={"model": "gpt-4o-mini"},
    )  # fmt: skip
    llm["metrics"] |= {
        "prompt_tokens": 274,
        "completion_tokens": 18,
        "prompt_cached_tokens": 64,
        "time_to_first_token": 0.4,
        "estimated_cost": 0,
    }
    root = braintrust(
        "r", None, "task", input={"question": ASKED}, output=ANSWER, expected="Lyon", scores={"thumbs": 0, "none": None},
        metadata={"user_id": "u-81", "session_id": "s-5", "variant": "canary"}, tags=["prod"],
    )  # fmt: skip
    other = {**braintrust("x", None, "llm", input="Hi", output="Hello"), "root_span_id": "x"}

    rows = {row["trace_id"]: row for row in written(tmp_path, llm, other, root)}

    row = rows["r"]
    assert sorted(rows) == ["r", "x"]
    assert [(step["kind"], step["depth"]) for step in row["steps"]] == [("chain", 0), ("llm", 1)]
    assert row["usage"] == {"input": 274, "output": 18, "total": 292, "cache_read": 64}
    # A logged 0 for tokens that were used is a price that was not known.
    assert (row["cost"], row["ttft_ms"], row["variant"], row["user_id"], row["tags"]) == (
        None,
        400,
        "canary",
        "u-81",
        ["prod"],
    )
    scores = {score["name"]: score for score in row["scores"]}
    assert (scores["thumbs"]["num"], scores["expected"]["text"], sorted(scores)) == (0, "Lyon", ["expected", "thumbs"])


def weave(call: str, parent: str | None, op: str, **more: Any) -> dict[str, Any]:
    return {
        "id": call,
        "project_id": "shop/bot",
        "op_name": f"weave:///shop/bot/op/{op}:v1",
        "trace_id": "t1",
        "parent_id": parent,
        "started_at": f"2026-11-20T10:00:0{len(call)}Z",
        "ended_at": "2026-11-20T10:00:09Z",
        "attributes": {"variant": "canary"},
        "summary": {},
        "inputs": {},
        **more,
    }


def test_weave_calls_are_folded_and_tokens_are_counted_once(tmp_path: Path) -> None:
    summary = {
        "usage": {"gpt-4o-mini": {"prompt_tokens": 274, "completion_tokens": 18}},
        "weave": {
            "costs": {"gpt-4o-mini": {"prompt_tokens_total_cost": 0.25, "completion_tokens_total_cost": 0.5}},
            "feedback": [{"id": "f", "feedback_type": "wandb.reaction.1", "creator": "ana", "created_at": "2026-11-20T11:00:00Z", "payload": {"emoji": "up"}}],
        },
    }  # fmt: skip
    root = weave("a", None, "answer", inputs={"self": "Bot()", "question": ASKED}, output=ANSWER, summary=summary)
    call = weave(
        "aa",
        "a",
        "openai.chat.completions.create",
        inputs=CHAT_REQUEST,
        output={**CHAT, "choices": CHAT["choices"][:1]},
        summary=summary,
    )  # type: ignore[index]

    [row] = written(tmp_path, call, root)

    assert [(step["name"], step["kind"]) for step in row["steps"]] == [
        ("answer", "chain"),
        ("openai.chat.completions.create", "llm"),
    ]
    assert (row["usage"]["input"], row["cost"]["total"], row["variant"]) == (274, 0.75, "canary")
    assert row["request"]["model"] == "gpt-4o-mini"
    assert text_in(row["steps"][1]["output"], "assistant") == ANSWER
    assert [(score["name"], score["annotator"], score["author"]) for score in row["scores"]] == [
        ("reaction", "human", "ana")
    ] * 2


def test_rows_of_a_tool_in_a_json_array_are_read_like_lines(tmp_path: Path) -> None:
    rows = written(
        tmp_path,
        [{"request": CHAT_REQUEST, "response": CHAT}, 7, {"id": "t", "input": "a", "output": "b"}],
        kind="json",
    )

    assert [row["trace_id"] if isinstance(row, dict) else row.where for row in rows] == [
        "chatcmpl-1",
        "log.json: record 2",
        "t",
    ]


def test_results_of_promptfoo_are_traces_with_their_scores(tmp_path: Path) -> None:
    result = {
        "id": "1d2e",
        "promptIdx": 0,
        "testIdx": 3,
        "vars": {"question": ASKED},
        "prompt": {"raw": json.dumps(CHAT_REQUEST["messages"]), "label": "brief"},
        "provider": {"id": "openai:gpt-4o-mini", "label": ""},
        "response": {"output": ANSWER, "tokenUsage": {"total": 33, "prompt": 30, "completion": 3}},
        "success": True,
        "score": 0.5,
        "namedScores": {"tone": 1},
        "latencyMs": 1311,
        "cost": 0.01,
        "failureReason": 0,
        "gradingResult": {"pass": True, "reason": "All assertions passed"},
    }

    [row] = written(tmp_path, {"evalId": "e", "results": {"version": 3, "results": [result]}}, kind="json")

    assert [message["role"] for message in row["input"]["messages"]] == ["system", "user"]
    assert (text_in(row["output"], "assistant"), row["variant"], row["latency_ms"]) == (ANSWER, "brief", 1311)
    assert {score["name"]: score["num"] for score in row["scores"]} == {"success": 1, "score": 0.5, "tone": 1}
    assert row["usage"] == {"input": 30, "output": 3, "total": 33}


@pytest.mark.parametrize("suffix", ["json", "eval"])
def test_samples_of_inspect_are_traces_with_their_scores(tmp_path: Path, suffix: str) -> None:
    header = {"version": 2, "eval": {"eval_id": "e1", "task": "parcels", "model": "openai/gpt-4o-mini"}}
    sample = {
        "id": 1,
        "epoch": 2,
        "uuid": "u1",
        "input": ASKED,
        "target": "Lyon",
        "messages": [
            {"role": "user", "content": ASKED},
            {"role": "assistant", "content": ANSWER, "model": "gpt-4o-mini"},
        ],
        "output": {
            "model": "gpt-4o-mini",
            "choices": [],
            "usage": {"input_tokens": 30, "output_tokens": 3, "total_tokens": 33},
        },
        "scores": {"match": {"value": "C", "explanation": "It says Lyon."}},
        "total_time": 1.5,
    }
    path = tmp_path / f"log.{suffix}"
    if suffix == "json":
        path.write_text(json.dumps({**header, "samples": [sample]}))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("header.json", json.dumps(header))
            archive.writestr("samples/1_epoch_2.json", json.dumps(sample))

    [row] = outcomes(a_source("json", tmp_path, path=path.name))

    assert (row["trace_id"], row["name"], row["latency_ms"]) == ("u1", "parcels", 1500)
    assert (text_in(row["input"], "user"), text_in(row["output"], "assistant")) == (ASKED, ANSWER)
    [score] = row["scores"]
    assert (score["name"], score["num"], score["annotator"], score["comment"]) == ("match", 1, "code", "It says Lyon.")
    assert json.loads(row["metadata"])["target"] == "Lyon"


def test_a_preset_reads_tables_too(tmp_path: Path) -> None:
    with (tmp_path / "log.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["request_id", "request_created_at", "request_body", "response_body"])
        writer.writerow(["h1", "2026-11-20T10:00:00Z", json.dumps(CHAT_REQUEST), json.dumps(CHAT)])

    [row] = outcomes(a_source("csv", tmp_path, path="log.csv", preset="helicone"))

    assert (row["trace_id"], text_in(row["output"], "assistant")) == ("h1", ANSWER)


def test_a_preset_that_is_given_reads_what_would_not_be_recognized(tmp_path: Path) -> None:
    [row] = written(tmp_path, {"body": CHAT_REQUEST, "output": {"choices": CHAT["choices"]}}, preset="openai-chat")

    assert (text_in(row["input"], "user"), text_in(row["output"], "assistant")) == (ASKED, ANSWER)


def test_every_preset_has_a_name_that_the_configuration_knows() -> None:
    assert {*PRESETS, *SPAN_PRESETS} == set(get_args(PresetName))


def test_an_unknown_preset_is_refused_with_the_list_of_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"anthropic-batch.*braintrust.*inspect"):
        a_source("jsonl", tmp_path, path="log.jsonl", preset="langfuze")


def test_a_preset_and_a_mapping_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give `fields` or `preset`"):
        a_source("jsonl", tmp_path, path="log.jsonl", preset="weave", fields={"input": "x"})


def test_a_damaged_row_of_a_span_export_is_rejected_and_the_rest_goes_on(tmp_path: Path) -> None:
    good = braintrust("r", None, "llm", input="Hi", output="Hello")
    (tmp_path / "log.jsonl").write_bytes(json.dumps(good).encode() + b'\n{"root_span_id": "r", "sp\n[1]\n{"id": 5}\n')

    found = outcomes(a_source("jsonl", tmp_path, path="log.jsonl"))

    assert [one.where for one in found if isinstance(one, Rejected)] == ["log.jsonl:2", "log.jsonl:3"]
    assert [row["trace_id"] for row in found if isinstance(row, dict)] == ["5", "r"] or [
        row["trace_id"] for row in found if isinstance(row, dict)
    ] == ["r", "5"]


def test_directories_and_bzip2_are_read(tmp_path: Path) -> None:
    (tmp_path / "logs" / "deep").mkdir(parents=True)
    line = json.dumps({"id": "t1", "input": "a", "output": "b"}).encode() + b"\n"
    (tmp_path / "logs" / "deep" / "a.jsonl.bz2").write_bytes(bz2.compress(line))
    (tmp_path / "logs" / ".hidden").write_bytes(b"x")

    [row] = outcomes(a_source("jsonl", tmp_path, path="logs"))

    assert row["trace_id"] == "t1"
