"""Which groups are large enough to be named and exemplified, so that no name points at a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.grouping.groups import Groups, topic_of
from llmci.domain.label import OTHER, Cluster

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Floor:
    """The smallest group that is shown; users count where any are recorded."""

    traces: int
    users: int


@dataclass(frozen=True, slots=True)
class Shown:
    """The groups of a window as they may be shown.

    Attributes:
        clusters: Those that hold a trace, and those that could.
        topics: Name of each topic, by number.
    """

    clusters: tuple[Cluster, ...]
    topics: Mapping[int, str]


def shown_groups(groups: Groups, cluster_of: NDArray[np.int64], users: Mapping[int, set[int]], floor: Floor) -> Shown:
    """Name the groups of a window; those below the floor are called "other".

    Args:
        groups: The fitted grouping.
        cluster_of: Cluster of each trace, shape (traces,).
        users: Who wrote the traces of each cluster; empty where no trace names its user.
        floor: See `Floor`.
    """
    count = len(groups.names)
    sizes = np.bincount(cluster_of, minlength=count)
    topics = [topic_of(groups, cluster) for cluster in range(count)]
    clusters = []
    for cluster in range(count):
        writers = len(users.get(cluster, ())) if users else None
        shown = _enough(int(sizes[cluster]), writers, floor)
        clusters.append(
            Cluster(
                cluster=cluster,
                name=groups.names[cluster] if shown else OTHER,
                traces=int(sizes[cluster]),
                users=writers,
                share=float(sizes[cluster] / max(1, sizes.sum())),
                topic=topics[cluster],
                shown=shown,
            )
        )
    return Shown(tuple(clusters), _topic_names(groups, clusters, users, floor))


def _topic_names(
    groups: Groups, clusters: list[Cluster], users: Mapping[int, set[int]], floor: Floor
) -> dict[int, str]:
    names = {}
    for topic, name in enumerate(groups.topic_names):
        inside = [cluster for cluster in clusters if cluster.topic == topic]
        writers = len(set().union(*(users.get(c.cluster, set()) for c in inside))) if users else None
        large = _enough(sum(c.traces for c in inside), writers, floor)
        names[topic] = _of_shown(name, groups, inside) if large else OTHER
    return names


def _of_shown(name: str, groups: Groups, inside: list[Cluster]) -> str:
    """The name of a topic without what only those of its clusters are called that are no longer large enough.

    A word was shared by enough people when the groups were named; of a cluster that has shrunk since, that need not hold.
    """
    shown = sorted((cluster for cluster in inside if cluster.shown), key=lambda cluster: -cluster.traces)
    told = {word for cluster in shown for word in _words(groups.names[cluster.cluster])}
    gone = {word for cluster in inside if not cluster.shown for word in _words(groups.names[cluster.cluster])} - told
    kept = [term for term in name.split(", ") if gone.isdisjoint(_words(term))]
    return ", ".join(kept) or (groups.names[shown[0].cluster] if shown else OTHER)


def _words(name: str) -> set[str]:
    return set(name.casefold().replace(",", " ").split())


def _enough(traces: int, users: int | None, floor: Floor) -> bool:
    return traces >= floor.traces and (users is None or users >= floor.users)
