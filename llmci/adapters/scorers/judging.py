"""What all judges share: which model is asked, how, and how its verdict is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from llmci import registry, seams
from llmci.core.judging.question import Asking, verdict_format
from llmci.core.judging.verdicts import last_verdict
from llmci.errors import UsageError
from llmci.seams import Failed, ModelRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from llmci.seams import ModelReply

# The model adapter says so of a request that the endpoint does not accept, such as one with a schema.
_NOT_ACCEPTED = ("400", "415", "422")


class JudgingOptions(seams.Options):
    """Which model judges, and how it is asked.

    Attributes:
        model: In litellm's spelling. It is always named: a model grades its own words kindly.
        base_url: Of an OpenAI-compatible server, for models spelled `openai/...`.
        api_key_env: Environment variable with the key; the default is the provider's own.
        prices: US dollars for a million tokens, where litellm does not know them.
        params: Passed on, such as temperature or max_tokens.
        rubric: What to look for, in every case; without it the rubric of the case, where there is one.
        rubric_file: The same in a text file.
        structured: Ask for JSON by a schema; an endpoint that does not accept one is asked in words.
        max_bytes: Of the answer and of the documents that the judge is shown.
        max_cost_usd: Most that one verdict can cost, where that cannot be computed.
        timeout_s: Longest wait for a verdict.
        retries: Further tries after a fault that passes.
        human: Name of the expectation that holds a person's verdict, for `llmci judge check`.
    """

    model: str
    base_url: str | None = None
    api_key_env: str | None = None
    prices: dict[Literal["input", "output"], float] | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    rubric: str | None = None
    rubric_file: str | None = None
    structured: bool = True
    max_bytes: int = Field(default=20_000, ge=100)
    max_cost_usd: float | None = Field(default=None, ge=0)
    timeout_s: float = Field(default=120.0, gt=0)
    retries: int = Field(default=4, ge=0)
    human: str | None = None


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a judge said, the verdict in it (None if there is none from the menu), and what it took."""

    text: str
    verdict: str | None
    cost: float | None


class JudgeModel:
    """A model that is asked for a verdict from a menu."""

    def __init__(self, options: JudgingOptions, context: seams.Context, menu: Sequence[str]) -> None:
        self._options, self._context, self._menu = options, context, menu
        kind = registry.adapter("model", "litellm")
        reached = options.model_dump(include={"model", "base_url", "api_key_env", "prices", "timeout_s", "retries"})
        self._model: Any = kind(kind.Options(**reached), context)
        self._structured = options.structured
        self.rubric = self._read_rubric()

    def digested(self) -> Mapping[str, object]:
        """All that can change a verdict, but for what the kind of judge adds; how the model is reached cannot."""
        given = self._options.model_dump(include={"model", "base_url", "params", "structured", "max_bytes"})
        return {**given, "rubric": self.rubric, "menu": self._menu}

    async def start(self) -> None:
        """See `Scorer.start`."""
        await self._model.check()

    async def aclose(self) -> None:
        """See `Scorer.aclose`."""
        await self._model.aclose()

    def estimate(self, messages: Callable[[Asking], Sequence[Mapping[str, object]]]) -> seams.Estimate:
        """What one verdict will take."""
        asking = self._asking(self.rubric or "rubric", "0" * 16, reference=True)
        estimate: seams.Estimate = self._model.estimate(self._request(messages, asking))
        if self._options.max_cost_usd is None:
            return estimate
        return replace(estimate, worst_cost=self._options.max_cost_usd)

    async def opinion(
        self,
        messages: Callable[[Asking], Sequence[Mapping[str, object]]],
        *,
        rubric: str,
        nonce: str,
        reference: bool,
    ) -> Opinion | Failed:
        """Ask once; an endpoint that does not take a schema is asked in words, from then on."""
        reply = await self._asked(messages, rubric, nonce, reference=reference)
        if isinstance(reply, Failed) and self._structured and any(code in reply.why for code in _NOT_ACCEPTED):
            self._structured = False
            reply = await self._asked(messages, rubric, nonce, reference=reference)
        if isinstance(reply, Failed):
            return reply
        return Opinion(reply.text, last_verdict(reply.text, self._menu), reply.cost)

    async def _asked(
        self,
        messages: Callable[[Asking], Sequence[Mapping[str, object]]],
        rubric: str,
        nonce: str,
        *,
        reference: bool,
    ) -> ModelReply | Failed:
        reply: ModelReply | Failed
        request = self._request(messages, self._asking(rubric, nonce, reference=reference))
        reply = await self._model.complete(request, worst_cost=self._options.max_cost_usd)
        return reply

    def _asking(self, rubric: str, nonce: str, *, reference: bool) -> Asking:
        return Asking(
            rubric=rubric,
            menu=self._menu,
            nonce=nonce,
            max_bytes=self._options.max_bytes,
            reference=reference,
            structured=self._structured,
        )

    def _request(self, messages: Callable[[Asking], Sequence[Mapping[str, object]]], asking: Asking) -> ModelRequest:
        form = verdict_format(self._menu) if asking.structured else None
        return ModelRequest(messages=messages(asking), response_format=form, params=self._options.params)

    def _read_rubric(self) -> str | None:
        if self._options.rubric_file is None:
            return self._options.rubric
        path = self._context.root / self._options.rubric_file
        try:
            return path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"scorers.{self._context.name}.rubric_file: {path} cannot be read ({type(error).__name__}).",
                fix="Name a UTF-8 text file, from the directory of llmci.yaml.",
            ) from None
