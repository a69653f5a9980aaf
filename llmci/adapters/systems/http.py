"""A system behind an HTTP endpoint: a request template on the way in, dotted paths on the way out."""

from __future__ import annotations

import asyncio
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import orjson
from pydantic import Field

from llmci import seams
from llmci.adapters.systems.filled import filled, filled_from_environment
from llmci.adapters.systems.replies import reply_of
from llmci.adapters.systems.requests import request_of
from llmci.core.bench.endpoints import origin_of, proxy_of
from llmci.core.bench.pace import pace_of
from llmci.core.bench.rate_limits import asked_wait, exhausted_for
from llmci.core.canonical import digest_of
from llmci.core.traces.paths import at
from llmci.domain.system import SystemSpec
from llmci.seams import Failed

if TYPE_CHECKING:
    import aiohttp

    from llmci.domain.case import Case
    from llmci.seams import Reply

_LONGEST = 32_000_000
# Refused for who asks or for where it asked.
_REFUSED = {401, 402, 403, 404, 407}
_PASSES = {408, 425, 429}


class HttpOptions(seams.Options):
    """Where it is, what is sent and what comes back.

    Attributes:
        url: Its address; `${NAME}` is taken from the environment, here and in headers.
        method: GET sends the filled-in body as the query of the address.
        headers: Sent with every request.
        body: JSON to send. `{{question}}`, `{{messages}}`, `{{config.k}}` and the like are filled in;
            a text that is nothing but one of them becomes the value itself.
        config: Values for `{{config.…}}`.
        answer: Path of the answer in the JSON that comes back, such as `choices[0].message.content`;
            without one the whole text is the answer if it is not JSON.
        documents: Path of the retrieved documents.
        tool_calls: Path of the tool calls.
        usage: Path of the token counts.
        cost: Path of the cost in US dollars.
        version: Of the service, in your own words. Answers are cached only where it is given: without
            it nothing says that the service is still the same.
        max_cost_usd: Most that one answer can cost; needed with a budget.
    """

    url: str
    method: Literal["POST", "PUT", "GET"] = "POST"
    headers: dict[str, str] = Field(default_factory=dict)
    body: dict[str, Any] = Field(default_factory=lambda: {"question": "{{question}}", "messages": "{{messages}}"})
    config: dict[str, Any] = Field(default_factory=dict)
    answer: str = "answer"
    documents: str | None = "documents"
    tool_calls: str | None = "tool_calls"
    usage: str | None = "usage"
    cost: str | None = "cost"
    version: str | None = None
    max_cost_usd: float | None = Field(default=None, ge=0)


class HttpSystem:
    """See `llmci.seams.System`."""

    Options = HttpOptions

    def __init__(self, options: HttpOptions, context: seams.Context) -> None:
        self._options, self._context = options, context
        self._session: aiohttp.ClientSession | None = None

    def spec(self) -> SystemSpec:
        """See `System.spec`."""
        return self._spec

    @cached_property
    def _spec(self) -> SystemSpec:
        parameters = self._options.model_dump()
        return SystemSpec(
            name=self._context.name,
            kind="http",
            parameters=parameters,
            digest=digest_of("http/1", parameters),
            cacheable=self._options.version is not None,
        )

    def request_digest(self, case: Case) -> str | None:
        """See `System.request_digest`."""
        options = self._options
        return digest_of("http/1", options.method, options.url, options.version, options.headers, self._body(case))

    def estimate(self, case: Case) -> seams.Estimate:  # noqa: ARG002  only the user knows
        """See `System.estimate`."""
        return seams.Estimate(worst_cost=self._options.max_cost_usd)

    def endpoint(self) -> str | None:
        """See `System.endpoint`."""
        where = f"systems.{self._context.name}"
        return origin_of(filled_from_environment(self._options.url, self._context.environ, where))

    async def start(self) -> None:
        """See `System.start`."""
        import aiohttp

        where, environ = f"systems.{self._context.name}", self._context.environ
        headers = {n: filled_from_environment(v, environ, where) for n, v in self._options.headers.items()}
        self._url = filled_from_environment(self._options.url, environ, where)
        self._proxy = proxy_of(self._url, environ)
        # The stage keeps the deadline, and no call is to know of another one.
        self._session = aiohttp.ClientSession(
            headers=headers,
            timeout=aiohttp.ClientTimeout(),
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=0),
        )

    def at_once(self) -> int | None:
        """See `System.at_once`."""
        return None

    async def answer(self, case: Case, repeat: int) -> Reply | Failed:  # noqa: ARG002  every try is the same request
        """See `System.answer`."""
        import aiohttp

        assert self._session is not None  # noqa: S101  started before it is asked
        started = time.perf_counter()
        sent = {"params" if self._options.method == "GET" else "json": self._body(case)}
        try:
            async with self._session.request(self._options.method, self._url, proxy=self._proxy, **sent) as response:
                pace_of(origin_of(self._url)).hold(exhausted_for(response.headers, time.time()))
                content = await _limited(response)
        except (aiohttp.ClientError, OSError) as error:
            # Without a connection nothing was sent.
            charged = not isinstance(error, aiohttp.ClientConnectorError)
            why = f"{type(error).__name__} from the endpoint"
            return Failed(why, "infrastructure", retryable=True, charged=charged)
        if response.status >= 400:
            return _refused(response.status, asked_wait(response.headers, time.time()))
        if content is None:
            return Failed(f"it sent more than {_LONGEST} bytes", "system")
        return self._read(content, response.content_type, (time.perf_counter() - started) * 1000)

    async def aclose(self) -> None:
        """See `System.aclose`."""
        if self._session is not None:
            await self._session.close()
            # Lets the transports of TLS connections close.
            await asyncio.sleep(0)

    def _body(self, case: Case) -> Any:  # noqa: ANN401  JSON holds anything
        return filled(self._options.body, request_of(case, self._options.config, 0))

    def _read(self, content: bytes, content_type: str, latency_ms: float) -> Reply | Failed:
        try:
            value = orjson.loads(content)
        except orjson.JSONDecodeError:
            if content_type.startswith("text/plain"):
                return reply_of(content.decode("utf-8", "replace"), latency_ms)
            return Failed("it sent something that is not JSON", "system")
        if isinstance(value, str):
            return reply_of(value, latency_ms)
        options = self._options
        paths = {name: getattr(options, name) for name in ("answer", "documents", "tool_calls", "usage", "cost")}
        said = {name: found for name, path in paths.items() if path and (found := at(value, path)) is not None}
        if "answer" not in said and "tool_calls" not in said:
            return Failed(f"nothing stands at `{options.answer}` in what it sent", "system")
        return reply_of(said, latency_ms)


async def _limited(response: aiohttp.ClientResponse) -> bytes | None:
    """The body; None if it is longer than anyone can use."""
    content = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        content += chunk
        if len(content) > _LONGEST:
            return None
    return bytes(content)


def _refused(status: int, retry_after_s: float | None) -> Failed:
    if status in _REFUSED:
        return Failed(f"HTTP {status} from the endpoint", "infrastructure", charged=False)
    if status in _PASSES or status >= 500:
        why = f"HTTP {status} from the endpoint"
        # What it had begun may have cost something: only a refusal is free.
        charged = status >= 500
        return Failed(why, "infrastructure", retryable=True, retry_after_s=retry_after_s, charged=charged)
    return Failed(f"HTTP {status} from the endpoint", "system", charged=False)
