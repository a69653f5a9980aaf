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
    criteria: Sequence[Watched],
    shares: Sequence[float],
    rng: np.random.Generator,
    *,
    alpha: float,
    every: int,
) -> Rollout:
    """Take traffic through the stages.

    Args:
        control: What each request would give if the control answered it, by criterion, shape (n,) in order of arrival.
        treatment: The same if the candidate did.
        criteria: What is watched.
        shares: The stages, ascending; the rollout is complete when evidence suffices for the last one.
        rng: Assigns requests to arms.
        alpha: As in the plan.
        every: Look after so many requests of the candidate.
    """
    total = len(next(iter(control.values())))
    at = exposed = 0
    for stage, (share, following) in enumerate(zip(shares, (*shares[1:], 1.0), strict=True)):
        if share >= 1.0:
            break
        treated = rng.random(total - at) < share
        paths = [
            Tracked(c, share=share).add(np.where(treated, treatment[c.name][at:], control[c.name][at:]), treated)
            for c in criteria
        ]
        levels = stats.evidence_against(alpha, stage), stats.required_evidence(following)
        ending, used = _stage(paths, treated, levels, every=every)
        exposed += int(treated[:used].sum())
        at += used
        if ending != "expanded":
            return Rollout(ending, at, exposed, share)
    return Rollout("completed", at, exposed, shares[-1])


def _stage(
    paths: Sequence[stats.EvidencePaths], treated: BoolArray, levels: tuple[float, float], *, every: int
) -> tuple[Literal["rolled back", "expanded", "still going"], int]:
    """How a stage ended, and after how many of its requests; `levels` are the evidence against and in favour that end it."""
    looks = np.flatnonzero(treated & (np.cumsum(treated) % every == 0))
    moments, means = stats.MeanEvidence(len(paths)).add(paths)
    against = _at(looks, moments, np.maximum.accumulate(means))
    in_favour = np.min([_at(looks, path.closed_at, path.in_favour) for path in paths], axis=0)
    first_bad, first_good = (_first(found) for found in (against >= levels[0], in_favour >= levels[1]))
    if first_bad == first_good == len(looks):
        return "still going", len(treated)
    if first_bad <= first_good:
        return "rolled back", int(looks[first_bad]) + 1
    return "expanded", int(looks[first_good]) + 1


def _at(looks: NDArray[np.int64], moments: NDArray[np.int64], values: FloatArray) -> FloatArray:
    """The value that held at each look; 1 before the first."""
    found: FloatArray = np.concatenate(([1.0], values))[np.searchsorted(moments, looks, side="right")]
    return found


def _first(found: BoolArray) -> int:
    """Index of the first that is true, or how many there are."""
    return int(np.argmax(found)) if found.any() else len(found)
