"""What `label` found in a window, and what tells one run's labels from another's."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from llmci.core.canonical import canonical
from llmci.core.grouping.sample import digest64
from llmci.domain.label import SCHEMA_NAME, Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from llmci.core.grouping.groups import Groups
    from llmci.core.grouping.shown import Shown
    from llmci.domain.settings import LabelSettings
    from llmci.pipeline.label.writing import ShardLabelled
    from llmci.seams import Shelf

# Counted up when the rules of flags change, so that labels by older rules are made again.
_RULES = 5


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


def _topic_shares(shown: Shown, traces: int) -> dict[str, float]:
    shares: Counter[str] = Counter()
    for cluster in shown.clusters:
        shares[shown.topics[cluster.topic]] += cluster.traces
    return {name: count / traces for name, count in shares.most_common() if count}
