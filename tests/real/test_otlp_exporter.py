"""Spans of the OpenTelemetry SDK arrive whole: over HTTP by its exporter, and through its file exporter.

LLMCI_REAL=~/.cache/llmci-real python -m pytest tests/real/test_otlp_exporter.py
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from pulling import a_source, outcomes
from real_environments import python_with, run

from llmci.config import load
from llmci.wiring.build import shelf_of

if TYPE_CHECKING:
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


@pytest.fixture(scope="module")
def python() -> Path:
    return python_with("opentelemetry", *PACKAGES)


def _sent(python: Path, way: str, place: str, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(run(python, SEND, way, place, str(count)).partition("SENT")[2])
    return found


@pytest.mark.parametrize("way", ["gzip", "plain"])
def test_what_an_exporter_sends_is_what_is_pulled(python: Path, tmp_path: Path, way: str) -> None:
    (tmp_path / "llmci.yaml").write_text("{}")
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "llmci", "pull", "otlp", "--listen", "127.0.0.1:0"]
    with (tmp_path / "err").open("wb") as err:
        listening = subprocess.Popen(command, cwd=tmp_path, env=environ, stdout=subprocess.DEVNULL, stderr=err)
        try:
            url = _address(tmp_path / "err")
            sent = _sent(python, way, url, 1000)
            # Ctrl-C is how listening ends; what was acknowledged is pulled.
            listening.send_signal(signal.SIGINT)
            assert listening.wait(60) == 0
        finally:
            listening.kill()
            listening.wait(10)
    config = load(tmp_path / "llmci.yaml")
    rows = {row["trace_id"]: row for batch in shelf_of(config, "raw").batches() for row in batch.to_pylist()}
    _compare(rows, sent)


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
