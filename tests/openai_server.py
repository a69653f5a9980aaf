"""A real OpenAI-compatible server on 127.0.0.1: chat completions, embeddings, and every way they fail.

The model's name says how it behaves: `fine` answers, `401` refuses, `401-late` does from the sixth
call on, `429-twice` recovers, ...
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any
from zlib import crc32

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Body = dict[str, Any]


def lengths_of(text: str) -> list[float]:
    """A vector that is easy to foretell."""
    return [float(len(text)), 1.0, 0.0]


def words_of(text: str) -> list[float]:
    """A vector in which texts that share words are near."""
    vector = [0.0] * 64
    for word in text.lower().split():
        vector[crc32(word.encode()) % 64] += 1.0
    return vector


class OpenaiServer:
    """Runs in a thread of its own, so that a test may block or start other processes.

    Attributes:
        requests: Bodies of the requests, in order.
        headers: Their headers.
        paths: Where they went, with what is asked after the question mark.
        reply: Text that `fine` says; None echoes the last message.
        usage: Token counts instead of the usual ones.
        extra_headers: Of every answer.
        peers: Ports that requests came from: one for each connection.
        wait_s: How long every answer takes.
        storm: Requests to `storm` that are refused with a 429 before it passes.
        storm_wait: Their Retry-After.
        asked_at: When requests came, in seconds of the monotonic clock.
        refused_at: When one was refused in the storm.
    """

    def __init__(self) -> None:
        self.requests: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.seen: Counter[str] = Counter()
        self.reply: str | None = None
        self.usage: Body | None = None
        self.extra_headers: dict[str, str] = {}
        self.peers: list[int] = []
        self.wait_s = 0.0
        self.storm, self.storm_wait = 0, ""
        self.asked_at: list[float] = []
        self.refused_at: list[float] = []
        self.url = ""
        self.revoked = 5
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()

    def forget(self) -> None:
        """As if nothing had been asked yet."""
        self.requests.clear()
        self.headers.clear()
        self.paths.clear()
        self.seen.clear()
        self.reply = None
        self.usage = None
        self.extra_headers = {}
        self.peers.clear()
        self.wait_s = 0.0
        self.storm, self.storm_wait = 0, ""
        self.asked_at.clear()
        self.refused_at.clear()
        self.revoked = 5

    def mend(self) -> None:
        """Give the key back that `-late` models lost."""
        self.revoked = 10_000

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body: Body = await request.json()
        self.requests.append(body)
        self.headers.append(dict(request.headers))
        self.paths.append(request.path_qs)
        assert request.transport is not None
        self.peers.append(request.transport.get_extra_info("peername")[1])
        # Azure says it in the address alone.
        model = body.get("model") or request.match_info["deployment"]
        self.seen[model] += 1
        self.asked_at.append(time.monotonic())
        if model == "storm" and self.seen[model] <= self.storm:
            self.refused_at.append(time.monotonic())
            return web.Response(status=429, headers={"Retry-After": self.storm_wait} if self.storm_wait else None)
        if model == "hang":
            await self._over.wait()
        if model == "reset":
            request.transport.abort()
        if self.wait_s:
            await asyncio.sleep(self.wait_s)
        if model == "drip":
            return await self._drip(request)
        text = self.reply if self.reply is not None else echo(body)
        text = f"<think>hm</think>{text}" if model == "thinking" else text
        if model in ("cut", "reset-midway"):
            return await self._stream(request, completion(model, text))
        response = self._fault(model) or CANNED.get(model, lambda: answered(model, text, usage=self.usage))()
        response.headers.update(self.extra_headers)
        if body.get("stream") and response.status == 200:
            return await self._stream(request, json.loads(response.text or ""))
        return response

    async def _stream(self, request: web.Request, whole: Body) -> web.StreamResponse:
        """The same answer in events; `cut` and `reset-midway` end before it does, `slow-end` ends late."""
        model = whole["model"]
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)

        async def send(choices: list[Body], **more: Any) -> None:
            event = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": choices}
            await response.write(b"data: " + json.dumps(event | more).encode() + b"\n\n")

        for choice in whole["choices"]:
            message, text = choice["message"], choice["message"]["content"] or ""
            pieces = [{"role": "assistant", "content": ""}, {"content": text[:3]}, {"content": text[3:]}]
            for index, call in enumerate(message.get("tool_calls", [])):
                named = {"name": call["function"]["name"], "arguments": ""}
                pieces.append({"tool_calls": [call | {"index": index, "function": named}]})
                pieces.append(
                    {"tool_calls": [{"index": index, "function": {"arguments": call["function"]["arguments"]}}]}
                )
            for piece in pieces:
                await send([{"index": 0, "delta": piece, "finish_reason": None}])
            if model in ("cut", "reset-midway"):
                assert request.transport is not None
                if model == "reset-midway":
                    request.transport.abort()
                return response
            if model == "slow-end":
                await asyncio.sleep(0.2)
            await send([{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}])
        await send([], usage=whole["usage"])
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        """A byte now and then, so that the connection never looks dead."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), 0.05)
            await response.write(b" ")
        return response

    def _fault(self, model: str) -> web.Response | None:
        """A refusal, where the name is a status code: for good, twice only, or with a wait."""
        code, _, how = model.partition("-")
        recovered = (how == "twice" and self.seen[model] > 2) or (how == "late" and self.seen[model] <= self.revoked)
        if not code.isdigit() or recovered:
            return None
        wait = "0" if how == "twice" else how.removeprefix("after-").removeprefix("late")
        error = {"error": {"message": "no, said to Ana", "type": "refused", "code": code}}
        return web.json_response(error, status=int(code), headers={"Retry-After": wait} if wait else None)

    async def embeddings(self, request: web.Request) -> web.StreamResponse:
        body: Body = await request.json()
        self.requests.append(body)
        self.seen[body["model"]] += 1
        if fault := self._fault(body["model"]):
            return fault
        vector = words_of if body["model"] == "words" else lengths_of
        data = [
            {"object": "embedding", "index": index, "embedding": vector(text)}
            for index, text in enumerate(body["input"])
        ]
        usage = {"prompt_tokens": 3, "total_tokens": 3}
        return web.json_response({"object": "list", "data": data, "model": body["model"], "usage": usage})

    @contextlib.contextmanager
    def running(self) -> Iterator[OpenaiServer]:
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        runner = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        yield self
        self._loop.call_soon_threadsafe(self._over.set)
        asyncio.run_coroutine_threadsafe(runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        thread.join(10)
        self._loop.close()

    async def _start(self) -> web.AppRunner:
        app = web.Application(client_max_size=64_000_000)
        for path in ("/v1/chat", "/chat", "/openai/deployments/{deployment}/chat"):
            app.router.add_post(f"{path}/completions", self.chat)
        app.router.add_post("/v1/embeddings", self.embeddings)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        [address] = runner.addresses
        self.url = f"http://127.0.0.1:{address[1]}/v1"
        return runner


@contextlib.contextmanager
def serving(app: web.Application) -> Iterator[str]:
    """Any application, in a thread of its own; gives its address."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> tuple[web.AppRunner, int]:
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner, runner.addresses[0][1]

    runner, port = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    yield f"http://127.0.0.1:{port}"
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def echo(body: Body) -> str:
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else json.dumps(content)


def completion(model: str, text: str | None, calls: list[Body] | None = None, usage: Body | None = None) -> Body:
    message: Body = {"role": "assistant", "content": text}
    if calls:
        message["tool_calls"] = calls
    choices = [{"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}]
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [] if text is None and not calls else choices,
        "usage": usage
        or {
            "prompt_tokens": 11,
            "completion_tokens": 7,
            "total_tokens": 18,
            "prompt_tokens_details": {"cached_tokens": 2},
        },
    }


def answered(model: str, text: str | None, calls: list[Body] | None = None, usage: Body | None = None) -> web.Response:
    return web.json_response(completion(model, text, calls, usage))


CALL = {"id": "t1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}
CANNED: dict[str, Callable[[], web.Response]] = {
    "broken": lambda: web.Response(text='{"choices": [', content_type="application/json"),
    "html": lambda: web.Response(text="<html>gateway</html>", content_type="text/html"),
    "nochoices": lambda: answered("nochoices", None),
    "empty": lambda: answered("empty", ""),
    "big": lambda: answered("big", "x" * 10_000_000),
    "tools": lambda: answered("tools", None, [CALL]),
}
