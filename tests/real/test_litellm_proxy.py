"""A real LiteLLM proxy before a model on this machine: what its loggers write is read back field by field.

LLMCI_REAL=~/.cache/llmci-real python -m pytest tests/real/test_litellm_proxy.py
"""

from __future__ import annotations

import gzip
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson
import pytest
import urllib3
from openai_server import OpenaiServer
from pulling import a_source, outcomes
from real_environments import a_port, python_with, started

from llmci.adapters.sources.otlp_receiver import receive
from llmci.seams import Silent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

PACKAGES = ("litellm[proxy]>=1.80,<2,!=1.82.7,!=1.82.8", "opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http")
IMAGE = "data:image/png;base64,iVBORw0KGgo="
TOOL = {"type": "function", "function": {"name": "track", "parameters": {"type": "object"}}}
SYSTEM = {"role": "system", "content": "You help."}
ASKED: list[dict[str, Any]] = [
    {"model": "support-canary", "messages": [SYSTEM, {"role": "user", "content": "Where is parcel 778?"}], "temperature": 0.2, "user": "u-81", "tools": [TOOL], "metadata": {"session_id": "s-5", "tags": ["prod", "canary"], "variant": "canary"}},
    {"model": "caller", "messages": [{"role": "user", "content": [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": IMAGE}}]}]},
    {"model": "refused", "messages": [{"role": "user", "content": "no"}]},
]  # fmt: skip


class Sink(ThreadingHTTPServer):
    """Takes objects as S3 does, and bodies as a webhook does, as files."""

    def __init__(self, root: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Taken)
        self.root, self.bodies = root, 0


class _Taken(BaseHTTPRequestHandler):
    server: Sink

    def log_message(self, *_: Any) -> None:
        pass

    def do_PUT(self) -> None:
        self._take(self.server.root / unquote(self.path).lstrip("/"))

    def do_POST(self) -> None:
        self.server.bodies += 1
        self._take(self.server.root / "hook" / f"{self.server.bodies}.json")

    def _take(self, path: Path) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


@contextmanager
def serving(root: Path) -> Iterator[str]:
    sink = Sink(root)
    thread = threading.Thread(target=sink.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{sink.server_address[1]}"
    sink.shutdown()
    sink.server_close()


class Receiving(Silent):
    """An OTLP receiver in a thread, until the test ends."""

    def __init__(self, inbox: Path) -> None:
        self.url, self.there = "", threading.Event()
        told = {"seconds": 180.0, "limit": 64_000_000, "progress": self}
        threading.Thread(target=lambda: receive(inbox, "127.0.0.1", 0, **told), daemon=True).start()  # type: ignore[arg-type]
        assert self.there.wait(20)

    def note(self, message: str) -> None:
        self.url = message.split()[2].rstrip(";")
        self.there.set()


def config_of(backend: str, sink: str) -> dict[str, Any]:
    def model(name: str, behind: str, **prices: float) -> dict[str, Any]:
        params = {"model": f"openai/{behind}", "api_base": backend, "api_key": "none", "num_retries": 0, **prices}
        return {"model_name": name, "litellm_params": params}

    priced = {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
    s3 = {"s3_bucket_name": "logs", "s3_region_name": "us-east-1", "s3_aws_access_key_id": "a", "s3_aws_secret_access_key": "b", "s3_endpoint_url": sink, "s3_path": "litellm"}  # fmt: skip
    return {
        "model_list": [
            model("support-canary", "fine", **priced),
            model("caller", "tools"),
            model("refused", "401"),
        ],
        "litellm_settings": {"callbacks": ["generic_api", "s3_v2", "otel"], "s3_callback_params": s3},
        "general_settings": {"master_key": "sk-master"},
    }


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory with what the proxy logged of `ASKED`: `logs` as in S3, `hook`, and an inbox of spans."""
    python, root, port = python_with("litellm", *PACKAGES), tmp_path_factory.mktemp("litellm"), a_port()
    otlp = a_source("otlp", root)
    with OpenaiServer().running() as backend, serving(root) as sink:
        spans = Receiving(otlp._inbox.path)  # type: ignore[attr-defined]
        (root / "config.yaml").write_bytes(orjson.dumps(config_of(backend.url, sink)))
        environ = {
            "GENERIC_LOGGER_ENDPOINT": f"{sink}/hook",
            "OTEL_EXPORTER": "otlp_http",
            "OTEL_ENDPOINT": spans.url,
            "OTEL_EXPORTER_OTLP_ENDPOINT": spans.url.removesuffix("/v1/traces"),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }
        command = [str(python.parent / "litellm"), "--config", "config.yaml", "--host", "127.0.0.1"]
        command += ["--port", str(port), "--telemetry", "False"]
        url = f"http://127.0.0.1:{port}"
        with started(command, root, ready=f"{url}/health/liveliness", environ=environ, seconds=180):
            for body in ASKED:
                headers = {"Authorization": "Bearer sk-master", "Content-Type": "application/json"}
                urllib3.request(
                    "POST", f"{url}/v1/chat/completions", body=orjson.dumps(body), headers=headers, timeout=60
                )
            for _ in range(60):
                if len(list(root.glob("logs/**/*.json"))) >= 3 and list(root.glob("hook/*")) and _calls(otlp) >= 3:
                    break
                time.sleep(1)
        yield root


def _calls(otlp: Any) -> int:
    return len(outcomes(otlp)) if otlp._inbox.journals() else 0


def rows_of(root: Path, kind: str, **options: Any) -> list[dict[str, Any]]:
    found = outcomes(a_source(kind, root, **options))
    rows = [row for row in found if isinstance(row, dict)]
    assert len(rows) == len(found) == 3
    by_variant = {row["variant"]: row for row in rows}
    return [by_variant[name] for name in ("canary", "caller", "refused")]


@pytest.mark.parametrize("path", ["logs/**/*.json", "hook/*.json"])
def test_what_the_proxy_logged_is_what_was_asked_and_answered(logged: Path, path: str) -> None:
    asked, called, refused = rows_of(logged, "litellm", path=path)
    assert (asked["session_id"], asked["user_id"], asked["tags"]) == ("s-5", "u-81", ["prod", "canary"])
    assert [(message["role"], message["parts"][0]["text"]) for message in asked["input"]["messages"]] == [("system", "You help."), ("user", "Where is parcel 778?")]  # fmt: skip
    assert asked["output"]["messages"][0]["parts"][0]["text"] == "Where is parcel 778?"
    assert asked["output"]["messages"][0]["finish_reason"] == "stop"
    assert (asked["request"]["model"], asked["request"]["provider"]) == ("openai/fine", "openai")
    assert orjson.loads(asked["request"]["params"]) == {"temperature": 0.2}
    assert [tool["name"] for tool in asked["request"]["tools"]] == ["track"]
    assert asked["usage"] == {"input": 11, "output": 7, "total": 18, "cache_read": 2}
    assert asked["cost"]["total"] == pytest.approx(11e-6 + 14e-6)
    assert (asked["status"], asked["replay_kind"], asked["missing"]) == ("ok", "chat", [])
    assert asked["latency_ms"] > 0
    [text, image] = called["input"]["messages"][0]["parts"]
    assert (text["text"], image["type"], image["mime_type"]) == ("Look", "image", "image/png")
    [call] = called["output"]["messages"][0]["parts"]
    assert (call["tool_call_id"], call["tool_name"], call["tool_arguments"]) == ("t1", "look", '{"at": 1}')
    assert called["cost"] is None, "a 0 for a model of unknown price is unknown"
    assert (refused["status"], refused["error_type"], refused["missing"]) == (
        "error",
        "AuthenticationError",
        ["output"],
    )


def test_spans_of_the_proxy_are_the_same_calls(logged: Path) -> None:
    logs, spans = rows_of(logged, "litellm", path="logs/**/*.json"), rows_of(logged, "otlp")
    for log, span in zip(logs, spans, strict=True):
        for name in ("trace_id", "session_id", "user_id", "variant", "tags", "usage", "status", "error_type", "replay_kind", "missing"):  # fmt: skip
            assert span[name] == log[name], name
        assert _plain(span["input"]) == _plain(log["input"])
        # Neither the id of a tool call nor what the provider says beside an answer is in a span.
        assert _plain(span["output"], "tool_call_id") == _plain(log["output"], "tool_call_id")
        assert (span["cost"] or {}).get("total") == (log["cost"] or {}).get("total")
        assert span["request"]["model"] == log["request"]["model"]
        assert abs((span["start"] - log["start"]).total_seconds()) < 0.001
        assert span["latency_ms"] == pytest.approx(log["latency_ms"], abs=0.01)


def _plain(payload: dict[str, Any], *without: str) -> list[Any]:
    return [
        (
            message["role"],
            message.get("finish_reason"),
            [
                {key: value for key, value in part.items() if key not in (*without, "extra")}
                for part in message["parts"]
            ],
        )
        for message in payload.get("messages") or ()
    ]
