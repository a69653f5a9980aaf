"""What exporters send is on the disk before they hear that it is, and nothing else is taken."""

from __future__ import annotations

import gzip
import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from pulling import a_source, outcomes

from llmci.adapters.sources import otlp_receiver
from llmci.adapters.sources.otlp_receiver import receive
from llmci.errors import LlmciError, OutsideError, UsageError
from llmci.seams import Rejected, Silent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JSON, PROTOBUF = "application/json", "application/x-protobuf"


def an_export(trace: str = "9b1de6b0c7f24a2f8a0e5d6c1b3f4a55", text: str = "Hi", **span: Any) -> dict[str, Any]:
    attributes = [
        {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
        {"key": "gen_ai.prompt", "value": {"stringValue": text}},
        {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "274"}},
    ]
    logged = {
        "traceId": trace,
        "spanId": "5c1e0f9a77b2d310",
        "name": "chat",
        "startTimeUnixNano": "1795096931120000000",
        "endTimeUnixNano": "1795096932431000000",
        "attributes": attributes,
        "status": {"code": 2, "message": "no"},
        **span,
    }
    resource = {"attributes": [{"key": "service.version", "value": {"stringValue": "7"}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [logged]}]}]}


def a_message(export: dict[str, Any]) -> bytes:
    request = ExportTraceServiceRequest()
    ids = {key: value for group in export["resourceSpans"] for key, value in group["scopeSpans"][0]["spans"][0].items()}
    plain = json.loads(json.dumps(export))
    span = plain["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    span.pop("traceId"), span.pop("spanId")
    ParseDict(plain, request)
    told = request.resource_spans[0].scope_spans[0].spans[0]
    told.trace_id, told.span_id = bytes.fromhex(ids["traceId"]), bytes.fromhex(ids["spanId"])
    content: bytes = request.SerializeToString()
    return content


class Told(threading.Thread):
    """A receiver in a thread; `post` speaks to it, `over` ends it."""

    def __init__(self, root: Path, limit: int) -> None:
        super().__init__(daemon=True)
        self.source = a_source("otlp", root)
        self.inbox = self.source._inbox  # type: ignore[attr-defined]
        self.limit, self.error, self.received = limit, None, None
        self.url, self.listening = "", threading.Event()

    def note(self, message: str) -> None:
        self.url = message.split()[2].rstrip(";")
        self.listening.set()

    def run(self) -> None:
        progress = Silent()
        progress.note = self.note  # type: ignore[method-assign]
        try:
            self.received = receive(self.inbox, "127.0.0.1", 0, seconds=0.6, limit=self.limit, progress=progress)
        except LlmciError as error:
            self.error = error
        self.listening.set()

    def post(self, body: bytes, kind: str, **headers: str) -> urllib3.BaseHTTPResponse:
        return urllib3.request("POST", self.url, body=body, headers={"Content-Type": kind, **headers}, retries=False)


@contextmanager
def receiving(root: Path, limit: int = 1_000_000) -> Iterator[Told]:
    told = Told(root, limit)
    told.start()
    assert told.listening.wait(10)
    yield told
    told.join(10)


def test_both_encodings_gzipped_or_not_give_one_trace_each(tmp_path: Path) -> None:
    with receiving(tmp_path) as told:
        one, two, three = (an_export(f"{number:032x}") for number in (1, 2, 3))
        for body, kind, packed in (
            (json.dumps(one).encode(), JSON, "identity"),
            (gzip.compress(a_message(two)), PROTOBUF, "gzip"),
            (a_message(three), PROTOBUF, "identity"),
        ):
            answer = told.post(body, kind, **{"Content-Encoding": packed})
            assert answer.status == 200
            assert answer.headers["Content-Type"].startswith(kind)
            assert answer.data == (b"{}" if kind == JSON else b"")
    rows = outcomes(told.source)
    assert [row["trace_id"] for row in rows] == [f"{number:032x}" for number in (1, 2, 3)]
    first, second, third = ({**row, "trace_id": None} for row in rows)
    assert first == second == third
    assert first["usage"]["input"] == 274
    assert (first["version"], first["error"], first["latency_ms"]) == ("7", "no", 1311.0)
    assert (told.received.requests, told.received.spans) == (3, 3)


def test_an_answer_means_that_it_is_on_the_disk(tmp_path: Path) -> None:
    with receiving(tmp_path) as told:
        assert told.post(json.dumps(an_export()).encode(), JSON).status == 200
        # Read while the receiver still runs, as after a kill.
        assert len(outcomes(told.source)) == 1


def test_spans_without_ids_are_a_partial_success(tmp_path: Path) -> None:
    export = an_export()
    export["resourceSpans"] += an_export(spanId="")["resourceSpans"]
    with receiving(tmp_path) as told:
        answer = told.post(json.dumps(export).encode(), JSON)
        assert answer.status == 200
        assert answer.json()["partialSuccess"]["rejectedSpans"] == "1"
        parsed = ExportTraceServiceResponse.FromString(told.post(a_message(an_export(spanId="")), PROTOBUF).data)
        assert parsed.partial_success.rejected_spans == 1
    assert len(outcomes(told.source)) == 1
    assert told.received.refused == 2


def test_a_span_that_is_sent_again_counts_once(tmp_path: Path) -> None:
    with receiving(tmp_path) as told:
        for _ in range(2):
            told.post(a_message(an_export()), PROTOBUF)
    [row] = outcomes(told.source)
    assert len(row["steps"]) == 1


@pytest.mark.parametrize(
    ("body", "kind", "packed", "status"),
    [
        (b"{", JSON, "identity", 400),
        (b"[]", JSON, "identity", 400),
        (b"\x0a\xff\xff", PROTOBUF, "identity", 400),
        (b"not gzip at all", PROTOBUF, "gzip", 400),
        (b"{}", "text/plain", "identity", 415),
        (b"{}", JSON, "br", 415),
        (b" " * 1_000_001, JSON, "identity", 413),
        (gzip.compress(b" " * 50_000_000), JSON, "gzip", 413),
    ],
)
def test_what_cannot_be_kept_is_refused_for_good(
    tmp_path: Path, body: bytes, kind: str, packed: str, status: int
) -> None:
    with receiving(tmp_path) as told:
        assert told.post(body, kind, **{"Content-Encoding": packed}).status == status
    with pytest.raises(OutsideError, match="nothing was received"):
        outcomes(told.source)


def test_what_a_killed_receiver_wrote_half_is_cut_off(tmp_path: Path) -> None:
    with receiving(tmp_path) as told:
        told.post(a_message(an_export()), PROTOBUF)
    [file] = told.inbox.glob("*.jsonl")
    file.write_bytes(file.read_bytes() + b'{"resourceSp' + b" " * 200_000)
    (told.inbox / "only-half.jsonl").write_bytes(b'{"resourceSp')
    with receiving(tmp_path):
        pass
    assert not any(isinstance(outcome, Rejected) for outcome in outcomes(told.source))
    assert file.stat().st_mode & 0o777 == 0o600


def test_one_receiver_at_a_time_and_an_address_that_is_taken(tmp_path: Path) -> None:
    with receiving(tmp_path) as told:
        with pytest.raises(UsageError, match="another receiver"):
            receive(told.inbox, "127.0.0.1", 0, seconds=0, limit=1, progress=Silent())
        port = int(told.url.split(":")[2].split("/")[0])
        with pytest.raises(OutsideError, match="cannot be listened at"):
            receive(tmp_path / "other", "127.0.0.1", port, seconds=0, limit=1, progress=Silent())


def test_requests_that_come_together_share_a_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writes = []
    write = otlp_receiver._Receiver._write
    monkeypatch.setattr(
        otlp_receiver._Receiver, "_write", lambda self, content: (writes.append(1), write(self, content))
    )
    with receiving(tmp_path) as told:
        threads = [
            threading.Thread(target=told.post, args=(a_message(an_export(f"{number:032x}")), PROTOBUF))
            for number in range(1, 21)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(outcomes(told.source)) == 20
    assert 1 <= len(writes) <= 20
