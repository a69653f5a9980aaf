"""Looking early without paying for it: group-sequential boundaries by numerical integration.

Each error is spent along a schedule that is fixed before the first look, and is controlled
whether or not the other boundary is obeyed, so nothing is lost by looking on after a stop.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.core.stats.arrays import FloatArray

# Late spending for a drop and early spending for its absence: unchanged systems, which are the
# many, stop at half the calls, and the chance to notice a drop is not touched.
GAMMA_FAIL = -2.0
GAMMA_PASS = 1.0
LOOKS = 10
# Enough for thirteen digits of a boundary.
_NODES = 128
_EDGE = 9.0
# Error rates for which boundaries are computed: those that Holm's method asks of one to twelve gates
# at 5 %, and enough others for what lies between them.
_RATES = tuple(sorted({0.5, 0.3, 0.2, 0.15, 0.1, 0.07, *(0.05 / k for k in range(1, 13)), 0.002, 0.0005, 0.0001, 1e-5}))


@dataclass(frozen=True, slots=True)
class Boundaries:
    """What each look may decide.

    Attributes:
        cases: Cases seen at each look, ascending; the last is the cap.
        fail: One-sided nominal error rate of "a drop is proven" at each look.
        succeed: The same for "a drop of the tolerance is ruled out".
    """

    cases: tuple[int, ...]
    fail: tuple[float, ...]
    succeed: tuple[float, ...]


def plan(cases: Sequence[int], alpha: float) -> Boundaries:
    """Set the nominal error rates of looks at so many cases.

    Args:
        cases: Cases seen at each look, ascending. Must be chosen before any result is seen.
        alpha: Error rate of the whole schedule, for each of the two errors.
    """
    times = tuple(count / cases[-1] for count in cases)
    return Boundaries(
        cases=tuple(cases),
        fail=nominal_levels(times, hwang_shih_decani(times, alpha, GAMMA_FAIL)),
        succeed=nominal_levels(times, hwang_shih_decani(times, alpha, GAMMA_PASS)),
    )


@dataclass(frozen=True, slots=True)
class Look:
    """One look of a schedule, at which evidence is weighed as if all looks had been taken.

    Attributes:
        times: Share of the whole schedule seen at each of its looks, ascending; the last is 1.
        at: Which of them this is, from 0.
    """

    times: tuple[float, ...]
    at: int

    def drop(self, evidence: float) -> float:
        """Evidence for a drop: the error rate of the schedule whose boundary it has just reached here.

        Small is strong, as for evidence that was looked at once; what is made of it (Holm, false
        discovery rates) needs to know of no schedule.

        Source:
            Jennison & Turnbull (2000), Group Sequential Methods, chapter 9 (repeated p-values).
        """
        return _rate(self.times, GAMMA_FAIL, self.at, evidence)

    def none(self, evidence: float) -> float:
        """The same for evidence that a drop of the tolerance is ruled out."""
        return _rate(self.times, GAMMA_PASS, self.at, evidence)

    def levels(self, alpha: float) -> tuple[float, float]:
        """Nominal error rates here of "a drop is proven" and "a drop of the tolerance is ruled out".

        Bounds at these rates hold at every look together.
        """
        fail, succeed = (_nominal(self.times, gamma, alpha)[self.at] for gamma in (GAMMA_FAIL, GAMMA_PASS))
        return fail, succeed


@lru_cache(maxsize=256)
def _nominal(times: tuple[float, ...], gamma: float, alpha: float) -> tuple[float, ...]:
    return nominal_levels(times, hwang_shih_decani(times, alpha, gamma))


@lru_cache(maxsize=64)
def _reached(times: tuple[float, ...], gamma: float, at: int) -> FloatArray:
    """The boundary as z values at a look, for each of `_RATES`."""
    return np.array([-NormalDist().inv_cdf(_nominal(times, gamma, rate)[at]) for rate in _RATES])


def _rate(times: tuple[float, ...], gamma: float, at: int, evidence: float) -> float:
    """The error rate whose boundary at a look is this evidence, between those of `_RATES`."""
    if len(times) == 1 or evidence >= 1:
        return evidence
    z = -NormalDist().inv_cdf(max(evidence, 1e-300))
    boundary = _reached(times, gamma, at)
    if z <= boundary[-1]:
        return 1.0
    known = np.array([-NormalDist().inv_cdf(rate) for rate in _RATES])
    return NormalDist().cdf(-float(np.interp(z, boundary[::-1], known[::-1])))


def hwang_shih_decani(times: Sequence[float], alpha: float, gamma: float) -> tuple[float, ...]:
    """Error spent up to each time in (0, 1]; negative `gamma` spends late, positive early.

    Source:
        Hwang, Shih & DeCani (1990), Group sequential designs using a family of type I error
        probability spending functions.
    """
    if gamma == 0:
        return tuple(alpha * time for time in times)
    whole = -np.expm1(-gamma)
    return tuple(float(alpha * -np.expm1(-gamma * time) / whole) for time in times)


def nominal_levels(times: Sequence[float], spent: Sequence[float]) -> tuple[float, ...]:
    """One-sided error rate to use at each look so that errors add up to what is spent."""
    return tuple(NormalDist().cdf(-critical) for critical in critical_values(tuple(times), tuple(spent)))


@lru_cache(maxsize=64)
def critical_values(times: tuple[float, ...], spent: tuple[float, ...]) -> tuple[float, ...]:
    """Upper boundaries of a Brownian motion, as z values, that are first crossed with the spent chances.

    Args:
        times: Information fractions, ascending in (0, 1].
        spent: Cumulative chance to have crossed at each of them.

    Source:
        Armitage, McPherson & Rowe (1969), Repeated significance tests on accumulating data;
        Gauss-Legendre quadrature of the density between looks.
    """
    critical = [NormalDist().inv_cdf(1 - spent[0])]
    points, density = _first_look(times[0], critical[0])
    for look in range(1, len(times)):
        step = (times[look] - times[look - 1]) ** 0.5
        boundary = _boundary(points, density, step, spent[look] - spent[look - 1])
        critical.append(boundary / times[look] ** 0.5)
        points, density = _next_look(points, density, step, boundary, times[look])
    return tuple(critical)


def _first_look(time: float, critical: float) -> tuple[FloatArray, FloatArray]:
    """Points below the first boundary, and the mass that each stands for."""
    scale = time**0.5
    points, weights = _quadrature(-_EDGE * scale, critical * scale)
    return points, weights * _normal_density(points / scale) / scale


def _next_look(
    points: FloatArray, mass: FloatArray, step: float, boundary: float, time: float
) -> tuple[FloatArray, FloatArray]:
    below, weights = _quadrature(-_EDGE * time**0.5, boundary)
    density = _normal_density((below[:, None] - points[None, :]) / step) @ mass / step
    return below, weights * density


def _boundary(points: FloatArray, mass: FloatArray, step: float, wanted: float) -> float:
    """Where the chance to cross at this look, not having crossed before, is as wanted."""
    from scipy.special import ndtr

    low, high = -_EDGE, 2 * _EDGE
    for _ in range(70):
        middle = (low + high) / 2
        if float(ndtr((points - middle) / step) @ mass) > wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _quadrature(low: float, high: float) -> tuple[FloatArray, FloatArray]:
    nodes, weights = _legendre()
    half = (high - low) / 2
    return low + half * (nodes + 1), weights * half


@lru_cache(maxsize=1)
def _legendre() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights


def _normal_density(z: FloatArray) -> FloatArray:
    result: FloatArray = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    return result
