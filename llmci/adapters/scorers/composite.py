"""One metric made of several: their weighted mean, or all of them, or any."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationError

from llmci import registry, seams
from llmci.core.canonical import digest_of
from llmci.domain.run import Metric, Scored, Unscored
from llmci.domain.text import declared_clean
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.domain.case import Case
    from llmci.domain.run import Answered, Score


class CompositeOptions(seams.Options):
    """What it is made of.

    Attributes:
        parts: Name to a block as under `scorers:`, each with a `weight` (1 without one).
        combine: mean: the weighted mean of the parts, each brought to 0..1 with 1 for the best. all: the
            least of them. any: the greatest.
        at_least: With it the metric is binary: 1 for at least so much.
    """

    parts: dict[str, dict[str, Any]] = Field(min_length=1)
    combine: Literal["mean", "all", "any"] = "mean"
    at_least: float | None = Field(default=None, gt=0, le=1)


class CompositeScorer:
    """A case that one of the parts cannot score is not scored; see `llmci.seams.Scorer`."""

    Options = CompositeOptions

    def __init__(self, options: CompositeOptions, context: seams.Context) -> None:
        self._options, self._context = options, context
        made = [self._made(name, dict(block)) for name, block in options.parts.items()]
        self._parts: list[seams.Scorer] = [part for part, _ in made]
        weights = [weight for _, weight in made]
        if min(weights) < 0 or sum(weights) <= 0:
            raise UsageError(f"scorers.{context.name}: the weights {weights} have no mean.", fix="Make them positive.")
        self._weights = [weight / sum(weights) for weight in weights]
        self._metrics = [part.metric() for part in self._parts]
        self._metric = self._made_metric()

    def metric(self) -> Metric:
        """See `Scorer.metric`."""
        return self._metric

    def estimate(self, case: Case) -> seams.Estimate:
        """See `Scorer.estimate`."""
        given = [part.estimate(case) for part in self._parts]
        return seams.Estimate(
            input_tokens=_sum([item.input_tokens for item in given]),
            output_tokens=_sum([item.output_tokens for item in given]),
            worst_cost=_sum([item.worst_cost for item in given]),
        )

    def judge_digests(self) -> list[str]:
        """See `llmci.seams.JudgedScorer`."""
        return [digest for part in self._parts if hasattr(part, "judge_digests") for digest in part.judge_digests()]

    async def start(self) -> None:
        """See `Scorer.start`."""
        for part in self._parts:
            await part.start()

    async def score(self, case: Case, answer: Answered) -> Score:
        """See `Scorer.score`."""
        scores = await asyncio.gather(*(part.score(case, answer) for part in self._parts))
        cost, name = _sum([score.cost for score in scores]), self._context.name
        lacking = [score for score in scores if isinstance(score, Unscored)]
        if lacking:
            # What a judge owes is not made good by what the case lacks.
            worst = max(lacking, key=lambda score: ("case", "system", "infrastructure").index(score.fault))
            return replace(worst, metric=name, why=f"{worst.metric.removeprefix(name + '.')}: {worst.why}", cost=cost)
        values = [score.value for score in scores if isinstance(score, Scored)]
        shares = [_share(value, metric) for value, metric in zip(values, self._metrics, strict=True)]
        named = zip(self._options.parts, shares, strict=True)
        return Scored(
            case_id=case.case_id,
            repeat=answer.repeat,
            metric=name,
            value=self._combined(shares),
            reason=declared_clean(", ".join(f"{part} {share:.2g}" for part, share in named)),
            cost=cost,
        )

    async def aclose(self) -> None:
        """See `Scorer.aclose`."""
        for part in self._parts:
            await part.aclose()

    def _combined(self, shares: Sequence[float]) -> float:
        match self._options.combine:
            case "all":
                value = min(shares)
            case "any":
                value = max(shares)
            case "mean":
                value = sum(weight * share for weight, share in zip(self._weights, shares, strict=True))
        # Weights such as 0.1 and 0.2 do not add up to the last digit.
        value = min(1.0, max(0.0, value))
        return value if self._options.at_least is None else float(value >= self._options.at_least - 1e-9)

    def _made(self, name: str, block: dict[str, Any]) -> tuple[Any, float]:
        at = f"scorers.{self._context.name}.parts.{name}"
        weight = block.pop("weight", 1)
        if isinstance(weight, bool) or not isinstance(weight, (int, float)):
            raise UsageError(f"{at}.weight is no number.", fix="Write a number.")
        kind = registry.adapter("scorer", str(block.pop("kind", "")))
        try:
            options = kind.Options(**block)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in (at, *first["loc"]))
            raise UsageError(f"{where}: {first['msg']}.", fix="Write it as under `scorers:`.") from None
        part = kind(options, replace(self._context, name=f"{self._context.name}.{name}"))
        if part.metric().kind not in ("binary", "graded"):
            raise UsageError(
                f"{at} is a {part.metric().kind}, which has no best and no worst.",
                fix="Gate it as a metric of its own.",
            )
        return part, float(weight)

    def _made_metric(self) -> Metric:
        options = self._options
        sure = options.at_least is not None or (
            options.combine != "mean" and all(metric.kind == "binary" for metric in self._metrics)
        )
        judges = sorted({metric.judge for metric in self._metrics if metric.judge})
        parts = [[metric.digest, weight] for metric, weight in zip(self._metrics, self._weights, strict=True)]
        return Metric(
            name=self._context.name,
            kind="binary" if sure else "graded",
            digest=digest_of("composite/1", parts, options.combine, options.at_least),
            judge=", ".join(judges) or None,
        )


def _share(value: float, metric: Metric) -> float:
    share = (value - metric.low) / (metric.high - metric.low)
    return share if metric.higher_is_better else 1 - share


def _sum(numbers: Sequence[Any]) -> Any:  # noqa: ANN401  int or float, as given
    return None if None in numbers else sum(numbers)
