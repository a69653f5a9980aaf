"""Which traces a judge looks at: a sample that stands for the window, and more of what stands out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmci.core.evalsets.sampling import Plan, draw
from llmci.core.evalsets.sightings import Sighting, Sightings
from llmci.domain.label import FAILURES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# The most unusual traces of a window count as anomalies, as for `evalset build`.
_UNUSUAL = 0.02
_FLOOR = 2


@dataclass(frozen=True, slots=True)
class Chosen:
    """Traces to be judged.

    Attributes:
        weights: Share of the window that each stands for; they sum to 1.
        flagged: Those of them that stand out.
    """

    weights: Mapping[str, float]
    flagged: frozenset[str]


def to_judge(labels: Iterable[Mapping[str, Any]], *, traces: int, most: int, flagged: float, seed: int) -> Chosen:
    """Draw traces.

    A trace keeps its place in the draw, so that judging a window that has grown asks about little that is new.

    Args:
        labels: Rows of `label/2`, with at least trace_id, cluster_name, topic_name, flags and anomaly_rank.
        traces: How many there are.
        most: How many are drawn.
        flagged: Share of them kept for failures and the most unusual, beyond what chance brings.
        seed: Of the draw.
    """
    unusual = _UNUSUAL * traces
    sightings = [
        Sighting(
            row["trace_id"],
            row["cluster_name"],
            row["topic_name"],
            1,
            flagged=not FAILURES.isdisjoint(row["flags"]) or row["anomaly_rank"] <= unusual,
        )
        for row in labels
    ]
    if not sightings:
        return Chosen({}, frozenset())
    drawn = draw(Sightings.of(sightings), Plan(size=most, floor=_FLOOR, failures=flagged, seed=seed))
    out = {sighting.case_id for sighting in sightings if sighting.flagged}
    return Chosen(drawn.weights, frozenset(out & drawn.weights.keys()))
