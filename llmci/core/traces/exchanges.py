"""Logs of requests with their responses, and batches of them: OpenAI's chat and Responses, and Anthropic's Messages.

Fields come out under the names of `mapping`. Sources: both vendors' API references.
"""

from __future__ import annotations

from typing import Any

from llmci.core.traces.paths import at
from llmci.core.traces.scalars import decoded, json_text

Record = dict[str, Any]

# What of a request is told elsewhere in a row; the rest are parameters.
_NOT_PARAMS = frozenset(
    """
    messages input instructions system tools functions model user metadata tool_choice response_format contents
    systemInstruction system_instruction stream store background
    """.split()  # noqa: SIM905  words read more easily without quotes
)


def openai_chat(record: Record) -> Record:
    """A log of a chat completion."""
    request, response = sides(record)
    return {**_beside(record), **asked_by(request, "openai-chat"), **chat_answer(response)}


def chat_answer(response: Record) -> Record:
    """What a chat completion answered."""
    choices = response.get("choices")
    # Further choices are other answers to the same question, not more of this one.
    first = choices[:1] if isinstance(choices, list) else None
    return known(
        trace_id=response.get("id"),
        output={"choices": first} if first else None,
        response_model=response.get("model"),
        usage=response.get("usage"),
        start=response.get("created") or response.get("created_at"),
        error=response.get("error"),
    )


def openai_responses(record: Record) -> Record:
    """A log of a call of the Responses API, or a response that repeats what was asked."""
    request, response = sides(record)
    if record.get("object") == "response":
        request, response = {key: record.get(key) for key in ("input", "instructions", "tools", "model", "user", "metadata", "temperature", "tool_choice")}, record  # fmt: skip
    return {**_beside(record), **asked_by(request, "openai-responses"), **responses_answer(response)}


def responses_answer(response: Record) -> Record:
    """What a call of the Responses API answered."""
    conversation = response.get("conversation")
    return known(
        trace_id=response.get("id"),
        output={"output": response["output"]} if response.get("output") else None,
        response_model=response.get("model"),
        usage=response.get("usage"),
        start=response.get("created_at"),
        end=response.get("completed_at"),
        status="error" if response.get("status") in ("failed", "incomplete", "cancelled") else None,
        error=response.get("error") or at(response, "incomplete_details.reason"),
        session_id=conversation.get("id") if isinstance(conversation, dict) else conversation,
    )


def anthropic(record: Record) -> Record:
    """A log of a call of the Messages API."""
    request, response = sides(record)
    return {**_beside(record), **asked_by(request, "anthropic-messages"), **anthropic_answer(response)}


def anthropic_answer(response: Record) -> Record:
    """What a call of the Messages API answered."""
    output = {key: response[key] for key in ("role", "content", "stop_reason") if response.get(key) is not None}
    return known(
        trace_id=response.get("id"),
        output=output if "content" in output else None,
        response_model=response.get("model"),
        usage=response.get("usage"),
        error=response.get("error"),
    )


def sides(record: Record) -> tuple[Record, Record]:
    """Request and response of a log of both, whatever they are called; a request alone where there is no other."""
    request = next((found for key in ("request", "request_body", "body") if isinstance(found := decoded(record.get(key)), dict)), None)  # fmt: skip
    response = next((found for key in ("response", "response_body", "output") if isinstance(found := decoded(record.get(key)), dict)), {})  # fmt: skip
    if isinstance(inner := response.get("body"), dict):
        response = inner
    if isinstance(request, dict) and isinstance(inner := request.get("body"), dict):
        request = inner
    return (record if request is None else request), response


def _beside(record: Record) -> Record:
    """What loggers write beside request and response."""
    if "messages" in record or record.get("object") == "response":
        return {}
    names = {
        "trace_id": "id | request_id | trace_id",
        "start": "timestamp | created_at | start_time | time | ts",
        "end": "end_time | completed_at",
        "latency_ms": "latency_ms | duration_ms",
        "user_id": "user_id | user | metadata.user_id",
        "session_id": "session_id | conversation_id | metadata.session_id",
        "variant": "variant | metadata.variant",
        "cost": "cost | cost_usd",
        "tags": "tags",
        "metadata": "metadata",
    }
    return known(**{name: at(record, path) for name, path in names.items()})


def asked_by(request: Record, dialect: str) -> Record:
    """What a request asked, of which model, and how."""
    params = {key: value for key, value in request.items() if key not in _NOT_PARAMS and value is not None}
    metadata = request.get("metadata")
    is_request = "model" in request or "input" in request
    return known(
        dialect=dialect,
        provider=dialect.partition("-")[0],
        messages=request.get("messages") or request.get("input"),
        system=request.get("system") or request.get("instructions"),
        tools=request.get("tools") or request.get("functions"),
        model=request.get("model"),
        params=json_text(params) if params and is_request else None,
        tool_choice=request.get("tool_choice"),
        response_format=request.get("response_format") or at(request, "text.format"),
        user_id=request.get("user") or at(request, "metadata.user_id"),
        metadata=metadata if isinstance(metadata, dict) and metadata else None,
    )


def known(**fields: object) -> Record:
    """The fields that are there."""
    return {name: value for name, value in fields.items() if value is not None}


def openai_batch(record: Record) -> Record | None:
    """A line of a batch's output, with its request; None for a line of the input."""
    if "response" not in record and "error" not in record:
        return None
    response = record.get("response")
    body = response.get("body") if isinstance(response, dict) else None
    body = body if isinstance(body, dict) else {}
    request = record.get("request_line")
    asked = request.get("body") if isinstance(request, dict) else None
    asked = asked if isinstance(asked, dict) else {}
    responses = body.get("object") == "response" or "input" in asked
    told = asked_by(asked, "openai-responses" if responses else "openai-chat")
    answer = responses_answer(body) if responses else chat_answer(body)
    code = at(record, "response.status_code")
    return {
        **told,
        **answer,
        "trace_id": record.get("custom_id"),
        **known(status=code, error=record.get("error") or body.get("error")),
    }


def anthropic_batch(record: Record) -> Record | None:
    """A line of a batch's results, with its request; None for a request."""
    result = record.get("result")
    if not isinstance(result, dict):
        return None
    request = record.get("request_line")
    asked = request.get("params") if isinstance(request, dict) else None
    message = result.get("message")
    kind = result.get("type")
    return {
        **asked_by(asked if isinstance(asked, dict) else {}, "anthropic-messages"),
        **anthropic_answer(message if isinstance(message, dict) else {}),
        "trace_id": record.get("custom_id"),
        "status": "ok" if kind == "succeeded" else "error",
        **known(error=result.get("error") or (None if kind == "succeeded" else kind)),
    }
