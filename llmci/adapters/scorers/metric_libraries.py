"""Metrics of other libraries, with our model behind them: one place for keys, retries, prices and the digest."""

from __future__ import annotations

import difflib
import inspect
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from llmci import registry, seams
from llmci.core.bench.chat import question_of
from llmci.core.canonical import digest_of
from llmci.core.privacy.replies import unclean
from llmci.domain.run import Metric, Scored, Unscored
from llmci.errors import LlmciError, UsageError
from llmci.seams import Failed, ModelRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.domain.case import Case
    from llmci.domain.run import Answered, Score
    from llmci.seams import ModelReply


class LibraryOptions(seams.Options):
    """Which metric of the library, and the model that it asks.

    Attributes:
        metric: Its class, as the library spells it.
        args: Passed to the class when it is made.
        model: In litellm's spelling; metrics that ask no model need none.
        base_url: Of an OpenAI-compatible server, for models spelled `openai/...`.
        api_key_env: Environment variable with the key; the default is the provider's own.
        prices: US dollars for a million tokens, where litellm does not know them.
        params: Passed on with every call, such as temperature.
        higher_is_better: False where more is worse, as with DeepEval's HallucinationMetric.
        max_cost_usd: Most that one score can cost; needed with a budget, for a metric may ask many times.
        timeout_s: Longest wait for one reply.
        retries: Further tries after a fault that passes.
        human: Name of the expectation that holds a person's verdict, for `llmci judge check`.
    """

    metric: str
    args: dict[str, Any] = Field(default_factory=dict)
    model: str | None = None
    base_url: str | None = None
    api_key_env: str | None = None
    prices: dict[Literal["input", "output"], float] | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    higher_is_better: bool = True
    max_cost_usd: float | None = Field(default=None, ge=0)
    timeout_s: float = Field(default=120.0, gt=0)
    retries: int = Field(default=4, ge=0)
    human: str | None = None


class CannotAsk(Exception):
    """The model behind a metric did not answer; `why` holds no user text."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Lacking(Exception):
    """The case holds nothing that the metric could be made of; `why` holds no user text."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(slots=True)
class Asker:
    """Asks the model for one score, and counts what that takes."""

    model: Any
    params: Mapping[str, Any]
    costs: list[float | None] = field(default_factory=list)
    failed: str | None = None

    async def ask(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        response_format: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> ModelReply:
        """Ask once; raises `CannotAsk`, which libraries may well swallow: `failed` remembers it."""
        if self.model is None:
            self.failed = "the metric asks a model, and none is named"
            raise CannotAsk(self.failed)
        request = ModelRequest(
            messages=list(messages),
            tools=list(tools),
            response_format=response_format,
            params={**(params or {}), **self.params},
        )
        reply: ModelReply | Failed = await self.model.complete(request)
        if isinstance(reply, Failed):
            self.costs.append(reply.cost)
            self.failed = f"the judge did not answer: {reply.why}"
            raise CannotAsk(self.failed)
        self.costs.append(reply.cost)
        return reply

    @property
    def cost(self) -> float | None:
        """US dollars; None as soon as one call's cost is unknown."""
        known = [cost for cost in self.costs if cost is not None]
        return sum(known) if len(known) == len(self.costs) else None


@dataclass(frozen=True, slots=True)
class Material:
    """What such metrics are made of. Every text in it is clean."""

    question: str
    answer: str
    reference: str | None
    contexts: list[str]


class LibraryScorer(ABC):
    """See `llmci.seams.Scorer`. A library's own version is part of the digest: another one has other prompts."""

    Options = LibraryOptions
    package: ClassVar[str]

    def __init__(self, options: LibraryOptions, context: seams.Context) -> None:
        self.options, self.context = options, context
        self.made = self._class()
        reached = options.model_dump(include={"model", "base_url", "api_key_env", "prices", "timeout_s", "retries"})
        kind = registry.adapter("model", "litellm")
        self._model: Any = None if options.model is None else kind(kind.Options(**reached), context)
        asked = options.model_dump(include={"metric", "args", "model", "base_url", "params", "higher_is_better"})
        self._metric = Metric(
            name=context.name,
            kind="graded",
            digest=digest_of(type(self).__name__, version(self.package), asked),
            higher_is_better=options.higher_is_better,
            judge=options.model,
        )

    @abstractmethod
    def classes(self) -> Mapping[str, Any]:
        """Every metric of the library, by name; raises `UsageError` where it is not installed."""

    @abstractmethod
    async def measure(self, material: Material, asker: Asker) -> tuple[float | None, str | None]:
        """Value and reason; raises `Lacking`, `CannotAsk` and whatever the library raises."""

    def metric(self) -> Metric:
        """See `Scorer.metric`."""
        return self._metric

    def judge_digests(self) -> list[str]:
        """See `JudgedScorer.judge_digests`."""
        return [self._metric.digest] if self.options.model else []

    def estimate(self, case: Case) -> seams.Estimate:  # noqa: ARG002  only the library knows how often it asks
        """See `Scorer.estimate`."""
        return seams.Estimate(worst_cost=self.options.max_cost_usd if self.options.model else 0.0)

    async def start(self) -> None:
        """See `Scorer.start`."""
        if self._model is not None:
            await self._model.check()

    async def score(self, case: Case, answer: Answered) -> Score:
        """See `Scorer.score`."""
        asker = Asker(self._model, self.options.params)
        documents = answer.documents or case.documents
        contexts = [str(document.content) for document in documents if document.content]
        material = Material(question_of(case), answer.text, case.reference, contexts)
        try:
            value, reason = await self.measure(material, asker)
        except Lacking as lacking:
            return self._unscored(case, answer, lacking.why, "case", asker)
        except CannotAsk as failed:
            return self._unscored(case, answer, failed.why, "infrastructure", asker)
        except LlmciError:
            raise
        except Exception as error:  # noqa: BLE001  libraries raise what they like, with the model's words in it
            why = asker.failed or f"{self.package} raised {type(error).__name__}"
            return self._unscored(case, answer, why, "infrastructure", asker)
        if asker.failed is not None:
            return self._unscored(case, answer, asker.failed, "infrastructure", asker)
        if value is None or not 0 <= value <= 1:
            why = f"{self.package} gave no number between 0 and 1"
            return self._unscored(case, answer, why, "infrastructure", asker)
        return Scored(
            case_id=case.case_id,
            repeat=answer.repeat,
            metric=self._metric.name,
            value=value,
            # Cleaned like any judge's; a metric without one says nothing but the number.
            reason=unclean(reason) if reason and self.options.model else None,
            cost=asker.cost,
        )

    async def aclose(self) -> None:
        """See `Scorer.aclose`."""
        if self._model is not None:
            await self._model.aclose()

    def _class(self) -> Any:  # noqa: ANN401  a class of the library
        known = self.classes()
        if self.options.metric in known:
            return known[self.options.metric]
        near = difflib.get_close_matches(self.options.metric, known, n=1)
        raise UsageError(
            f"scorers.{self.context.name}.metric: {self.package} has no {self.options.metric!r}.",
            fix=f"Did you mean {near[0]!r}?" if near else f"Choose one of: {', '.join(sorted(known))}.",
        )

    def _unscored(
        self, case: Case, answer: Answered, why: str, fault: Literal["case", "infrastructure"], asker: Asker
    ) -> Unscored:
        name = self._metric.name
        return Unscored(case_id=case.case_id, repeat=answer.repeat, metric=name, why=why, fault=fault, cost=asker.cost)


def classes_in(module: Any, base: type) -> dict[str, Any]:  # noqa: ANN401  a module
    """The concrete subclasses of a class that a module offers, by name."""
    return {
        name: found
        for name, found in vars(module).items()
        if isinstance(found, type) and issubclass(found, base) and not inspect.isabstract(found) and found is not base
    }
