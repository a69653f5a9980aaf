"""Whether a window of inputs is like the traffic before it: permutation tests on one graph of neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from llmci.core.grouping.neighbours import Neighbours

PERMUTATIONS = 199
# Neighbours of which a test looks at the nearest few from one side.
REACH = 24
NEAREST_KEPT = 3
POCKET = 5
_RIDGE = 10.0
# The share of fresh neighbours is cubed, so that a few inputs that only fresh ones are near weigh
# more than many that have one fresh neighbour more than by chance; the rank of the distance is
# raised to a power for the same reason. Both chosen on half of the intents of two public sets
# (benchmarks/drift.py measures on the others).
_POCKET_POWER = 3
_DISTANCE_POWER = 4


@dataclass(frozen=True, slots=True)
class Chances:
    """How often chance alone does as much.

    Attributes:
        novelty: Of inputs this far from what was kept, and this close to each other.
        classifier: Of an AUC this high.
        auc: How well a linear classifier tells both sides apart; 0.5 is not at all.
    """

    novelty: float
    classifier: float
    auc: float


def relabelled(is_fresh: NDArray[np.bool_], writers: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.bool_]:
    """The true sides first, then permuted ones, shape (1 + permutations, n).

    What one writer wrote on one side changes sides together: people ask about few things each, so that even without a
    change a window holds pockets of inputs that nothing before it is near. Someone who wrote on both sides counts twice,
    which makes the sides more alike than chance does, so that such windows alarm less often, not more.

    Args:
        is_fresh: Which side each input is on, shape (n,).
        writers: Who wrote each, shape (n,).
        rng: Of the permutations.
    """
    _, first, of_block = np.unique(2 * writers + is_fresh, return_index=True, return_inverse=True)
    sides = is_fresh[first]
    return np.stack([is_fresh, *(rng.permutation(sides)[of_block] for _ in range(PERMUTATIONS))])


def chances(
    near: Neighbours,
    others: Neighbours,
    drawn: Neighbours,
    vectors: NDArray[np.float64],
    sides: NDArray[np.bool_],
) -> Chances:
    """Test with two statistics.

    Novelty adds up two standardised sums over the fresh inputs: how high the distance to the
    nearest kept inputs ranks, and how many of the nearest inputs are fresh. What is new is far
    from the old and forms pockets of its own; either alone misses half of it. Both are taken in two
    spaces: by the characters and words themselves, and by where inputs are drawn to by their neighbours,
    in which few inputs of one intent that share no words with each other are near.

    How far an input is from what was kept is told by other wordings than its own: a window that repeats some kept inputs
    word for word would be nearer to them than they are to each other, whatever else is in it. A new input that many
    send word for word is a pocket all the same.

    Args:
        near: The nearest `REACH` other inputs of each, of both sides.
        others: The same without inputs of the same words.
        drawn: The same as `others` after all were drawn towards their neighbours.
        vectors: Dense rows for the classifier, shape (n, dimensions).
        sides: See `relabelled`.

    Source:
        Schilling (1986), Multivariate two-sample tests based on nearest neighbors; Lopez-Paz and
        Oquab (2017), Revisiting classifier two-sample tests. The classifier is ridge regression,
        whose leave-one-out predictions have a closed form.
    """
    novelty = np.zeros(len(sides))
    for around, space in ((near, others), (drawn, drawn)):
        far = np.array([_farness(space, fresh) for fresh in sides])
        pockets = np.array([_pockets(around, fresh) for fresh in sides])
        novelty += _standard(far) + _standard(pockets)
    aucs = _aucs(vectors, sides)
    return Chances(_p_value(novelty), _p_value(aucs), float(aucs[0]))


def distances(near: Neighbours, among: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean distance of each input to its nearest few of one side; one that is out of reach is at 1."""
    member = among[near.index]
    taken = member & (np.cumsum(member, axis=1) <= NEAREST_KEPT)
    return np.asarray(1 - (near.similarity * taken).sum(axis=1) / NEAREST_KEPT, dtype=np.float64)


def fresh_share(near: Neighbours, fresh: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of the nearest few of each input that are fresh."""
    return np.asarray(fresh[near.index[:, :POCKET]].mean(axis=1), dtype=np.float64)


def _farness(near: Neighbours, fresh: NDArray[np.bool_]) -> float:
    from scipy.stats import rankdata

    ranks = (rankdata(distances(near, ~fresh)) / (len(fresh) + 1)) ** _DISTANCE_POWER
    return float(ranks[fresh].mean() - ranks[~fresh].mean())


def _pockets(near: Neighbours, fresh: NDArray[np.bool_]) -> float:
    """How much more often than by chance a fresh input has fresh neighbours; labellings differ in how many are fresh."""
    from scipy.stats import binom

    among = np.arange(POCKET + 1)
    by_chance = binom.pmf(among, POCKET, fresh.mean()) @ (among / POCKET) ** _POCKET_POWER
    return float((fresh_share(near, fresh)[fresh] ** _POCKET_POWER).mean() / by_chance)


def _aucs(vectors: NDArray[np.float64], sides: NDArray[np.bool_]) -> NDArray[np.float64]:
    """AUC of a linear classifier, each input judged by all others, for every labelling."""
    from scipy.stats import rankdata

    extended = np.hstack([vectors, np.ones((len(vectors), 1))])
    gram = extended.T @ extended + _RIDGE * np.eye(extended.shape[1])
    solved = np.linalg.solve(gram, extended.T)
    labels = 2.0 * sides.T - 1
    own = np.einsum("nd,dn->n", extended, solved)[:, None]
    judged = (extended @ (solved @ labels) - own * labels) / (1 - own)
    ranks = rankdata(judged, axis=0)
    fresh = sides.T.sum(axis=0)
    wins = (ranks * sides.T).sum(axis=0) - fresh * (fresh + 1) / 2
    return np.asarray(wins / (fresh * (len(vectors) - fresh)))


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((values - values.mean()) / (values.std() or 1.0))


def _p_value(statistics: NDArray[np.float64]) -> float:
    """Share of all labellings that are at least as extreme as the true one, which comes first."""
    return float((statistics >= statistics[0] - 1e-12).mean())
