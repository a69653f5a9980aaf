"""sanitize -> **label** -> build: clean traces in; a cluster, an anomaly rank and flags for each out.

The clean shelf is read three times in bounded memory: to gather a sample of inputs and what is
normal, to place every input, and to write the labels, which need the whole window's counts (a
group too small to be shown is "other", and a rank is a rank among all).
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from llmci.core.attribution.moves import COLUMNS as MOVE_COLUMNS
from llmci.core.canonical import canonical
from llmci.core.grouping.anomalies import Limits, Normal, limits_of
from llmci.core.grouping.groups import Groups, fit_groups, place
from llmci.core.grouping.rows import Judged, Place, label_row, suspect_of, wants_hint
from llmci.core.grouping.sample import InputSample, digest64
from llmci.core.grouping.shown import Floor, Shown, shown_groups
from llmci.core.grouping.texts import input_text
from llmci.domain.label import HELD_BACK, LABEL, SCHEMA_NAME, Cluster
from llmci.seams import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from llmci.core.grouping.groups import Embed
    from llmci.domain.settings import LabelSettings
    from llmci.domain.trace import TraceRow
    from llmci.seams import Shelf

_INPUT_COLUMNS = ("trace_id", "user_id", "input")
_SURVEY_COLUMNS = (*_INPUT_COLUMNS, "session_id", "start", "latency_ms", "cost", "scores", "output")
_FLAG_COLUMNS = (
    *_SURVEY_COLUMNS,
    "content_hash",
    "replay_kind",
    "status",
    "missing",
    "steps.list.element.kind",
    "steps.list.element.status",
)
_REMEMBERED = 200_000
_UNJUDGED = Judged()
# Counted up when the rules of flags change, so that labels by older rules are made again.
_RULES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSummary:
    """What `label` found in a window.

    Attributes:
        traces: How many were labelled.
        clusters: Every cluster; those that are too small to be shown are called "other".
        topics: Share of each topic that is large enough to be shown.
        flags: How many traces carry each flag.
        languages: How many traces are in each language.
        fitted: Whether the groups were fitted now; otherwise the traces joined those there were.
        unchanged: Whether the labels at hand were already right and nothing was done.
        digest: Of everything that the labels were made from.
        moved: Where the traces of each former cluster are now, the most first; empty where no labels were replaced.
        suspects: How many failed agent traces likely went wrong at each tool or agent, the most first.
        held_back: Traces of each shard that ended its worker, which have no labels; the next run tries again.
    """

    traces: int
    clusters: tuple[Cluster, ...]
    topics: Mapping[str, float]
    flags: Mapping[str, int]
    languages: Mapping[str, int]
    fitted: bool
    unchanged: bool
    digest: str
    moved: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    suspects: Mapping[str, int] = field(default_factory=dict)
    held_back: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class ShardPlaces:
    """Where each trace of a shard belongs, in its order: twelve bytes a trace.

    Attributes:
        cluster: Of each trace.
        novelty: Of each trace.
        twin: Which trace of the grouping has nearly the same input, by its number there; -1 for none.
        users: Digests of who wrote the traces of each cluster.
    """

    cluster: array[int] = field(default_factory=lambda: array("i"))
    novelty: array[float] = field(default_factory=lambda: array("f"))
    twin: array[int] = field(default_factory=lambda: array("i"))
    users: dict[int, set[int]] = field(default_factory=dict)


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


def survey_shard(clean: Shelf, shard_id: str, settings: LabelSettings) -> tuple[InputSample, Normal]:
    """First pass: a sample of the inputs of a shard, and what is normal in it; to be merged over shards."""
    sample, normal = InputSample(settings.fit_sample, settings.seed), Normal()
    for batch in clean.read(shard_id, _SURVEY_COLUMNS):
        for row in batch.to_pylist():
            sample.add(input_text(row["input"]), row["trace_id"], row["user_id"])
            normal.add(row)
    return sample, normal


def fit(sample: InputSample, settings: LabelSettings, embed: Embed | None) -> Groups:
    """Group the sample."""
    return fit_groups(
        sample.distinct(),
        clusters=settings.clusters,
        seed=settings.seed,
        min_traces=settings.min_traces,
        min_users=settings.min_users,
        embed=embed,
    )


def place_shard(clean: Shelf, shard_id: str, groups: Groups, embed: Embed | None) -> ShardPlaces:
    """Second pass: place every input of a shard.

    What is remembered ends with the shard, so that the order of shards, and who works on them, change nothing.
    """
    placer, found = _Placer(groups, embed), ShardPlaces()
    for batch in clean.read(shard_id, _INPUT_COLUMNS):
        rows = batch.to_pylist()
        for row, (cluster, novelty, twin) in zip(rows, placer.place(rows), strict=True):
            found.cluster.append(cluster)
            found.novelty.append(novelty)
            found.twin.append(twin)
            if row["user_id"] is not None:
                found.users.setdefault(cluster, set()).add(digest64(row["user_id"]))
    return found


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
    """Third pass: write the labels of a shard, unless a former run did; they appear whole, or not at all."""
    before = labels.info(task.shard_id)
    if before is not None and before.fingerprint == task.fingerprint:
        return _counted(labels, task.shard_id)
    labeller = _Labeller(clean, task, groups, judged_before(labels, task.shard_id))
    done = ShardLabelled(0)
    with labels.writer(task.shard_id, task.fingerprint) as writer:
        for batch in clean.read(task.shard_id, _FLAG_COLUMNS):
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


def summarized(shown: Shown, done: Mapping[str, ShardLabelled], digest: str) -> LabelSummary:
    """The summary of a run, of what became of each shard."""
    flags: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    suspects: Counter[str] = Counter()
    # In the order of the shelf, so that what is equally frequent stands in the same order on every engine.
    for name in sorted(done):
        flags.update(done[name].flags)
        languages.update(done[name].languages)
        suspects.update(done[name].suspects)
    traces = sum(one.traces for one in done.values())
    return LabelSummary(
        traces=traces,
        clusters=shown.clusters,
        topics=_topic_shares(shown, traces),
        flags=dict(flags.most_common()),
        languages=dict(languages.most_common()),
        suspects=dict(suspects.most_common()),
        fitted=False,
        unchanged=False,
        digest=digest,
    )


def label_fingerprint(digest: str, clean_sha256: str, schema: str = SCHEMA_NAME) -> str:
    """Fingerprint of a label shard: of the run that wrote it and the clean shard that it describes."""
    return hashlib.sha256(f"{schema}:{digest}:{clean_sha256}".encode()).hexdigest()


def run_digest(clean_digest: str, groups: Groups, settings: LabelSettings) -> str:
    """Digest of everything that decides the labels of a window."""
    hashed = hashlib.sha256(f"{SCHEMA_NAME}:{_RULES}:{clean_digest}".encode())
    hashed.update(canonical(asdict(settings)))
    hashed.update(canonical([groups.names, groups.topic_names, groups.trace_ids]))
    hashed.update(groups.clustering.centres.tobytes())
    hashed.update(groups.digests.tobytes())
    return hashed.hexdigest()


def manifest_of(summary: LabelSummary, *, clean_digest: str, settings: LabelSettings, now: str) -> dict[str, object]:
    """What the labels shelf says of itself."""
    return {
        "schema": SCHEMA_NAME,
        "clean": clean_digest,
        "created_at": now,
        "seed": settings.seed,
        "settings": asdict(settings),
        **{key: value for key, value in asdict(summary).items() if key not in ("fitted", "unchanged")},
    }


def summary_of(manifest: Mapping[str, Any]) -> LabelSummary:
    """Read a summary back; raises `KeyError` or `TypeError` where it is not one."""
    return LabelSummary(
        traces=manifest["traces"],
        clusters=tuple(Cluster(**cluster) for cluster in manifest["clusters"]),
        topics=manifest["topics"],
        flags=manifest["flags"],
        languages=manifest["languages"],
        fitted=False,
        unchanged=True,
        digest=manifest["digest"],
        moved=manifest.get("moved", {}),
        suspects=manifest.get("suspects", {}),
    )


def names_at_hand(labels: Shelf) -> dict[int, str]:
    """Name of the cluster of each labelled trace, by the digest of its id; to be taken before labels are replaced."""
    return dict(_names(labels))


def moves(before: Mapping[int, str], labels: Shelf) -> dict[str, dict[str, int]]:
    """Where the traces of each former cluster are now, the most first."""
    counts: dict[str, Counter[str]] = {}
    for key, name in _names(labels):
        if (former := before.get(key)) is not None:
            counts.setdefault(former, Counter())[name] += 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1].total(), item[0]))
    return {former: dict(found.most_common()) for former, found in ordered}


def _names(labels: Shelf) -> Iterator[tuple[int, str]]:
    # One text object a name, however many traces.
    known: dict[str, str] = {}
    for batch in labels.batches(("trace_id", "cluster_name")):
        for trace_id, name in zip(batch["trace_id"].to_pylist(), batch["cluster_name"].to_pylist(), strict=True):
            yield digest64(trace_id), known.setdefault(name, name)


class _Placer:
    """Places inputs, and remembers those that came often: traffic repeats itself."""

    def __init__(self, groups: Groups, embed: Embed | None) -> None:
        self._groups = groups
        self._embed = embed
        self._numbers = {trace_id: number for number, trace_id in enumerate(groups.trace_ids)}
        self._known: dict[int, tuple[int, float, int]] = {}

    def place(self, rows: Sequence[TraceRow]) -> list[tuple[int, float, int]]:
        """Cluster, novelty and the number of the trace that has nearly the same input (-1 for none), for each trace."""
        texts = {digest64(text): text for text in (input_text(row["input"]) for row in rows)}
        new = [key for key in texts if key not in self._known]
        if len(self._known) + len(new) > _REMEMBERED:
            self._known = {key: self._known[key] for key in texts if key in self._known}
        found = place(self._groups, [texts[key] for key in new], embed=self._embed)
        for at, key in enumerate(new):
            twin = found.duplicate_of[at]
            number = self._numbers[twin] if twin is not None else -1
            self._known[key] = (int(found.cluster[at]), float(found.novelty[at]), number)
        return [self._known[digest64(input_text(row["input"]))] for row in rows]


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


def _topic_shares(shown: Shown, traces: int) -> dict[str, float]:
    shares: Counter[str] = Counter()
    for cluster in shown.clusters:
        shares[shown.topics[cluster.topic]] += cluster.traces
    return {name: count / traces for name, count in shares.most_common() if count}
