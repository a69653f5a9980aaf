"""A chat model with a prompt: the system that most candidates are."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from llmci import registry, seams
from llmci.adapters.systems.prompt import Prompt
from llmci.adapters.systems.prompt_sources import fetched
from llmci.adapters.systems.tool_loop import ToolReplay, converse
from llmci.core.bench.chat import chat_messages, chat_tools, said
from llmci.core.canonical import digest_of
from llmci.core.evalsets.agent_cases import RESULTS
from llmci.domain.system import SystemSpec
from llmci.errors import UsageError
from llmci.seams import Failed, ModelRequest, Reply

if TYPE_CHECKING:
    from llmci.domain.case import Case

Chat = list[dict[str, Any]]


class LitellmSystemOptions(seams.Options):
    """Model, prompt and everything else that goes into the request.

    Attributes:
        model: In litellm's spelling, such as `openai/gpt-4o-mini`.
        base_url: Of an OpenAI-compatible server, for models spelled `openai/...`.
        api_key_env: Environment variable with the key; the default is the provider's own.
        prices: US dollars for a million tokens, `{input: 0.15, output: 0.60}`, where litellm does not know them.
        prompt: Jinja template, rendered for each case with question, messages, documents, tools, key and config: a file,
            `git:main:prompts/a.j2` for a file as it is at a git ref, or `langfuse:name@label` (or `@` and a version).
        prompt_role: system: the rendered prompt takes the place of the case's system message.
            user: it is the whole request.
        config: Passed to the template as `config`.
        tools: In OpenAI's form; the default are the tools of the case.
        response_format: As the provider takes it.
        params: Passed on: temperature, max_tokens, seed, ...
        stream: Have the answer sent piece by piece, so that the time to its first token is measured.
        tool_replay: Answer tool calls from what the case's tools said, and go on to the end of the conversation.
        max_cost_usd: Most that one answer can cost, where that cannot be computed from prices and max_tokens.
    """

    model: str
    base_url: str | None = None
    api_key_env: str | None = None
    prices: dict[Literal["input", "output"], float] | None = None
    prompt: str | None = None
    prompt_role: Literal["system", "user"] = "system"
    config: dict[str, Any] = Field(default_factory=dict)
    tools: list[dict[str, Any]] | None = None
    response_format: dict[str, Any] | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    stream: bool = False
    tool_replay: ToolReplay | None = None
    max_cost_usd: float | None = Field(default=None, ge=0)


class LitellmSystem:
    """See `llmci.seams.System`."""

    Options = LitellmSystemOptions

    def __init__(self, options: LitellmSystemOptions, context: seams.Context) -> None:
        self._options, self._context = options, context
        self._prompt = None if options.prompt is None else Prompt(fetched(options.prompt, context), options.config)
        kind = registry.adapter("model", "litellm")
        reached = options.model_dump(include={"model", "base_url", "api_key_env", "prices", "stream"})
        # The stage keeps the deadline.
        self._model = kind(kind.Options(**reached, timeout_s=3600.0), context)
        self._simulator = None
        if options.tool_replay is not None and options.tool_replay.on_miss == "simulate":
            if options.tool_replay.simulator is None:
                raise UsageError(
                    f"systems.{context.name}.tool_replay: who plays the tools is not said.", fix="Name a simulator."
                )
            played = {**reached, "model": options.tool_replay.simulator, "stream": False, "prices": None}
            self._simulator = kind(kind.Options(**played, timeout_s=3600.0), context)

    def spec(self) -> SystemSpec:
        """See `System.spec`."""
        return self._spec

    @cached_property
    def _spec(self) -> SystemSpec:
        parameters = self._options.model_dump()
        content = self._prompt.content if self._prompt else None
        version: dict[str, Any] = {}
        if self._prompt is not None:
            version = {"prompt_digest": digest_of(content)}
            version |= {"prompt_version": self._prompt.version} if self._prompt.version else {}
        return SystemSpec(
            name=self._context.name,
            kind="litellm",
            parameters={**parameters, **version},
            digest=digest_of("litellm/1", parameters, content),
        )

    def request_digest(self, case: Case) -> str | None:
        """See `System.request_digest`."""
        request = self._request(case)
        return None if isinstance(request, Failed) else self._digest(request, case)

    def _digest(self, request: ModelRequest, case: Case) -> str:
        where = (self._options.model, self._options.base_url)
        replay = self._options.tool_replay
        # The first request leads to the same conversation only where the tools say the same.
        tools = [] if replay is None else [replay.model_dump(), case.expectations.get(RESULTS)]
        return digest_of(
            "chat/1", where, request.messages, request.tools, request.response_format, request.params, *tools
        )

    def estimate(self, case: Case) -> seams.Estimate:
        """See `System.estimate`."""
        request = self._request(case)
        if isinstance(request, Failed):
            return seams.Estimate(input_tokens=0, output_tokens=0, worst_cost=0.0)
        estimate: seams.Estimate = self._model.estimate(request)
        if self._options.tool_replay is not None:
            # How long a conversation grows is not known beforehand.
            estimate = replace(estimate, worst_cost=None)
        if self._options.max_cost_usd is None:
            return estimate
        return seams.Estimate(
            input_tokens=estimate.input_tokens,
            output_tokens=estimate.output_tokens,
            worst_cost=self._options.max_cost_usd,
        )

    def endpoint(self) -> str | None:
        """See `System.endpoint`."""
        endpoint: str = self._model.endpoint()
        return endpoint

    async def start(self) -> None:
        """See `System.start`."""
        await self._model.check()
        if self._simulator is not None:
            await self._simulator.check()

    def at_once(self) -> int | None:
        """See `System.at_once`."""
        return None

    async def answer(self, case: Case, repeat: int) -> Reply | Failed:  # noqa: ARG002  every try is the same request
        """See `System.answer`."""
        request = self._request(case)
        if isinstance(request, Failed):
            return request
        # The stage keeps pace and deadline, and tries again.
        if self._options.tool_replay is not None:
            simulate = None if self._simulator is None else self._simulator.ask
            whole = await converse(request, case, self._options.tool_replay, self._model.ask, simulate)
            return whole if isinstance(whole, Failed) else replace(whole, request_digest=self._digest(request, case))
        reply = await self._model.ask(request)
        if isinstance(reply, Failed):
            return reply
        return Reply(
            text=reply.text,
            messages=said(reply.text, reply.tool_calls) if reply.tool_calls else (),
            usage=reply.usage,
            cost=reply.cost,
            latency_ms=reply.latency_ms,
            ttft_ms=reply.ttft_ms,
            timed_here=True,
            request_digest=self._digest(request, case),
        )

    async def aclose(self) -> None:
        """See `System.aclose`."""
        await self._model.aclose()
        if self._simulator is not None:
            await self._simulator.aclose()

    def _request(self, case: Case) -> ModelRequest | Failed:
        options = self._options
        messages = self._messages(case)
        if isinstance(messages, Failed):
            return messages
        return ModelRequest(
            messages=messages,
            tools=chat_tools(case.tools) if options.tools is None else options.tools,
            response_format=options.response_format,
            params=options.params,
        )

    def _messages(self, case: Case) -> Chat | Failed:
        messages = chat_messages(case.messages)
        if self._prompt is None:
            return messages
        return self._prompt.render(case, messages, whole=self._options.prompt_role == "user")
