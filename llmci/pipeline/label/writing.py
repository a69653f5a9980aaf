"""Third pass: the labels of each shard, once the whole window is known."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from llmci.core.attribution.moves import COLUMNS as MOVE_COLUMNS
from llmci.core.grouping.anomalies import Limits, Normal, limits_of
from llmci.core.grouping.rows import Judged, Place, label_row, suspect_of, wants_hint
from llmci.core.grouping.shown import Floor, Shown, shown_groups
from llmci.domain.label import HELD_BACK, LABEL
from llmci.pipeline.label.summary import label_fingerprint
from llmci.seams import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from llmci.core.grouping.groups import Groups
    from llmci.domain.settings import LabelSettings
    from llmci.domain.trace import TraceRow
    from llmci.pipeline.label.placing import ShardPlaces
    from llmci.seams import Shelf

_COLUMNS = (
    "trace_id",
    "user_id",
    "input",
    "session_id",
    "start",
    "latency_ms",
    "cost",
    "scores",
    "output",
    "content_hash",
    "replay_kind",
    "status",
    "missing",
    "steps.list.element.kind",
    "steps.list.element.status",
)
_UNJUDGED = Judged()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardTask:
    """What a shard's labels are written from, once the whole window is known.

    Attributes:
        places: Of its traces.
        rank: Anomaly rank of each of its traces among all of the window, shape (traces,).
        shown: The groups of the window.
        limits: What is slow and expensive in the window.
        fingerprint: Of the labels that are to be written.
    """

    shard_id: str
    places: ShardPlaces
    rank: NDArray[np.int32]
    shown: Shown
    limits: Limits
    fingerprint: str


@dataclass(frozen=True, slots=True)
class ShardLabelled:
    """How many traces of a shard were labelled, how many of them carry each flag, are in each language, went wrong where."""

    traces: int
    flags: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    suspects: Counter[str] = field(default_factory=Counter)

    def count(self, rows: Sequence[Mapping[str, Any]]) -> ShardLabelled:
        """With further labels."""
        self.flags.update(flag for row in rows for flag in row["flags"])
        self.languages.update(row["language"] for row in rows)
        self.suspects.update(row["suspect"]["name"] for row in rows if row["suspect"] is not None)
        return replace(self, traces=self.traces + len(rows))


def shard_tasks(
    clean: Shelf,
    placed: Mapping[str, ShardPlaces],
    groups: Groups,
    normal: Normal,
    settings: LabelSettings,
    digest: str,
) -> Iterator[ShardTask]:
    """What is left to do for each shard when all are placed.

    A group too small to be shown is "other", and a rank is a rank among all, equals in the order of the shelf.

    Args:
        clean: The clean shelf.
        placed: Places by shard.
        groups: The grouping.
        normal: What is normal in the window.
        settings: Of the stage.
        digest: Of the run; see `run_digest`.
    """
    order = sorted(placed)
    cluster = np.concatenate([np.asarray(placed[name].cluster, np.int32) for name in order])
    rank = _ranks(np.concatenate([np.asarray(placed[name].novelty, np.float32) for name in order]))
    users: dict[int, set[int]] = {}
    for name in order:
        for number, found in placed[name].users.items():
            users.setdefault(number, set()).update(found)
    shown = shown_groups(groups, cluster, users, Floor(settings.min_traces, settings.min_users))
    limits, start, infos = limits_of(normal, slow_ms=settings.slow_ms), 0, clean.shards()
    for name in order:
        end = start + len(placed[name].cluster)
        mark = label_fingerprint(digest, infos[name].sha256)
        yield ShardTask(
            shard_id=name,
            places=placed[name],
            rank=rank[start:end],
            shown=shown,
            limits=limits,
            fingerprint=mark,
        )
        start = end


def label_shard(clean: Shelf, labels: Shelf, task: ShardTask, groups: Groups) -> ShardLabelled:
    """Write the labels of a shard, unless a former run did; they appear whole, or not at all."""
    before = labels.info(task.shard_id)
    if before is not None and before.fingerprint == task.fingerprint:
        return _counted(labels, task.shard_id)
    labeller = _Labeller(clean, task, groups, judged_before(labels, task.shard_id))
    done = ShardLabelled(0)
    with labels.writer(task.shard_id, task.fingerprint) as writer:
        for batch in clean.read(task.shard_id, _COLUMNS):
            rows = labeller.rows(batch.to_pylist(), done.traces)
            done = done.count(rows)
            writer.write(pa.RecordBatch.from_pylist(rows, schema=LABEL))
    return done


def hold_back(clean: Shelf, labels: Shelf, shard_id: str) -> int:
    """Leave a shard without labels, and say so of each of its traces; gives how many they are.

    Verdicts of judges on them go with their labels: they are in the cache of judges still.
    """
    info = clean.info(shard_id)
    rows = info.rows if info else 0
    with labels.writer(shard_id, HELD_BACK) as writer:
        for number in range(rows):
            why = "the shard ended its worker twice: it was killed, or ran out of memory"
            writer.reject(Rejected(where=f"{shard_id}, row {number + 1}", why=why))
    return rows


def judged_before(labels: Shelf, shard_id: str) -> dict[str, Judged]:
    """What judges have said of the traces of a shard, by trace; labels of earlier llmcis hold nothing of the kind."""
    if labels.info(shard_id) is None:
        return {}
    found = {}
    for batch in labels.read(shard_id, ("trace_id", "verdicts", "suspect")):
        for row in batch.to_pylist():
            suspect = row.get("suspect")
            by_judge = suspect if suspect is not None and suspect["by"].startswith("judge:") else None
            if row.get("verdicts") or by_judge:
                found[row["trace_id"]] = Judged(tuple(row["verdicts"] or ()), by_judge)
    return found


def _counted(labels: Shelf, shard_id: str) -> ShardLabelled:
    done = ShardLabelled(0)
    for batch in labels.read(shard_id, ("language", "flags", "suspect")):
        done = done.count(batch.to_pylist())
    return done


def _ranks(novelty: NDArray[np.float32]) -> NDArray[np.int32]:
    """1 for the most unusual; equals are ranked in the order of the shelf."""
    order = np.argsort(-novelty, kind="stable")
    ranks = np.empty(len(order), np.int32)
    ranks[order] = np.arange(1, len(order) + 1, dtype=np.int32)
    return ranks


class _Labeller:
    """Writes the label of each trace of a shard."""

    def __init__(self, clean: Shelf, task: ShardTask, groups: Groups, judged: Mapping[str, Judged]) -> None:
        self._task, self._groups, self._judged = task, groups, judged
        self._clusters = {cluster.cluster: cluster for cluster in task.shown.clusters}
        self._steps = _Steps(clean, task.shard_id)

    def rows(self, traces: Sequence[TraceRow], start: int) -> list[dict[str, Any]]:
        """Rows of `LABEL` for traces of the shard, the first of which is number `start`."""
        rows = [
            label_row(trace, self._place(number), self._task.limits, self._judged.get(trace["trace_id"], _UNJUDGED))
            for number, trace in enumerate(traces, start=start)
        ]
        for trace, row in zip(traces, rows, strict=True):
            if wants_hint(trace, row):
                row["suspect"] = suspect_of({**trace, **self._steps.of(trace["trace_id"])})
        return rows

    def _place(self, number: int) -> Place:
        places = self._task.places
        cluster = self._clusters[places.cluster[number]]
        return Place(
            cluster=cluster,
            topic_name=self._task.shown.topics[cluster.topic],
            novelty=places.novelty[number],
            rank=int(self._task.rank[number]),
            twin=self._groups.trace_ids[places.twin[number]] if places.twin[number] >= 0 else None,
        )


class _Steps:
    """The steps of some traces of a shard, asked for in its order: they are most of an agent's trace, and read for few."""

    def __init__(self, clean: Shelf, shard_id: str) -> None:
        self._batches = clean.read(shard_id, MOVE_COLUMNS)
        self._ids: dict[str, int] = {}
        self._batch: pa.RecordBatch | None = None

    def of(self, trace_id: str) -> TraceRow:
        while trace_id not in self._ids:
            self._batch = next(self._batches)
            self._ids = {name: at for at, name in enumerate(self._batch["trace_id"].to_pylist())}
        if self._batch is None:
            raise AssertionError
        row: TraceRow = self._batch.slice(self._ids[trace_id], 1).to_pylist()[0]
        return row
