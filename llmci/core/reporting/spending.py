"""What the answers of two runs cost: money, time, tokens, length, and answers that never came."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llmci.core import wording
from llmci.core.reporting import numbers
from llmci.core.reporting.view import SpendRow
from llmci.domain.run import Answered, Unanswered

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from llmci.domain.run import Run

_MIDDLE, _SLOW = 50, 95


def spending(baseline: Run, candidate: Run) -> tuple[SpendRow, ...]:
    """Rows for both systems; what neither of them says is left out."""
    runs = (baseline, candidate)
    answers = [[a for a in run.answers if isinstance(a, Answered)] for run in runs]
    rows = [
        _money("cost of all answers", [run.cost for run in runs]),
        _money("cost per answer", [_mean(_all([a.cost for a in side])) for side in answers]),
        _money("cost of judging", [run.judge_cost for run in runs]),
        *(
            _time(f"latency, {name}", [_quantile([a.latency_ms for a in side], at) for side in answers])
            for name, at in (("median", _MIDDLE), ("95th percentile", _SLOW))
        ),
        _amount("tokens in per answer", [_mean(_all([a.usage.input for a in side])) for side in answers], ""),
        _amount("tokens out per answer", [_mean(_all([a.usage.output for a in side])) for side in answers], ""),
        _amount(
            "answer length, median",
            [_quantile([len(a.text) for a in side], _MIDDLE) for side in answers],
            " characters",
        ),
        _count("answers from the cache", [sum(a.cached for a in side) for side in answers]),
        *(
            _count(name, [sum(isinstance(a, Unanswered) and a.fault == fault for a in run.answers) for run in runs])
            for name, fault in (
                ("unanswered, the system's fault", "system"),
                ("unanswered, not its fault", "infrastructure"),
            )
        ),
    ]
    return tuple(row for row in rows if row is not None)


def _money(name: str, pair: Sequence[float | None]) -> SpendRow:
    before, after = pair
    return SpendRow(
        name=name,
        baseline=wording.money(before),
        candidate=wording.money(after),
        change=numbers.relative(before, after),
    )


def _amount(name: str, pair: Sequence[float | None], unit: str) -> SpendRow | None:
    before, after = pair
    if before is None and after is None:
        return None
    words = [wording.UNKNOWN if value is None else f"{numbers.shown(value, 0)}{unit}" for value in pair]
    return SpendRow(name=name, baseline=words[0], candidate=words[1], change=numbers.relative(before, after))


def _time(name: str, pair: Sequence[float | None]) -> SpendRow | None:
    before, after = pair
    if before is None and after is None:
        return None
    baseline, candidate = (numbers.duration(value) for value in pair)
    return SpendRow(name=name, baseline=baseline, candidate=candidate, change=numbers.relative(before, after))


def _count(name: str, pair: Sequence[int]) -> SpendRow | None:
    if not any(pair):
        return None
    return SpendRow(name=name, baseline=f"{pair[0]:,}", candidate=f"{pair[1]:,}", change=f"{pair[1] - pair[0]:+,}")


def _all(values: Iterable[float | None]) -> list[float]:
    """The values if every one is known, else none: a sum with gaps would be too small."""
    values = list(values)
    return [] if any(value is None for value in values) else [value for value in values if value is not None]


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _quantile(values: Iterable[float | None], at: float) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.percentile(known, at)) if known else None
