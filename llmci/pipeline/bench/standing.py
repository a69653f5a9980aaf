"""How candidates stand beside the baseline while a bench runs: counts of cases, and no verdict before its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.domain.run import Scored

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmci.domain.run import Metric, Score

_SAME = 1e-9
_Try = tuple[str, int]


class Standing:
    """Tries of the candidate against the same tries of the baseline, under one metric.

    Args:
        metric: What decides; None counts nothing.
        known: Scores of a baseline that is not asked.
    """

    def __init__(self, metric: Metric | None, known: Iterable[Score] = ()) -> None:
        self._metric = metric
        self._waiting: tuple[dict[_Try, float], dict[_Try, float]] = ({}, {})
        self._counts = [0, 0, 0]
        for score in known:
            self.add(score, of_baseline=True)

    def add(self, score: Score, *, of_baseline: bool) -> None:
        """Count a try as soon as both have their score."""
        metric = self._metric
        if metric is None or score.metric != metric.name or not isinstance(score, Scored):
            return
        ours, theirs = self._waiting if of_baseline else self._waiting[::-1]
        one = (score.case_id, score.repeat)
        other = theirs.pop(one, None)
        if other is None:
            ours[one] = score.value
            return
        gain = (other - score.value if of_baseline else score.value - other) * (1 if metric.higher_is_better else -1)
        self._counts[0 if gain > _SAME else 1 if gain < -_SAME else 2] += 1

    def words(self) -> str:
        """Such as "4 better, 12 worse"; nothing before the first pair."""
        better, worse, _ = self._counts
        return f"{better:,} better, {worse:,} worse" if sum(self._counts) else ""

    def so_far(self) -> str:
        """The same while answers are missing: it says that nothing is decided."""
        return f"{words}, verdict open" if (words := self.words()) else ""
