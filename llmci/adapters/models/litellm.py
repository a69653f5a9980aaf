"""Any chat model that litellm knows.

litellm is imported with the first call and nowhere else; see `llmci.quiet`.
"""

from __future__ import annotations

import asyncio
import time
from importlib.util import find_spec
from random import Random
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import Field

from llmci import seams
from llmci.core.bench.patience import wait_s
from llmci.core.bench.retry_after import seconds_of
from llmci.domain.run import Usage
from llmci.errors import UsageError
from llmci.quiet import quiet_litellm
from llmci.seams import Estimate, Failed, ModelReply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.seams import ModelRequest

# Refused for who asks or what is asked for; asking again does not help.
_REFUSED = {401, 402, 403, 404}
# The request itself is wrong: too long, not allowed, a parameter that the model does not know.
_OWN_FAULT = {400, 413, 422}
_IMAGE_TOKENS = 5000
_CHARS_PER_TOKEN = 4


class Prices(seams.Options):
    """US dollars for a million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class LitellmOptions(seams.Options):
    """Which model, and how to reach it.

    Attributes:
        model: In litellm's spelling, such as `openai/gpt-4o-mini` or `anthropic/claude-sonnet-4-5`.
        base_url: Of an OpenAI-compatible server, for models spelled `openai/...`.
        api_key_env: Environment variable with the key; the default is the provider's own.
        prices: Where litellm does not know them, or is wrong.
        timeout_s: Longest wait for one reply.
        retries: Further tries after a fault that passes.
    """

    model: str
    base_url: str | None = None
    api_key_env: str | None = None
    prices: Prices | None = None
    timeout_s: float = Field(default=120.0, gt=0)
    retries: int = Field(default=4, ge=0)


class LitellmModel:
    """See `llmci.seams.Model`."""

    Options = LitellmOptions

    def __init__(self, options: LitellmOptions, context: seams.Context) -> None:
        self._options, self._context = options, context
        self._jitter = Random(context.name)  # noqa: S311  spreads retries
        self._checked = False

    async def complete(self, request: ModelRequest) -> ModelReply | Failed:
        """See `Model.complete`."""
        for attempt in range(self._options.retries):
            outcome = await self._once(request)
            if not isinstance(outcome, Failed) or not outcome.retryable:
                return outcome
            wait = wait_s(attempt, outcome.retry_after_s, self._jitter.random())
            if wait is None:
                return outcome
            await asyncio.sleep(wait)
        return await self._once(request)

    def estimate(self, request: ModelRequest) -> Estimate:
        """See `Model.estimate`. No text has more tokens than bytes: that is the worst case."""
        text = orjson.dumps([request.messages, request.tools, request.response_format], option=orjson.OPT_NON_STR_KEYS)
        most_in = len(text) + _IMAGE_TOKENS * text.count(b'"image_url":{')
        info = self._info()
        stated = [request.params.get(name) for name in ("max_tokens", "max_completion_tokens")]
        most_out = next((int(value) for value in stated if isinstance(value, int)), info.get("max_output_tokens"))
        prices = self._prices(info)
        worst = None
        if prices is not None and isinstance(most_out, int):
            worst = (most_in * prices.input + most_out * prices.output) / 1e6
        return Estimate(
            input_tokens=len(text) // _CHARS_PER_TOKEN,
            output_tokens=most_out if isinstance(most_out, int) else None,
            worst_cost=worst,
        )

    async def aclose(self) -> None:
        """See `Model.aclose`."""
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

    async def _once(self, request: ModelRequest) -> ModelReply | Failed:
        await self.check()
        options = self._options
        started = time.perf_counter()
        try:
            # litellm's own timeout starts again with every byte that arrives.
            async with asyncio.timeout(options.timeout_s):
                reply = await quiet_litellm().acompletion(**self._arguments(request))
        except TimeoutError:
            return Failed(f"no reply from {options.model} within {options.timeout_s:g} s", "system")
        except Exception as error:  # noqa: BLE001  litellm raises its own, openai's and httpx's
            return self._failed(error)
        return self._reply(reply, (time.perf_counter() - started) * 1000)

    def _arguments(self, request: ModelRequest) -> dict[str, Any]:
        options = self._options
        given = {
            "tools": list(request.tools) or None,
            "response_format": request.response_format,
            "base_url": options.base_url,
            "api_key": self._context.environ.get(options.api_key_env) if options.api_key_env else None,
            **request.params,
        }
        return {
            "model": options.model,
            "messages": list(request.messages),
            **{name: value for name, value in given.items() if value is not None},
            "timeout": options.timeout_s,
            **(_without_mcp() if request.tools else {}),
            # Tried again here, where attempts, cost and time are counted.
            "num_retries": 0,
            "max_retries": 0,
        }

    def _reply(self, reply: Any, latency_ms: float) -> ModelReply:  # noqa: ANN401  litellm's own class
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
            model=str(reply.model or self._options.model),
        )

    def _cost(self, reply: Any, usage: Usage) -> float | None:  # noqa: ANN401  litellm's own class
        prices = self._options.prices
        if prices is None:
            cost = getattr(reply, "_hidden_params", {}).get("response_cost")
            return float(cost) if isinstance(cost, (int, float)) else None
        if usage.input is None or usage.output is None:
            return None
        return (usage.input * prices.input + usage.output * prices.output) / 1e6

    def _failed(self, error: Exception) -> Failed:
        """Name class and status, never the message: providers quote the request in it."""
        status = getattr(error, "status_code", None)
        why = f"{status or ''} {type(error).__name__} from {self._options.model}".strip()
        if status == 408:
            return Failed(f"no reply from {self._options.model} within {self._options.timeout_s:g} s", "system")
        if status in _OWN_FAULT:
            return Failed(why, "system")
        retryable = isinstance(status, int) and status not in _REFUSED
        return Failed(why, "infrastructure", retryable=retryable, retry_after_s=_retry_after(error))

    def _info(self) -> Mapping[str, Any]:
        try:
            info: Mapping[str, Any] = quiet_litellm().get_model_info(self._options.model)
        except Exception:  # noqa: BLE001  a model that is not in the table
            return {}
        return info

    def _prices(self, info: Mapping[str, Any]) -> Prices | None:
        if self._options.prices is not None:
            return self._options.prices
        highest = {
            side: max(
                (
                    price
                    for name, price in info.items()
                    if name.startswith(f"{side}_cost_per_") and isinstance(price, float | int)
                ),
                default=None,
            )
            for side in ("input", "output")
        }
        if highest["input"] is None or highest["output"] is None:
            return None
        return Prices(input=highest["input"] * 1e6, output=highest["output"] * 1e6)


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
    return seconds_of(headers.get("retry-after"), time.time())
