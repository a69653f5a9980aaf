"""Any chat model that litellm knows, through litellm: for what is no OpenAI-compatible endpoint.

litellm is imported with the first call and nowhere else; see `llmci.quiet`.
"""

from __future__ import annotations

import asyncio
import time
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from llmci.adapters.models.prices import stated_cost
from llmci.core.bench.endpoints import origin_of
from llmci.core.bench.pace import pace_of
from llmci.core.bench.rate_limits import asked_wait, exhausted_for
from llmci.domain.run import Usage
from llmci.errors import UsageError
from llmci.quiet import quiet_litellm
from llmci.seams import Failed, ModelReply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci import seams
    from llmci.adapters.models.options import LitellmOptions
    from llmci.seams import ModelRequest

# Refused for who asks or what is asked for; asking again does not help.
_REFUSED = {401, 402, 403, 404}
# The request itself is wrong: too long, not allowed, a parameter that the model does not know.
_OWN_FAULT = {400, 413, 422}
# What litellm puts before the headers of the provider.
_PROVIDERS_OWN = "llm_provider-"


class LibraryModel:
    """One model of litellm."""

    def __init__(self, options: LitellmOptions, context: seams.Context) -> None:
        self._options, self._context = options, context
        self._checked = False
        provider, slash, _ = options.model.partition("/")
        self.endpoint = (
            origin_of(options.base_url) if options.base_url else f"litellm:{provider if slash else options.model}"
        )

    async def ask(self, request: ModelRequest) -> ModelReply | Failed:
        """Ask once; the caller keeps the deadline."""
        await self.check()
        started = time.perf_counter()
        first: float | None = None
        try:
            reply = await quiet_litellm().acompletion(**self._arguments(request))
            if self._options.stream:
                first, reply = await self._gathered(reply)
        except Exception as error:  # noqa: BLE001  litellm raises its own, openai's and httpx's
            return self._failed(error)
        headers = _provider_headers(reply)
        pace_of(self.endpoint).hold(exhausted_for(headers, time.time()))
        ttft_ms = None if first is None else (first - started) * 1000
        return self._reply(reply, (time.perf_counter() - started) * 1000, ttft_ms)

    async def aclose(self) -> None:
        """Close litellm's connections."""
        if self._checked:
            library = quiet_litellm()
            await library.close_litellm_async_clients()
            # Closed clients are otherwise found and used again.
            library.in_memory_llm_clients_cache.flush_cache()

    async def check(self) -> None:
        """Load litellm and see that the model and its credentials are known; sends nothing.

        Raises:
            UsageError: They are not.
        """
        if self._checked:
            return
        library = await asyncio.to_thread(quiet_litellm)
        options, environ = self._options, self._context.environ
        try:
            library.get_llm_provider(model=options.model, api_base=options.base_url)
        except Exception:  # noqa: BLE001  whatever it raises, the model is not known
            raise UsageError(
                f"{self._context.name}: litellm knows no provider of the model {options.model!r}.",
                fix="Spell it provider/model, such as openai/gpt-4o-mini.",
            ) from None
        if options.api_key_env is not None:
            missing = [] if environ.get(options.api_key_env) else [options.api_key_env]
        else:
            missing = library.validate_environment(model=options.model, api_base=options.base_url)["missing_keys"]
        if missing:
            raise UsageError(
                f"{self._context.name}: {' and '.join(missing)} must be set to call {options.model}.",
                fix="Set it in the environment, or name another variable with api_key_env.",
            )
        self._checked = True

    async def _gathered(self, stream: Any) -> tuple[float | None, Any]:  # noqa: ANN401  litellm's own class
        """When the first of the answer came, and all of it as one reply."""
        first, chunks = None, []
        async for chunk in stream:
            chunks.append(chunk)
            delta = chunk.choices[0].delta if chunk.choices else None
            if first is None and delta is not None and (delta.content or delta.tool_calls):
                first = time.perf_counter()
        return first, quiet_litellm().stream_chunk_builder(chunks)

    def _arguments(self, request: ModelRequest) -> dict[str, Any]:
        options = self._options
        given = {
            "tools": list(request.tools) or None,
            "response_format": request.response_format,
            "base_url": options.base_url,
            **({"stream": True, "stream_options": {"include_usage": True}} if options.stream else {}),
            "api_key": self._context.environ.get(options.api_key_env) if options.api_key_env else None,
            **request.params,
        }
        return {
            "model": options.model,
            "messages": list(request.messages),
            **{name: value for name, value in given.items() if value is not None},
            # The caller's deadline counts: this one would start again with every byte that arrives.
            "timeout": options.timeout_s,
            **(_without_mcp() if request.tools else {}),
            # Tried again here, where attempts, cost and time are counted.
            "num_retries": 0,
            "max_retries": 0,
        }

    def _reply(self, reply: Any, latency_ms: float, ttft_ms: float | None) -> ModelReply:  # noqa: ANN401  litellm's own class
        choice = reply.choices[0] if reply.choices else None
        message = choice.message if choice else None
        usage = _usage(getattr(reply, "usage", None))
        calls = [call.model_dump() for call in (message.tool_calls or [])] if message else []
        return ModelReply(
            text=(message.content or "") if message else "",
            tool_calls=calls,
            finish_reason=choice.finish_reason if choice else None,
            usage=usage,
            cost=self._cost(reply, usage),
            latency_ms=latency_ms,
            ttft_ms=ttft_ms,
            model=str(reply.model or self._options.model),
        )

    def _cost(self, reply: Any, usage: Usage) -> float | None:  # noqa: ANN401  litellm's own class
        if self._options.prices is not None:
            return stated_cost(self._options.prices, usage)
        cost = getattr(reply, "_hidden_params", {}).get("response_cost")
        if cost is None and self._options.stream:
            cost = _cost_of_stream(reply)
        return float(cost) if isinstance(cost, (int, float)) else None

    def _failed(self, error: Exception) -> Failed:
        """Name class and status, never the message: providers quote the request in it."""
        status = getattr(error, "status_code", None)
        why = f"{status or ''} {type(error).__name__} from {self._options.model}".strip()
        if status == 408:
            return Failed(f"no reply from {self._options.model} within {self._options.timeout_s:g} s", "system")
        if status in _OWN_FAULT:
            return Failed(why, "system", charged=False)
        if status in _REFUSED or status == 429:
            after = _retry_after(error)
            return Failed(why, "infrastructure", retryable=status == 429, retry_after_s=after, charged=False)
        # litellm calls a broken connection a 500.
        retryable = isinstance(status, int)
        return Failed(why, "infrastructure", retryable=retryable, retry_after_s=_retry_after(error))

    def info(self) -> Mapping[str, Any]:
        """What litellm knows of the model: prices and limits."""
        try:
            info: Mapping[str, Any] = quiet_litellm().get_model_info(self._options.model)
        except Exception:  # noqa: BLE001  a model that is not in the table
            return {}
        return info


@cache
def _without_mcp() -> dict[str, Any]:
    """Where litellm looks for MCP servers among the tools, it fails without the package `mcp`: keep it from looking."""
    return {"_skip_mcp_handler": True} if find_spec("litellm.responses.mcp.chat_completions_handler") else {}


def _usage(usage: Any) -> Usage:  # noqa: ANN401  litellm's own class
    if usage is None:
        return Usage()
    details = getattr(usage, "prompt_tokens_details", None)
    return Usage(
        input=usage.prompt_tokens, output=usage.completion_tokens, cached=getattr(details, "cached_tokens", None)
    )


def _retry_after(error: Exception) -> float | None:
    """What the other side asked for; litellm keeps the headers in one place or in another."""
    response = getattr(error, "response", None)
    headers = getattr(error, "litellm_response_headers", None) or getattr(response, "headers", None) or {}
    return asked_wait(headers, time.time())


def _provider_headers(reply: Any) -> dict[str, str]:  # noqa: ANN401  litellm's own class
    hidden = getattr(reply, "_hidden_params", {}).get("additional_headers") or {}
    return {str(name).lower().removeprefix(_PROVIDERS_OWN): str(value) for name, value in hidden.items()}


def _cost_of_stream(reply: Any) -> float | None:  # noqa: ANN401  litellm's own class
    try:
        cost: float = quiet_litellm().completion_cost(completion_response=reply)
    except Exception:  # noqa: BLE001  a model that is not in the table
        return None
    return cost
