"""What the OpenTelemetry SDK sends arrives whole: spans over HTTP and through its file exporter, messages as log records.

LLMCI_REAL=~/.cache/llmci-real python -m pytest tests/real/test_otlp_exporter.py
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from openai_server import OpenaiServer
from pulling import a_source, outcomes
from real_environments import python_with, run

from llmci.config import load
from llmci.wiring.build import shelf_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

PACKAGES = (
    "opentelemetry-sdk>=1.30,<2",
    "opentelemetry-exporter-otlp-proto-http>=1.30,<2",
    "opentelemetry-exporter-otlp-json-file",
)
SEND = """
import sys, json
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter, SpanExportResult
way, place, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
if way == "file":
    from opentelemetry.exporter.otlp.json.file import FileSpanExporter
    exporter = FileSpanExporter(place)
else:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    exporter = OTLPSpanExporter(endpoint=place, compression=Compression.Gzip if way == "gzip" else Compression.NoCompression)
provider = TracerProvider(resource=Resource.create({"service.name": "shop", "service.version": "7", "deployment.environment.name": "production"}))
provider.add_span_processor(BatchSpanProcessor(exporter))
tracer = provider.get_tracer("shop")
sent = []
for n in range(count):
    with tracer.start_as_current_span("agent", attributes={"openinference.span.kind": "AGENT", "input.value": f"Where is parcel {n}? \\u00e9\\U0001f600", "output.value": "In Lyon.", "session.id": f"s-{n}"}) as root:
        with tracer.start_as_current_span("chat m", attributes={"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 2**40 + n, "gen_ai.usage.output_tokens": 2, "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": f"q{n}"}]}]), "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "a"}], "finish_reason": "stop"}]), "list": [1, 2], "share": 0.5, "flag": True}) as chat:
            chat.add_event("seen", {"at": n})
            try:
                if n % 5 == 0:
                    raise ValueError("boom")
            except ValueError as error:
                chat.record_exception(error)
                chat.set_status(__import__("opentelemetry.trace").trace.Status(__import__("opentelemetry.trace").trace.StatusCode.ERROR, "boom"))
    sent.append({"trace": format(root.context.trace_id, "032x"), "root": format(root.context.span_id, "016x"), "chat": format(chat.context.span_id, "016x"), "start": root.start_time, "end": root.end_time})
assert provider.force_flush()
provider.shutdown()
print("SENT" + json.dumps(sent))
"""
# The last version that writes messages into log records unless told otherwise, with the libraries that it goes with.
GENAI = ("opentelemetry-sdk>=1.30,<2", "opentelemetry-exporter-otlp-proto-http>=1.30,<2", "opentelemetry-instrumentation-openai-v2==2.3b0", "openai>=2,<3", "wrapt<2")  # fmt: skip
ASK = """
import sys
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
import openai
spans, logs = TracerProvider(), LoggerProvider()
spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=sys.argv[1] + "/v1/traces")))
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(endpoint=sys.argv[1] + "/v1/logs")))
OpenAIInstrumentor().instrument(tracer_provider=spans, logger_provider=logs)
call = {"id": "call_9", "type": "function", "function": {"name": "track", "arguments": '{"parcel":  778}'}}
openai.OpenAI(base_url=sys.argv[2], api_key="k").chat.completions.create(model="fine", messages=[
    {"role": "system", "content": "You help."}, {"role": "user", "content": "Where is parcel 778?"},
    {"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "call_9", "content": "Lyon"}])
spans.shutdown()
logs.shutdown()
"""


@pytest.fixture(scope="module")
def python() -> Path:
    return python_with("opentelemetry", *PACKAGES)


def _sent(python: Path, way: str, place: str, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(run(python, SEND, way, place, str(count)).partition("SENT")[2])
    return found


@contextmanager
def listening(root: Path) -> Iterator[str]:
    """`llmci pull otlp --listen`; gives its address, and ends it as Ctrl-C does: what was acknowledged is pulled."""
    (root / "llmci.yaml").write_text("{}")
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "llmci", "pull", "otlp", "--listen", "127.0.0.1:0"]
    with (root / "err").open("wb") as err:
        process = subprocess.Popen(command, cwd=root, env=environ, stdout=subprocess.DEVNULL, stderr=err)
        try:
            yield _address(root / "err")
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()
            process.wait(10)


def on_shelf(root: Path) -> dict[str, dict[str, Any]]:
    shelf = shelf_of(load(root / "llmci.yaml"), "raw")
    return {row["trace_id"]: row for batch in shelf.batches() for row in batch.to_pylist()}


@pytest.mark.parametrize("way", ["gzip", "plain"])
def test_what_an_exporter_sends_is_what_is_pulled(python: Path, tmp_path: Path, way: str) -> None:
    with listening(tmp_path) as url:
        sent = _sent(python, way, url, 1000)
    _compare(on_shelf(tmp_path), sent)


@pytest.mark.parametrize("captured", [True, False])
def test_messages_that_an_instrumentation_writes_into_logs_are_those_of_the_call(
    tmp_path: Path, captured: bool
) -> None:
    python = python_with("opentelemetry-openai", *GENAI)
    environ = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": str(captured).lower()}
    with listening(tmp_path) as url, OpenaiServer().running() as model:
        run(python, ASK, url.removesuffix("/v1/traces"), model.url, environ=environ)
    [row] = on_shelf(tmp_path).values()
    if not captured:
        assert (row["replay_kind"], row["input"]["kind"]) == ("none", "none")
        return
    asked = [(message["role"], message["parts"][0]) for message in row["input"]["messages"]]
    assert [role for role, _ in asked] == ["system", "user", "assistant", "tool"]
    assert [part["text"] for _, part in asked[:2]] == ["You help.", "Where is parcel 778?"]
    assert (asked[2][1]["tool_call_id"], asked[2][1]["tool_arguments"]) == ("call_9", '{"parcel":  778}')
    assert (asked[3][1]["tool_call_id"], asked[3][1]["tool_result"]) == ("call_9", "Lyon")
    [answer] = row["output"]["messages"]
    assert (answer["role"], answer["parts"][0]["text"], answer["finish_reason"]) == ("assistant", "Lyon", "stop")
    assert (row["replay_kind"], row["missing"]) == ("chat", [])


def test_what_the_file_exporter_writes_is_what_is_pulled(python: Path, tmp_path: Path) -> None:
    sent = _sent(python, "file", str(tmp_path / "spans.jsonl"), 200)
    _compare({row["trace_id"]: row for row in outcomes(a_source("otlp", tmp_path, path="*.jsonl"))}, sent)


def _address(err: Path) -> str:
    for _ in range(200):
        if found := re.search(r"http://[^\s;]+", err.read_text()):
            return found[0]
        time.sleep(0.1)
    pytest.fail(err.read_text())


def _compare(rows: dict[str, dict[str, Any]], sent: list[dict[str, Any]]) -> None:
    assert set(rows) == {one["trace"] for one in sent}
    for n, one in enumerate(sent):
        row = rows[one["trace"]]
        assert row["root_span_id"] == one["root"]
        assert row["latency_ms"] == (one["end"] - one["start"]) / 1e6
        assert (row["version"], row["environment"], row["session_id"]) == ("7", "production", f"s-{n}")
        assert row["input"]["text"] == f"Where is parcel {n}? \u00e9\U0001f600"
        assert row["usage"]["input"] == 2**40 + n
        chat = row["steps"][1]
        assert (chat["span_id"], chat["parent_id"], chat["kind"]) == (one["chat"], one["root"], "llm")
        assert chat["input"]["messages"][0]["parts"][0]["text"] == f"q{n}"
        assert chat["output"]["messages"][0]["finish_reason"] == "stop"
        attributes = orjson.loads(chat["attributes"])
        assert (attributes["list"], attributes["share"], attributes["flag"]) == ([1, 2], 0.5, True)
        assert orjson.loads(chat["events"])[0] == {"name": "seen", "attributes": {"at": n}}
        assert (chat["status"], chat["error_type"]) == (("error", "ValueError") if n % 5 == 0 else ("ok", None))
