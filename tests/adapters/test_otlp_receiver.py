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
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
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
        self.inbox = self.source._inbox.path  # type: ignore[attr-defined]
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


def a_log(name: str, body: Any = None, span: str = "5c1e0f9a77b2d310", **attributes: str) -> dict[str, Any]:
    record: dict[str, Any] = {
        "traceId": "9b1de6b0c7f24a2f8a0e5d6c1b3f4a55",
        "spanId": span,
        "eventName": name,
        "timeUnixNano": "1795096931120000000",
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()],
    }
    return record if body is None else {**record, "body": body}


def said(text: str) -> dict[str, Any]:
    return {"kvlistValue": {"values": [{"key": "content", "value": {"stringValue": text}}]}}


def a_logs_message(*records: dict[str, Any]) -> bytes:
    request = ExportLogsServiceRequest()
    plain = [{key: value for key, value in record.items() if key not in ("traceId", "spanId")} for record in records]
    ParseDict({"resourceLogs": [{"scopeLogs": [{"logRecords": plain}]}]}, request)
    for told, record in zip(request.resource_logs[0].scope_logs[0].log_records, records, strict=True):
        told.trace_id, told.span_id = bytes.fromhex(record["traceId"]), bytes.fromhex(record["spanId"])
    content: bytes = request.SerializeToString()
    return content


@pytest.mark.parametrize("kind", [JSON, PROTOBUF])
def test_genai_events_that_come_as_logs_join_their_span_and_no_other_log_is_kept(tmp_path: Path, kind: str) -> None:
    records = [
        a_log("gen_ai.user.message", said("Where is it?")),
        a_log("", {"stringValue": "a line of the application's own log, with a secret in it"}),
        a_log("gen_ai.choice", span=""),
    ]
    export = {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}
    body = json.dumps(export).encode() if kind == JSON else a_logs_message(*records)
    with receiving(tmp_path) as told:
        url = told.url.replace("/v1/traces", "/v1/logs")
        answer = urllib3.request("POST", url, body=body, headers={"Content-Type": kind}, retries=False)
        assert answer.status == 200
        partial = ExportLogsServiceResponse.FromString(answer.data).partial_success if kind == PROTOBUF else None
        refused = partial.rejected_log_records if partial else answer.json()["partialSuccess"]["rejectedLogRecords"]
        assert int(refused) == 1
        span = an_export()
        span["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"].pop(1)
        told.post(json.dumps(span).encode(), JSON)
        assert "secret" not in "".join(path.read_text() for path in told.inbox.glob("*.jsonl"))
    [row] = outcomes(told.source)
    assert row["input"]["messages"] == [{"role": "user", "parts": [{"type": "text", "text": "Where is it?"}]}]
    assert [step["span_id"] for step in row["steps"]] == ["5c1e0f9a77b2d310"]
    assert (told.received.requests, told.received.spans, told.received.refused) == (2, 2, 1)


def test_what_was_received_is_landed_and_its_journal_deleted(tmp_path: Path) -> None:
    source = a_source("otlp", tmp_path)
    for trace in (1, 2):
        with receiving(tmp_path) as told:
            told.post(json.dumps(an_export(f"{trace:032x}")).encode(), JSON)
            told.post(json.dumps(an_export(f"{1:032x}", spanId="bb", parentSpanId="aa")).encode(), JSON)
        before = outcomes(source) if trace == 1 else []
        source.land()  # type: ignore[attr-defined]
        assert list(told.inbox.glob("*.jsonl")) == []
        if trace == 1:
            assert outcomes(source) == before
    source.land()  # type: ignore[attr-defined]
    rows = {row["trace_id"]: row for row in outcomes(source)}
    assert {key: len(row["steps"]) for key, row in rows.items()} == {f"{1:032x}": 2, f"{2:032x}": 1}


def test_a_pull_beside_a_receiver_leaves_it_its_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_receiver, "_JOURNAL_BYTES", 1)
    source = a_source("otlp", tmp_path)
    with receiving(tmp_path) as told:
        for number in (1, 2):
            told.post(json.dumps(an_export(f"{number:032x}")).encode(), JSON)
        source.land()  # type: ignore[attr-defined]
        assert len(list(told.inbox.glob("*.jsonl"))) == 1, "the one that is being written"
        assert len(outcomes(source)) == 2
        told.post(json.dumps(an_export(f"{3:032x}")).encode(), JSON)
    source.land()  # type: ignore[attr-defined]
    assert list(told.inbox.glob("*.jsonl")) == []
    assert len(outcomes(source)) == 3


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
