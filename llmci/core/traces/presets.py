"""Records of tools whose files have one form: how each is told apart, and its fields under the names of `mapping`.

Sources: OpenAI's and Anthropic's API references (requests, responses, batch files), Helicone's `query-clickhouse`
rows, Braintrust's project logs, Weave's calls, promptfoo's `EvaluateResult`, Inspect's `EvalSample`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmci.core.traces.mapping import Plan
from llmci.core.traces.paths import Pick, at
from llmci.core.traces.scalars import decoded, json_text

if TYPE_CHECKING:
    from collections.abc import Callable

Record = dict[str, Any]

_FIELDS = (
    "trace_id", "messages", "system", "input", "output", "tools", "params", "model", "response_model", "provider",
    "dialect", "tool_choice", "response_format", "variant", "user_id", "session_id", "name", "environment", "version",
    "prompt_name", "start", "end", "latency_ms", "latency_s", "ttft_ms", "input_tokens", "output_tokens", "usage",
    "cost", "status", "error", "tags", "documents",
)  # fmt: skip
# The plan for what `Preset.told` gives.
TOLD = Plan(tuple((name, Pick(path=name)) for name in _FIELDS), (), (), ("metadata", "scores"))
# What of a request is told elsewhere in a row; the rest are parameters.
_NOT_PARAMS = frozenset(
    """
    messages input instructions system tools functions model user metadata tool_choice response_format contents
    systemInstruction system_instruction stream store background
    """.split()  # noqa: SIM905  words read more easily without quotes
)


@dataclass(frozen=True, slots=True)
class Preset:
    """One form of record.

    Attributes:
        recognizes: Whether a record is unmistakably of this form.
        told: Its fields under the usual names, which `TOLD` finds; None for a record that is no trace
            of its own, such as a line of a batch's input.
    """

    name: str
    recognizes: Callable[[Record], bool]
    told: Callable[[Record], Record | None]


def _openai_chat(record: Record) -> Record:
    request, response = _sides(record)
    return {**_beside(record), **_asked(request, "openai-chat"), **_chat_answer(response)}


def _chat_answer(response: Record) -> Record:
    choices = response.get("choices")
    # Further choices are other answers to the same question, not more of this one.
    first = choices[:1] if isinstance(choices, list) else None
    return _known(
        trace_id=response.get("id"),
        output={"choices": first} if first else None,
        response_model=response.get("model"),
        usage=response.get("usage"),
        start=response.get("created") or response.get("created_at"),
        error=response.get("error"),
    )


def _openai_responses(record: Record) -> Record:
    request, response = _sides(record)
    if record.get("object") == "response":
        request, response = {key: record.get(key) for key in ("input", "instructions", "tools", "model", "user", "metadata", "temperature", "tool_choice")}, record  # fmt: skip
    return {**_beside(record), **_asked(request, "openai-responses"), **_responses_answer(response)}


def _responses_answer(response: Record) -> Record:
    conversation = response.get("conversation")
    return _known(
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


def _anthropic(record: Record) -> Record:
    request, response = _sides(record)
    return {**_beside(record), **_asked(request, "anthropic-messages"), **_anthropic_answer(response)}


def _anthropic_answer(response: Record) -> Record:
    output = {key: response[key] for key in ("role", "content", "stop_reason") if response.get(key) is not None}
    return _known(
        trace_id=response.get("id"),
        output=output if "content" in output else None,
        response_model=response.get("model"),
        usage=response.get("usage"),
        error=response.get("error"),
    )


def _sides(record: Record) -> tuple[Record, Record]:
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
    return _known(**{name: at(record, path) for name, path in names.items()})


def _asked(request: Record, dialect: str) -> Record:
    params = {key: value for key, value in request.items() if key not in _NOT_PARAMS and value is not None}
    metadata = request.get("metadata")
    is_request = "model" in request or "input" in request
    return _known(
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


def _known(**fields: Any) -> Record:
    return {name: value for name, value in fields.items() if value is not None}


def _openai_batch(record: Record) -> Record | None:
    if "response" not in record and "error" not in record:
        return None
    response = record.get("response")
    body = response.get("body") if isinstance(response, dict) else None
    body = body if isinstance(body, dict) else {}
    request = record.get("request_line")
    asked = request.get("body") if isinstance(request, dict) else None
    asked = asked if isinstance(asked, dict) else {}
    responses = body.get("object") == "response" or "input" in asked
    told = _asked(asked, "openai-responses" if responses else "openai-chat")
    answer = _responses_answer(body) if responses else _chat_answer(body)
    code = at(record, "response.status_code")
    return {
        **told,
        **answer,
        "trace_id": record.get("custom_id"),
        **_known(status=code, error=record.get("error") or body.get("error")),
    }


def _anthropic_batch(record: Record) -> Record | None:
    result = record.get("result")
    if not isinstance(result, dict):
        return None
    request = record.get("request_line")
    asked = request.get("params") if isinstance(request, dict) else None
    message = result.get("message")
    kind = result.get("type")
    return {
        **_asked(asked if isinstance(asked, dict) else {}, "anthropic-messages"),
        **_anthropic_answer(message if isinstance(message, dict) else {}),
        "trace_id": record.get("custom_id"),
        "status": "ok" if kind == "succeeded" else "error",
        **_known(error=result.get("error") or (None if kind == "succeeded" else kind)),
    }


def _helicone(record: Record) -> Record:
    request, response = _sides({key: record.get(key) for key in ("request_body", "response_body")})
    if "candidates" in response:
        told = {"messages": request, "output": {"candidates": response["candidates"]}, "usage": response.get("usageMetadata")}  # fmt: skip
    elif response.get("type") == "message":
        told = {**_asked(request, "anthropic-messages"), **_anthropic_answer(response)}
    elif response.get("object") == "response":
        told = {**_asked(request, "openai-responses"), **_responses_answer(response)}
    else:
        told = {**_asked(request, "openai-chat"), **_chat_answer(response)}
    properties = {str(key).lower(): value for key, value in _dict(record.get("request_properties")).items()}
    if told.get("messages") is request and "contents" not in request:
        del told["messages"]
    return {
        **told,
        **_known(
            trace_id=record.get("request_id"),
            start=record.get("request_created_at"),
            end=record.get("response_created_at"),
            latency_ms=record.get("delay_ms"),
            ttft_ms=record.get("time_to_first_token"),
            provider=_lower(record.get("provider")),
            model=request.get("model") or record.get("request_model") or record.get("response_model"),
            response_model=record.get("response_model"),
            input_tokens=record.get("prompt_tokens"),
            output_tokens=record.get("completion_tokens"),
            cost=record.get("cost_usd", record.get("costUSD")),
            status=record.get("response_status"),
            user_id=record.get("request_user_id"),
            session_id=properties.get("helicone-session-id") or properties.get("session-id"),
            variant=properties.get("variant"),
            prompt_name=properties.get("helicone-prompt-id"),
            metadata=_dict(record.get("request_properties")) or None,
            scores=_dict(record.get("scores")) or None,
        ),
    }


def _promptfoo(record: Record) -> Record:
    raw = at(record, "prompt.raw")
    prompt = decoded(raw)
    tokens = _dict(at(record, "response.tokenUsage") or record.get("tokenUsage"))
    scores: Record = {"success": _score(record.get("success"), "code", at(record, "gradingResult.reason"))}
    if record.get("score") is not None:
        scores["score"] = _score(record["score"], "code", None)
    scores |= {name: _score(value, "code", None) for name, value in _dict(record.get("namedScores")).items()}
    return _known(
        trace_id=record.get("id"),
        messages=prompt if isinstance(prompt, (dict, list)) else None,
        input=raw if prompt is raw else None,
        output=at(record, "response.output"),
        provider=at(record, "provider.id"),
        model=at(record, "provider.id"),
        variant=at(record, "provider.label | prompt.label"),
        prompt_name=at(record, "prompt.label"),
        session_id=at(record, "response.sessionId"),
        start=record.get("evaluated_at"),
        latency_ms=record.get("latencyMs"),
        input_tokens=tokens.get("prompt"),
        output_tokens=tokens.get("completion"),
        cost=record.get("cost"),
        error=record.get("error") if record.get("failureReason") == 2 else None,
        scores=scores,
        metadata=_known(
            vars=record.get("vars") or at(record, "testCase.vars"), description=at(record, "testCase.description")
        ),  # fmt: skip
    )


# What Inspect's own reducers make of the letters of its scorers: correct, partly, incorrect, no answer.
_GRADES = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}


def _inspect(record: Record) -> Record:
    header = _dict(record.get("eval_header"))
    scores = {}
    for name, given in _dict(record.get("scores")).items():
        value = given.get("value") if isinstance(given, dict) else given
        number = _GRADES.get(value, value) if isinstance(value, str) else value
        if not isinstance(number, (dict, list)):
            scores[name] = _score(number, "code", at(given, "explanation"))
    output = _dict(record.get("output"))
    usage = _dict(output.get("usage"))
    said = record.get("messages")
    whole = isinstance(said, list) and bool(said) and at(said, "[-1].role") == "assistant"
    answer = {"choices": output["choices"]} if output.get("choices") else output.get("completion")
    parts = [header.get("eval_id"), record.get("id"), record.get("epoch")]
    error = record.get("error")
    return _known(
        trace_id=record.get("uuid") or ":".join(str(part) for part in parts if part is not None),
        messages=said,
        input=record.get("input"),
        output=None if whole else answer,
        model=header.get("model") or output.get("model"),
        response_model=output.get("model"),
        name=header.get("task"),
        variant=header.get("model"),
        start=record.get("started_at"),
        end=record.get("completed_at"),
        latency_s=record.get("total_time"),
        usage=usage or None,
        error=error.get("message") if isinstance(error, dict) else error,
        scores=scores,
        tags=header.get("tags"),
        metadata=_known(
            **_dict(record.get("metadata")),
            target=record.get("target"),
            epoch=record.get("epoch"),
            sample=record.get("id"),
        ),  # fmt: skip
    )


def _score(value: object, annotator: str, comment: object) -> Record:
    return _known(value=value, annotator=annotator, comment=comment)


def _dict(value: object) -> Record:
    found = decoded(value)
    return found if isinstance(found, dict) else {}


def _lower(value: object) -> str | None:
    return value.lower() if isinstance(value, str) else None


def _is_anthropic_answer(value: object) -> bool:
    return isinstance(value, dict) and value.get("type") == "message" and isinstance(value.get("content"), list)


def _is_openai_exchange(record: Record) -> bool:
    request, response = _sides(record)
    return request is not record and "messages" in request and isinstance(response.get("choices"), list)


def _is_responses(record: Record) -> bool:
    request, response = _sides(record)
    return record.get("object") == "response" or (
        request is not record and "input" in request and response.get("object") == "response"
    )


def _is_batch(record: Record) -> bool:
    if "custom_id" not in record:
        return False
    asks = isinstance(record.get("body"), dict) and "url" in record
    return asks or isinstance(at(record, "response.body"), dict) or ("response" in record and "error" in record)


def _is_anthropic_batch(record: Record) -> bool:
    asks = isinstance(record.get("params"), dict) and "messages" in record["params"]
    answers = isinstance(record.get("result"), dict) and record["result"].get("type") in (
        "succeeded", "errored", "canceled", "expired",
    )  # fmt: skip
    return "custom_id" in record and (asks or answers)


# In this order: the first that recognizes a record reads it.
PRESETS = {
    preset.name: preset
    for preset in (
        Preset("openai-batch", _is_batch, _openai_batch),
        Preset("anthropic-batch", _is_anthropic_batch, _anthropic_batch),
        Preset("helicone", lambda r: "request_id" in r and "request_created_at" in r, _helicone),
        Preset("promptfoo", lambda r: "promptIdx" in r and "testIdx" in r and "vars" in r, _promptfoo),
        Preset("inspect", lambda r: "epoch" in r and "messages" in r and "output" in r and "scores" in r, _inspect),
        Preset("openai-responses", _is_responses, _openai_responses),
        Preset(
            "anthropic-messages",
            lambda r: any(_is_anthropic_answer(r.get(key)) for key in ("response", "response_body", "output")),
            _anthropic,
        ),  # fmt: skip
        Preset("openai-chat", _is_openai_exchange, _openai_chat),
    )
}


def recognized(record: Record) -> Preset | None:
    """The preset for a record of a form that cannot be mistaken, or None."""
    return next((preset for preset in PRESETS.values() if preset.recognizes(record)), None)
