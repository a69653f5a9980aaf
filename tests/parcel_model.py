"""A model that tracks parcels, in the API of every provider, beside the address that its callers send spans to.

It calls the tool `track` where it is asked for a parcel, and says where it is once it was told. What
it was asked and what it answered is kept in plain terms, by code that shares nothing with llmci's.
"""

from __future__ import annotations

import json
import re
import struct
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from pathlib import Path

Body = dict[str, Any]
Said = tuple[str, Any]
PLACES = {778: "Lyon", 779: "Paris"}


class ParcelModel:
    """Keeps one list of messages a call, in the order of the calls, and every export of spans and of logs in a file.

    Attributes:
        calls: What each call said and was answered: (role, text), (role, ("call", id, name, arguments)) or
            (role, ("result", id, text)).
    """

    def __init__(self, root: Path) -> None:
        self.calls: list[list[Said]] = []
        self._root, self._called = root, 0

    def app(self) -> web.Application:
        """The model at its providers' paths, and OTLP below `/otel` and where Langfuse has it."""
        app = web.Application(client_max_size=64_000_000)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/responses", self._responses)
        app.router.add_post("/v1/messages", self._messages)
        app.router.add_post("/api/chat", self._ollama)
        app.router.add_post("/{version}/models/{model}:{verb}", self._gemini)
        app.router.add_post("/model/{model}/converse", self._converse)
        for signal in ("traces", "logs"):
            app.router.add_post(f"/otel/v1/{signal}", self._export)
            app.router.add_post(f"/api/public/otel/v1/{signal}", self._export)
        app.router.add_route("*", "/{rest:.*}", self._other)
        return app

    async def _export(self, request: web.Request) -> web.Response:
        body = await request.read()
        with (self._root / f"{request.path.rpartition('/')[2]}.bin").open("ab") as kept:
            kept.write(struct.pack(">I", len(body)) + body)
        return web.Response(body=b"", content_type="application/x-protobuf")

    async def _other(self, request: web.Request) -> web.Response:
        return web.json_response({})

    def _reply(
        self, asked: list[Said], tools: list[str], *, ids: bool = True
    ) -> tuple[str | None, tuple[str, str, str] | None]:
        """A text, or a call: its id, the tool's name and arguments as text."""
        role = asked[-1][0]
        texts = "\n".join(what if isinstance(what, str) else str(what[2]) for _, what in asked[-1:])
        track = next((name for name in tools if "track" in name), None)
        final = next((name for name in tools if "final" in name), None)
        number = [
            int(found) for _, what in asked if isinstance(what, str) for found in re.findall(r"parcel (\d+)", what)
        ]
        told = role == "tool" or bool(
            re.search(r"Observation|observation_\d", texts) and re.search("Lyon|Paris", texts)
        )
        text: str | None = None
        call: tuple[str, str, str] | None = None
        if fields := re.findall(r"`\[\[ ## (\w+) ## \]\]`", texts):
            text = _in_fields(fields, texts, PLACES[number[-1]])
        elif told:
            text = f"It is in {PLACES[number[-1]]}."
            if final:
                self._called += 1
                text, call = None, (f"call_{self._called}", final, json.dumps({"answer": text}))
        elif track and number:
            self._called += 1
            call = f"call_{self._called}", track, f'{{"parcel":  {number[-1]}}}'
        else:
            text = f"It is in {PLACES[number[-1]]}." if number else "Yes."
        said: Said = ("assistant", ("call", call[0] if ids else None, call[1], json.loads(call[2])) if call else text)
        self.calls.append([*asked, said])
        return text, call

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body: Body = await request.json()
        tools = [tool["function"]["name"] for tool in body.get("tools") or []]
        text, call = self._reply([one for message in body["messages"] for one in _openai(message)], tools)
        message: Body = {"role": "assistant", "content": text}
        if call:
            message["tool_calls"] = [{"id": call[0], "type": "function", "function": {"name": call[1], "arguments": call[2]}}]  # fmt: skip
        usage = {"prompt_tokens": 40, "completion_tokens": 9, "total_tokens": 49}
        head = {"id": f"chatcmpl-{len(self.calls)}", "created": 1, "model": body["model"]}
        reason = "tool_calls" if call else "stop"
        if not body.get("stream"):
            choice = {"index": 0, "message": message, "finish_reason": reason}
            return web.json_response({**head, "object": "chat.completion", "choices": [choice], "usage": usage})
        if call:
            message["tool_calls"][0]["index"] = 0
        events: list[Body] = [
            {
                **head,
                "object": "chat.completion.chunk",
                "choices": [{"index": 0, "delta": message, "finish_reason": None}],
            },
            {
                **head,
                "object": "chat.completion.chunk",
                "choices": [{"index": 0, "delta": {}, "finish_reason": reason}],
            },
            {**head, "object": "chat.completion.chunk", "choices": [], "usage": usage},
        ]
        return await _streamed(request, events, named=False)

    async def _responses(self, request: web.Request) -> web.StreamResponse:
        body: Body = await request.json()
        asked = [("system", body["instructions"])] if body.get("instructions") else []
        given = body["input"] if isinstance(body["input"], list) else [{"role": "user", "content": body["input"]}]
        asked += [one for item in given for one in _response_item(item)]
        text, call = self._reply(asked, [tool.get("name", "") for tool in body.get("tools") or []])
        number = len(self.calls)
        if call:
            item: Body = {"type": "function_call", "id": f"fc_{number}", "call_id": call[0], "name": call[1], "arguments": call[2], "status": "completed"}  # fmt: skip
        else:
            item = {"type": "message", "id": f"msg_{number}", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": text, "annotations": []}]}  # fmt: skip
        usage = {"input_tokens": 40, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 9, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 49}  # fmt: skip
        whole = {"id": f"resp_{number}", "object": "response", "created_at": 1, "status": "completed", "model": body["model"], "output": [item], "usage": usage, "parallel_tool_calls": True, "tool_choice": "auto", "tools": body.get("tools") or [], "instructions": body.get("instructions"), "error": None, "incomplete_details": None, "metadata": {}}  # fmt: skip
        if not body.get("stream"):
            return web.json_response(whole)
        begun = {**whole, "status": "in_progress", "output": [], "usage": None}
        events: list[Body] = [
            {"type": "response.created", "response": begun},
            {"type": "response.output_item.added", "output_index": 0, "item": item},
        ]
        if text:
            events += [
                {
                    "type": "response.output_text.delta",
                    "item_id": item["id"],
                    "output_index": 0,
                    "content_index": 0,
                    "delta": text,
                    "logprobs": [],
                }
            ]
        events += [
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": whole},
        ]
        return await _streamed(request, [{**event, "sequence_number": n} for n, event in enumerate(events)], named=True)

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        body: Body = await request.json()
        asked: list[Said] = [("system", _text(body["system"]))] if body.get("system") else []
        asked += [one for message in body["messages"] for one in _anthropic(message)]
        text, call = self._reply(asked, [tool["name"] for tool in body.get("tools") or []])
        block: Body = {"type": "text", "text": text}
        if call:
            block = {"type": "tool_use", "id": call[0], "name": call[1], "input": json.loads(call[2])}
        usage = {"input_tokens": 40, "output_tokens": 9}
        whole: Body = {"id": f"msg_{len(self.calls)}", "type": "message", "role": "assistant", "model": body["model"], "content": [block], "stop_reason": "tool_use" if call else "end_turn", "stop_sequence": None, "usage": usage}  # fmt: skip
        if not body.get("stream"):
            return web.json_response(whole)
        delta = {"type": "input_json_delta", "partial_json": call[2]} if call else {"type": "text_delta", "text": text}
        empty = {**block, "input": {}} if call else {**block, "text": ""}
        events: list[Body] = [
            {"type": "message_start", "message": {**whole, "content": [], "stop_reason": None}},
            {"type": "content_block_start", "index": 0, "content_block": empty},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": whole["stop_reason"], "stop_sequence": None},
                "usage": usage,
            },
            {"type": "message_stop"},
        ]
        return await _streamed(request, events, named=True)

    async def _ollama(self, request: web.Request) -> web.StreamResponse:
        body: Body = await request.json()
        asked = [one for message in body["messages"] for one in _openai(message)]
        text, call = self._reply(asked, [tool["function"]["name"] for tool in body.get("tools") or []], ids=False)
        message: Body = {"role": "assistant", "content": text or ""}
        if call:
            message["tool_calls"] = [{"function": {"name": call[1], "arguments": json.loads(call[2])}}]
        whole = {"model": body["model"], "created_at": "2026-11-21T12:00:00Z", "message": message, "done": True, "done_reason": "stop", "prompt_eval_count": 40, "eval_count": 9}  # fmt: skip
        return web.json_response(whole)

    async def _gemini(self, request: web.Request) -> web.StreamResponse:
        body: Body = await request.json()
        system = body.get("systemInstruction") or body.get("system_instruction")
        asked: list[Said] = [("system", "".join(part["text"] for part in system["parts"]))] if system else []
        asked += [one for content in body["contents"] for one in _content(content)]
        offered = [one for tool in body.get("tools") or [] for key in ("functionDeclarations", "function_declarations") for one in tool.get(key) or []]  # fmt: skip
        text, call = self._reply(asked, [tool["name"] for tool in offered], ids=False)
        part = {"functionCall": {"name": call[1], "args": json.loads(call[2])}} if call else {"text": text}
        usage = {"promptTokenCount": 40, "candidatesTokenCount": 9, "totalTokenCount": 49}
        whole = {"candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}], "usageMetadata": usage, "modelVersion": "parcel"}  # fmt: skip
        if "stream" in request.match_info["verb"]:
            return await _streamed(request, [whole], named=False)
        return web.json_response(whole)

    async def _converse(self, request: web.Request) -> web.StreamResponse:
        body: Body = await request.json()
        asked: list[Said] = [("system", "".join(one["text"] for one in body["system"]))] if body.get("system") else []
        asked += [one for message in body["messages"] for one in _bedrock(message)]
        offered = [tool["toolSpec"]["name"] for tool in (body.get("toolConfig") or {}).get("tools", [])]
        text, call = self._reply(asked, offered)
        block: Body = {"text": text}
        if call:
            block = {"toolUse": {"toolUseId": call[0], "name": call[1], "input": json.loads(call[2])}}
        return web.json_response({"output": {"message": {"role": "assistant", "content": [block]}}, "stopReason": "tool_use" if call else "end_turn", "usage": {"inputTokens": 40, "outputTokens": 9, "totalTokens": 49}, "metrics": {"latencyMs": 1}})  # fmt: skip


async def _streamed(request: web.Request, events: list[Body], *, named: bool) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for event in events:
        head = f"event: {event['type']}\n" if named else ""
        await response.write(f"{head}data: {json.dumps(event)}\n\n".encode())
    if not named:
        await response.write(b"data: [DONE]\n\n")
    return response


def _in_fields(fields: list[str], asked: str, place: str) -> str:
    """DSPy asks for its outputs under headings."""
    told = place in asked
    values = {
        "next_thought": "Look it up.",
        "next_tool_name": "finish" if told else "track",
        "next_tool_args": "{}" if told else '{"parcel": 778}',
        "reasoning": "It was found.",
    }
    wanted = [field for field in dict.fromkeys(fields) if field != "completed"]
    return (
        "".join(f"[[ ## {name} ## ]]\n{values.get(name, f'It is in {place}.')}\n\n" for name in wanted)
        + "[[ ## completed ## ]]"
    )


def _text(content: object) -> str:
    if isinstance(content, list):
        return "".join(str(one.get("text") or "") if isinstance(one, dict) else str(one) for one in content)
    return str(content) if content is not None else ""


def _openai(message: Body) -> list[Said]:
    role = message["role"]
    if role == "tool":
        return [("tool", ("result", message.get("tool_call_id"), _text(message["content"])))]
    text = _text(message.get("content"))
    found: list[Said] = [(role, text)] if text else []
    for call in message.get("tool_calls") or []:
        arguments = call["function"]["arguments"]
        arguments = json.loads(arguments) if isinstance(arguments, str) else arguments
        found.append((role, ("call", call.get("id"), call["function"]["name"], arguments)))
    return found


def _response_item(item: Body) -> list[Said]:
    if item.get("type") == "function_call":
        return [("assistant", ("call", item["call_id"], item["name"], json.loads(item["arguments"])))]
    if item.get("type") == "function_call_output":
        return [("tool", ("result", item["call_id"], _text(item["output"])))]
    return [(item["role"], _text(item["content"]))]


def _anthropic(message: Body) -> list[Said]:
    if isinstance(message["content"], str):
        return [(message["role"], message["content"])]
    found: list[Said] = []
    for block in message["content"]:
        if block["type"] == "tool_use":
            found.append(("assistant", ("call", block["id"], block["name"], block["input"])))
        elif block["type"] == "tool_result":
            found.append(("tool", ("result", block["tool_use_id"], _text(block["content"]))))
        else:
            found.append((message["role"], block["text"]))
    return found


def _content(content: Body) -> list[Said]:
    role = "assistant" if content.get("role") == "model" else "user"
    found: list[Said] = []
    for part in content["parts"]:
        call = part.get("functionCall") or part.get("function_call")
        result = part.get("functionResponse") or part.get("function_response")
        if call:
            found.append((role, ("call", call.get("id"), call["name"], call["args"])))
        elif result:
            found.append(("tool", ("result", result.get("id"), json.dumps(result["response"], separators=(",", ":")))))
        elif "text" in part:
            found.append((role, part["text"]))
    return found


def _bedrock(message: Body) -> list[Said]:
    found: list[Said] = []
    for block in message["content"]:
        if use := block.get("toolUse"):
            found.append(("assistant", ("call", use["toolUseId"], use["name"], use["input"])))
        elif result := block.get("toolResult"):
            found.append(("tool", ("result", result["toolUseId"], _text(result["content"]))))
        else:
            found.append((message["role"], block["text"]))
    return found
