"""sanitize -> **label** -> build: clean traces in; a cluster, an anomaly rank and flags for each out.

The clean shelf is read three times in bounded memory: to gather a sample of inputs and what is
normal, to place every input, and to write the labels, which need the whole window's counts (a
group too small to be shown is "other", and a rank is a rank among all).
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from llmci.core.canonical import canonical
from llmci.core.grouping.anomalies import Limits, Normal, feedback_of, flags_of, limits_of
from llmci.core.grouping.groups import Groups, fit_groups, place
from llmci.core.grouping.language import language_of
from llmci.core.grouping.sample import InputSample, digest64
from llmci.core.grouping.shown import Floor, Shown, shown_groups
from llmci.core.grouping.texts import input_text
from llmci.domain.label import LABEL, SCHEMA_NAME, Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from llmci.core.grouping.groups import Embed
    from llmci.domain.settings import LabelSettings
    from llmci.domain.trace import TraceRow
    from llmci.seams import Progress, Shelf

_INPUT_COLUMNS = ("trace_id", "user_id", "input")
_SURVEY_COLUMNS = (*_INPUT_COLUMNS, "session_id", "start", "latency_ms", "cost", "scores", "output")
_FLAG_COLUMNS = (
    *_SURVEY_COLUMNS,
    "status",
    "missing",
    "steps.list.element.kind",
    "steps.list.element.status",
)
_REMEMBERED = 200_000
# Counted up when the rules of flags change, so that labels by older rules are made again.
_RULES = 2


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


@dataclass(slots=True)
class _Window:
    """Where each trace of the window belongs, in the order of the shelf: eight bytes a trace."""

    cluster: array[int] = field(default_factory=lambda: array("i"))
    novelty: array[float] = field(default_factory=lambda: array("f"))
    users: dict[int, set[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRun:
    """Everything that decides the labels of a window.

    Attributes:
        normal: What is normal in the window.
        digest: Of all of it, and of the clean shelf; see `run_digest`.
        embed: Embedding model, where the groups were made with one.
    """

    groups: Groups
    normal: Normal
    settings: LabelSettings
    digest: str
    embed: Embed | None = None


def survey(clean: Shelf, settings: LabelSettings, progress: Progress) -> tuple[InputSample, Normal]:
    """First pass: a sample of the inputs, and what is normal in the window."""
    sample, normal = InputSample(settings.fit_sample, settings.seed), Normal()
    progress.begin("label: look", _rows(clean), "traces")
    for batch in clean.batches(_SURVEY_COLUMNS):
        for row in batch.to_pylist():
            sample.add(input_text(row["input"]), row["trace_id"], row["user_id"])
            normal.add(row)
        progress.advance(batch.num_rows)
    progress.end()
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


def write_labels(clean: Shelf, labels: Shelf, run: LabelRun, progress: Progress) -> LabelSummary:
    """Second and third pass: place every input, then write the labels shard by shard.

    Every shard's fingerprint names the run's digest, so that labels of two runs are never taken
    for one.
    """
    placer = _Placer(run.groups, run.embed)
    window = _placed(clean, placer, progress)
    floor = Floor(run.settings.min_traces, run.settings.min_users)
    shown = shown_groups(run.groups, np.asarray(window.cluster, np.int64), window.users, floor)
    labeller = _Labeller(placer, window, shown, limits_of(run.normal, slow_ms=run.settings.slow_ms))
    flags: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    progress.begin("label: write", len(window.cluster), "traces")
    start = 0
    for shard_id, info in clean.shards().items():
        with labels.writer(shard_id, label_fingerprint(run.digest, info.sha256)) as writer:
            for batch in clean.read(shard_id, _FLAG_COLUMNS):
                rows = labeller.rows(batch.to_pylist(), start)
                flags.update(flag for row in rows for flag in row["flags"])
                languages.update(row["language"] for row in rows)
                writer.write(pa.RecordBatch.from_pylist(rows, schema=LABEL))
                start += len(rows)
                progress.advance(len(rows))
    for shard_id in labels.shards().keys() - clean.shards().keys():
        labels.drop(shard_id)
    progress.end()
    return LabelSummary(
        traces=start,
        clusters=shown.clusters,
        topics=_topic_shares(shown, start),
        flags=dict(flags.most_common()),
        languages=dict(languages.most_common()),
        fitted=False,
        unchanged=False,
        digest=run.digest,
    )


def label_fingerprint(digest: str, clean_sha256: str) -> str:
    """Fingerprint of a label shard: of the run that wrote it and the clean shard that it describes."""
    return hashlib.sha256(f"{SCHEMA_NAME}:{digest}:{clean_sha256}".encode()).hexdigest()


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
        self.groups = groups
        self._embed = embed
        self._known: dict[int, tuple[int, float, str | None]] = {}

    def place(self, rows: Sequence[TraceRow]) -> list[tuple[int, float, str | None]]:
        """Cluster, novelty and the trace that has nearly the same input, for each trace."""
        texts = {digest64(text): text for text in (input_text(row["input"]) for row in rows)}
        new = [key for key in texts if key not in self._known]
        if len(self._known) + len(new) > _REMEMBERED:
            self._known = {key: self._known[key] for key in texts if key in self._known}
        found = place(self.groups, [texts[key] for key in new], embed=self._embed)
        for at, key in enumerate(new):
            self._known[key] = (int(found.cluster[at]), float(found.novelty[at]), found.duplicate_of[at])
        return [self._known[digest64(input_text(row["input"]))] for row in rows]


def _placed(clean: Shelf, placer: _Placer, progress: Progress) -> _Window:
    window = _Window()
    progress.begin("label: group", _rows(clean), "traces")
    for batch in clean.batches(_INPUT_COLUMNS):
        rows = batch.to_pylist()
        for row, (cluster, novelty, _) in zip(rows, placer.place(rows), strict=True):
            window.cluster.append(cluster)
            window.novelty.append(novelty)
            if row["user_id"] is not None:
                window.users.setdefault(cluster, set()).add(digest64(row["user_id"]))
        progress.advance(len(rows))
    progress.end()
    return window


def _ranks(novelty: array[float]) -> NDArray[np.int32]:
    """1 for the most unusual; equals are ranked in the order of the shelf."""
    order = np.argsort(-np.asarray(novelty, dtype=np.float32), kind="stable")
    ranks = np.empty(len(order), np.int32)
    ranks[order] = np.arange(1, len(order) + 1, dtype=np.int32)
    return ranks


class _Labeller:
    """Writes the label of each trace, once the whole window is known."""

    def __init__(self, placer: _Placer, window: _Window, shown: Shown, limits: Limits) -> None:
        self._placer = placer
        self._window = window
        self._clusters = {cluster.cluster: cluster for cluster in shown.clusters}
        self._topics = shown.topics
        self._limits = limits
        self._rank = _ranks(window.novelty)

    def rows(self, traces: Sequence[TraceRow], start: int) -> list[dict[str, Any]]:
        """Rows of `LABEL` for traces of the window, the first of which is number `start`."""
        places = self._placer.place(traces)
        return [
            self._row(trace, number, twin)
            for number, (trace, (_, _, twin)) in enumerate(zip(traces, places, strict=True), start=start)
        ]

    def _row(self, trace: TraceRow, number: int, twin: str | None) -> dict[str, Any]:
        cluster = self._clusters[self._window.cluster[number]]
        return {
            "trace_id": trace["trace_id"],
            "cluster": cluster.cluster,
            "cluster_name": cluster.name,
            "topic": cluster.topic,
            "topic_name": self._topics[cluster.topic],
            "language": language_of(input_text(trace["input"])),
            "anomaly": self._window.novelty[number],
            "anomaly_rank": int(self._rank[number]),
            "flags": flags_of(trace, self._limits),
            "feedback": feedback_of(trace, self._limits),
            "near_duplicate_of": twin if twin != trace["trace_id"] else None,
        }


def _topic_shares(shown: Shown, traces: int) -> dict[str, float]:
    shares: Counter[str] = Counter()
    for cluster in shown.clusters:
        shares[shown.topics[cluster.topic]] += cluster.traces
    return {name: count / traces for name, count in shares.most_common() if count}


def _rows(shelf: Shelf) -> int:
    return sum(info.rows for info in shelf.shards().values())
