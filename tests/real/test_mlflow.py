"""A real MLflow server, filled by its own SDK and by OpenTelemetry, is read back field by field.

LLMCI_REAL=~/.cache/llmci-real python -m pytest tests/real/test_mlflow.py
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import urllib3
from real_environments import a_port, python_with, run, started
from remote_project import RemoteProject

from llmci.seams import Window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

PACKAGES = ("mlflow>=3,<4", "opentelemetry-exporter-otlp-proto-http")
FILL = """
import sys, json
import mlflow
from mlflow.entities import AssessmentSource, Document, SpanType
from mlflow.tracing.constant import SpanAttributeKey
base, count = sys.argv[1], int(sys.argv[2])
mlflow.set_tracking_uri(base)
experiment = mlflow.set_experiment("shop")

@mlflow.trace(span_type=SpanType.RETRIEVER)
def look(query):
    return [Document(page_content="Lyon", metadata={"doc_uri": "u"}, id="d1")]

@mlflow.trace(name="chat", span_type=SpanType.CHAT_MODEL)
def chat(messages, n, model="gpt-4o-mini", temperature=0.2):
    span = mlflow.get_current_active_span()
    span.set_attribute(SpanAttributeKey.CHAT_USAGE, {"input_tokens": 274, "output_tokens": 18, "total_tokens": 292, "cache_read_input_tokens": 64})
    span.set_attribute(SpanAttributeKey.CHAT_TOOLS, [{"type": "function", "function": {"name": "track", "parameters": {"type": "object"}}}])
    if n == 2:
        raise ValueError("boom")
    return {"choices": [{"finish_reason": "tool_calls", "message": {"role": "assistant", "content": None, "tool_calls": [{"id": "call_9", "type": "function", "function": {"name": "track", "arguments": '{"parcel":  %d}' % n}}]}}]}

@mlflow.trace(name="support", span_type=SpanType.AGENT)
def support(question, n):
    mlflow.update_current_trace(metadata={"mlflow.trace.session": f"s-{n}", "mlflow.trace.user": "u-81"}, tags={"variant": "canary" if n % 2 else "control", "service.version": "7"})
    look(question)
    chat([{"role": "system", "content": "You help."}, {"role": "user", "content": question}], n)
    return "In Lyon."

ids = []
for n in range(count):
    try:
        support(f"Where is parcel {n}?", n)
    except ValueError:
        pass
    ids.append(mlflow.get_last_active_trace_id())
mlflow.flush_trace_async_logging()
print("SENT" + json.dumps({"experiment": experiment.experiment_id, "ids": ids}))
"""
ASSESS = """
import sys
import mlflow
from mlflow.entities import AssessmentSource
base, first, second = sys.argv[1:]
mlflow.set_tracking_uri(base)
human = AssessmentSource(source_type="HUMAN", source_id="u-81")
thumbs = mlflow.log_feedback(trace_id=first, name="thumbs", value=True, source=human)
mlflow.override_feedback(trace_id=first, assessment_id=thumbs.assessment_id, value=False, rationale="wrong parcel", source=human)
mlflow.log_feedback(trace_id=first, name="judge", value=0.8, source=AssessmentSource(source_type="LLM_JUDGE", source_id="gpt"))
mlflow.log_feedback(trace_id=first, name="tone", value="calm", source=AssessmentSource(source_type="CODE", source_id="c"))
mlflow.log_expectation(trace_id=second, name="answer", value={"city": "Lyon"}, source=human)
"""
OPENTELEMETRY = """
import sys
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
base, experiment = sys.argv[1:]
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=base + "/v1/traces", headers={"x-mlflow-experiment-id": experiment})))
messages = '[{"role":"user","parts":[{"type":"text","content":"Where is parcel 778?"}]}]'
answer = '[{"role":"assistant","parts":[{"type":"text","content":"In Lyon."}],"finish_reason":"stop"}]'
with provider.get_tracer("shop").start_as_current_span("chat m", attributes={"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.input.messages": messages, "gen_ai.output.messages": answer, "gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 3}):
    pass
provider.shutdown()
"""


@pytest.fixture(scope="module")
def python() -> Path:
    return python_with("mlflow", *PACKAGES)


@pytest.fixture(scope="module")
def url(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root, port = tmp_path_factory.mktemp("mlflow"), a_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(python.parent / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += [
        "--backend-store-uri",
        f"sqlite:///{root}/mlflow.db",
        "--artifacts-destination",
        str(root / "artifacts"),
    ]
    with started(command, root, ready=f"{url}/health", environ={"MLFLOW_DISABLE_TELEMETRY": "true"}):
        yield url


def test_what_was_logged_is_what_is_pulled(python: Path, url: str, tmp_path: Path) -> None:
    found = run(python, FILL, url, "120", environ={"MLFLOW_DISABLE_TELEMETRY": "true"}).partition("SENT")[2]
    sent = orjson.loads(found)
    project = RemoteProject(tmp_path, "mlflow", {}, url=url, experiments=["shop"], settle_minutes=0)
    window = Window(datetime.now(UTC) - timedelta(hours=1))
    pulled = _pull(project, window)
    assert set(pulled) == set(sent["ids"])
    for n, trace in enumerate(sent["ids"]):
        _compare(pulled[trace], n)
    for trace in sent["ids"][:3]:
        info = urllib3.request("GET", f"{url}/api/3.0/mlflow/traces/{trace}").json()["trace"]["trace_info"]
        cost = orjson.loads(info["trace_metadata"].get("mlflow.trace.cost", "{}")).get("total_cost")
        assert (pulled[trace]["cost"] or {}).get("total") == (pytest.approx(cost) if cost else None)

    run(python, ASSESS, url, *sent["ids"][:2], environ={"MLFLOW_DISABLE_TELEMETRY": "true"})
    pulled = _pull(project, window)
    scores = {score["name"]: score for score in pulled[sent["ids"][0]]["scores"]}
    assert len(scores) == len(pulled[sent["ids"][0]]["scores"]) == 3, "an overridden feedback does not count"
    assert (scores["thumbs"]["type"], scores["thumbs"]["num"], scores["thumbs"]["comment"]) == (
        "boolean",
        0.0,
        "wrong parcel",
    )
    assert (scores["thumbs"]["annotator"], scores["thumbs"]["author"]) == ("human", "u-81")
    assert (scores["judge"]["num"], scores["judge"]["annotator"]) == (0.8, "llm")
    assert (scores["tone"]["text"], scores["tone"]["annotator"]) == ("calm", "code")
    [answer] = pulled[sent["ids"][1]]["scores"]
    assert (answer["type"], orjson.loads(answer["text"])) == ("correction", {"city": "Lyon"})

    for _ in range(3):
        # A server that is busy may refuse what an exporter sends at its end.
        run(python, OPENTELEMETRY, url, sent["experiment"])
        pulled = _pull(project, window)
        if len(pulled) > len(sent["ids"]):
            break
    [trace] = set(pulled) - set(sent["ids"])
    row = pulled[trace]
    assert row["input"]["messages"][0]["parts"][0]["text"] == "Where is parcel 778?"
    assert row["output"]["messages"][0]["parts"][0]["text"] == "In Lyon."
    assert (row["request"]["model"], row["usage"]["total"], row["replay_kind"]) == ("m", 8, "chat")


def _pull(project: RemoteProject, window: Window) -> dict[str, dict[str, Any]]:
    project.now = datetime.now(UTC) + timedelta(seconds=1)
    summary = project.pull(window=window)
    assert [failure.message for failure in summary.failures] == []
    assert summary.rejected == 0
    return project.rows()


def _compare(row: dict[str, Any], n: int) -> None:
    assert (row["source_kind"], row["name"], row["complete"]) == ("mlflow", "support", True)
    assert (row["session_id"], row["user_id"], row["version"]) == (f"s-{n}", "u-81", "7")
    assert row["variant"] == ("canary" if n % 2 else "control")
    assert orjson.loads(row["input"]["json"]) == {"question": f"Where is parcel {n}?", "n": n}
    assert row["output"]["text"] == (None if n == 2 else "In Lyon.")
    assert (row["status"], row["error_type"]) == (("error", "ValueError") if n == 2 else ("ok", None))
    assert row["replay_kind"] == "rag"
    usage = {"input": 274, "output": 18, "total": 292, "cache_read": 64}
    assert {key: row["usage"][key] for key in usage} == usage
    assert [(step["name"], step["kind"], step["depth"]) for step in row["steps"]] == [("support", "agent", 0), ("look", "retriever", 1), ("chat", "llm", 1)]  # fmt: skip
    assert (row["documents"][0]["id"], row["documents"][0]["content"]) == ("d1", "Lyon")
    chat = row["steps"][2]
    assert [(message["role"], message["parts"][0]["text"], message["extra"]) for message in chat["input"]["messages"]] == [("system", "You help.", None), ("user", f"Where is parcel {n}?", None)]  # fmt: skip
    assert chat["request"]["model"] == "gpt-4o-mini"
    assert orjson.loads(chat["request"]["params"])["temperature"] == 0.2
    assert [tool["name"] for tool in chat["request"]["tools"]] == ["track"]
    if n != 2:
        [call] = chat["output"]["messages"][0]["parts"]
        assert (call["tool_call_id"], call["tool_name"], call["tool_arguments"]) == (
            "call_9",
            "track",
            f'{{"parcel":  {n}}}',
        )
        assert chat["output"]["messages"][0]["finish_reason"] == "tool_calls"
