"""How close the meaning of the answer is to the reference's, by an embedding model."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from llmci import registry, seams
from llmci.core.canonical import digest_of
from llmci.domain.run import Metric, Scored, Unscored
from llmci.errors import OutsideError, UsageError

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Answered, Score


class EmbeddingOptions(seams.Options):
    """Which model.

    Attributes:
        embedder: A block as under `embedders:`, such as {kind: litellm, model: openai/text-embedding-3-small}.
        max_cost_usd: Most that one comparison can cost; needed with a budget. 0 if it is free.
    """

    embedder: dict[str, Any]
    max_cost_usd: float | None = Field(default=None, ge=0)


class EmbeddingScorer:
    """Cosine of the embeddings of answer and reference, 0 where it is negative; see `llmci.seams.Scorer`."""

    Options = EmbeddingOptions

    def __init__(self, options: EmbeddingOptions, context: seams.Context) -> None:
        self._options, self._context = options, context
        given = dict(options.embedder)
        kind = registry.adapter("embedder", str(given.pop("kind", "")))
        try:
            self._embedder: seams.Embedder = kind(kind.Options(**given), context)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            at = ".".join(str(part) for part in ("scorers", context.name, "embedder", *first["loc"]))
            raise UsageError(f"{at}: {first['msg']}.", fix="Write it as under `embedders:`.") from None

    def metric(self) -> Metric:
        """See `Scorer.metric`."""
        return Metric(name=self._context.name, kind="graded", digest=digest_of("embedding/1", self._options.embedder))

    def estimate(self, case: Case) -> seams.Estimate:  # noqa: ARG002  the same for every case
        """See `Scorer.estimate`."""
        return seams.Estimate(worst_cost=self._options.max_cost_usd)

    async def start(self) -> None:
        """See `Scorer.start`."""

    async def score(self, case: Case, answer: Answered) -> Score:
        """See `Scorer.score`."""
        import numpy as np

        name = self._context.name
        if case.reference is None:
            why = "the case has no reference"
            return Unscored(case_id=case.case_id, repeat=answer.repeat, metric=name, why=why, fault="case")
        try:
            ours, theirs = await asyncio.to_thread(self._embedder.embed, [answer.text, case.reference])
        except OutsideError as error:
            why = f"the embedding model did not answer: {error.message}"
            return Unscored(
                case_id=case.case_id, repeat=answer.repeat, metric=name, why=why, fault="infrastructure", cost=None
            )
        lengths = float(np.linalg.norm(ours) * np.linalg.norm(theirs))
        cosine = float(ours @ theirs) / lengths if lengths else 0.0
        value = min(1.0, max(0.0, cosine))
        return Scored(case_id=case.case_id, repeat=answer.repeat, metric=name, value=value, cost=None)

    async def aclose(self) -> None:
        """See `Scorer.aclose`."""
