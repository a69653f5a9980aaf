"""Whether retrieval found what it should, apart from what was made of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from llmci import seams
from llmci.adapters.scorers.rule import NoMark, RuleScorer
from llmci.adapters.scorers.wording import strings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.domain.case import Case
    from llmci.domain.run import Answered, MetricKind


class RetrievalOptions(seams.Options):
    """What counts as found.

    Attributes:
        k: Only the first k documents count.
        expectation: Name of the expectation that holds the ids of the right documents of a case: a
            list, or for `ndcg` an object from id to gain.
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
        found = _gains(case, answer, self.options)
        return found if isinstance(found, NoMark) else float(any(found.got))


class MrrScorer(RuleScorer[RetrievalOptions]):
    """1 / rank of the first right document; 0 if none is among the first k."""

    Options = RetrievalOptions
    kind: ClassVar[MetricKind] = "graded"

    def mark(self, case: Case, answer: Answered) -> float | NoMark:
        """See `RuleScorer.mark`."""
        found = _gains(case, answer, self.options)
        if isinstance(found, NoMark):
            return found
        return next((1 / rank for rank, gain in enumerate(found.got, start=1) if gain), 0.0)


class RecallAtKScorer(RuleScorer[HitOptions]):
    """Share of the right documents that are among the first k."""

    Options = HitOptions
    kind: ClassVar[MetricKind] = "graded"

    def mark(self, case: Case, answer: Answered) -> float | NoMark:
        """See `RuleScorer.mark`."""
        found = _gains(case, answer, self.options)
        return found if isinstance(found, NoMark) else sum(map(bool, found.got)) / len(found.best)


class NdcgScorer(RuleScorer[RetrievalOptions]):
    """Gain of the first k documents, each discounted by the logarithm of its rank, over the best possible.

    Source:
        Järvelin & Kekäläinen (2002), Cumulated gain-based evaluation of IR techniques; gains as they
        are given and discount log2(rank + 1), as in trec_eval.
    """

    Options = RetrievalOptions
    kind: ClassVar[MetricKind] = "graded"

    def mark(self, case: Case, answer: Answered) -> float | NoMark:
        """See `RuleScorer.mark`."""
        found = _gains(case, answer, self.options)
        return found if isinstance(found, NoMark) else _dcg(found.got) / _dcg(found.best[: self.options.k])


@dataclass(frozen=True, slots=True)
class _Gains:
    """What each of the first k documents is worth, in their order, and every gain there is, largest first."""

    got: list[float]
    best: list[float]


def _gains(case: Case, answer: Answered, options: RetrievalOptions) -> _Gains | NoMark:
    given = case.expectations.get(options.expectation)
    if isinstance(given, dict):
        right = {str(name): float(gain) for name, gain in given.items() if _is_gain(gain)}
    else:
        right = dict.fromkeys(strings(given) or (), 1.0)
    if not right:
        return NoMark(f"the case has no expectation {options.expectation!r}")
    if answer.documents is None:
        return NoMark("the system does not say which documents it retrieved")
    best = sorted(right.values(), reverse=True)
    # A document that comes twice is found once.
    got = [right.pop(document.id or "", 0.0) for document in answer.documents[: options.k]]
    return _Gains(got, best)


def _is_gain(value: object) -> bool:
    return isinstance(value, (int, float)) and 0 < value < math.inf


def _dcg(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))
