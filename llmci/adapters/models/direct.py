"""An OpenAI-compatible endpoint over aiohttp, without litellm: a tenth of its work, and a latency that is the server's."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any

import orjson

from llmci.adapters.models.prices import cost_of, entry_of, stated_cost
from llmci.adapters.models.reading import NotAChatError, Pieces, Said, read_whole
from llmci.adapters.models.refusals import refused, unreachable
from llmci.core.bench.endpoints import origin_of, proxy_of
from llmci.core.bench.pace import pace_of
from llmci.core.bench.rate_limits import asked_wait, exhausted_for
from llmci.seams import Failed, ModelReply

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp

    from llmci.adapters.models.options import LitellmOptions
    from llmci.adapters.models.route import Route
    from llmci.domain.run import Usage
    from llmci.seams import ModelRequest

# More than any model writes; what is longer is not read to its end.
_LONGEST = 32_000_000
_NAMES_KEPT_S = 300
_CONNECT_S = 30.0
# How LiteLLM's proxy says what a call cost; it knows its own prices.
_COST = "x-litellm-response-cost"


class DirectModel:
    """One endpoint and its connections, which are kept open from call to call."""

    def __init__(self, options: LitellmOptions, route: Route, environ: Mapping[str, str]) -> None:
        self._options, self._route = options, route
        self._proxy = proxy_of(route.url, environ)
        self.endpoint = origin_of(route.url)
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, request: ModelRequest) -> ModelReply | Failed:
        """Ask once. No deadline but that for the connection: the caller keeps it."""
        import aiohttp

        session = self._session or self._open()
        body = orjson.dumps(self._body(request), option=orjson.OPT_NON_STR_KEYS)
        given = request.params.get("extra_headers")
        headers = {**self._route.headers, **(given if isinstance(given, dict) else {})}
        started = time.perf_counter()
        try:
            async with session.post(self._route.url, data=body, headers=headers, proxy=self._proxy) as response:
                self._heed(response)
                if response.status >= 400:
                    # Read, so that the connection can be used again.
                    await response.content.read(65536)
                    after = asked_wait(response.headers, time.time())
                    return refused(response.status, self._options.model, after)
                first, said = await self._read(response)
        except NotAChatError as error:
            return Failed(f"no reply from {self._options.model}: {error}", "infrastructure", retryable=True)
        except (aiohttp.ClientError, OSError) as error:
            return unreachable(error, self._options.model, self.endpoint)
        ended = time.perf_counter()
        return ModelReply(
            text=said.text,
            tool_calls=said.tool_calls,
            finish_reason=said.finish_reason,
            usage=said.usage,
            cost=self._cost(said, response.headers.get(_COST)),
            latency_ms=(ended - started) * 1000,
            ttft_ms=None if first is None else (first - started) * 1000,
            model=said.model or self._options.model,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
            # Lets the transports of TLS connections close.
            await asyncio.sleep(0)

    def _open(self) -> aiohttp.ClientSession:
        import aiohttp

        # How many are open at once is the pace's business.
        connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=_NAMES_KEPT_S, keepalive_timeout=60)
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S),
            headers={"Content-Type": "application/json", "User-Agent": "llmci"},
            # No call is to know of another one.
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=True,
            # Read in large pieces: fewer turns of the loop for long answers.
            read_bufsize=2**18,
        )
        return self._session

    def _body(self, request: ModelRequest) -> dict[str, Any]:
        params = {
            name: value
            for name, value in request.params.items()
            if value is not None and name not in ("extra_body", "extra_headers")
        }
        if self._route.renames_limit and "max_tokens" in params:
            params.setdefault("max_completion_tokens", params.pop("max_tokens"))
        body: dict[str, Any] = {"model": self._route.model, "messages": list(request.messages), **params}
        if request.tools:
            body["tools"] = list(request.tools)
        if request.response_format is not None:
            body["response_format"] = request.response_format
        if self._options.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        extra = request.params.get("extra_body")
        return body | extra if isinstance(extra, dict) else body

    async def _read(self, response: aiohttp.ClientResponse) -> tuple[float | None, Said]:
        """When the first of the answer came, and all of it; raises `NotAChatError`."""
        if self._options.stream and response.content_type == "text/event-stream":
            return await self._read_events(response)
        content = bytearray()
        async for chunk in response.content.iter_any():
            content += chunk
            if len(content) > _LONGEST:
                raise NotAChatError(f"it sent more than {_LONGEST} bytes")
        return None, read_whole(bytes(content))

    async def _read_events(self, response: aiohttp.ClientResponse) -> tuple[float | None, Said]:
        pieces, first, rest, length = Pieces(), None, b"", 0
        async for chunk in response.content.iter_any():
            length += len(chunk)
            if length > _LONGEST:
                raise NotAChatError(f"it sent more than {_LONGEST} bytes")
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                pieces.line(line)
            if first is None and pieces.begun:
                first = time.perf_counter()
        pieces.line(rest)
        said = pieces.said()
        if not pieces.ended and said.finish_reason is None:
            raise NotAChatError("the stream broke off")
        return first, said

    def _heed(self, response: aiohttp.ClientResponse) -> None:
        """Hold all calls to this endpoint where its headers say that nothing is left."""
        pace_of(self.endpoint).hold(exhausted_for(response.headers, time.time()))

    def _cost(self, said: Said, told: str | None) -> float | None:
        """US dollars, by the prices that were stated, else as the proxy tells, else by the table."""
        usage: Usage = said.usage
        if self._options.prices is not None:
            return stated_cost(self._options.prices, usage)
        if cost := _positive(told):
            return cost
        # What answered may be dearer than what was asked for; an alias is priced by what was asked for.
        entry = entry_of(self._route.provider, said.model) if said.model else None
        return cost_of(entry or self._route.entry, usage, said.tier)


def _positive(told: str | None) -> float | None:
    """A number above 0; a proxy that does not know a price may say 0, which it is not."""
    try:
        number = float(told or 0)
    except ValueError:
        return None
    return number if 0 < number < math.inf else None
