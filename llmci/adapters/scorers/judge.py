"""A model that grades the answer against a rubric."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from llmci import registry, seams
from llmci.core.bench.digests import case_digest
from llmci.core.canonical import digest_of
from llmci.core.judging.question import VERSION, judge_messages
from llmci.core.judging.verdicts import last_verdict
from llmci.core.privacy.replies import unclean
from llmci.domain.run import Answered, Metric, Scored, Unscored, Usage
from llmci.errors import UsageError
from llmci.seams import Failed, ModelRequest

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Score

# The first word is the example that the judge is shown; it is never the good one, so that a parrot fails.
MENUS = {"binary": ("fail", "pass"), "1-5": ("1", "2", "3", "4", "5")}


class JudgeOptions(seams.Options):
    """Who judges, and by what.

    Attributes:
        model: In litellm's spelling. It is always named: a model grades its own words kindly.
        base_url: Of an OpenAI-compatible server, for models spelled `openai/...`.
        api_key_env: Environment variable with the key; the default is the provider's own.
        prices: US dollars for a million tokens, where litellm does not know them.
        params: Passed on, such as temperature or max_tokens.
        rubric: What to look for, in every case; without it the rubric of the case.
        rubric_file: The same in a text file.
        scale: binary: pass or fail. 1-5: a grade.
        reference: Show the judge the reference answer.
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
    scale: Literal["binary", "1-5"]
    reference: bool = True
    max_bytes: int = Field(default=20_000, ge=100)
    max_cost_usd: float | None = Field(default=None, ge=0)
    timeout_s: float = Field(default=120.0, gt=0)
    retries: int = Field(default=4, ge=0)
    human: str | None = None


class JudgeScorer:
    """See `llmci.seams.Scorer`."""

    Options = JudgeOptions

    def __init__(self, options: JudgeOptions, context: seams.Context) -> None:
        self.options, self._context = options, context
        self._rubric = self._read_rubric()
        kind = registry.adapter("model", "litellm")
        reached = options.model_dump(include={"model", "base_url", "api_key_env", "prices", "timeout_s", "retries"})
        self._model = kind(kind.Options(**reached), context)
        self.menu = MENUS[options.scale]
        self._metric = self._make_metric()

    def metric(self) -> Metric:
        """See `Scorer.metric`."""
        return self._metric

    def estimate(self, case: Case) -> seams.Estimate:
        """See `Scorer.estimate`; the answer is taken for as long as it may be."""
        longest = Answered(case_id=case.case_id, repeat=0, text=unclean("x" * self.options.max_bytes), usage=Usage())
        estimate: seams.Estimate = self._model.estimate(self._request(case, longest, self._rubric or "rubric"))
        if self.options.max_cost_usd is None:
            return estimate
        return replace(estimate, worst_cost=self.options.max_cost_usd)

    async def start(self) -> None:
        """See `Scorer.start`."""
        await self._model.check()

    async def score(self, case: Case, answer: Answered) -> Score:
        """See `Scorer.score`."""
        rubric = self._rubric or case.rubric
        if rubric is None:
            return self._unscored(case, answer, "there is no rubric", fault="case")
        opinion = await self._model.complete(self._request(case, answer, rubric))
        if isinstance(opinion, Failed):
            return self._unscored(case, answer, f"the judge did not answer: {opinion.why}")
        verdict = last_verdict(opinion.text, self.menu)
        if verdict is None:
            return self._unscored(case, answer, "the judge gave no verdict from the menu", cost=opinion.cost)
        return Scored(
            case_id=case.case_id,
            repeat=answer.repeat,
            metric=self._metric.name,
            value=self.value_of(verdict),
            reason=unclean(opinion.text),
            cost=opinion.cost,
        )

    def value_of(self, verdict: str) -> float:
        """The number that a verdict from the menu stands for."""
        return float(verdict == "pass") if self.options.scale == "binary" else float(verdict)

    async def aclose(self) -> None:
        """See `Scorer.aclose`."""
        await self._model.aclose()

    def _request(self, case: Case, answer: Answered, rubric: str) -> ModelRequest:
        messages = judge_messages(
            case,
            answer,
            rubric=rubric,
            menu=self.menu,
            # Whoever wrote the answer would have to know its digest before writing it.
            nonce=digest_of(self._metric.digest, case_digest(case), answer.text, answer.messages)[:16],
            max_bytes=self.options.max_bytes,
            reference=self.options.reference,
        )
        return ModelRequest(messages=messages, params=self.options.params)

    def _unscored(
        self,
        case: Case,
        answer: Answered,
        why: str,
        *,
        fault: Literal["infrastructure", "case"] = "infrastructure",
        cost: float | None = 0.0,
    ) -> Unscored:
        name = self._metric.name
        return Unscored(case_id=case.case_id, repeat=answer.repeat, metric=name, why=why, fault=fault, cost=cost)

    def _make_metric(self) -> Metric:
        options = self.options
        binary = options.scale == "binary"
        judging = options.model_dump(include={"model", "base_url", "params", "scale", "reference", "max_bytes"})
        return Metric(
            name=self._context.name,
            kind="binary" if binary else "graded",
            digest=digest_of("judge", VERSION, judging, self._rubric),
            low=0.0 if binary else 1.0,
            high=1.0 if binary else 5.0,
            judge=options.model,
        )

    def _read_rubric(self) -> str | None:
        if self.options.rubric_file is None:
            return self.options.rubric
        path = self._context.root / self.options.rubric_file
        try:
            return path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"scorers.{self._context.name}.rubric_file: {path} cannot be read ({type(error).__name__}).",
                fix="Name a UTF-8 text file, from the directory of llmci.yaml.",
            ) from None
