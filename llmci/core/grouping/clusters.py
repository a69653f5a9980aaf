"""Vectors to groups: each input is drawn towards its neighbours, then a tree of groups is cut.

Nothing is left over: every input belongs to the group whose centre is nearest. New inputs are
drawn towards the neighbours that the fit has seen and join the groups that there are, so a label
once given does not move.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from llmci.core.grouping.features import unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from llmci.core.grouping.features import SparseRows
    from llmci.core.grouping.neighbours import Neighbours

# Neighbours that an input is drawn towards, and how often. Chosen on every second intent of two public sets, for
# agreement with the intents and between subsamples, and tried on the others; more of either blurs small groups.
NEIGHBOURS = 15
STEPS = 5
# Neighbours pull with their similarity to this power, so that the nearest say most: chosen and tried in the same way. Groups
# that were fitted with other numbers go on with those.
SHARPNESS = 2.0
# Rounds in which inputs go to the nearest centre and centres to the middle of their inputs: a tree joins and never
# reconsiders, and which of two groups an input between them fell to would change with a tenth of the inputs.
_ROUNDS = 10
# A report shows a handful of topics, a gate uses all clusters.
MAX_TOPICS = 12
# The tree needs memory with the square of what it holds: 250 MB at this size.
MAX_TREE = 6_000
_SMALLEST_MEAN_SIZE = 10
# Of a few inputs that come often, those are of one kind that have this cosine on average.
_OF_ONE_KIND = 0.4
_MAX_CLUSTERS = 400
# The finest cut that gives up no more than this of the best modularity: groups as small as the
# neighbourhoods support, and no smaller.
_MODULARITY_SLACK = 0.03


@dataclass(frozen=True, slots=True)
class Clustering:
    """Fitted groups, and what new inputs are drawn towards.

    Attributes:
        centres: Unit vectors, one a cluster, shape (clusters, dimensions).
        topics: The coarser group of each cluster, dense from 0, shape (clusters,).
        drawn: Vectors of the reference after 0, 1, ... steps, shape (steps, references, dimensions).
        sharpness: See `SHARPNESS`.
        neighbours: See `NEIGHBOURS`.
    """

    centres: NDArray[np.float32]
    topics: NDArray[np.int32]
    drawn: NDArray[np.float32]
    sharpness: float = SHARPNESS
    neighbours: int = NEIGHBOURS


def fit_clusters(
    vectors: NDArray[np.float32],
    neighbours: Neighbours,
    *,
    clusters: int | Literal["auto"],
    templates: Sequence[int],
) -> Clustering:
    """Group the reference inputs.

    Args:
        vectors: Unit rows, shape (n, dimensions).
        neighbours: Of each row among the others; at least `NEIGHBOURS` where there are so many.
        clusters: How many groups, or "auto" to have the number chosen.
        templates: Of each row, what stands for its text without numbers and ids.

    Returns:
        The groups, largest first. Asking for more groups than there are distinct inputs gives one
        group an input.
    """
    drawn = drawn_stages(vectors, neighbours)
    final, kept = drawn[-1], drawn[:-1]
    if len(final) < 2:
        return Clustering(final, np.zeros(len(final), np.int32), kept)
    merges = _tree(final)
    wanted = _choose(merges, neighbours, len(final)) if clusters == "auto" else min(clusters, len(final))
    labels = cut(merges, wanted, len(final))
    if clusters == "auto":
        labels = _joined(labels, templates)
    topics = cut(merges, _topics(merges, neighbours, len(final), wanted), len(final))
    return _settled(final, labels, topics, kept)


def fit_few(vectors: NDArray[np.float32], rows: SparseRows) -> Clustering:
    """Group a few inputs that all come often, such as those of buttons: so few have no neighbours to be drawn towards.

    Args:
        vectors: Unit rows, shape (n, dimensions).
        rows: The full space, shape (n, features).
    """
    from scipy.cluster.hierarchy import average, cut_tree
    from scipy.spatial.distance import squareform

    apart = np.clip(1 - (rows @ rows.T).toarray(), 0, 1).astype(np.float64)
    np.fill_diagonal(apart, 0)
    tree = average(squareform(apart, checks=False))
    count = len(vectors) - int((tree[:, 2] <= 1 - _OF_ONE_KIND).sum())
    labels, topics = (
        cut_tree(tree, n_clusters=number)[:, 0].astype(np.int32) for number in (count, min(count, MAX_TOPICS))
    )
    return _settled(vectors, labels, topics, np.zeros((0, *vectors.shape), np.float32))


def _joined(labels: NDArray[np.int32], templates: Sequence[int]) -> NDArray[np.int32]:
    """Groups as they are, but those are one that mostly hold the same template: neighbours tell them apart by its numbers alone."""
    held: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for label, template in zip(labels.tolist(), templates, strict=True):
        held[label][template] += 1
    first: dict[int, int] = {}
    becomes = np.arange(labels.max() + 1, dtype=np.int32)
    for label in sorted(held):
        [(template, times)] = held[label].most_common(1)
        if times > 1 and 2 * times >= held[label].total():
            becomes[label] = first.setdefault(template, label)
    _, dense = np.unique(becomes[labels], return_inverse=True)
    return dense.astype(np.int32)


def assign(clustering: Clustering, vectors: NDArray[np.float32], neighbours: Neighbours) -> NDArray[np.int32]:
    """The nearest cluster of each input, shape (n,).

    Args:
        clustering: What was fitted.
        vectors: Unit rows, shape (n, dimensions).
        neighbours: Of each input among the reference.
    """
    weights = _weights(neighbours, clustering.sharpness, clustering.neighbours)
    for reference in clustering.drawn:
        vectors = _step(vectors, reference, weights)
    # The order of the centres breaks ties, largest first.
    return np.asarray(np.argmax(vectors @ clustering.centres.T, axis=1), dtype=np.int32)


def cut(merges: NDArray[np.intp], clusters: int, leaves: int) -> NDArray[np.int32]:
    """Cut a tree into so many groups, numbered by their first leaf.

    Args:
        merges: The two nodes joined by each merge, in order of height; node `leaves + i` is the
            i-th merge. Shape (leaves - 1, 2).
        clusters: How many groups to leave.
        leaves: How many leaves the tree has.
    """
    done = leaves - clusters
    parent = np.arange(leaves + done)
    for merge in range(done):
        parent[merges[merge]] = leaves + merge
    # A parent always has a higher number than its children: one sweep from the top finds each root.
    for node in range(leaves + done - 1, -1, -1):
        parent[node] = parent[parent[node]]
    roots = parent[:leaves]
    _, first, inverse = np.unique(roots, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse], dtype=np.int32)


def modularity(labels: NDArray[np.int32], neighbours: Neighbours) -> float:
    """How much more often neighbours share a group than chance would have it.

    Source:
        Newman (2004), Fast algorithm for detecting community structure in networks, on the graph
        of nearest neighbours weighed by similarity.
    """
    weights = _weights(neighbours)
    shares = weights.share / len(labels)
    same = labels[:, None] == labels[weights.index]
    sizes = np.bincount(labels) / len(labels)
    return float((shares * same).sum() - (sizes**2).sum())


def drawn_stages(
    vectors: NDArray[np.float32], neighbours: Neighbours, sharpness: float = SHARPNESS, count: int = NEIGHBOURS
) -> NDArray[np.float32]:
    """Rows after 0, 1, ... `STEPS` steps towards `count` neighbours, shape (steps + 1, n, dimensions)."""
    stages, weights = [vectors], _weights(neighbours, sharpness, count)
    for _ in range(STEPS):
        stages.append(_step(stages[-1], stages[-1], weights))
    return np.stack(stages)


def _step(vectors: NDArray[np.float32], reference: NDArray[np.float32], weights: _Weights) -> NDArray[np.float32]:
    """Move each input half the way to the weighted mean of its neighbours."""
    pull = np.zeros_like(vectors)
    for place in range(weights.share.shape[1]):
        pull += weights.share[:, place, None] * reference[weights.index[:, place]]
    return unit(vectors + unit(pull))


@dataclass(frozen=True, slots=True)
class _Weights:
    """How much each neighbour pulls, shape (n, k); the shares of a row sum to 1."""

    index: NDArray[np.int32]
    share: NDArray[np.float32]


def _weights(neighbours: Neighbours, sharpness: float = SHARPNESS, count: int = NEIGHBOURS) -> _Weights:
    """Powers of the similarities of the nearest few, scaled to sum to 1 in each row."""
    near = neighbours.similarity[:, :count] ** sharpness
    total = near.sum(axis=1, keepdims=True)
    share = np.asarray(near / np.where(total > 0, total, 1), dtype=np.float32)
    return _Weights(neighbours.index[:, : share.shape[1]], share)


def _tree(vectors: NDArray[np.float32]) -> NDArray[np.intp]:
    from scipy.cluster.hierarchy import ward

    return np.asarray(ward(vectors)[:, :2], dtype=np.intp)


def _choose(merges: NDArray[np.intp], neighbours: Neighbours, leaves: int) -> int:
    most = min(_MAX_CLUSTERS, leaves // _SMALLEST_MEAN_SIZE)
    if most < 2:
        return 1
    grid = np.unique(np.geomspace(2, most, 40).round().astype(int))
    scores = np.array([modularity(cut(merges, int(k), leaves), neighbours) for k in grid])
    if scores.max() <= _MODULARITY_SLACK:
        return 1
    return int(grid[scores >= scores.max() - _MODULARITY_SLACK].max())


def _topics(merges: NDArray[np.intp], neighbours: Neighbours, leaves: int, clusters: int) -> int:
    grid = range(1, min(MAX_TOPICS, clusters) + 1)
    return max(grid, key=lambda k: modularity(cut(merges, k, leaves), neighbours))


def _settled(
    vectors: NDArray[np.float32],
    labels: NDArray[np.int32],
    topics: NDArray[np.int32],
    drawn: NDArray[np.float32],
) -> Clustering:
    """Let the cut of the tree settle, and number the groups by size; a cluster's topic is the one that holds it in the tree.

    Source:
        Dhillon, Modha (2001), Concept decompositions for large sparse text data using clustering: spherical k-means.
    """
    topic_of = np.array([topics[np.argmax(labels == cluster)] for cluster in range(labels.max() + 1)])
    centres = _middles(vectors, labels, None)
    for _ in range(_ROUNDS):
        before, labels = labels, np.argmax(vectors @ centres.T, axis=1).astype(np.int32)
        if np.array_equal(before, labels):
            break
        centres = _middles(vectors, labels, centres)
    sizes = np.bincount(labels, minlength=len(centres))
    order = np.lexsort((np.arange(len(sizes)), -sizes))
    order = order[sizes[order] > 0]
    sizes_of_topics = np.bincount(topic_of[labels])
    topic_order = np.lexsort((np.arange(len(sizes_of_topics)), -sizes_of_topics))
    _, dense = np.unique(np.argsort(topic_order)[topic_of[order]], return_inverse=True)
    return Clustering(centres[order], dense.astype(np.int32), drawn)


def _middles(
    vectors: NDArray[np.float32], labels: NDArray[np.int32], before: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    """Unit centre of each group; a group that lost its inputs keeps the one it had."""
    count = len(before) if before is not None else int(labels.max()) + 1
    sums = np.zeros((count, vectors.shape[1]), np.float64)
    np.add.at(sums, labels, vectors)
    found = unit(sums.astype(np.float32))
    empty = np.bincount(labels, minlength=count) == 0
    return found if before is None else np.where(empty[:, None], before, found)
