"""What scorers that follow a rule have in common: free, immediate, and the same every time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from llmci import seams
from llmci.core.canonical import digest_of
from llmci.domain.run import Metric, MetricKind, Scored, Unscored
from llmci.domain.text import declared_clean

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Answered, Score

OptionsT = TypeVar("OptionsT", bound=seams.Options)


@dataclass(frozen=True, slots=True)
class NoMark:
    """The rule has nothing to go by in this case; the reason holds no user text."""

    why: str


@dataclass(frozen=True, slots=True)
class Marked:
    """A number with its reason, in the scorer's own words: no word of the answer stands in it."""

    value: float
    reason: str


class RuleScorer(ABC, Generic[OptionsT]):
    """A scorer that is a function of case and answer; see `llmci.seams.Scorer`."""

    # Goes up when the same options give other numbers.
    version: ClassVar[int] = 1
    kind: ClassVar[MetricKind] = "binary"

    def __init__(self, options: OptionsT, context: seams.Context) -> None:
        self.options, self.context = options, context

    def metric(self) -> Metric:
        """See `Scorer.metric`."""
        return Metric(name=self.context.name, kind=self.kind, digest=self.digest())

    def digest(self) -> str:
        """Of the rule, its version and its options."""
        return digest_of(type(self).__name__, self.version, self.options.model_dump(mode="json"))

    def estimate(self, case: Case) -> seams.Estimate:  # noqa: ARG002  free for every case
        """See `Scorer.estimate`."""
        return seams.Estimate(input_tokens=0, output_tokens=0, worst_cost=0.0)

    async def start(self) -> None:
        """See `Scorer.start`."""

    @abstractmethod
    def mark(self, case: Case, answer: Answered) -> float | Marked | NoMark:
        """The number, in the metric's own unit, or why there is none."""

    async def score(self, case: Case, answer: Answered) -> Score:
        """See `Scorer.score`."""
        at = (case.case_id, answer.repeat, self.context.name)
        match self.mark(case, answer):
            case NoMark(why):
                return Unscored(case_id=at[0], repeat=at[1], metric=at[2], why=why, fault="case")
            case Marked(value, reason):
                because = declared_clean(reason)
                return Scored(case_id=at[0], repeat=at[1], metric=at[2], value=float(value), reason=because)
            case value:
                return Scored(case_id=at[0], repeat=at[1], metric=at[2], value=float(value))

    async def aclose(self) -> None:
        """See `Scorer.aclose`."""
