"""Whether retrieval found what it should, apart from what was made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from llmci import seams
from llmci.adapters.scorers.rule import NoMark, RuleScorer
from llmci.adapters.scorers.wording import strings

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Answered, MetricKind


class RetrievalOptions(seams.Options):
    """What counts as found.

    Attributes:
        k: Only the first k documents count.
        expectation: Name of the expectation that holds the ids of the right documents of a case.
    """

    k: int = Field(default=10, ge=1)
    expectation: str = "documents"


class HitOptions(RetrievalOptions):
    """`k` is part of the question here, so it has no default."""

    k: int = Field(ge=1)


class HitAtKScorer(RuleScorer[HitOptions]):
    """1 if one of the right documents is among the first k."""

    Options = HitOptions

    def mark(self, case: Case, answer: Answered) -> float | NoMark:
        """See `RuleScorer.mark`."""
        rank = _rank(case, answer, self.options)
        return rank if isinstance(rank, NoMark) else float(rank is not None)


class MrrScorer(RuleScorer[RetrievalOptions]):
    """1 / rank of the first right document; 0 if none is among the first k."""

    Options = RetrievalOptions
    kind: ClassVar[MetricKind] = "graded"

    def mark(self, case: Case, answer: Answered) -> float | NoMark:
        """See `RuleScorer.mark`."""
        rank = _rank(case, answer, self.options)
        return rank if isinstance(rank, NoMark) else 1 / rank if rank else 0.0


def _rank(case: Case, answer: Answered, options: RetrievalOptions) -> int | NoMark | None:
    """Rank of the first right document, from 1; None if there is none."""
    right = strings(case.expectations.get(options.expectation))
    if right is None:
        return NoMark(f"the case has no expectation {options.expectation!r}")
    if answer.documents is None:
        return NoMark("the system does not say which documents it retrieved")
    found = [document.id for document in answer.documents[: options.k]]
    return next((rank for rank, document in enumerate(found, start=1) if document in right), None)
