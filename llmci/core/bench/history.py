"""What answers and verdicts cost last time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.domain.run import Answered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmci.domain.run import Run


class Usual:
    """Mean costs of earlier runs.

    Args:
        runs: Newest first; the first that knows has its say.
    """

    def __init__(self, runs: Iterable[Run]) -> None:
        self._runs = list(runs)

    def answers(self, system: str, count: int) -> float | None:
        """US dollars that so many answers of a system would take; None if it was never run, or its cost is unknown."""
        for run in self._runs:
            costs = [answer.cost for answer in run.answers if isinstance(answer, Answered)]
            known = [cost for cost in costs if cost is not None]
            if run.system.name == system and known:
                return count * sum(known) / len(known)
        return 0.0 if count == 0 else None

    def verdicts(self, metric: str, count: int) -> float | None:
        """US dollars that so many verdicts of a judge would take; None as for answers."""
        for run in self._runs:
            costs = [score.cost for score in run.scores if score.metric == metric and score.cost is not None]
            if costs:
                return count * sum(costs) / len(costs)
        return 0.0 if count == 0 else None
