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


CriterionKind = Literal["score", "error", "cost", "tokens", "latency"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One thing that is watched on live traffic.

    Attributes:
        kind: score (a score of the trace, scaled to 0..1), error (status), cost and tokens (per answer,
            relative), latency (exceedance of the control's rolling p95).
        score: Name of the score, for kind score.
        margin: Worsening that is not acceptable: points as a fraction, or relative for cost and tokens.
        higher_is_better: For scores only.
        base_rate: Guess of the variance scale before data arrive.
        segment: Only traces of this segment count; None is all of them.
    """

    name: str
    kind: CriterionKind
    margin: float
    score: str | None = None
    higher_is_better: bool = True
    base_rate: float = 0.1
    segment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A step of exposure.

    Attributes:
        share: Of the traffic, in (0, 1].
        max_hours: Longest time to stay there without a decision; None is any time.
        approver: Whose approval it takes to get there; None is nobody's.
    """

    share: float
    max_hours: float | None = None
    approver: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutPlan:
    """What was agreed before the canary started.

    Attributes:
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
    """What the canary's evidence says to do, and why."""

    action: Action
    because: str
    share: float
    next_share: float
    evidence: tuple[Evidence, ...]
    notes: tuple[str, ...] = ()
    segments: tuple[tuple[str, tuple[Evidence, ...]], ...] = ()
