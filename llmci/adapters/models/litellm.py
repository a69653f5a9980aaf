"""A chat model in litellm's spelling: asked directly where it is an OpenAI-compatible endpoint, else through litellm."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING

import orjson

from llmci.adapters.models.direct import DirectModel
from llmci.adapters.models.library import LibraryModel
from llmci.adapters.models.options import LitellmOptions
from llmci.adapters.models.prices import highest
from llmci.adapters.models.route import route_of
from llmci.core.bench.allowance import allowance
from llmci.core.bench.pace import pace_of
from llmci.core.bench.patience import wait_s
from llmci.errors import UsageError
from llmci.seams import Estimate, Failed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from llmci import seams
    from llmci.seams import ModelReply, ModelRequest

_IMAGE_TOKENS = 5000
_CHARS_PER_TOKEN = 4


class LitellmModel:
    """See `llmci.seams.Model`."""

    Options = LitellmOptions

    def __init__(self, options: LitellmOptions, context: seams.Context) -> None:
        self._options, self._context = options, context
        self._jitter = Random(context.name)  # noqa: S311  spreads retries
        self._route = route_of(options, context.environ)
        self._direct = None if self._route is None else DirectModel(options, self._route, context.environ)
        self._library = LibraryModel(options, context)

    async def complete(self, request: ModelRequest, *, worst_cost: float | None = None) -> ModelReply | Failed:
        """See `Model.complete`."""
        for attempt in range(self._options.retries):
            outcome = await self._paid(request, worst_cost)
            if not isinstance(outcome, Failed) or not outcome.retryable:
                return outcome
            wait = wait_s(attempt, outcome.retry_after_s, self._jitter.random())
            if wait is None:
                return outcome
            await asyncio.sleep(wait)
        return await self._paid(request, worst_cost)

    async def ask(self, request: ModelRequest) -> ModelReply | Failed:
        """Ask once, at once and without a deadline: for a caller who keeps pace, deadline and tries itself."""
        await self.check()
        if self._direct is not None and self._is_plain(request):
            return await self._direct.ask(request)
        return await self._library.ask(request)

    def endpoint(self) -> str:
        """Who is asked; see `System.endpoint`."""
        return self._library.endpoint if self._direct is None else self._direct.endpoint

    def estimate(self, request: ModelRequest) -> Estimate:
        """See `Model.estimate`. No text has more tokens than bytes: that is the worst case."""
        text = orjson.dumps([request.messages, request.tools, request.response_format], option=orjson.OPT_NON_STR_KEYS)
        most_in = len(text) + _IMAGE_TOKENS * text.count(b'"image_url":{')
        info = self._info()
        stated = [request.params.get(name) for name in ("max_tokens", "max_completion_tokens")]
        most_out = next((int(value) for value in stated if isinstance(value, int)), info.get("max_output_tokens"))
        # Each of several choices may be as long.
        choices = request.params.get("n")
        prices = self._highest(info)
        worst = None
        if prices is not None and isinstance(most_out, int):
            most_out *= choices if isinstance(choices, int) and choices > 1 else 1
            worst = most_in * prices[0] + most_out * prices[1]
        return Estimate(
            input_tokens=len(text) // _CHARS_PER_TOKEN,
            output_tokens=most_out if isinstance(most_out, int) else None,
            worst_cost=worst,
        )

    async def aclose(self) -> None:
        """See `Model.aclose`."""
        if self._direct is not None:
            await self._direct.aclose()
        await self._library.aclose()

    async def check(self) -> None:
        """See that the model and its credentials are known; sends nothing.

        Raises:
            UsageError: They are not.
        """
        if self._route is None:
            await self._library.check()
        elif self._route.missing:
            raise UsageError(
                f"{self._context.name}: {' and '.join(self._route.missing)} must be set to call {self._options.model}.",
                fix="Set it in the environment, or name another variable with api_key_env.",
            )

    async def _paid(self, request: ModelRequest, worst_cost: float | None) -> ModelReply | Failed:
        """Ask once, from the allowance of whoever asks, if there is one."""
        given = allowance()
        if given is None:
            return await self._paced(request)
        known = self.estimate(request).worst_cost if worst_cost is None else worst_cost
        # What nobody can compute is reserved by whoever laid the allowance out.
        worst = known or 0.0
        if not await given.take(worst):
            return Failed("the budget has no room for another call", "infrastructure", charged=False)
        cost: float | None = None
        try:
            outcome = await self._paced(request)
            cost = outcome.cost
        finally:
            given.over(worst, cost)
        return outcome

    async def _paced(self, request: ModelRequest) -> ModelReply | Failed:
        """Ask once, when the endpoint has room; waiting for that is not waiting for the reply."""
        pace = pace_of(self.endpoint())
        entered = await pace.enter()
        outcome: ModelReply | Failed | None = None
        seconds = self._options.timeout_s
        try:
            async with asyncio.timeout(seconds):
                outcome = await self.ask(request)
        except TimeoutError:
            pace.leave(entered, "overloaded")
            return Failed(f"no reply from {self._options.model} within {seconds:g} s", "system")
        except BaseException:
            pace.leave(entered, "refused")
            raise
        if isinstance(outcome, Failed):
            pace.leave(entered, "overloaded" if outcome.retryable else "refused", outcome.retry_after_s)
        else:
            pace.leave(entered, "answered")
        return outcome

    def _is_plain(self, request: ModelRequest) -> bool:
        assert self._route is not None  # noqa: S101  asked only where there is one
        return self._route.takes(request.params, tools=bool(request.tools))

    def _info(self) -> Mapping[str, Any]:
        return self._library.info() if self._route is None else self._route.entry

    def _highest(self, info: Mapping[str, Any]) -> tuple[float, float] | None:
        prices = self._options.prices
        return highest(info) if prices is None else (prices.input / 1e6, prices.output / 1e6)
