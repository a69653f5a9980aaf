"""A whole rollout on given traffic: stage after stage, looked at every so many requests, as `canary check` would.

Evidence starts anew at each share, as in production: the units before it were split otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from llmci.core.stats import canary as stats
from llmci.core.stats.criterion import Tracked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from llmci.core.stats.criterion import Watched

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]

# Most rollouts are decided long before the traffic ends.
_STRETCH = 8192

Ending = Literal["rolled back", "completed", "still going"]


@dataclass(frozen=True, slots=True)
class Rollout:
    """How one simulated rollout went.

    Attributes:
        requests: Of both arms, until it ended.
        treated: Of them, those that the candidate answered.
        share: The last share of traffic.
    """

    ending: Ending
    requests: int
    treated: int
    share: float


def roll_out(
    control: Mapping[str, FloatArray],
    treatment: Mapping[str, FloatArray],
    stages: Sequence[tuple[float, Sequence[Watched]]],
    rng: np.random.Generator,
    *,
    alpha: float,
    every: int,
) -> Rollout:
    """Take traffic through the stages.

    Args:
        control: What each request would give if the control answered it, by criterion, shape (n,) in order of arrival.
        treatment: The same if the candidate did.
        stages: Shares, ascending, and what is watched at each; the rollout is complete when evidence suffices for the
            last one.
        rng: Assigns requests to arms.
        alpha: As in the plan.
        every: Look after so many requests of the candidate.
    """
    total = len(next(iter(control.values())))
    at = exposed = 0
    shares = [share for share, _ in stages]
    for stage, ((share, criteria), following) in enumerate(zip(stages, (*shares[1:], 1.0), strict=True)):
        if share >= 1.0:
            break
        treated = rng.random(total - at) < share
        traffic = [np.where(treated, treatment[c.name][at:], control[c.name][at:]) for c in criteria]
        levels = stats.evidence_against(alpha, stage), stats.required_evidence(following)
        tracked = [Tracked(c, share=share) for c in criteria]
        ending, used = _stage(tracked, traffic, treated, levels, every=every)
        exposed += int(treated[:used].sum())
        at += used
        if ending != "expanded":
            return Rollout(ending, at, exposed, share)
    return Rollout("completed", at, exposed, shares[-1])


def _stage(
    tracked: Sequence[Tracked],
    traffic: Sequence[FloatArray],
    treated: BoolArray,
    levels: tuple[float, float],
    *,
    every: int,
) -> tuple[Literal["rolled back", "expanded", "still going"], int]:
    """How a stage ended, and after how many of its requests; `levels` are the evidence against and in favour that end it."""
    together, strongest, in_favour, seen = stats.MeanEvidence(len(tracked)), 1.0, [1.0] * len(tracked), 0
    for first in range(0, len(treated), _STRETCH):
        arms = treated[first : first + _STRETCH]
        paths = [one.add(values[first : first + _STRETCH], arms) for one, values in zip(tracked, traffic, strict=True)]
        looks = np.flatnonzero(arms & ((seen + np.cumsum(arms)) % every == 0))
        moments, means = together.add(paths)
        highest = np.maximum.accumulate(np.concatenate(([strongest], means)))
        against = highest[np.searchsorted(moments, first + looks, side="right")]
        weakest = np.min([_at(first + looks, path, one) for path, one in zip(paths, in_favour, strict=True)], axis=0)
        first_bad, first_good = (_first(found) for found in (against >= levels[0], weakest >= levels[1]))
        if min(first_bad, first_good) < len(looks):
            decided = int(looks[min(first_bad, first_good)])
            return ("rolled back" if first_bad <= first_good else "expanded"), first + decided + 1
        strongest, seen = float(highest[-1]), seen + int(arms.sum())
        in_favour = [
            path.in_favour[-1] if len(path.in_favour) else one for path, one in zip(paths, in_favour, strict=True)
        ]
    return "still going", len(treated)


def _at(looks: NDArray[np.int64], path: stats.EvidencePaths, before: float) -> FloatArray:
    """The evidence in favour that held at each look."""
    held: FloatArray = np.concatenate(([before], path.in_favour))
    return held[np.searchsorted(path.closed_at, looks, side="right")]


def _first(found: BoolArray) -> int:
    """Index of the first that is true, or how many there are."""
    return int(np.argmax(found)) if found.any() else len(found)
