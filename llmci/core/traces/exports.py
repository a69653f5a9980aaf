"""Rows of tools that export more than a request and its response: Helicone, promptfoo, Inspect.

Fields come out under the names of `mapping`. Sources: Helicone's `query-clickhouse` rows, promptfoo's `EvaluateResult`,
Inspect's `EvalSample`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.core.traces.exchanges import anthropic_answer, asked_by, chat_answer, known, responses_answer, sides
from llmci.core.traces.paths import at
from llmci.core.traces.scalars import decoded

if TYPE_CHECKING:
    from llmci.core.traces.exchanges import Record


def helicone(record: Record) -> Record:
    """A row of a request, with its bodies where they were exported."""
    request, response = sides({key: record.get(key) for key in ("request_body", "response_body")})
    if "candidates" in response:
        told = {"messages": request, "output": {"candidates": response["candidates"]}, "usage": response.get("usageMetadata")}  # fmt: skip
    elif response.get("type") == "message":
        told = {**asked_by(request, "anthropic-messages"), **anthropic_answer(response)}
    elif response.get("object") == "response":
        told = {**asked_by(request, "openai-responses"), **responses_answer(response)}
    else:
        told = {**asked_by(request, "openai-chat"), **chat_answer(response)}
    properties = {str(key).lower(): value for key, value in _dict(record.get("request_properties")).items()}
    if told.get("messages") is request and "contents" not in request:
        del told["messages"]
    return {
        **told,
        **known(
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


def promptfoo(record: Record) -> Record:
    """One test by one prompt and provider."""
    raw = at(record, "prompt.raw")
    prompt = decoded(raw)
    tokens = _dict(at(record, "response.tokenUsage") or record.get("tokenUsage"))
    scores: Record = {"success": _score(record.get("success"), "code", at(record, "gradingResult.reason"))}
    if record.get("score") is not None:
        scores["score"] = _score(record["score"], "code", None)
    scores |= {name: _score(value, "code", None) for name, value in _dict(record.get("namedScores")).items()}
    return known(
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
        metadata=known(
            vars=record.get("vars") or at(record, "testCase.vars"), description=at(record, "testCase.description")
        ),
    )


# What Inspect's own reducers make of the letters of its scorers: correct, partly, incorrect, no answer.
_GRADES = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}


def inspect(record: Record) -> Record:
    """One epoch of one sample."""
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
    return known(
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
        metadata=known(
            **_dict(record.get("metadata")),
            target=record.get("target"),
            epoch=record.get("epoch"),
            sample=record.get("id"),
        ),
    )


def _score(value: object, annotator: str, comment: object) -> Record:
    return known(value=value, annotator=annotator, comment=comment)


def _dict(value: object) -> Record:
    found = decoded(value)
    return found if isinstance(found, dict) else {}


def _lower(value: object) -> str | None:
    return value.lower() if isinstance(value, str) else None
