"""How cost, time and length spread over the answers of two systems: five quantiles a side, ready to draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llmci.core import wording
from llmci.core.reporting import numbers
from llmci.domain.run import Answered

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmci.domain.run import Run

# Below so many answers on a side a quantile of 95 % is one answer, and a drawing would say more than is known.
FEWEST = 20
_QUANTILES = (5, 25, 50, 75, 95)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One system's answers: quantiles of 5, 25, 50, 75 and 95 % in the quantity's own unit.

    Attributes:
        at: The quantiles as shares of the drawing's width, in [0, 1]; both systems share one scale from 0.
        words: What the drawing shows, as a sentence.
    """

    at: tuple[float, ...]
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadRow:
    """One quantity of both systems' answers."""

    name: str
    baseline: Spread
    candidate: Spread


def spreads(baseline: Run, candidate: Run) -> tuple[SpreadRow, ...]:
    """Rows for what both systems say of at least `FEWEST` answers each.

    An answer of unknown cost or time is left out of its row: a quantile of the others still describes them.
    """
    return tuple(row for row in (_row(name, of, say, baseline, candidate) for name, of, say in _QUANTITIES) if row)


def _row(
    name: str, of: Callable[[Answered], float | None], say: Callable[[float], str], baseline: Run, candidate: Run
) -> SpreadRow | None:
    known = [
        [value for answer in run.answers if isinstance(answer, Answered) and (value := of(answer)) is not None]
        for run in (baseline, candidate)
    ]
    if min(map(len, known)) < FEWEST:
        return None
    sides = [np.percentile(values, _QUANTILES) for values in known]
    reach = max(float(side[-1]) for side in sides)
    if reach <= 0:
        return None
    before, after = (_spread(side, reach, say) for side in sides)
    return SpreadRow(name=name, baseline=before, candidate=after)


def _spread(quantiles: np.ndarray, reach: float, say: Callable[[float], str]) -> Spread:
    low, first, middle, third, high = (say(float(value)) for value in quantiles)
    return Spread(
        at=tuple(round(max(float(value), 0.0) / reach, 4) for value in quantiles),
        words=f"median {middle}, half within {first} … {third}, 9 in 10 within {low} … {high}",
    )


def _amount(unit: str) -> Callable[[float], str]:
    return lambda value: f"{numbers.shown(value, 0)} {unit}"


_QUANTITIES: tuple[tuple[str, Callable[[Answered], float | None], Callable[[float], str]], ...] = (
    ("latency", lambda answer: answer.latency_ms, numbers.duration),
    ("time to the first token", lambda answer: answer.ttft_ms, numbers.duration),
    ("cost of an answer", lambda answer: answer.cost, wording.money),
    ("tokens out", lambda answer: answer.usage.output, _amount("tokens")),
    ("length of an answer", lambda answer: len(answer.text), _amount("characters")),
)
