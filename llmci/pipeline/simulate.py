"""recorded traffic, or made-up traffic → **simulate** → how a rollout plan would fare on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.stats.ladder import roll_out

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from llmci.core.stats.ladder import Rollout
    from llmci.domain.rollout import Criterion, RolloutPlan

    FloatArray = NDArray[np.float64]

# A day of made-up traffic swings twenty-fold between its best and its worst hour.
_SWING = 0.65
_DAY = 24.0
_SPREAD = 0.6
# How much worse a candidate is that everyone would want stopped, in margins.
_MUCH = 2.5
_LATENCY_PER_POINT = 5.0
# Places in the traffic at which users are counted.
_LOOKS = 10


@dataclass(frozen=True, slots=True)
class Release:
    """A kind of candidate.

    Attributes:
        truth: What it is, in words.
        worse_by: How much worse it truly is, by criterion: points of a score or of the errors; a fraction for cost, tokens
            and latency. Others are unchanged; less than 0 is better.
    """

    truth: str
    worse_by: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of a kind of release over many simulated rollouts.

    Attributes:
        truth: The release, in words.
        rolled_back: Share of rollouts that were rolled back; likewise `completed` and `still_going`.
        requests: Median of all requests until the end.
        exposed: Median of requests that the candidate answered.
        users: About how many users that is; None where they are not known.
    """

    truth: str
    rolled_back: float
    completed: float
    still_going: float
    requests: float
    exposed: float
    users: float | None = None


def simulate(
    traffic: Mapping[str, FloatArray],
    plan: RolloutPlan,
    release: Release,
    *,
    runs: int,
    every: int,
    seed: int,
    tick: Callable[[], None] = lambda: None,
) -> Fate:
    """Roll the same kind of candidate out again and again.

    Each run begins at another moment of the traffic, which then goes round in a circle, so that the swing of the
    day is kept. Candidate answers are other control answers of about the same time, made worse.

    Args:
        traffic: What the control gave, by criterion, more being worse, in order of arrival, shape (n,); nan is unknown.
        plan: Criteria, stages and alpha; stages for some segments are passed over.
        release: What is rolled out.
        runs: How many rollouts.
        every: Look after so many requests of the candidate.
        seed: Of starts, assignment and effects.
        tick: Called after each run.
    """
    rng = np.random.default_rng(seed)
    stages = [(stage.share, plan.watched_at(stage.exposure)) for stage in plan.stages if not stage.only]
    ends: list[Rollout] = []
    for _ in range(runs):
        total = len(next(iter(traffic.values())))
        start = int(rng.integers(total))
        control = {c.name: np.roll(traffic[c.name], -start) for c in plan.criteria}
        treatment = {
            c.name: _changed(control[c.name], c, release.worse_by.get(c.name, 0.0), rng) for c in plan.criteria
        }
        ends.append(roll_out(control, treatment, stages, rng, alpha=plan.alpha, every=every))
        tick()
    return Fate(
        truth=release.truth,
        rolled_back=float(np.mean([end.ending == "rolled back" for end in ends])),
        completed=float(np.mean([end.ending == "completed" for end in ends])),
        still_going=float(np.mean([end.ending == "still going" for end in ends])),
        requests=float(np.median([end.requests for end in ends])),
        exposed=float(np.median([end.treated for end in ends])),
    )


def users_among(users: NDArray[np.uint64], requests: int) -> float:
    """How many users send so many requests one after the other, on average over the traffic.

    Args:
        users: Who sent each request, in order, shape (n,); the traffic goes round in a circle.
        requests: How many.
    """
    starts = np.linspace(0, len(users), _LOOKS, endpoint=False).astype(np.int64)
    around = np.arange(min(requests, len(users)))
    return float(np.mean([len(np.unique(users[(start + around) % len(users)])) for start in starts]))


def made_up(plan: RolloutPlan, requests: int, per_day: float, seed: int) -> dict[str, FloatArray]:
    """Traffic where nothing was recorded: rates around `base_rate` that swing over the day, skewed costs and times.

    Args:
        plan: Its criteria.
        requests: How many.
        per_day: Requests in one swing.
        seed: Of all of it.
    """
    rng = np.random.default_rng(seed)
    swing = 10 ** (_SWING * np.sin(np.arange(requests) / per_day * 2 * np.pi))
    swing /= swing.mean()
    found = {}
    for criterion in plan.criteria:
        if criterion.kind in ("cost", "tokens", "latency"):
            found[criterion.name] = rng.lognormal(0.0, _SPREAD, requests) * np.sqrt(swing)
        else:
            found[criterion.name] = (rng.random(requests) < np.clip(criterion.base_rate * swing, 0, 1)).astype(float)
    return found


def _changed(values: FloatArray, criterion: Criterion, worse_by: float, rng: np.random.Generator) -> FloatArray:
    """What a candidate would have given: a control value from nearby, made worse."""
    nearby: FloatArray = values[
        np.clip(np.arange(len(values)) + rng.integers(-20, 21, len(values)), 0, len(values) - 1)
    ]
    if criterion.kind in ("cost", "tokens", "latency"):
        return nearby * (1 + worse_by)
    # The share of good answers that has to turn bad for the mean to rise by so much.
    good = 1.0 - float(np.nanmean(values)) if np.isfinite(values).any() else 1.0
    bad = 1.0 - nearby if worse_by < 0 else nearby
    room = 1.0 - good if worse_by < 0 else good
    turned = rng.random(len(values)) < abs(worse_by) / max(room, 1e-9)
    changed = np.where(turned & ~np.isnan(bad), 1.0, bad)
    found: FloatArray = 1.0 - changed if worse_by < 0 else changed
    return found


def releases_of(plan: RolloutPlan) -> list[Release]:
    """The kinds of candidate that a plan is asked about: unchanged, worse by each margin, and much worse."""
    found = [Release("unchanged", {})]
    for times, words in ((1.0, "worse by the margin"), (_MUCH, f"worse by {_MUCH:g} margins")):
        found += [Release(f"{c.name} {words}", {c.name: times * _scale(c)}) for c in plan.criteria]
    return found


def _scale(criterion: Criterion) -> float:
    """A worsening by the margin, in the unit of `Release.worse_by`.

    A margin of latency counts requests beyond the control's slowest twentieth; among made-up and among most
    recorded times, slower by a tenth brings about two in a hundred more there.
    """
    return criterion.margin * _LATENCY_PER_POINT if criterion.kind == "latency" else criterion.margin
