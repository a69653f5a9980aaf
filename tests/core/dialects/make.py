"""One conversation, written by the types of many libraries, into `libraries.json`.

Run it where the libraries are installed; those that are not are left as they were:

    pip install langchain-core pydantic-ai-slim openai-agents openai anthropic google-genai ollama llama-index-core \
        haystack-ai smolagents strands-agents cohere autogen-core autogen-agentchat dspy google-adk inspect-ai crewai
    python tests/core/dialects/make.py
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
SYSTEM, ASKED, ANSWER, FOUND = "Be brief.", "Where is parcel 778?", "It is in Lyon.", "Lyon"
NAME, ARGUMENTS, TEXT, CALL = "track", {"parcel": 778}, '{"parcel": 778}', "call_9"


def langchain():
    from langchain_core.load import dumpd
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage, messages_to_dict

    found = [
        SystemMessage(SYSTEM),
        HumanMessage(ASKED),
        AIMessage("", tool_calls=[{"name": NAME, "args": ARGUMENTS, "id": CALL}]),
        ToolMessage(FOUND, tool_call_id=CALL),
        AIMessage(ANSWER),
    ]
    yield "serialised", {"messages": [dumpd(one) for one in found]}
    yield "dict", messages_to_dict(found)
    yield "dump", [json.loads(one.model_dump_json()) for one in found]
    yield "callback", [[dumpd(one) for one in found]]
    yield "repr", [repr(one) for one in found]
    anthropic = [*found]
    anthropic[2] = AIMessage(
        [{"type": "tool_use", "id": CALL, "name": NAME, "input": ARGUMENTS}],
        tool_calls=[{"name": NAME, "args": ARGUMENTS, "id": CALL}],
    )
    yield "anthropic", [dumpd(one) for one in anthropic]


def openai():
    from openai.types.chat import ChatCompletion
    from openai.types.responses import Response

    asked = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": ASKED}]
    call = {"id": CALL, "type": "function", "function": {"name": NAME, "arguments": TEXT}}
    answer = ChatCompletion.model_validate(
        {
            "id": "c",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": ANSWER}}],
        }
    )
    message = json.loads(answer.model_dump_json())["choices"][0]["message"]
    turns = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": CALL, "content": FOUND},
    ]
    yield "chat", [*asked, *turns, message]
    legacy = [
        {"role": "assistant", "content": None, "function_call": {"name": NAME, "arguments": TEXT}},
        {"role": "function", "name": NAME, "content": FOUND},
    ]
    yield "functions", [*asked, *legacy, message]
    response = Response.model_validate(
        {
            "id": "r",
            "object": "response",
            "created_at": 1,
            "model": "m",
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "output": [
                {
                    "id": "fc",
                    "type": "function_call",
                    "call_id": CALL,
                    "name": NAME,
                    "arguments": TEXT,
                    "status": "completed",
                },
            ],
        }
    )
    last = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": ANSWER, "annotations": []}],
    }
    items = json.loads(response.model_dump_json())["output"]
    yield "responses", [*asked, *items, {"type": "function_call_output", "call_id": CALL, "output": FOUND}, last]
    easy = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": ASKED}]}]
    yield (
        "responses-request",
        {
            "instructions": SYSTEM,
            "input": [*easy, *items, {"type": "function_call_output", "call_id": CALL, "output": FOUND}, last],
            "model": "m",
        },
    )


def openai_agents():
    from agents.items import TResponseInputItem  # noqa: F401
    from agents.tracing.span_data import GenerationSpanData

    data = GenerationSpanData(
        input=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": ASKED}],
        output=[
            {
                "role": "assistant",
                "tool_calls": [{"id": CALL, "type": "function", "function": {"name": NAME, "arguments": TEXT}}],
            }
        ],
        model="m",
    ).export()
    tool = {"role": "tool", "tool_call_id": CALL, "content": FOUND}
    yield "generation", [*data["input"], *(data.get("output") or []), tool, {"role": "assistant", "content": ANSWER}]


def anthropic():
    from anthropic.types import Message

    def said(content, reason):
        return json.loads(
            Message.model_validate(
                {
                    "id": "m",
                    "type": "message",
                    "role": "assistant",
                    "model": "c",
                    "content": content,
                    "stop_reason": reason,
                    "stop_sequence": None,
                    "usage": {"input_tokens": 1, "output_tokens": 1},
                }
            ).model_dump_json()
        )

    call = said([{"type": "tool_use", "id": CALL, "name": NAME, "input": ARGUMENTS}], "tool_use")
    result = {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": CALL, "content": [{"type": "text", "text": FOUND}]}],
    }
    messages = [{"role": "user", "content": ASKED}, call, result, said([{"type": "text", "text": ANSWER}], "end_turn")]
    yield "messages", {"system": [{"type": "text", "text": SYSTEM}], "messages": messages, "model": "c"}


def google_genai():
    from google.genai import types

    contents = [
        types.Content(role="user", parts=[types.Part(text=ASKED)]),
        types.Content(
            role="model", parts=[types.Part(function_call=types.FunctionCall(id=CALL, name=NAME, args=ARGUMENTS))]
        ),
        types.Content(
            role="user",
            parts=[
                types.Part(function_response=types.FunctionResponse(id=CALL, name=NAME, response={"result": FOUND}))
            ],
        ),
        types.Content(role="model", parts=[types.Part(text=ANSWER)]),
    ]
    config = types.GenerateContentConfig(system_instruction=SYSTEM)
    yield (
        "snake",
        {
            "contents": [json.loads(one.model_dump_json()) for one in contents],
            "config": json.loads(config.model_dump_json()),
        },
    )
    camel = [json.loads(one.model_dump_json(by_alias=True, exclude_none=True)) for one in contents]
    yield "camel", {"contents": camel, "systemInstruction": {"parts": [{"text": SYSTEM}]}}


def google_adk():
    from google.adk.models.llm_request import LlmRequest
    from google.genai import types

    request = LlmRequest(
        model="gemini",
        contents=[
            types.Content(role="user", parts=[types.Part(text=ASKED)]),
            types.Content(
                role="model", parts=[types.Part(function_call=types.FunctionCall(id=CALL, name=NAME, args=ARGUMENTS))]
            ),
            types.Content(
                role="user",
                parts=[
                    types.Part(function_response=types.FunctionResponse(id=CALL, name=NAME, response={"result": FOUND}))
                ],
            ),
            types.Content(role="model", parts=[types.Part(text=ANSWER)]),
        ],
        config=types.GenerateContentConfig(system_instruction=SYSTEM),
    )
    yield "request", json.loads(request.model_dump_json(exclude_none=True))


def bedrock():
    yield (
        "converse",
        {
            "system": [{"text": SYSTEM}],
            "messages": [
                {"role": "user", "content": [{"text": ASKED}]},
                {"role": "assistant", "content": [{"toolUse": {"toolUseId": CALL, "name": NAME, "input": ARGUMENTS}}]},
                {
                    "role": "user",
                    "content": [{"toolResult": {"toolUseId": CALL, "content": [{"text": FOUND}], "status": "success"}}],
                },
                {"role": "assistant", "content": [{"text": ANSWER}]},
            ],
        },
    )


def strands():
    from strands.types.content import Message

    found = [
        Message(role="user", content=[{"text": ASKED}]),
        Message(role="assistant", content=[{"toolUse": {"toolUseId": CALL, "name": NAME, "input": ARGUMENTS}}]),
        Message(
            role="user",
            content=[{"toolResult": {"toolUseId": CALL, "status": "success", "content": [{"text": FOUND}]}}],
        ),
        Message(role="assistant", content=[{"text": ANSWER}]),
    ]
    yield "messages", {"system_prompt": SYSTEM, "messages": found}


def ollama():
    from ollama import Message

    found = [
        Message(role="system", content=SYSTEM),
        Message(role="user", content=ASKED),
        Message(role="assistant", tool_calls=[{"function": {"name": NAME, "arguments": ARGUMENTS}}]),
        Message(role="tool", content=FOUND, tool_name=NAME),
        Message(role="assistant", content=ANSWER),
    ]
    yield "chat", {"model": "m", "messages": [json.loads(one.model_dump_json()) for one in found]}


def pydantic_ai():
    from pydantic_ai.messages import (
        ModelMessagesTypeAdapter,
        ModelRequest,
        ModelResponse,
        SystemPromptPart,
        TextPart,
        ToolCallPart,
        ToolReturnPart,
        UserPromptPart,
    )

    found = [
        ModelRequest(parts=[SystemPromptPart(SYSTEM), UserPromptPart(ASKED)]),
        ModelResponse(parts=[ToolCallPart(NAME, TEXT, tool_call_id=CALL)]),
        ModelRequest(parts=[ToolReturnPart(NAME, FOUND, tool_call_id=CALL)]),
        ModelResponse(parts=[TextPart(ANSWER)]),
    ]
    yield "history", json.loads(ModelMessagesTypeAdapter.dump_json(found))


def llama_index():
    from llama_index.core.base.llms.types import ChatMessage

    found = [
        ChatMessage(role="system", content=SYSTEM),
        ChatMessage(role="user", content=ASKED),
        ChatMessage(
            role="assistant",
            content=None,
            additional_kwargs={
                "tool_calls": [{"id": CALL, "type": "function", "function": {"name": NAME, "arguments": TEXT}}]
            },
        ),
        ChatMessage(role="tool", content=FOUND, additional_kwargs={"tool_call_id": CALL, "name": NAME}),
        ChatMessage(role="assistant", content=ANSWER),
    ]
    yield "dump", [json.loads(one.model_dump_json()) for one in found]
    from llama_index.core.base.llms.types import ToolCallBlock

    blocks = [*found]
    blocks[2] = ChatMessage(
        role="assistant", blocks=[ToolCallBlock(tool_call_id=CALL, tool_name=NAME, tool_kwargs=ARGUMENTS)]
    )
    yield "blocks", [json.loads(one.model_dump_json()) for one in blocks]


def haystack():
    from haystack.dataclasses import ChatMessage, ToolCall

    call = ToolCall(tool_name=NAME, arguments=ARGUMENTS, id=CALL)
    found = [
        ChatMessage.from_system(SYSTEM),
        ChatMessage.from_user(ASKED),
        ChatMessage.from_assistant(tool_calls=[call]),
        ChatMessage.from_tool(FOUND, origin=call),
        ChatMessage.from_assistant(ANSWER),
    ]
    yield "dict", {"messages": [one.to_dict() for one in found]}
    yield "replies", {"replies": [one.to_dict() for one in found]}
    yield "repr", [repr(one) for one in found]


def smolagents():
    from smolagents.models import ChatMessage, ChatMessageToolCall, ChatMessageToolCallFunction, MessageRole

    found = [
        ChatMessage(role=MessageRole.SYSTEM, content=[{"type": "text", "text": SYSTEM}]),
        ChatMessage(role=MessageRole.USER, content=[{"type": "text", "text": ASKED}]),
        ChatMessage(
            role=MessageRole.ASSISTANT,
            content=None,
            tool_calls=[
                ChatMessageToolCall(
                    id=CALL, type="function", function=ChatMessageToolCallFunction(name=NAME, arguments=ARGUMENTS)
                )
            ],
        ),
        ChatMessage(role=MessageRole.TOOL_RESPONSE, content=[{"type": "text", "text": FOUND}]),
        ChatMessage(role=MessageRole.ASSISTANT, content=ANSWER),
    ]
    yield (
        "json",
        [json.loads(one.model_dump_json()) if hasattr(one, "model_dump_json") else one.dict() for one in found],
    )


def cohere():
    yield (
        "v2",
        {
            "messages": [
                {"role": "system", "content": SYSTEM},
                {"role": "user", "content": ASKED},
                {
                    "role": "assistant",
                    "tool_calls": [{"id": CALL, "type": "function", "function": {"name": NAME, "arguments": TEXT}}],
                    "tool_plan": "Look it up.",
                },
                {"role": "tool", "tool_call_id": CALL, "content": [{"type": "document", "document": {"data": FOUND}}]},
                {"role": "assistant", "content": [{"type": "text", "text": ANSWER}]},
            ]
        },
    )


def autogen():
    from autogen_core import FunctionCall
    from autogen_core.models import (
        AssistantMessage,
        FunctionExecutionResult,
        FunctionExecutionResultMessage,
        SystemMessage,
        UserMessage,
    )

    found = [
        SystemMessage(content=SYSTEM),
        UserMessage(content=ASKED, source="user"),
        AssistantMessage(content=[FunctionCall(id=CALL, name=NAME, arguments=TEXT)], source="agent"),
        FunctionExecutionResultMessage(
            content=[FunctionExecutionResult(call_id=CALL, name=NAME, content=FOUND, is_error=False)]
        ),
        AssistantMessage(content=ANSWER, source="agent"),
    ]
    yield "core", [json.loads(one.model_dump_json()) for one in found]


def autogen_agentchat():
    from autogen_agentchat.messages import TextMessage, ToolCallExecutionEvent, ToolCallRequestEvent
    from autogen_core import FunctionCall
    from autogen_core.models import FunctionExecutionResult

    found = [
        TextMessage(content=ASKED, source="user"),
        ToolCallRequestEvent(content=[FunctionCall(id=CALL, name=NAME, arguments=TEXT)], source="agent"),
        ToolCallExecutionEvent(
            content=[FunctionExecutionResult(call_id=CALL, name=NAME, content=FOUND, is_error=False)], source="agent"
        ),
        TextMessage(content=ANSWER, source="agent"),
    ]
    yield "events", {"messages": [json.loads(one.model_dump_json()) for one in found]}


def inspect_ai():
    from inspect_ai.model import (
        ChatMessageAssistant,
        ChatMessageSystem,
        ChatMessageTool,
        ChatMessageUser,
        ContentText,
        ModelOutput,
    )
    from inspect_ai.tool import ToolCall

    found = [
        ChatMessageSystem(content=SYSTEM),
        ChatMessageUser(content=[ContentText(text=ASKED)]),
        ChatMessageAssistant(content="", tool_calls=[ToolCall(id=CALL, function=NAME, arguments=ARGUMENTS)]),
        ChatMessageTool(content=FOUND, tool_call_id=CALL, function=NAME),
    ]
    read = [json.loads(one.model_dump_json(exclude_none=True)) for one in found]
    output = json.loads(ModelOutput.from_content("m", ANSWER).model_dump_json(exclude_none=True))
    yield "messages", [*read, output["choices"][0]["message"]]
    yield "output", {"messages": [*read, output["choices"][0]["message"]], "output": output}


def crewai():
    from crewai.utilities.types import LLMMessage

    call = {"id": CALL, "type": "function", "function": {"name": NAME, "arguments": TEXT}}
    found = [
        LLMMessage(role="system", content=SYSTEM),
        LLMMessage(role="user", content=ASKED),
        LLMMessage(role="assistant", content=None, tool_calls=[call]),
        LLMMessage(role="tool", content=FOUND, tool_call_id=CALL, name=NAME),
        LLMMessage(role="assistant", content=ANSWER),
    ]
    yield "messages", found


def adk_events():
    from google.adk.events import Event
    from google.genai import types

    call = types.Part(function_call=types.FunctionCall(id=CALL, name=NAME, args=ARGUMENTS))
    result = types.Part(function_response=types.FunctionResponse(id=CALL, name=NAME, response={"result": FOUND}))
    said = [
        ("user", "user", types.Part(text=ASKED)),
        ("agent", "model", call),
        ("agent", "user", result),
        ("agent", "model", types.Part(text=ANSWER)),
    ]
    events = [Event(author=author, content=types.Content(role=role, parts=[part])) for author, role, part in said]
    yield "events", [json.loads(one.model_dump_json(exclude_none=True, by_alias=True)) for one in events]


# Libraries that are not of Python, or whose packages exclude the others: as their documentation has them.


def semantic_kernel_documented():
    """semantic_kernel/contents: items with `content_type`; .NET writes the names with capitals."""
    call = {"content_type": "function_call", "id": CALL, "name": NAME, "function_name": NAME, "arguments": TEXT}
    result = {"content_type": "function_result", "id": CALL, "name": NAME, "function_name": NAME, "result": FOUND}
    items = [
        ("system", {"content_type": "text", "text": SYSTEM}),
        ("user", {"content_type": "text", "text": ASKED}),
        ("assistant", call),
        ("tool", result),
        ("assistant", {"content_type": "text", "text": ANSWER}),
    ]
    yield (
        "history",
        {
            "messages": [
                {"metadata": {}, "content_type": "message", "role": role, "items": [item]} for role, item in items
            ]
        },
    )
    dotnet = [
        ("system", {"$type": "TextContent", "Text": SYSTEM}),
        ("user", {"$type": "TextContent", "Text": ASKED}),
        ("assistant", {"$type": "FunctionCallContent", "Id": CALL, "FunctionName": NAME, "Arguments": ARGUMENTS}),
        ("tool", {"$type": "FunctionResultContent", "CallId": CALL, "FunctionName": NAME, "Result": FOUND}),
        ("assistant", {"$type": "TextContent", "Text": ANSWER}),
    ]
    yield "dotnet", [{"Role": {"Label": role}, "Items": [item]} for role, item in dotnet]


def microsoft_documented():
    """Microsoft.Extensions.AI ChatMessage, and the Agent Framework's Python dump of it."""
    dotnet = [
        ("system", {"$type": "text", "text": SYSTEM}),
        ("user", {"$type": "text", "text": ASKED}),
        ("assistant", {"$type": "functionCall", "callId": CALL, "name": NAME, "arguments": ARGUMENTS}),
        ("tool", {"$type": "functionResult", "callId": CALL, "result": FOUND}),
        ("assistant", {"$type": "text", "text": ANSWER}),
    ]
    yield "extensions-ai", [{"role": role, "contents": [item]} for role, item in dotnet]
    python = [
        ("system", {"type": "text", "text": SYSTEM}),
        ("user", {"type": "text", "text": ASKED}),
        ("assistant", {"type": "function_call", "call_id": CALL, "name": NAME, "arguments": TEXT}),
        ("tool", {"type": "function_result", "call_id": CALL, "result": FOUND}),
        ("assistant", {"type": "text", "text": ANSWER}),
    ]
    yield (
        "agent-framework",
        [
            {"type": "chat_message", "role": {"type": "role", "value": role}, "contents": [item]}
            for role, item in python
        ],
    )


def vercel_documented():
    """AI SDK: ModelMessage and UIMessage, versions 4 and 5, and Mastra's stored messages."""
    asked = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": [{"type": "text", "text": ASKED}]}]
    last = {"role": "assistant", "content": [{"type": "text", "text": ANSWER}]}
    yield (
        "model-5",
        [
            *asked,
            {
                "role": "assistant",
                "content": [{"type": "tool-call", "toolCallId": CALL, "toolName": NAME, "input": ARGUMENTS}],
            },
            {
                "role": "tool",
                "content": [
                    {
                        "type": "tool-result",
                        "toolCallId": CALL,
                        "toolName": NAME,
                        "output": {"type": "text", "value": FOUND},
                    }
                ],
            },
            last,
        ],
    )
    yield (
        "model-4",
        {
            "messages": [
                *asked,
                {
                    "role": "assistant",
                    "content": [{"type": "tool-call", "toolCallId": CALL, "toolName": NAME, "args": ARGUMENTS}],
                },
                {
                    "role": "tool",
                    "content": [{"type": "tool-result", "toolCallId": CALL, "toolName": NAME, "result": FOUND}],
                },
                last,
            ]
        },
    )
    screen = [
        {"id": "1", "role": "system", "parts": [{"type": "text", "text": SYSTEM}]},
        {"id": "2", "role": "user", "parts": [{"type": "text", "text": ASKED}]},
    ]
    yield (
        "ui-5",
        [
            *screen,
            {
                "id": "3",
                "role": "assistant",
                "parts": [
                    {"type": "step-start"},
                    {
                        "type": "tool-track",
                        "toolCallId": CALL,
                        "state": "output-available",
                        "input": ARGUMENTS,
                        "output": FOUND,
                    },
                    {"type": "text", "text": ANSWER},
                ],
            },
        ],
    )
    invocation = {
        "type": "tool-invocation",
        "toolInvocation": {"state": "result", "toolCallId": CALL, "toolName": NAME, "args": ARGUMENTS, "result": FOUND},
    }
    yield (
        "mastra",
        [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": {"format": 2, "parts": [{"type": "text", "text": ASKED}]}},
            {"role": "assistant", "content": {"format": 2, "parts": [invocation, {"type": "text", "text": ANSWER}]}},
        ],
    )


def sharegpt_documented():
    yield (
        "conversations",
        {
            "conversations": [
                {"from": "system", "value": SYSTEM},
                {"from": "human", "value": ASKED},
                {"from": "gpt", "value": ANSWER},
            ]
        },
    )


def cohere_documented():
    """Version 1 of the API."""
    yield (
        "v1",
        {
            "preamble": SYSTEM,
            "chat_history": [{"role": "USER", "message": ASKED}, {"role": "CHATBOT", "message": ANSWER}],
        },
    )


def dspy():
    import dspy

    tools = dspy.ToolCalls.from_dict_list([{"name": NAME, "args": ARGUMENTS}])
    call = json.loads(tools.model_dump_json())
    yield (
        "history",
        {
            "messages": [
                {"role": "system", "content": SYSTEM},
                {"role": "user", "content": ASKED},
                {"role": "assistant", "content": None, "tool_calls": call["tool_calls"]},
                {"role": "tool", "content": FOUND, "name": NAME},
                {"role": "assistant", "content": ANSWER},
            ]
        },
    )


LIBRARIES = {
    "langchain-core": langchain,
    "openai": openai,
    "openai-agents": openai_agents,
    "anthropic": anthropic,
    "google-genai": google_genai,
    "google-adk": lambda: [*google_adk(), *adk_events()],
    "boto3": bedrock,
    "strands-agents": strands,
    "ollama": ollama,
    "pydantic-ai-slim": pydantic_ai,
    "llama-index-core": llama_index,
    "haystack-ai": haystack,
    "smolagents": smolagents,
    "cohere": cohere,
    "autogen-core": autogen,
    "autogen-agentchat": autogen_agentchat,
    "dspy": dspy,
    "inspect-ai": inspect_ai,
    "crewai": crewai,
}


DOCUMENTED = {
    "semantic-kernel": semantic_kernel_documented,
    "microsoft": microsoft_documented,
    "vercel-ai": vercel_documented,
    "sharegpt": sharegpt_documented,
    "cohere-1": cohere_documented,
}


def main() -> None:
    path = HERE / "libraries.json"
    found = json.loads(path.read_text()) if path.exists() else {}
    for library, written in LIBRARIES.items():
        try:
            version = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            print(f"{library}: not installed", file=sys.stderr)
            continue
        try:
            found.update({f"{library}/{form}": {"version": version, "logged": logged} for form, logged in written()})
        except Exception as error:
            print(f"{library}: {type(error).__name__}: {error}"[:500], file=sys.stderr)
    for library, written in DOCUMENTED.items():
        found.update({f"{library}/{form}": {"version": None, "logged": logged} for form, logged in written()})
    path.write_text(json.dumps(dict(sorted(found.items())), indent=1, default=str) + "\n")


if __name__ == "__main__":
    main()
