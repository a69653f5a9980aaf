"""A rollout: how much traffic a candidate gets, and what its live evidence decides."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Action(StrEnum):
    """What to do with the candidate's share of traffic."""

    EXPAND = "expand"
    HOLD = "hold"
    ROLL_BACK = "roll back"
    DONE = "done"
    NO_EVIDENCE = "no evidence"


# Where shares are kept as weights, a third comes back as 0.3333.
_SAME_SHARE = 1e-4

CriterionKind = Literal["score", "error", "flag", "judge", "cost", "tokens", "latency"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One thing that is watched on live traffic.

    Attributes:
        kind: score (a score of the trace, scaled to 0..1), error (status), flag (what `label` calls a failure of
            one trace), judge (a verdict of `llmci label --judge` on a sample, 0..1), cost and tokens (per answer,
            relative), latency (exceedance of the control's rolling p95).
        score: Name of the score, for kind score; likewise `flag` and `judge`.
        margin: Worsening that is not acceptable: points as a fraction, or relative for cost and tokens.
        higher_is_better: For scores only.
        base_rate: Guess of the variance scale before data arrive.
        segment: Only traces of this segment count; None is all of them.
        wait_minutes: Traces count once they are this old: feedback that comes later would change what an earlier look
            saw.
    """

    name: str
    kind: CriterionKind
    margin: float
    score: str | None = None
    flag: str | None = None
    judge: str | None = None
    higher_is_better: bool = True
    base_rate: float = 0.1
    segment: str | None = None
    wait_minutes: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A step of exposure.

    Attributes:
        share: Of the traffic, in (0, 1].
        only: Segments that the candidate is kept to, of whose traffic it gets the share; empty is everyone.
        max_hours: Longest time to stay there without a decision; None is any time.
        approver: Whose approval it takes to get there; None is nobody's.
        criteria: Names of the criteria that decide there; empty is all of them.
    """

    share: float
    only: tuple[str, ...] = ()
    max_hours: float | None = None
    approver: str | None = None
    criteria: tuple[str, ...] = ()

    @property
    def exposure(self) -> Exposure:
        """What the candidate gets there."""
        return Exposure(self.share, self.only)


@dataclass(frozen=True, slots=True)
class Exposure:
    """What the candidate gets: a share of the traffic of some segments, or of everyone's."""

    share: float
    only: tuple[str, ...] = ()

    def same(self, other: Exposure) -> bool:
        """Whether it is the other one, but for what is lost where shares are kept as weights."""
        return abs(self.share - other.share) < _SAME_SHARE and set(self.only) == set(other.only)

    def words(self) -> str:
        """5 %, or 50 % of internal."""
        share = f"{100 * self.share:.4g} %"
        return f"{share} of {', '.join(self.only)}" if self.only else share


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutPlan:
    """What was agreed before the canary started.

    Attributes:
        stages: In order; those that are for some segments come first.
        unit: What counts once: a request, or a user with their first known value of each criterion.
        when_overdue: What to do when a stage's `max_hours` are over and nothing is decided.
        segment: Place in a trace that says which segment it is of; None is nowhere.
        segments: Values there that evidence is shown for; others are never shown.
        pair_by: Place in a trace that two answers to one mirrored request have in common; None is nowhere.
    """

    name: str
    control: str
    treatment: str
    stages: tuple[Stage, ...]
    criteria: tuple[Criterion, ...]
    alpha: float = 0.05
    unit: Literal["request", "user"] = "request"
    when_overdue: Literal["hold", "roll back"] = "hold"
    segment: str | None = None
    segments: tuple[str, ...] = ()
    pair_by: str | None = None

    def stage_at(self, exposure: Exposure) -> Stage | None:
        """The stage with this exposure; None where the plan has none."""
        return next((stage for stage in self.stages if stage.exposure.same(exposure)), None)

    def earlier(self, exposure: Exposure) -> int:
        """How many stages come before it."""
        stage = self.stage_at(exposure)
        if stage is not None:
            return self.stages.index(stage)
        return sum(_reaches_less(stage, exposure) for stage in self.stages)

    def after(self, exposure: Exposure) -> Stage:
        """The stage that comes next; all of the traffic where there is none."""
        stage = self.stage_at(exposure)
        if stage is not None:
            later = self.stages[self.stages.index(stage) + 1 :]
        else:
            # Nothing yet, or somebody wrote a share of their own.
            later = tuple(one for one in self.stages if not _reaches_less(one, exposure))
        return next(iter(later), Stage(share=1.0))

    def watched_at(self, exposure: Exposure) -> tuple[Criterion, ...]:
        """The criteria that decide there."""
        stage = self.stage_at(exposure)
        names = stage.criteria if stage is not None else ()
        return tuple(criterion for criterion in self.criteria if not names or criterion.name in names)


def _reaches_less(stage: Stage, exposure: Exposure) -> bool:
    """Whether a stage comes before an exposure that is no stage; segments come before everyone."""
    if bool(stage.only) != bool(exposure.only) and exposure.share > 0:
        return bool(stage.only)
    return stage.share < exposure.share


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """How one criterion stands.

    Attributes:
        against: Evidence (an e-value) that the treatment is worse.
        in_favour: Evidence that it is not worse by `margin`.
    """

    criterion: Criterion
    against: float
    in_favour: float
    control_mean: float | None
    treatment_mean: float | None
    control_units: int
    treatment_units: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What the canary's evidence says to do, and why.

    Attributes:
        only: Segments that the candidate is kept to now; likewise `next_only`.
    """

    action: Action
    because: str
    share: float
    next_share: float
    evidence: tuple[Evidence, ...]
    notes: tuple[str, ...] = ()
    segments: tuple[tuple[str, tuple[Evidence, ...]], ...] = ()
    only: tuple[str, ...] = ()
    next_only: tuple[str, ...] = ()

    @property
    def present(self) -> Exposure:
        """What it was decided at."""
        return Exposure(self.share, self.only)

    @property
    def following(self) -> Exposure:
        """What the candidate is to get."""
        return Exposure(self.next_share, self.next_only)
