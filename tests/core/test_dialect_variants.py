"""Messages that frameworks write beside the plain ones: attachments, tools of the provider, states, updates, events.

Forms are those of the libraries' own types and documentation, the values invented.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from llmci.core.traces.otlp import Span
from llmci.core.traces.payloads import payload_of
from llmci.core.traces.records import Origin
from llmci.core.traces.spans import trace_of

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEA"
CALL = {"id": "c", "type": "function", "function": {"name": "track", "arguments": '{"parcel":  778}'}}
AI = {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "AIMessage"], "kwargs": {"content": "Lyon.", "type": "ai"}}  # fmt: skip
ASKED, ANSWERED = ("user", "text", "Where?"), ("assistant", "text", "Lyon.")
CALLED, FOUND = ("assistant", "call", 'c track {"parcel":  778}'), ("tool", "result", "c Lyon")


def spoken(logged: Any) -> list[tuple[str, str, Any]]:
    payload = payload_of(json.dumps(logged), role="user")
    assert payload["kind"] == "messages"
    return [(message["role"], *said(part)) for message in payload["messages"] for part in message["parts"]]


def said(part: dict[str, Any]) -> tuple[str, Any]:
    match part["type"]:
        case "tool_call":
            return "call", f"{part['tool_call_id']} {part['tool_name']} {part['tool_arguments']}"
        case "tool_result":
            return ("failed" if part.get("is_error") else "result"), f"{part['tool_call_id']} {part['tool_result']}"
        case "text" | "reasoning" | "refusal" as kind:
            return kind, part["text"]
        case "unknown":
            return "unknown", json.loads(part["extra"]).get("type")
        case kind:
            return kind, part.get("mime_type") or part["uri"]


VARIANTS: dict[str, tuple[Any, list[tuple[str, str, Any]]]] = {
    "langgraph/state": (
        {"messages": [{"type": "human", "content": "Where?"}, {"type": "ai", "content": [{"type": "reasoning", "reasoning": "hm"}, {"type": "tool_call", "id": "c", "name": "track", "args": '{"parcel":  778}'}], "tool_calls": [{"name": "track", "args": {"parcel": 778}, "id": "c", "type": "tool_call"}]}, {"type": "tool", "content": "boom", "tool_call_id": "c", "status": "error", "artifact": None}], "remaining_steps": 24},
        [ASKED, ("assistant", "reasoning", "hm"), CALLED, ("tool", "failed", "c boom")],
    ),
    "langgraph/command": ([{"lg_name": "Command", "update": {"messages": [{"type": "ai", "content": "Lyon."}]}, "goto": "x"}], [ANSWERED]),
    "langgraph/update-of-a-node": ({"agent": {"messages": [{"type": "ai", "content": "Lyon."}], "steps": 1}}, [ANSWERED]),
    "langchain/result": ({"generations": [[{"text": "Lyon.", "generation_info": {"finish_reason": "stop"}, "type": "ChatGeneration", "message": AI}]], "llm_output": {}, "run": None}, [ANSWERED]),
    "openllmetry/langchain-input": ({"inputs": {"messages": [{"role": "user", "content": "Where?"}]}, "tags": [], "kwargs": {"name": "LangGraph"}}, [ASKED]),
    "openllmetry/langchain-output": ({"outputs": {"messages": [AI]}, "kwargs": {"tags": []}}, [ANSWERED]),
    "openai-agents/tools-of-openai": (
        [
            {"role": "user", "content": "Where?"},
            {"id": "r", "type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
            {"type": "web_search_call", "id": "w", "action": {"query": "lyon"}},
            {"type": "mcp_call", "id": "m", "name": "track", "arguments": "{}", "output": "Lyon", "server_label": "s"},
            {"type": "code_interpreter_call", "id": "i", "status": "completed", "code": "1+1", "outputs": [{"type": "logs", "logs": "2"}]},
            {"type": "image_generation_call", "id": "g", "status": "completed", "result": PNG},
            {"type": "custom_tool_call", "call_id": "x", "name": "sh", "input": "ls"},
            {"type": "custom_tool_call_output", "call_id": "x", "output": "a b"},
            {"type": "item_reference", "id": "y"},
            {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "Lyon"}, {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}]},
        ],
        [
            ASKED,
            ("assistant", "reasoning", "hm"),
            ("assistant", "call", 'w web_search {"action":{"query":"lyon"}}'),
            ("assistant", "call", "m track {}"),
            ("tool", "result", "m Lyon"),
            ("assistant", "call", 'i code_interpreter {"code":"1+1"}'),
            ("tool", "result", 'i [{"type":"logs","logs":"2"}]'),
            ("assistant", "image", "image/png"),
            ("assistant", "call", "x sh ls"),
            ("tool", "result", "x a b"),
            ("assistant", "unknown", "item_reference"),
            FOUND,
            ("tool", "image", "image/png"),
        ],
    ),
    "openai/said-aloud": ({"role": "assistant", "content": None, "audio": {"id": "a", "data": WAV, "transcript": "Lyon."}}, [ANSWERED, ("assistant", "audio", "audio/wav")]),
    "openai/threads": ({"data": [{"object": "thread.message", "role": "assistant", "content": [{"type": "text", "text": {"value": "Lyon.", "annotations": []}}, {"type": "image_file", "image_file": {"file_id": "f"}}]}]}, [ANSWERED, ("assistant", "image", "f")]),
    "openai/streamed": ({"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Lyon."}, "finish_reason": "stop"}]}, [ANSWERED]),
    "openrouter/reasoning": ({"role": "assistant", "content": "Lyon.", "reasoning": "hm"}, [("assistant", "reasoning", "hm"), ANSWERED]),
    "ag2/several-results": (
        [{"role": "user", "name": "proxy", "content": "Where?"}, {"role": "assistant", "content": None, "tool_calls": [CALL]}, {"role": "tool", "content": "LyonParis", "tool_responses": [{"tool_call_id": "c", "role": "tool", "content": "Lyon"}, {"tool_call_id": "d", "role": "tool", "content": "Paris"}]}],
        [ASKED, CALLED, FOUND, ("tool", "result", "d Paris")],
    ),
    "agno/attachments": (
        [{"role": "user", "content": "Where?", "images": [{"url": "https://x/y.png"}, {"content": PNG, "format": "png"}], "audio": [{"content": WAV, "format": "wav"}]}, {"role": "tool", "content": "boom", "tool_call_id": "c", "tool_name": "track", "tool_call_error": True}],
        [ASKED, ("user", "image", "https://x/y.png"), ("user", "image", "image/png"), ("user", "audio", "audio/wav"), ("tool", "failed", "c boom")],
    ),
    "ollama/pictures": ([{"role": "user", "content": "Where?", "images": [PNG]}, {"role": "assistant", "content": "Lyon.", "thinking": "hm"}], [ASKED, ("user", "image", "image/png"), ("assistant", "reasoning", "hm"), ANSWERED]),
    "gemini/code": (
        [{"role": "model", "parts": [{"executableCode": {"language": "PYTHON", "code": "1"}}, {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2"}}, {"text": "Lyon.", "thoughtSignature": "x"}]}],
        [("assistant", "call", 'None code_execution {"language":"PYTHON","code":"1"}'), ("tool", "result", "None 2"), ANSWERED],
    ),
    "google-adk/openinference-input": ({"user_id": "u", "session_id": "s", "new_message": {"parts": [{"text": "Where?"}], "role": "user"}}, [ASKED]),
    "livekit/context": (
        {"items": [{"id": "1", "type": "message", "role": "user", "content": ["Where?"], "interrupted": False}, {"id": "2", "type": "function_call", "call_id": "c", "arguments": '{"parcel":  778}', "name": "track"}, {"id": "3", "type": "function_call_output", "name": "track", "call_id": "c", "output": "Lyon", "is_error": False}, {"id": "4", "type": "agent_handoff", "new_agent_id": "b"}, {"id": "5", "type": "message", "role": "assistant", "content": ["Lyon."]}]},
        [ASKED, CALLED, FOUND, ("assistant", "unknown", "agent_handoff"), ANSWERED],
    ),
    "haystack/many-parts": (
        {"role": "assistant", "meta": {}, "content": [{"text": "Lyon."}, {"image": {"base64_image": PNG, "mime_type": "image/png"}}, {"reasoning": {"reasoning_text": "hm", "extra": {}}}, {"tool_call": {"tool_name": "track", "arguments": '{"parcel":  778}', "id": "c", "extra": None}}]},
        [ANSWERED, ("assistant", "image", "image/png"), ("assistant", "reasoning", "hm"), CALLED],
    ),
    "llama-index/image-block": ([{"role": "user", "additional_kwargs": {}, "blocks": [{"block_type": "text", "text": "Where?"}, {"block_type": "image", "image": PNG, "image_mimetype": "image/png", "url": None}]}], [ASKED, ("user", "image", "image/png")]),
    "strands/failed-tool": ([{"role": "user", "content": [{"toolResult": {"toolUseId": "c", "status": "error", "content": [{"text": "boom"}]}}]}, {"role": "assistant", "content": [{"citationsContent": {"content": [{"text": "Lyon."}]}}]}], [("tool", "failed", "c boom"), ANSWERED]),
    "anthropic/tools-of-anthropic": (
        [{"role": "user", "content": [{"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "Where?"}]}]}, {"role": "assistant", "content": [{"type": "server_tool_use", "id": "c", "name": "track", "input": '{"parcel":  778}'}, {"type": "web_search_tool_result", "tool_use_id": "c", "content": "Lyon"}, {"type": "text", "text": "Lyon."}]}],
        [ASKED, CALLED, FOUND, ANSWERED],
    ),
    "claude-agents/transcript": (
        [{"type": "user", "message": {"role": "user", "content": "Where?"}}, {"type": "assistant", "message": {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "track", "input": '{"parcel":  778}'}]}, "session_id": "s"}, {"type": "user", "message": {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "Lyon"}]}}, {"type": "result", "result": "Lyon."}],
        [ASKED, CALLED, FOUND, ("assistant", "unknown", "result")],
    ),
    "genai/server-tools": (
        [{"role": "assistant", "parts": [{"type": "server_tool_call", "id": "c", "name": "track", "server_tool_call": {"parcel": 778}}, {"type": "server_tool_call_response", "id": "c", "server_tool_call_response": "Lyon"}, {"type": "text", "content": "Lyon."}]}],
        [("assistant", "call", 'c track {"parcel":778}'), FOUND, ANSWERED],
    ),
    "vercel/bytes-and-errors": (
        [{"role": "user", "content": [{"type": "image", "image": {"0": 137, "1": 80}}, {"type": "file", "mediaType": "application/pdf", "data": {"type": "Buffer", "data": [1, 2]}}]}, {"role": "tool", "content": [{"type": "tool-result", "toolCallId": "c", "toolName": "track", "output": {"type": "error-text", "value": "boom"}}]}],
        [("user", "image", "data:;base64,iVA="), ("user", "file", "application/pdf"), ("tool", "failed", "c boom")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", VARIANTS)
def test_who_said_what_is_the_same_whatever_form_it_has(form: str) -> None:
    logged, expected = VARIANTS[form]

    assert spoken(logged) == expected


@pytest.mark.parametrize(
    "logged",
    [
        {"inputs": {"question": "Where?"}},
        {"items": [{"type": "article", "title": "x"}]},
        {"data": [{"type": "point", "id": 1}]},
        {"update": {"rows": 3}},
        {"agent": {"messages": 3}},
        [{"type": "phone_call", "id": 1, "number": "x"}],
        {"kind": "order", "content": {"a": 1}},
    ],
)
def test_what_only_looks_like_messages_stays_what_it_is(logged: Any) -> None:
    assert payload_of(logged, role="user")["kind"] == "json"


def test_livekit_keeps_its_conversation_beside_the_request_that_counts_tokens() -> None:
    context, said_aloud = VARIANTS["livekit/context"][0], {"lk.response.text": "Lyon.", "lk.response.ttft": 0.5}
    told: list[dict[str, Any]] = [
        {"lk.user_input": "Where?", "lk.response.text": "Lyon."},
        {"lk.chat_ctx": json.dumps(context), **said_aloud},
        {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 7},
        {"lk.function_tool.id": "c", "lk.function_tool.name": "track", "lk.function_tool.arguments": "{}", "lk.function_tool.output": "Lyon"},
    ]  # fmt: skip
    start = datetime(2026, 11, 21, tzinfo=UTC)
    spans = [
        Span(trace_id="t", span_id=str(n), parent_id=None if n == 0 else "1" if n == 2 else "0", name=f"s{n}", start=start.replace(second=n), end=start, nanoseconds=1, failed=False, message=None, attributes=attributes, events=(), resource={})
        for n, attributes in enumerate(told)
    ]  # fmt: skip

    row = trace_of(spans, Origin("prod", "otlp"))

    assert [step["kind"] for step in row["steps"]] == ["agent", "llm", "llm", "tool"]
    assert (row["input"]["text"], row["usage"]["input"]) == ("Where?", 7)
    assert row["output"]["messages"][0]["parts"] == [{"type": "text", "text": "Lyon."}]
    assert row["steps"][1]["ttft_ms"] == 500
    assert [message["role"] for message in row["steps"][1]["input"]["messages"]][:3] == ["user", "assistant", "tool"]
    assert (row["steps"][3]["tool_name"], row["steps"][3]["tool_call_id"], row["steps"][3]["output"]["text"]) == (
        "track",
        "c",
        "Lyon",
    )
