"""Spans of SDKs that write attributes of their own, told in the names of the conventions that `dialects` reads.

Sources: the Vercel AI SDK's "Collected data", Google's Agent Development Kit and Pydantic AI as their tracing code
writes them, Logfire's integrations of OpenAI and Anthropic, Mastra's exporter, Haystack's tracer, LiveKit's telemetry, and
what Langfuse's SDK, CrewAI's instrumentation and Strands send (`tests/real/frameworks`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.core.traces.paths import at
from llmci.core.traces.scalars import decoded, float_of, json_text, list_of
from llmci.core.traces.usage import usage_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Attributes = dict[str, Any]

# An SDK's name for what a convention has a name for; the convention's own attribute wins where both are there.
_SAME = {
    "ai.model.id": "gen_ai.request.model",
    "ai.model.provider": "gen_ai.provider.name",
    "ai.response.model": "gen_ai.response.model",
    "ai.prompt.messages": "gen_ai.input.messages",
    "ai.prompt.tools": "gen_ai.tool.definitions",
    "ai.response.finishReason": "gen_ai.response.finish_reasons",
    "ai.toolCall.name": "gen_ai.tool.name",
    "ai.toolCall.id": "gen_ai.tool.call.id",
    "ai.toolCall.args": "gen_ai.tool.call.arguments",
    "ai.toolCall.result": "gen_ai.tool.call.result",
    "ai.value": "input.value",
    "ai.values": "input.value",
    "ai.usage.promptTokens": "gen_ai.usage.input_tokens",
    "ai.usage.inputTokens": "gen_ai.usage.input_tokens",
    "ai.usage.tokens": "gen_ai.usage.input_tokens",
    "ai.usage.completionTokens": "gen_ai.usage.output_tokens",
    "ai.usage.outputTokens": "gen_ai.usage.output_tokens",
    "ai.usage.totalTokens": "gen_ai.usage.total_tokens",
    "ai.usage.cachedInputTokens": "gen_ai.usage.cache_read.input_tokens",
    "ai.usage.inputTokenDetails.cacheReadTokens": "gen_ai.usage.cache_read.input_tokens",
    "ai.usage.inputTokenDetails.cacheWriteTokens": "gen_ai.usage.cache_creation.input_tokens",
    "ai.usage.reasoningTokens": "gen_ai.usage.reasoning.output_tokens",
    "ai.usage.outputTokenDetails.reasoningTokens": "gen_ai.usage.reasoning.output_tokens",
    "ai.telemetry.metadata.userId": "user.id",
    "ai.telemetry.metadata.sessionId": "session.id",
    "ai.telemetry.metadata.threadId": "session.id",
    "gcp.vertex.agent.llm_request": "input.value",
    "gcp.vertex.agent.llm_response": "output.value",
    "gcp.vertex.agent.tool_call_args": "gen_ai.tool.call.arguments",
    "gcp.vertex.agent.tool_response": "gen_ai.tool.call.result",
    "gcp.vertex.agent.session_id": "session.id",
    "lk.chat_ctx": "gen_ai.input.messages",
    "lk.user_input": "input.value",
    "lk.function_tool.id": "gen_ai.tool.call.id",
    "lk.function_tool.name": "gen_ai.tool.name",
    "lk.function_tool.arguments": "gen_ai.tool.call.arguments",
    "lk.function_tool.output": "gen_ai.tool.call.result",
    "lk.response.ttft": "gen_ai.response.time_to_first_chunk",
    "tool_arguments": "gen_ai.tool.call.arguments",
    "tool_response": "gen_ai.tool.call.result",
    "pydantic_ai.all_messages": "gen_ai.input.messages",
    "final_result": "output.value",
    "request_data": "input.value",
    "response_data": "output.value",
    "haystack.component.input": "input.value",
    "haystack.component.output": "output.value",
    "haystack.agent.input": "input.value",
    "haystack.agent.output": "output.value",
    "haystack.agent.step.llm.input": "input.value",
    "haystack.agent.step.llm.output": "output.value",
    "haystack.agent.step.tool.input": "gen_ai.tool.call.arguments",
    "haystack.agent.step.tool.output": "gen_ai.tool.call.result",
    "haystack.tool.name": "gen_ai.tool.name",
    "langfuse.observation.model.name": "gen_ai.request.model",
    "langfuse.observation.model.parameters": "llm.invocation_parameters",
    "crewai.task.description": "input.value",
    "crewai.crew.result": "output.value",
    "system_prompt": "gen_ai.system_instructions",
}
_TOKENS = {
    "input": "gen_ai.usage.input_tokens",
    "output": "gen_ai.usage.output_tokens",
    "total": "gen_ai.usage.total_tokens",
    "cache_read": "gen_ai.usage.cache_read.input_tokens",
    "cache_write": "gen_ai.usage.cache_creation.input_tokens",
    "reasoning": "gen_ai.usage.reasoning.output_tokens",
}
# An agent's own spans hold all that its model calls said; the messages before its answer are not in them alone.
_VERCEL_KINDS = {
    "doGenerate": "chat",
    "doStream": "chat",
    "doEmbed": "embeddings",
    "toolCall": "execute_tool",
}
_MASTRA_KINDS = {
    "model_generation": "chat",
    "model_step": "chain",
    "model_inference": "chat",
    "agent_run": "invoke_agent",
    "tool_call": "execute_tool",
    "mcp_tool_call": "execute_tool",
}


def conventional(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The attributes, with those of SDKs under conventional names; spans that have none are given back as they are."""
    if _MARKS.isdisjoint(attributes):
        return attributes
    for mark, told in _SDKS.items():
        if mark in attributes:
            found: Attributes = dict(attributes)
            told(found)
            for own, name in _SAME.items():
                # `{}` is what Google's kit writes where there is nothing.
                if (value := found.pop(own, None)) not in (None, "", "{}"):
                    found.setdefault(name, value)
            return found
    return attributes


def _vercel(found: Attributes) -> None:
    operation = str(found.get("ai.operationId") or found.get("operation.name") or "").partition(" ")[0]
    found.setdefault("gen_ai.operation.name", _VERCEL_KINDS.get(operation.rpartition(".")[2], "invoke_workflow"))
    said = _message(found, "ai.response") or _message(found, "ai.result")
    if said is not None:
        found.setdefault("gen_ai.output.messages", [said])
    asked = decoded(found.get("ai.prompt"))
    if isinstance(asked, dict) and "ai.prompt.messages" not in found:
        system, prompt = asked.get("system"), asked.get("prompt")
        messages = list(asked.get("messages") or [])
        messages += [{"role": "user", "content": prompt}] if isinstance(prompt, str) else []
        messages = [{"role": "system", "content": system}, *messages] if isinstance(system, str) else messages
        if messages:
            found.setdefault("gen_ai.input.messages", messages)
            del found["ai.prompt"]
    if (waited := float_of(found.pop("ai.response.msToFirstChunk", None))) is not None:
        found.setdefault("gen_ai.response.time_to_first_chunk", waited / 1000)
    if "llm.invocation_parameters" not in found and not any(key.startswith("gen_ai.request.") for key in found):
        settings = {key.removeprefix("ai.settings."): value for key, value in found.items() if key.startswith("ai.settings.")}  # fmt: skip
        if settings:
            found["llm.invocation_parameters"] = json_text(settings)
    prefix = "ai.telemetry.metadata."
    for key in [key for key in found if key.startswith(prefix)]:
        found.setdefault(f"metadata.{key.removeprefix(prefix)}", found[key])


def _message(found: Attributes, prefix: str) -> dict[str, Any] | None:
    text, calls = found.pop(f"{prefix}.text", None), list_of(found.pop(f"{prefix}.toolCalls", None))
    reasoning, value = found.pop(f"{prefix}.reasoning", None), found.pop(f"{prefix}.object", None)
    if not text and not calls and not reasoning and value is None:
        return None
    return {"role": "assistant", "reasoning_content": reasoning, "content": text or value, "tool_calls": calls or None}


def _pydantic_ai(found: Attributes) -> None:
    """Its first versions put the conventions' events into one attribute."""
    for key in ("events", "all_messages_events"):
        events = decoded(found.get(key))
        if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
            continue
        del found[key]
        asked, answered = [], []
        for event in events:
            body = {name: value for name, value in event.items() if name not in ("event.name", "gen_ai.message.index")}
            name = str(event.get("event.name"))
            if name == "gen_ai.choice":
                answered.append(body.get("message", body))
                continue
            if body.get("role") == "tool" and "id" in body:
                body["tool_call_id"] = body.pop("id")
            asked.append(body)
        if not answered and asked and asked[-1].get("role") == "assistant":
            # Logfire writes the answer of the Responses API as if it had been asked.
            answered = [asked.pop()]
        found.setdefault("gen_ai.input.messages", asked)
        if answered:
            found.setdefault("gen_ai.output.messages", answered)
    whole = decoded(found.get("pydantic_ai.all_messages"))
    if isinstance(whole, list) and (end := _asked_until(whole)) < len(whole):
        # An agent's span has the conversation with the answer at its end.
        del found["pydantic_ai.all_messages"]
        found.setdefault("gen_ai.input.messages", whole[:end])
        found.setdefault("gen_ai.output.messages", whole[end:])
    if isinstance(found.get("logfire.json_schema"), str):
        del found["logfire.json_schema"]


def _asked_until(messages: list[Any]) -> int:
    """Behind the last message in which a user said something; results of tools are said by users, too."""
    return max(
        (
            at
            for at, message in enumerate(messages, 1)
            if isinstance(message, dict)
            and message.get("role") == "user"
            and any(
                isinstance(part, dict) and part.get("type") != "tool_call_response"
                for part in list_of(message.get("parts"))
            )
        ),
        default=len(messages),
    )


def _mastra(found: Attributes) -> None:
    kind = str(found["mastra.span.type"])
    # Its own words for what a span does are none of the conventions'.
    found["gen_ai.operation.name"] = _MASTRA_KINDS.get(kind, "invoke_workflow")
    for side in ("input", "output"):
        if (value := found.pop(f"mastra.{kind}.{side}", None)) is not None:
            found.setdefault(f"{side}.value", value)
    said = decoded(found.get("output.value"))
    if kind.startswith(("model_", "agent_")) and isinstance(said, dict) and isinstance(said.get("text"), str):
        answer = {"role": "assistant", "content": said["text"] or None, "tool_calls": said.get("toolCalls") or None}
        found.setdefault("gen_ai.output.messages", [answer])


def _livekit(found: Attributes) -> None:
    """Its node of a model call has the conversation; the request within has the tokens, by the conventions."""
    tool, asked = "lk.function_tool.name" in found, "lk.chat_ctx" in found
    found.setdefault("gen_ai.operation.name", "execute_tool" if tool else "chat" if asked else "invoke_agent")
    text, calls = found.pop("lk.response.text", None), list_of(found.pop("lk.response.function_calls", None))
    if text or calls:
        said = {"role": "assistant", "content": text or None, "tool_calls": calls or None}
        found.setdefault("gen_ai.output.messages", [said])


def _haystack(found: Attributes) -> None:
    """Its agents' steps do not say what kind they are; the answer has the tokens."""
    if "haystack.agent.step.llm.input" in found:
        found.setdefault("gen_ai.operation.name", "chat")
        told = at(decoded(found.get("haystack.agent.step.llm.output")), "replies[-1].meta")
        if isinstance(told, dict):
            found.setdefault("gen_ai.request.model", told.get("model"))
            _count(found, told.get("usage"))
    elif "haystack.tool.name" in found:
        found.setdefault("gen_ai.operation.name", "execute_tool")
    elif "haystack.agent.input" in found:
        found.setdefault("gen_ai.operation.name", "invoke_agent")


def _langfuse(found: Attributes) -> None:
    """What its SDK sends to its server, which would convert it."""
    _count(found, found.pop("langfuse.observation.usage_details", None))
    paid = decoded(found.get("langfuse.observation.cost_details"))
    if isinstance(paid, dict):
        found.setdefault("llm.cost.total", paid.get("total"))
    for side in ("input", "output"):
        # What was set for the trace stands for its root, where that has none.
        if (whole := found.pop(f"langfuse.trace.{side}", None)) is not None:
            found.setdefault(f"langfuse.observation.{side}", whole)


def _count(found: Attributes, logged: object) -> None:
    """Tokens in a provider's own words."""
    for name, count in (usage_of(logged) or {}).items():
        if name in _TOKENS:
            found.setdefault(_TOKENS[name], count)


def _logfire(found: Attributes) -> None:
    """Where it has the request and the answer by themselves, the request's copy ends with the answer."""
    if "input" in found and "output" in found:
        for own, name in (("input", "gen_ai.input.messages"), ("output", "gen_ai.output.messages")):
            found.setdefault(name, found.pop(own))
        found.pop("request_data", None)


def _as_it_is(found: Attributes) -> None:
    """Nothing but names differs."""


# An attribute that only this SDK writes, to what else there is to tell.
_SDKS: dict[str, Callable[[Attributes], None]] = {
    "ai.operationId": _vercel,
    "ai.model.id": _vercel,
    "ai.toolCall.name": _vercel,
    "gcp.vertex.agent.llm_request": _as_it_is,
    "gcp.vertex.agent.tool_call_args": _as_it_is,
    "events": _pydantic_ai,
    "all_messages_events": _pydantic_ai,
    "pydantic_ai.all_messages": _pydantic_ai,
    "tool_arguments": _as_it_is,
    "tool_response": _as_it_is,
    "final_result": _as_it_is,
    "request_data": _logfire,
    "mastra.span.type": _mastra,
    "lk.chat_ctx": _livekit,
    "lk.user_input": _livekit,
    "lk.function_tool.name": _livekit,
    "haystack.component.input": _as_it_is,
    "haystack.component.output": _as_it_is,
    "haystack.agent.input": _haystack,
    "haystack.agent.step.llm.input": _haystack,
    "haystack.tool.name": _haystack,
    "langfuse.observation.type": _langfuse,
    "crewai.task.description": _as_it_is,
    "crewai.crew.result": _as_it_is,
    "system_prompt": _as_it_is,
}
_MARKS = frozenset(_SDKS)
