"""An agent's whole conversation with tools that are played from their recording."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import orjson
from pydantic import Field

from llmci import seams
from llmci.core.bench.chat import said
from llmci.core.bench.tool_tape import ToolTape, name_and_arguments
from llmci.core.evalsets.agent_cases import RESULTS
from llmci.core.privacy.replies import unclean
from llmci.domain.case import Message, Part
from llmci.domain.run import Usage
from llmci.seams import Failed, ModelReply, ModelRequest, Reply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from llmci.domain.case import Case

    Ask = Callable[[ModelRequest], Awaitable[ModelReply | Failed]]


# Score of such an answer: the share of its calls that were recorded.
MATCHED = "tool_calls_matched"


class ToolReplay(seams.Options):
    """How an agent's tool calls are answered from the case's expectation `tool_results`.

    Attributes:
        on_miss: What becomes of a call that was never recorded. fail: the case is lost to the system. stop: the
            conversation ends there, and what was said counts. simulate: a model plays the tool.
        simulator: That model, at the system's own address.
        max_turns: Most replies of the model; an agent that wants more fails the case.
    """

    on_miss: Literal["fail", "stop", "simulate"] = "fail"
    simulator: str | None = None
    max_turns: int = Field(default=10, ge=1)


async def converse(
    request: ModelRequest, case: Case, how: ToolReplay, ask: Ask, simulate: Ask | None
) -> Reply | Failed:
    """Go on until the model calls no tool any more.

    Args:
        request: The first one.
        ask: Asks the model that is benchmarked.
        simulate: Asks the one that plays tools.
    """
    recorded = case.expectations.get(RESULTS)
    try:
        tape = ToolTape(recorded if isinstance(recorded, list | tuple) else ())
    except ValueError as error:
        return Failed(f"the case cannot be replayed: {error}", "infrastructure", charged=False)
    messages, replies, spoken = list(request.messages), list[ModelReply](), list[Message]()
    for _ in range(how.max_turns):
        reply = await ask(replace(request, messages=messages))
        if isinstance(reply, Failed):
            # What was said before is paid for.
            return replace(reply, charged=reply.charged or bool(replies))
        replies.append(reply)
        spoken += said(reply.text, reply.tool_calls)
        if not reply.tool_calls:
            return _whole(replies, spoken, tape)
        messages.append({"role": "assistant", "content": reply.text, "tool_calls": list(reply.tool_calls)})
        for call in reply.tool_calls:
            name, arguments = name_and_arguments(call)
            result = tape.play(name, arguments)
            if result is None and how.on_miss == "stop":
                return _whole(replies, spoken, tape)
            if result is None:
                missed = await _missed(tape, _as_tool(request, recorded, name, arguments), simulate)
                if isinstance(missed, Failed):
                    return missed
                replies.append(missed)
                result = missed.text
            answer = {"role": "tool", "tool_call_id": str(call.get("id") or ""), "content": result}
            messages.append(answer)
            spoken.append(_result(answer, name))
    return Failed(f"it still called tools after {how.max_turns} replies", "system")


async def _missed(tape: ToolTape, request: ModelRequest, simulate: Ask | None) -> ModelReply | Failed:
    """What a model says in the place of a tool; its time is not the agent's."""
    if simulate is None:
        return Failed(tape.missed(), "system")
    played = await simulate(request)
    if isinstance(played, Failed):
        return Failed(f"the simulated tool: {played.why}", "infrastructure", retryable=played.retryable)
    return replace(played, latency_ms=0.0)


def _whole(replies: Sequence[ModelReply], spoken: Sequence[Message], tape: ToolTape) -> Reply:
    """One reply of a conversation; what one turn does not tell, the whole does not know."""
    own = [reply for reply in replies if reply.latency_ms]
    costs = [reply.cost for reply in replies]
    known = [cost for cost in costs if cost is not None]
    return Reply(
        text=own[-1].text if own else "",
        messages=tuple(spoken),
        usage=Usage(
            input=_sum([reply.usage.input for reply in replies]),
            output=_sum([reply.usage.output for reply in replies]),
            cached=_sum([reply.usage.cached for reply in replies]),
        ),
        cost=sum(known) if len(known) == len(costs) else None,
        latency_ms=sum(reply.latency_ms for reply in replies),
        ttft_ms=replies[0].ttft_ms,
        timed_here=True,
        recorded_scores={MATCHED: tape.matched()},
    )


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _result(answer: Mapping[str, Any], name: str) -> Message:
    part = Part(
        type="tool_result",
        tool_call_id=answer["tool_call_id"] or None,
        tool_name=name,
        tool_result=unclean(answer["content"]),
    )
    return Message(role="tool", parts=(part,))


def _as_tool(request: ModelRequest, recorded: object, name: str, arguments: object) -> ModelRequest:
    tools = [tool for tool in request.tools if tool.get("function", {}).get("name") == name]  # type: ignore[attr-defined]
    facts = {"tool": tools, "earlier results": recorded or [], "call": {"name": name, "arguments": arguments}}
    text = (
        "You play a tool in a test. Answer the call with the tool's result and nothing else, in the form of its earlier "
        "results, and consistent with them. If they show no such record, say that there is none.\n"
        f"{orjson.dumps(facts, option=orjson.OPT_NON_STR_KEYS).decode()}"
    )
    return ModelRequest(messages=[{"role": "user", "content": text}], params={"temperature": 0})
