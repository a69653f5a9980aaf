"""A sample of inputs to a fitted grouping, and any input to its place in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from llmci.core.grouping.clusters import MAX_TREE, NEIGHBOURS, Clustering, assign, fit_clusters
from llmci.core.grouping.features import Vectorizer, fit_vectorizer, vectors_by
from llmci.core.grouping.names import name_groups
from llmci.core.grouping.neighbours import nearest, reference_of
from llmci.core.grouping.sample import digest64, texts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from llmci.core.grouping.features import Embed
    from llmci.core.grouping.neighbours import Neighbours, Reference
    from llmci.core.grouping.sample import Distinct

# Distance is taken to so many neighbours: one is noise, many reach beyond small groups.
NOVELTY_NEIGHBOURS = 7
_NEAR_DUPLICATE = 0.9
NO_INPUT = "no input text"


@dataclass(frozen=True)
class Groups:
    """A fitted grouping; what a later window needs to join it.

    Attributes:
        vectorizer: Of n-grams; None where an embedding model makes the vectors.
        reference: Unit rows of the inputs that were fitted, shape (references, features).
        digests: 64-bit digest of each reference input.
        traces: How many traces had each when it was fitted.
        trace_ids: One trace of each.
        names: Of each cluster. The last one is `NO_INPUT`, for traces without any text.
        topic_names: Of each topic, `NO_INPUT` last.
    """

    vectorizer: Vectorizer | None
    clustering: Clustering
    reference: Any
    digests: NDArray[np.uint64]
    traces: NDArray[np.int64]
    trace_ids: tuple[str, ...]
    names: tuple[str, ...]
    topic_names: tuple[str, ...]

    @cached_property
    def ready(self) -> Reference:
        """The reference as inputs are compared with it."""
        return reference_of(self.reference)


@dataclass(frozen=True, slots=True)
class Places:
    """Where inputs belong.

    Attributes:
        cluster: Shape (n,).
        novelty: Mean cosine distance to the nearest other inputs of the reference, in [0, 1].
        duplicate_of: A trace of the reference with nearly the same input, be it the very same; or None.
    """

    cluster: NDArray[np.int32]
    novelty: NDArray[np.float32]
    duplicate_of: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class _Vectors:
    rows: Any
    dense: NDArray[np.float32]
    near: Neighbours
    itself: NDArray[np.int32]


def fit_groups(
    distinct: Sequence[Distinct],
    *,
    clusters: int | Literal["auto"],
    seed: int,
    min_traces: int,
    min_users: int,
    embed: Embed | None = None,
) -> Groups:
    """Fit vectors, groups and names on a sample of distinct inputs.

    Args:
        distinct: In any fixed order; empty texts are left out.
        clusters: How many, or "auto".
        seed: Of everything random.
        min_traces: Fewest traces that share a word of a name.
        min_users: Fewest users who share it, where users are known.
        embed: Makes the vectors instead of n-grams.
    """
    spoken = [entry for entry in distinct if entry.text]
    vectorizer = None if embed else fit_vectorizer(texts_of(spoken), seed=seed)
    # The sample has no order, so its beginning is a sample too.
    reference = spoken[:MAX_TREE]
    rows, dense = vectors_by(vectorizer, embed, texts_of(reference))
    near = nearest(rows, reference_of(rows), NEIGHBOURS, apart_from=np.arange(len(reference), dtype=np.int32))
    clustering = fit_clusters(dense, near, clusters=clusters)
    labels = assign(clustering, dense, near).tolist() if reference else []
    floor = {"min_traces": min_traces, "min_users": min_users}
    topics = [int(clustering.topics[label]) for label in labels]
    count = len(clustering.centres)
    topic_count = int(clustering.topics.max()) + 1 if count else 0
    return Groups(
        vectorizer=vectorizer,
        clustering=clustering,
        reference=rows,
        digests=np.array([digest64(entry.text) for entry in reference], np.uint64),
        traces=np.array([entry.traces for entry in reference], np.int64),
        trace_ids=tuple(entry.trace_id for entry in reference),
        names=(*name_groups(reference, labels, count=count, **floor), NO_INPUT),
        topic_names=(*name_groups(reference, topics, count=topic_count, **floor), NO_INPUT),
    )


def place(groups: Groups, texts: Sequence[str], *, embed: Embed | None = None) -> Places:
    """Give each input its cluster and say how unlike the others it is.

    An empty text belongs to the last cluster and is not novel.
    """
    empty = np.array([not text for text in texts], bool)
    nowhere = len(groups.names) - 1
    # An embedding model says how long its vectors are with the first of them only.
    if nowhere == 0 or not texts:
        return Places(np.zeros(len(texts), np.int32), np.zeros(len(texts), np.float32), (None,) * len(texts))
    found = _located(groups, texts, embed)
    cluster = np.where(empty, nowhere, assign(groups.clustering, found.dense, found.near)).astype(np.int32)
    novelty = np.where(empty, 0, _novelty(groups, found)).astype(np.float32)
    return Places(cluster, novelty, _duplicates(groups, found))


def topic_of(groups: Groups, cluster: int) -> int:
    """The topic that a cluster belongs to."""
    return int(groups.clustering.topics[cluster]) if cluster < len(groups.names) - 1 else len(groups.topic_names) - 1


def vectors_of(groups: Groups, texts: Sequence[str], *, embed: Embed | None = None) -> Any:  # noqa: ANN401  as `SparseRows`
    """Rows of the full space, one a text; cosine is their dot product."""
    return vectors_by(groups.vectorizer, embed, texts)[0]


def _located(groups: Groups, texts: Sequence[str], embed: Embed | None) -> _Vectors:
    rows, dense = vectors_by(groups.vectorizer, embed, texts)
    order = np.argsort(groups.digests, kind="stable")
    wanted = np.array([digest64(text) for text in texts], np.uint64)
    at = order[np.minimum(np.searchsorted(groups.digests, wanted, sorter=order), len(order) - 1)]
    itself = np.where(groups.digests[at] == wanted, at, -1).astype(np.int32)
    return _Vectors(rows, dense, nearest(rows, groups.ready, NEIGHBOURS, apart_from=itself), itself)


def _novelty(groups: Groups, found: _Vectors) -> NDArray[np.float32]:
    """Mean distance to the nearest inputs; further traces with the very same input are at distance 0."""
    similarity = found.near.similarity[:, :NOVELTY_NEIGHBOURS]
    wanted = max(1, min(NOVELTY_NEIGHBOURS, int(groups.traces.sum()) - 1))
    same = np.where(found.itself >= 0, np.minimum(groups.traces[found.itself] - 1, wanted), 0)
    taken = np.arange(similarity.shape[1])[None, :] < (wanted - same)[:, None]
    near = (similarity * taken).sum(axis=1) + same
    return np.asarray(1 - near / wanted, dtype=np.float32)


def _duplicates(groups: Groups, found: _Vectors) -> tuple[str | None, ...]:
    """The first of the reference among an input and those that are nearly the same."""
    beyond = len(groups.trace_ids)
    close = np.where(found.near.similarity >= _NEAR_DUPLICATE, found.near.index, beyond)
    own = np.where(found.itself >= 0, found.itself, beyond)
    first = np.minimum(close.min(axis=1, initial=beyond), own)
    return tuple(groups.trace_ids[row] if row < beyond else None for row in first)
