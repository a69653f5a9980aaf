"""What a mapping finds in a record, and what is made of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from llmci.core.traces.digest import sealed
from llmci.core.traces.mapping import Mapping, Plan, plan_of
from llmci.core.traces.paths import Pick, at, picked
from llmci.core.traces.records import Origin, row_of
from llmci.core.traces.scalars import int_of, time_of
from llmci.domain.trace import TRACE

ORIGIN = Origin("prod", "jsonl")
RECORD = {
    "user": {"id": "u1"},
    "body": '{"choices": [{"message": {"content": "In Lyon."}}]}',
    "gen_ai.request.model": "gpt",
    "empty": "",
    "task": "retail/7",
}


def a_mapping(**fields: Any) -> Plan:
    return plan_of(TypeAdapter(Mapping).validate_python(fields))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("user.id", "u1", id="nested"),
        pytest.param("body.choices[0].message.content", "In Lyon.", id="inside-json-text"),
        pytest.param("body.choices.-1.message.content", "In Lyon.", id="from-the-end"),
        pytest.param("gen_ai.request.model", "gpt", id="key-with-dots"),
        pytest.param("empty | user.id", "u1", id="first-that-is-there"),
        pytest.param("user.id.more", None, id="nothing-below-text"),
        pytest.param("body.choices[7]", None, id="no-such-item"),
    ],
)
def test_a_path_finds(path: str, value: object) -> None:
    assert at(RECORD, path) == value


def test_a_regex_takes_its_group_and_a_constant_stands_in() -> None:
    assert picked(RECORD, Pick(path="task", regex="/(.*)")) == "7"
    assert picked(RECORD, Pick(path="task", regex="z", constant="none")) == "none"


@pytest.mark.parametrize("pick", [{"path": "a", "regex": "("}, {}, {"paht": "a"}])
def test_a_wrong_pick_is_refused(pick: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        a_mapping(variant=pick)


def test_a_whole_conversation_is_cut_where_the_system_first_answers_the_user() -> None:
    said = ["assistant:Hello!", "user:Where is it?", "assistant:Looking.", "user:Thanks", "assistant:In Lyon."]
    messages = [{"role": role, "content": text} for role, text in (line.split(":") for line in said)]

    row = row_of({"messages": messages}, None, ORIGIN)

    assert [message["role"] for message in row["input"]["messages"]] == ["assistant", "user"]
    assert [message["role"] for message in row["output"]["messages"]] == ["assistant", "user", "assistant"]
    assert (row["replay_kind"], row["missing"]) == ("agent", [])


def test_messages_beside_an_answer_are_all_input() -> None:
    messages = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]

    row = row_of(
        {"messages": messages, "response": {"choices": [{"message": {"role": "assistant", "content": "d"}}]}},
        None,
        ORIGIN,
    )

    assert len(row["input"]["messages"]) == 3
    assert row["output"]["messages"][0]["parts"][0]["text"] == "d"
    assert row["replay_kind"] == "chat"


ANTHROPIC = {
    "request": {
        "model": "claude-x",
        "system": [{"type": "text", "text": "You help."}],
        "messages": [{"role": "user", "content": "Where?"}],
        "tools": [{"name": "track", "input_schema": {"type": "object"}}],
    },
    "response": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "content": [{"type": "text", "text": "Lyon."}],
        "usage": {"input_tokens": 9, "output_tokens": 2},
    },
}
LITELLM = {
    "litellm_call_id": "c-1",
    "trace_id": "a session",
    "model": "openai/gpt",
    "response_cost": 0.1,
    "prompt_tokens": 9,
    "completion_tokens": 2,
    "messages": [{"role": "system", "content": "You help."}, {"role": "user", "content": "Where?"}],
    "model_parameters": {
        "tools": [{"type": "function", "function": {"name": "track", "parameters": {"type": "object"}}}]
    },
    "response": {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Lyon."}}]},
}
CHAT = {
    "system": "You help.",
    "messages": [{"role": "user", "content": "Where?"}, {"role": "assistant", "content": "Lyon."}],
    "tools": [{"type": "function", "function": {"name": "track", "parameters": {"type": "object"}}}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 2},
}


@pytest.mark.parametrize("record", [ANTHROPIC, LITELLM, CHAT], ids=["anthropic-pair", "litellm-log", "chat"])
def test_logs_of_known_gateways_need_no_mapping(record: dict[str, Any]) -> None:
    row = row_of(record, None, ORIGIN)

    asked = [(message["role"], message["parts"][0]["text"]) for message in row["input"]["messages"]]
    assert asked == [("system", "You help."), ("user", "Where?")]
    assert row["output"]["messages"][0]["parts"] == [{"type": "text", "text": "Lyon."}]
    assert [tool["name"] for tool in row["request"]["tools"]] == ["track"]
    assert row["usage"]["total"] == 11
    assert row["trace_id"] != "a session"


def test_the_answer_in_a_batch_file_is_read() -> None:
    answer = {"message": {"role": "assistant", "content": "Lyon."}}
    body = {"model": "gpt", "choices": [answer], "usage": {"prompt_tokens": 30}}

    row = row_of({"custom_id": "case-17", "response": {"status_code": 200, "body": body}}, None, ORIGIN)

    assert row["trace_id"] == "case-17"
    assert row["output"]["messages"][0]["parts"][0]["text"] == "Lyon."
    assert (row["request"]["model"], row["usage"], row["missing"]) == ("gpt", {"input": 30}, ["input"])


def test_instructions_beside_a_plain_question_come_first() -> None:
    row = row_of({"system_prompt": "Be brief.", "question": "Where?", "answer": "Lyon."}, None, ORIGIN)

    assert [message["role"] for message in row["input"]["messages"]] == ["system", "user"]


def test_without_a_user_message_the_mapped_input_stands_for_it() -> None:
    record = {"ticket": "No signal.", "messages": [{"role": "assistant", "content": "Done."}]}

    row = row_of(record, a_mapping(messages="messages", input="ticket"), ORIGIN)

    assert row["input"]["text"] == "No signal."
    assert row["missing"] == ["user_message"]
    assert row["replay_kind"] == "chat"


def test_a_record_with_nothing_asked_cannot_be_replayed() -> None:
    row = row_of({"output": "b"}, None, ORIGIN)

    assert (row["replay_kind"], row["missing"]) == ("none", ["input"])


@pytest.mark.parametrize(
    ("record", "cost"),
    [
        pytest.param({"cost": 0.5, "input_tokens": 9, "output_tokens": 1}, 0.5, id="reported"),
        pytest.param({"cost": 0, "input_tokens": 9, "output_tokens": 1}, None, id="zero-is-not-free"),
        pytest.param({"cost": 0, "input_tokens": 0, "output_tokens": 0}, 0.0, id="nothing-used"),
        pytest.param({"cost": -1, "input_tokens": 9, "output_tokens": 1}, None, id="negative"),
        pytest.param({"cost": "n/a"}, None, id="words"),
    ],
)
def test_a_cost_is_known_or_it_is_null(record: dict[str, Any], cost: float | None) -> None:
    row = row_of({"id": "t", **record}, None, ORIGIN)

    assert (row["cost"] and row["cost"]["total"]) == cost


def test_anthropics_input_tokens_get_their_cached_ones_back() -> None:
    usage = {"input_tokens": 146, "cache_read_input_tokens": 64, "cache_creation_input_tokens": 10, "output_tokens": 18}

    row = row_of({"id": "t", "usage": usage}, None, ORIGIN)

    assert row["usage"] == {"input": 220, "output": 18, "total": 238, "cache_read": 64, "cache_write": 10}


def test_openais_input_tokens_have_them_already() -> None:
    usage = {"prompt_tokens": 274, "completion_tokens": 18, "prompt_tokens_details": {"cached_tokens": 64}}

    assert row_of({"id": "t", "usage": usage}, None, ORIGIN)["usage"] == {
        "input": 274,
        "output": 18,
        "total": 292,
        "cache_read": 64,
    }


def test_token_counts_that_are_a_list_a_turn_are_summed() -> None:
    assert row_of({"id": "t", "input_tokens": [3, "4", None]}, None, ORIGIN)["usage"] == {"input": 7}


def test_columns_that_nothing_took_are_kept_as_metadata() -> None:
    row = row_of({"id": "t", "input": "a", "app": "retail", "metadata": {"plan": "gold"}}, None, ORIGIN)

    assert row["metadata"] == '{"app":"retail","plan":"gold"}'


def test_feedback_is_the_end_users() -> None:
    row = row_of({"id": "t", "thumbs": True, "scores": {"faithful": 0.5}}, None, ORIGIN)

    assert [(score["name"], score["num"], score["annotator"]) for score in row["scores"]] == [
        ("thumbs", 1.0, "end_user"),
        ("faithful", 0.5, "api"),
    ]


@pytest.mark.parametrize(
    "value",
    ["2026-11-20T12:00:00Z", "2026-11-20 13:00:00+01:00", 1795176000, 1795176000.0, "1795176000", 1795176000000, 1795176000000000, 1795176000000000000],
)  # fmt: skip
def test_a_time_is_read_in_any_unit(value: object) -> None:
    assert time_of(value) == datetime(2026, 11, 20, 12, tzinfo=UTC)


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.lists(st.integers()))
def test_no_scalar_makes_the_readers_raise(value: object) -> None:
    time_of(value)
    int_of(value)


@given(
    st.dictionaries(
        st.sampled_from(sorted(Mapping.__dataclass_fields__)),
        st.none()
        | st.booleans()
        | st.floats()
        | st.text()
        | st.lists(st.text())
        | st.dictionaries(st.text(), st.text()),
    )
)
def test_any_record_becomes_a_row(record: dict[str, Any]) -> None:
    row = row_of(record, None, ORIGIN)

    assert row["replay_kind"] in ("chat", "rag", "agent", "none")
    pa.RecordBatch.from_pylist([sealed(row, datetime(2026, 11, 20, tzinfo=UTC))[0]], schema=TRACE)
