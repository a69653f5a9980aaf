"""One row of `label/2` for each trace of a shard."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from llmci.core.attribution.moves import moves_of
from llmci.core.attribution.signs import hint_of
from llmci.core.grouping.anomalies import feedback_of, flags_of
from llmci.core.grouping.language import language_of
from llmci.core.grouping.texts import input_text
from llmci.domain.label import FAILURES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.core.grouping.anomalies import Limits
    from llmci.domain.label import Cluster
    from llmci.domain.trace import TraceRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a trace belongs.

    Attributes:
        cluster: As it may be shown.
        topic_name: Likewise.
        novelty: In [0, 1].
        rank: Among all of the window; 1 is the most unusual.
        twin: A trace with nearly the same input; None without one.
    """

    cluster: Cluster
    topic_name: str
    novelty: float
    rank: int
    twin: str | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What judges said of a trace before: `verdicts` and `suspect` of its former label."""

    verdicts: tuple[Mapping[str, Any], ...] = field(default=())
    suspect: Mapping[str, Any] | None = None


def label_row(trace: TraceRow, place: Place, limits: Limits, judged: Judged) -> dict[str, Any]:
    """The label of a trace; what judges said stays as long as it was said of the trace as it is."""
    content = trace.get("content_hash")
    kept = judged.suspect if judged.suspect and judged.suspect["of"] == content else None
    return {
        "trace_id": trace["trace_id"],
        "cluster": place.cluster.cluster,
        "cluster_name": place.cluster.name,
        "topic": place.cluster.topic,
        "topic_name": place.topic_name,
        "language": language_of(input_text(trace["input"])),
        "anomaly": place.novelty,
        "anomaly_rank": place.rank,
        "flags": flags_of(trace, limits),
        "feedback": feedback_of(trace, limits),
        "near_duplicate_of": place.twin if place.twin != trace["trace_id"] else None,
        "verdicts": [verdict for verdict in judged.verdicts if verdict["of"] == content],
        "suspect": kept,
    }


def wants_hint(trace: TraceRow, row: Mapping[str, Any]) -> bool:
    """Whether somebody will ask at which step it went wrong: the trace is an agent's, and failed."""
    return trace.get("replay_kind") == "agent" and row["suspect"] is None and not FAILURES.isdisjoint(row["flags"])


def suspect_of(trace: TraceRow) -> dict[str, Any] | None:
    """The step that likely went wrong, by rules; `trace` has all columns of `moves.COLUMNS`."""
    hint = hint_of(moves_of(trace))
    return None if hint is None else {**asdict(hint), "of": trace.get("content_hash")}
