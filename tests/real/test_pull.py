"""Real traffic: agent runs with two variants, and what fifteen agent frameworks write."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pulling import a_source, outcomes

from llmci.core.traces.messages import messages_of
from llmci.core.traces.scalars import decoded

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
pytestmark = pytest.mark.real

FIELDS = {
    "trace_id": "trace_id",
    "messages": "messages",
    "input": "input",
    "model": "model",
    "variant": "variant",
    "start": "start_time",
    "end": "end_time",
    "latency_s": "latency_s",
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cost": "cost_usd_as_logged",
    "scores": {"reward": {"path": "reward", "annotator": "code"}},
    "metadata": {"item_id": "item_id", "app": "app"},
}


def the(name: str) -> Path:
    path = DATA / name
    if not path.is_dir():
        pytest.skip(f"../shared/data/{name} is not there")
    return path.resolve()


@pytest.mark.parametrize(("kind", "file"), [("jsonl", "traces.jsonl.gz"), ("parquet", "traces.parquet")])
def test_agent_runs_without_a_user_message_or_a_price_say_so(kind: str, file: str) -> None:
    rows = [
        row for row in outcomes(a_source(kind, the("demo_tau2_sft"), path=file, fields=FIELDS)) if isinstance(row, dict)
    ]

    assert len(rows) == 280
    assert sum("user_message" in row["missing"] for row in rows) == 80
    assert Counter(row["variant"] for row in rows if row["cost"] is None) == {"sft": 140}
    assert Counter(row["replay_kind"] for row in rows) == {"agent": 280}
    without = [row for row in rows if "user_message" in row["missing"]]
    assert {row["input"]["kind"] for row in without} == {"text"}
    assert all(row["output"]["messages"][0]["role"] == "assistant" for row in rows)


def test_both_files_of_the_agent_runs_give_the_same_messages() -> None:
    read = []
    for kind, file in (("jsonl", "traces.jsonl.gz"), ("parquet", "traces.parquet")):
        rows = outcomes(a_source(kind, the("demo_tau2_sft"), path=file, fields=FIELDS))
        read.append({row["trace_id"]: (row["input"], row["output"]) for row in rows if isinstance(row, dict)})

    assert read[0] == read[1]


def test_messages_of_fifteen_frameworks_are_those_that_people_accepted() -> None:
    """Roles, texts, tool calls and tool results of every list that was accepted, in every file.

    An accepted item of nothing but `json` is a value that was shown as it is; it says as much as
    that value. Messages of agno that were logged as reprs were accepted as items of `tools` alone:
    they claim how many messages there are, and nothing of what was said. What we read there is held
    to the structured account that the same trace has of the same conversation.
    """
    compared: Counter[str] = Counter()
    wrong: list[str] = []
    for path, span_id, side, accepted, logged in _accepted():
        role = "user" if side == "input" else "assistant"
        found = messages_of(decoded(logged[span_id][side]), role=role)
        wanted = messages_of(_claimed(accepted), role=role)
        agree = _spoken(found) == _spoken(wanted)
        if all(set(item) == {"tools"} for item in accepted):
            structured = [messages_of(decoded(one["output"]), role="assistant") for one in logged.values()]
            agree = len(found) == len(accepted) and any(
                len(whole) > len(found) and _spoken(whole[: len(found)]) == _spoken(found) for whole in structured
            )
        compared[path.name] += 1
        wrong += [] if agree else [f"{path.name} {span_id} {side}"]

    assert wrong == []
    # Two of the fifteen files have no list that was accepted.
    assert (len(compared), compared.total()) == (13, 73)


def _accepted() -> Iterator[tuple[Path, str, str, list[dict[str, Any]], dict[str, Any]]]:
    for path in sorted(the("langfuse_framework_traces").glob("*.chatml.json")):
        trace = json.loads(path.with_name(path.name.replace("chatml", "trace")).read_bytes())
        logged = {observation["id"]: observation for observation in trace["observations"]}
        for span_id, sides in json.loads(path.read_bytes()).items():
            for side, accepted in sides.items():
                if accepted["success"]:
                    yield path, span_id, side, accepted["data"], logged


def _claimed(items: list[dict[str, Any]]) -> list[Any]:
    claims = []
    for item in items:
        if not set(item) <= {"json", "tools"}:
            claims.append(item)
        elif "json" in item:
            claims.append(item["json"])
    return claims


def _spoken(messages: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [
        (
            message["role"],
            [part["text"] for part in message["parts"] if part["type"] == "text" and part["text"]],
            [
                (part.get("tool_call_id"), part.get("tool_name"), _value(part.get("tool_arguments")))
                for part in message["parts"]
                if part["type"] == "tool_call"
            ],
            [(part.get("tool_call_id"), _value(part["tool_result"])) for part in message["parts"] if part["type"] == "tool_result"],
        )
        for message in messages
    ]  # fmt: skip


def _value(text: str | None) -> Any:
    """Arguments as values, because some lists hold them as text and some as objects."""
    try:
        return json.loads(text or "null")
    except ValueError:
        return text
