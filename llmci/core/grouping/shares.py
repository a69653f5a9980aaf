"""What share of the traffic each cluster has, and how sure that is when one user asks many times."""

from __future__ import annotations

import heapq
from collections import Counter
from typing import TYPE_CHECKING

from llmci.core.grouping.sample import digest64
from llmci.core.stats.agreement import Estimate, wilson_range

if TYPE_CHECKING:
    from collections.abc import Mapping

# Fewer users than these say who calls the system, not who asks: then every trace, or conversation, is its own.
FEWEST_WRITERS = 20
# How alike the traces of one writer are is looked at in so many of them.
_WRITERS = 2_000


class Shares:
    """Counts the traces of each cluster.

    Those of one writer are no independent draws: of a sample of writers it is kept what each of them asked. A writer
    who ends up in the sample has been in it since he was first seen, so that his counts are exact.
    """

    def __init__(self) -> None:
        self._names: Counter[str] = Counter()
        self._by_writer: dict[int, Counter[str]] = {}
        self._largest: list[int] = []

    def add(self, name: str, writer: str) -> None:
        """Count one trace of a cluster; `writer` is the user, or where nobody is named the conversation or the trace."""
        self._names[name] += 1
        place = digest64(writer)
        counts = self._by_writer.get(place)
        if counts is None:
            if len(self._by_writer) >= _WRITERS:
                if place > -self._largest[0]:
                    return
                del self._by_writer[-heapq.heappop(self._largest)]
            heapq.heappush(self._largest, -place)
            counts = self._by_writer[place] = Counter()
        counts[name] += 1

    def total(self) -> int:
        """How many traces there are."""
        return self._names.total()

    def estimates(self) -> dict[str, Estimate]:
        """The share of each cluster, with an interval of as many traces as these are worth; `of` counts all.

        Source:
            Kish (1965), Survey Sampling, 8.2: one design effect, pooled over the clusters; Korn and Graubard (1998),
            Confidence intervals for proportions with small expected number of positive counts: the interval of the
            effective size.
        """
        effect = self._design_effect()
        return {name: self._estimate(count, effect) for name, count in self._names.items()}

    def none(self) -> Estimate:
        """The share of a cluster that no trace is of."""
        return self._estimate(0, self._design_effect())

    def _estimate(self, count: int, effect: float) -> Estimate:
        total = self.total()
        if not total:
            return Estimate(0.0, 0.0, 1.0, 0)
        return Estimate(count / total, *wilson_range(count / total, total / effect), total)

    def _design_effect(self) -> float:
        """Variance of the shares between writers over that of as many independent traces; at least 1."""
        if len(self._by_writer) < FEWEST_WRITERS:
            return 1.0
        of_sample = sum(self._by_writer.values(), Counter[str]())
        total = of_sample.total()
        shares = {name: count / total for name, count in of_sample.items()}
        # The sum over all clusters of (count - share x traces) squared, without those that a writer never asked about.
        whole = sum(share**2 for share in shares.values())
        between = sum(_apart(counts, shares, whole) for counts in self._by_writer.values())
        alone = total * (1 - whole)
        return max(1.0, between / alone) if alone > 0 else 1.0


def _apart(counts: Counter[str], shares: Mapping[str, float], whole: float) -> float:
    traces = counts.total()
    own = sum(count**2 - 2 * count * traces * shares[name] for name, count in counts.items())
    return own + traces**2 * whole
