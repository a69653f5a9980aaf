"""A real Phoenix, filled by OpenTelemetry and its own client, is read back field by field.

LLMCI_REAL=~/.cache/llmci-real python -m pytest tests/real/test_phoenix.py
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from real_environments import a_port, python_with, run, started
from remote_project import RemoteProject

from llmci.seams import Window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

PACKAGES = ("arize-phoenix>=20,<21", "arize-phoenix-client", "arize-phoenix-otel")
# OpenInference spans through the OTLP endpoint; what was sent is printed.
FILL = """
import sys, json
from opentelemetry.trace import Status, StatusCode
from phoenix.otel import register
base, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
provider = register(endpoint=base + "/v1/traces", project_name="shop", batch=True, verbose=False, protocol="http/protobuf")
tracer = provider.get_tracer("shop")
root = lambda n: {"openinference.span.kind": "CHAIN", "input.value": f"Where is parcel {n}?", "output.value": "In Lyon.", "session.id": f"s-{n}", "user.id": "u-81", "metadata": json.dumps({"variant": "canary" if n % 2 else "control", "nested": {"a": 1}}), "tag.tags": ["prod", "eu"]}
look = {"openinference.span.kind": "RETRIEVER", "input.value": "parcel", "retrieval.documents.0.document.id": "d1", "retrieval.documents.0.document.content": "Lyon", "retrieval.documents.0.document.score": 0.5}
chat = lambda n: {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o-mini", "llm.provider": "openai", "llm.invocation_parameters": '{"temperature": 0.2}', "llm.token_count.prompt": 274, "llm.token_count.completion": 18, "llm.token_count.prompt_details.cache_read": 64,
    "llm.input_messages.0.message.role": "system", "llm.input_messages.0.message.content": "You help.", "llm.input_messages.1.message.role": "user", "llm.input_messages.1.message.content": f"Where is parcel {n}?",
    "llm.output_messages.0.message.role": "assistant", "llm.output_messages.0.message.tool_calls.0.tool_call.id": "call_9", "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "track", "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"parcel":  %d}' % n,
    "llm.tools.0.tool.json_schema": '{"type":"function","function":{"name":"track","parameters":{"type":"object"}}}'}
sent = []
for n in range(first, first + count):
    with tracer.start_as_current_span("support", attributes=root(n)) as top:
        with tracer.start_as_current_span("look", attributes=look):
            pass
        with tracer.start_as_current_span("chat", attributes=chat(n)) as inner:
            inner.add_event("note", {"k": "v"})
            inner.set_status(Status(StatusCode.ERROR, "boom") if n % 3 == 2 else Status(StatusCode.OK))
    sent.append({"trace": format(top.context.trace_id, "032x"), "root": format(top.context.span_id, "016x"), "chat": format(inner.context.span_id, "016x"), "start": top.start_time, "end": top.end_time})
provider.force_flush()
provider.shutdown()
print("SENT" + json.dumps(sent))
"""
ANNOTATE = """
import sys
from phoenix.client import Client
base, root, chat, trace = sys.argv[1:]
client = Client(base_url=base)
client.spans.add_span_annotation(span_id=root, annotation_name="thumbs", annotator_kind="HUMAN", label="down", score=0.0, explanation="wrong parcel", sync=True)
client.spans.add_span_annotation(span_id=chat, annotation_name="judge", annotator_kind="LLM", score=0.9, sync=True)
client.traces.add_trace_annotation(trace_id=trace, annotation_name="solved", annotator_kind="CODE", label="yes", sync=True)
"""


@pytest.fixture(scope="module")
def python() -> Path:
    return python_with("phoenix", *PACKAGES)


@pytest.fixture(scope="module")
def url(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root, port = tmp_path_factory.mktemp("phoenix"), a_port()
    environ = {
        "PHOENIX_WORKING_DIR": str(root),
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(a_port()),
        "PHOENIX_TELEMETRY_ENABLED": "false",
    }
    url = f"http://127.0.0.1:{port}"
    with started([str(python.parent / "phoenix"), "serve"], root, ready=f"{url}/healthz", environ=environ):
        yield url


def filled(python: Path, url: str, first: int, count: int) -> list[dict[str, Any]]:
    found = run(python, FILL, url, str(first), str(count)).partition("SENT")[2]
    sent: list[dict[str, Any]] = orjson.loads(found)
    return sent


def test_what_was_sent_is_what_is_pulled(python: Path, url: str, tmp_path: Path) -> None:
    sent = filled(python, url, 0, 400)
    project = RemoteProject(tmp_path, "phoenix", {}, url=url, project="shop", settle_minutes=0)
    window = Window(datetime.now(UTC) - timedelta(hours=1))
    pulled = _until(project, window, 400)
    run(python, ANNOTATE, url, sent[0]["root"], sent[0]["chat"], sent[0]["trace"])
    pulled = _pull(project, window)
    assert set(pulled) == {one["trace"] for one in sent}
    for n, one in enumerate(sent):
        _compare(pulled[one["trace"]], n, one)
    scores = {score["name"]: score for score in pulled[sent[0]["trace"]]["scores"]}
    assert (scores["thumbs"]["num"], scores["thumbs"]["text"], scores["thumbs"]["comment"]) == (
        0.0,
        "down",
        "wrong parcel",
    )
    assert (scores["thumbs"]["annotator"], scores["thumbs"]["target_id"]) == ("human", sent[0]["root"])
    assert (scores["judge"]["num"], scores["judge"]["annotator"], scores["judge"]["target_id"]) == (
        0.9,
        "llm",
        sent[0]["chat"],
    )
    assert (scores["solved"]["text"], scores["solved"]["target"], scores["solved"]["annotator"]) == (
        "yes",
        "trace",
        "code",
    )
    # The same again changes nothing, and what is new is added to it.
    before = {trace: row["content_hash"] for trace, row in pulled.items()}
    assert {trace: row["content_hash"] for trace, row in _pull(project, window).items()} == before
    more = filled(python, url, 400, 20)
    later = _until(project, window, 420)
    assert set(later) == set(before) | {one["trace"] for one in more}


def _pull(project: RemoteProject, window: Window) -> dict[str, dict[str, Any]]:
    project.now = datetime.now(UTC)
    summary = project.pull(window=window)
    assert [failure.message for failure in summary.failures] == []
    assert summary.rejected == 0
    return project.rows()


def _until(project: RemoteProject, window: Window, number: int) -> dict[str, dict[str, Any]]:
    """Phoenix writes to its database a little after it has answered."""
    import time

    for _ in range(30):
        if len(found := _pull(project, window)) >= number and all(row["complete"] for row in found.values()):
            return found
        time.sleep(1)
    return found


def _compare(row: dict[str, Any], n: int, sent: dict[str, Any]) -> None:
    assert row["source_kind"] == "phoenix"
    assert row["root_span_id"] == sent["root"]
    # Phoenix keeps microseconds.
    assert abs(row["start"].timestamp() - sent["start"] / 1e9) < 2e-6
    assert abs(row["latency_ms"] - (sent["end"] - sent["start"]) / 1e6) < 0.002
    assert (row["session_id"], row["user_id"], row["tags"]) == (f"s-{n}", "u-81", ["prod", "eu"])
    assert row["variant"] == ("canary" if n % 2 else "control")
    assert orjson.loads(row["metadata"])["nested"] == {"a": 1}
    assert (row["input"]["text"], row["output"]["text"]) == (f"Where is parcel {n}?", "In Lyon.")
    assert (row["replay_kind"], row["missing"], row["complete"]) == ("rag", [], True)
    assert {key: row["usage"][key] for key in ("input", "output", "total", "cache_read")} == {"input": 274, "output": 18, "total": 292, "cache_read": 64}  # fmt: skip
    assert row["cost"] is None
    assert [(step["name"], step["kind"], step["depth"]) for step in row["steps"]] == [("support", "chain", 0), ("look", "retriever", 1), ("chat", "llm", 1)]  # fmt: skip
    [document] = row["documents"]
    assert (document["id"], document["content"], document["score"]) == ("d1", "Lyon", 0.5)
    chat = row["steps"][2]
    assert (chat["status"], chat["error"]) == (("error", "boom") if n % 3 == 2 else ("ok", None))
    assert [message["role"] for message in chat["input"]["messages"]] == ["system", "user"]
    [call] = chat["output"]["messages"][0]["parts"]
    assert (call["tool_call_id"], call["tool_name"], call["tool_arguments"]) == (
        "call_9",
        "track",
        f'{{"parcel":  {n}}}',
    )
    assert (chat["request"]["model"], chat["request"]["provider"], chat["request"]["params"]) == ("gpt-4o-mini", "openai", '{"temperature": 0.2}')  # fmt: skip
    assert chat["request"]["tools"][0]["name"] == "track"
    assert orjson.loads(chat["events"]) == [{"name": "note", "attributes": {"k": "v"}}]
