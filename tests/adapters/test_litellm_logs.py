"""What LiteLLM's proxy logs, as files and as spans; the real proxy is in tests/real/test_litellm_proxy.py."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from pulling import a_source, outcomes

from llmci.core.traces.litellm_spans import traces_in
from llmci.core.traces.otlp import Span
from llmci.seams import Rejected, Window

if TYPE_CHECKING:
    from pathlib import Path

START = 1795096931.12


def a_call(call_id: str = "c1", **changes: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "In Lyon."}
    return {
        "id": "chatcmpl-51",
        "litellm_call_id": call_id,
        "trace_id": "s-5",
        "session_id": "",
        "call_type": "acompletion",
        "status": "success",
        "stream": True,
        "custom_llm_provider": "openai",
        "model": "openai/gpt-4o-mini",
        "model_group": "support",
        "startTime": START,
        "completionStartTime": START + 0.5,
        "endTime": START + 1.3,
        "prompt_tokens": 274,
        "completion_tokens": 18,
        "total_tokens": 292,
        "response_cost": 0.00005,
        "end_user": "u-81",
        "request_tags": ["prod", "User-Agent: shop", "User-Agent: shop/1.2"],
        "metadata": {"requester_metadata": {"session_id": "s-5", "plan": "pro", "headers": {"host": "h"}}, "usage_object": {"prompt_tokens_details": {"cached_tokens": 64}}},
        "model_map_information": {"model_map_key": "x"},
        "messages": [{"role": "user", "content": "Where?"}],
        "model_parameters": {"temperature": 0.2, "stream": True},
        "response": {"choices": [{"finish_reason": "stop", "message": message}]},
        "error_information": {"error_code": "", "error_class": "", "error_message": ""},
        **changes,
    }  # fmt: skip


def test_a_call_is_a_trace_of_its_own_id(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(orjson.dumps(a_call()))
    [row] = outcomes(a_source("litellm", tmp_path, path="*.json"))
    assert (row["trace_id"], row["session_id"], row["user_id"], row["tags"]) == ("c1", "s-5", "u-81", ["prod"])
    assert (row["variant"], row["ttft_ms"], row["cost"]["total"]) == ("support", pytest.approx(500), 0.00005)
    assert row["usage"] == {"input": 274, "output": 18, "total": 292, "cache_read": 64}
    assert row["request"]["params"] == '{"temperature":0.2}'
    assert orjson.loads(row["metadata"]) == {"plan": "pro", "model_group": "support", "call_type": "acompletion"}
    assert row["start"] == datetime.fromtimestamp(START, UTC)


@pytest.mark.parametrize(
    "content",
    [
        b"\n".join(orjson.dumps(a_call(name)) for name in ("a", "b")),
        orjson.dumps([a_call("a"), a_call("b")]),
    ],
    ids=["lines", "array"],
)
def test_batches_and_webhooks_hold_several(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jsonl").write_bytes(content)
    assert [row["trace_id"] for row in outcomes(a_source("litellm", tmp_path, path="*.jsonl"))] == ["a", "b"]


def test_a_first_token_without_a_stream_is_the_last_one(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(orjson.dumps(a_call(stream=None)))
    [row] = outcomes(a_source("litellm", tmp_path, path="*.json"))
    assert row["ttft_ms"] is None


def test_what_is_no_record_is_rejected_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"cut": ')
    (tmp_path / "b.json").write_bytes(b'{"other": 1}')
    (tmp_path / "c.json").write_bytes(orjson.dumps(a_call()))
    found = outcomes(a_source("litellm", tmp_path, path="*.json"))
    assert [one.where for one in found if isinstance(one, Rejected)] == ["a.json:1", "b.json:1"]
    assert len(found) == 3


def test_files_are_read_a_thousand_at_a_time_and_only_the_last_thousand_grows(tmp_path: Path) -> None:
    folder = tmp_path / "2026-11-19"
    folder.mkdir()
    for number in range(1500):
        (folder / f"time-{number:05}.json").write_bytes(b"{}")
    source = a_source("litellm", tmp_path, path="**/*.json")
    before = source.shards(Window())
    (folder / "time-99999.json").write_bytes(b"{}")
    after = source.shards(Window())
    assert [shard.shard_id for shard in after] == [shard.shard_id for shard in before]
    assert [a.fingerprint == b.fingerprint for a, b in zip(before, after, strict=True)] == [True, False]


def test_days_outside_of_the_window_are_not_opened(tmp_path: Path) -> None:
    for day in ("2026-11-10", "2026-11-18", "2026-11-19", "2026-11-30"):
        (tmp_path / day).mkdir()
        (tmp_path / day / "a.json").write_bytes(orjson.dumps(a_call(day)))
    window = Window(datetime(2026, 11, 19, 12, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC))
    uris = [shard.uri for shard in a_source("litellm", tmp_path, path="**/*.json").shards(window)]
    assert len(uris) == 2
    assert all("2026-11-1" in uri and "2026-11-10" not in uri for uri in uris)


# --- spans

PROXY = {"service.name": "litellm"}


def a_span(span_id: str, parent: str | None = None, name: str = "x", resource: Any = PROXY, **attributes: Any) -> Span:
    return Span(trace_id="t", span_id=span_id, parent_id=parent, name=name, start=None, end=None, nanoseconds=None, failed=False, message=None, attributes={key.replace("__", "."): value for key, value in attributes.items()}, events=(), resource=resource)  # fmt: skip


def a_request(span_id: str, parent: str | None, call_id: str, resource: Any = PROXY, **more: Any) -> Span:
    told = {"litellm__call_id": call_id, "gen_ai__operation__name": "acompletion", **more}
    return a_span(span_id, parent, "litellm_request", resource, **told)


def test_calls_that_nobody_traced_before_are_a_trace_each() -> None:
    spans = [a_span("1", None, "Received Proxy Server Request"), a_span("2", "1", "auth"), a_request("3", "1", "c1"), a_request("4", "1", "c2")]  # fmt: skip
    found = traces_in(spans)
    assert [[(span.trace_id, span.parent_id) for span in trace] for trace in found] == [[("c1", None)], [("c2", None)]]


def test_within_the_trace_of_an_application_the_proxys_own_work_is_left_out() -> None:
    app = {"service.name": "shop"}
    spans = [a_span("1", None, "agent", app), a_span("2", "1", "Received Proxy Server Request"), a_span("3", "2", "router"), a_request("4", "3", "c1")]  # fmt: skip
    [trace] = traces_in(spans)
    assert [(span.span_id, span.parent_id) for span in trace] == [("1", None), ("4", "1")]


def test_an_application_that_calls_litellm_in_its_own_process_keeps_all_its_spans() -> None:
    app = {"service.name": "shop"}
    spans = [a_span("1", None, "agent", app), a_span("2", "1", "tool", app), a_request("3", "1", "c1", app)]
    [trace] = traces_in(spans)
    assert [span.span_id for span in trace] == ["1", "2", "3"]


def test_requests_without_a_model_call_are_no_traces_and_other_spans_are_left_alone() -> None:
    assert traces_in([a_span("1", None, "GET /health/liveliness"), a_span("2", "1", "fastapi.endpoint")]) == []
    other = [a_span("1", None, "agent", {"service.name": "shop"})]
    assert traces_in(other) == [other]


def test_what_the_exporter_writes_as_repr_or_flattened_is_read() -> None:
    given: dict[str, Any] = {
        "metadata__requester_metadata": "{'session_id': 's-5', 'variant': 'canary', 'tags': ['a'], 'x': None}",
        "metadata__usage_object": "{'prompt_tokens_details': {'cached_tokens': 2}}",
        "metadata__user_api_key_end_user_id": "u-81",
        "gen_ai__output__messages": '[{"role":"assistant","parts":[],"finish_reason":"tool_calls"}]',
        "gen_ai__completion__0__function_call__name": "look",
        "gen_ai__completion__0__function_call__arguments": '{"at":  1}',
        "llm__request__functions__0__name": "look",
        "llm__request__functions__0__parameters": '{"type": "object"}',
    }
    [[span]] = traces_in([a_span("1", None, "proxy_pre_call"), a_request("2", "1", "c1", **given)])
    assert span.attributes["session.id"] == "s-5"
    assert (span.attributes["llmci.variant"], span.attributes["user.id"], span.attributes["tag.tags"]) == (
        "canary",
        "u-81",
        ["a"],
    )
    assert span.attributes["gen_ai.usage.cache_read.input_tokens"] == 2
    [message] = orjson.loads(span.attributes["gen_ai.output.messages"])
    assert message["parts"] == [{"type": "tool_call", "name": "look", "arguments": '{"at":  1}'}]
    assert span.attributes["gen_ai.tool.definitions"][0]["function"]["name"] == "look"


@pytest.mark.parametrize("text", ["{'a': open('x')}", "{" * 100_000, "{'a'", "{1, 2}"])
def test_a_repr_that_is_none_does_no_harm(text: str) -> None:
    [[span]] = traces_in([a_span("1", None, "auth"), a_span("0", None, "proxy_pre_call"), a_request("2", "1", "c1", metadata__requester_metadata=text)])  # fmt: skip
    assert span.trace_id == "c1"


def test_an_object_store_is_read_like_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "logs" / "2026-11-19"
    folder.mkdir(parents=True)
    (folder / "a.json").write_bytes(orjson.dumps(a_call()))
    [row] = outcomes(a_source("litellm", tmp_path, path=f"file://{tmp_path}/logs/"))
    assert row["trace_id"] == "c1"
