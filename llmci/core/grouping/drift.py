"""How far a window of traffic has moved from an eval set: what the set no longer represents, and whether that is chance."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llmci.core.grouping.features import dense_rows, fit_vectorizer, sparse_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

# More inputs than these on either side cost time and change no decision.
MOST = 600
FEWEST = 20
_PERMUTATIONS = 199
_ALPHA = 0.05
# An input is represented if it is no further from the set than all but this share of the set's own
# cases are from each other.
_FAR = 0.05
_RIDGE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A set against a window of traffic.

    Attributes:
        represented: Share of the window that is as near to the set as the set is to itself, in [0, 1].
        far: Positions of the inputs that are not, furthest first.
        psi: Population stability index over clusters; above 0.25 is commonly called a shift.
        clusters: Share of each cluster in the set and in the window, the largest change first.
        novelty_p: Chance of inputs this far from the set if nothing had changed.
        classifier_auc: How well set and window can be told apart; 0.5 is not at all.
        classifier_p: Chance of an AUC this high if nothing had changed.
        drifted: Whether either chance, corrected for looking twice, is below 5 %.
    """

    represented: float
    far: tuple[int, ...]
    psi: float
    clusters: tuple[tuple[str, float, float], ...]
    novelty_p: float
    classifier_auc: float
    classifier_p: float
    drifted: bool


def drift(
    kept: Sequence[str], fresh: Sequence[str], *, shares: tuple[Mapping[str, float], Mapping[str, float]], seed: int
) -> Drift:
    """Compare the inputs of a set with those of a window.

    Both tests permute who is set and who is window, with everything that is learned from the texts
    learned from both together: under no change they alarm together in at most 5 % of windows.

    Args:
        kept: Inputs of the set, drawn so that they are like production; `FEWEST` to `MOST`.
        fresh: A sample of the inputs of the window; `FEWEST` to `MOST`.
        shares: Share of each cluster in the set and in the window.
        seed: Of the permutations.

    Source:
        Lopez-Paz and Oquab (2017), Revisiting classifier two-sample tests; the classifier is ridge
        regression, whose leave-one-out predictions have a closed form.
    """
    texts = [*kept, *fresh]
    vectorizer = fit_vectorizer(texts, seed=seed)
    rows = sparse_rows(vectorizer, texts)
    is_fresh = np.arange(len(texts)) >= len(kept)
    rng = np.random.default_rng(seed)
    shuffled = np.stack([is_fresh, *(rng.permutation(is_fresh) for _ in range(_PERMUTATIONS))])
    near = (rows @ rows.T).toarray()
    np.fill_diagonal(near, -1)
    distance = _distances(near, is_fresh)
    novelty_p = _p_value(np.array([_novelty(near, labels) for labels in shuffled]))
    aucs = _aucs(dense_rows(vectorizer, rows).astype(np.float64), shuffled)
    classifier_p = _p_value(aucs)
    limit = np.quantile(distance[~is_fresh], 1 - _FAR)
    beyond = distance[is_fresh] > limit
    far = np.flatnonzero(beyond)[np.argsort(-distance[is_fresh][beyond], kind="stable")]
    return Drift(
        represented=float(min(1.0, (1 - beyond.mean()) / (1 - _FAR))),
        far=tuple(int(at) for at in far),
        psi=_psi(*shares),
        clusters=_changes(*shares),
        novelty_p=novelty_p,
        classifier_auc=float(aucs[0]),
        classifier_p=classifier_p,
        drifted=min(novelty_p, classifier_p) <= _ALPHA / 2,
    )


def shares_of(names: Sequence[str], weights: Sequence[float] | None = None) -> dict[str, float]:
    """Share of each name, by weight."""
    counts: Counter[str] = Counter()
    for name, weight in zip(names, weights or [1.0] * len(names), strict=True):
        counts[name] += weight  # type: ignore[assignment]  # a Counter adds floats as well
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items()}


def _distances(near: NDArray[np.float32], is_fresh: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Distance of each input to the nearest other one of the set."""
    return np.asarray(1 - near[:, ~is_fresh].max(axis=1), dtype=np.float32)


def _novelty(near: NDArray[np.float32], is_fresh: NDArray[np.bool_]) -> float:
    distance = _distances(near, is_fresh)
    return float(distance[is_fresh].mean() - distance[~is_fresh].mean())


def _aucs(vectors: NDArray[np.float64], shuffled: NDArray[np.bool_]) -> NDArray[np.float64]:
    """AUC of a linear classifier, each input judged by all others, for every labelling."""
    from scipy.stats import rankdata

    extended = np.hstack([vectors, np.ones((len(vectors), 1))])
    gram = extended.T @ extended + _RIDGE * np.eye(extended.shape[1])
    hat = extended @ np.linalg.solve(gram, extended.T)
    own = np.diag(hat)[:, None]
    labels = 2.0 * shuffled.T - 1
    judged = (hat @ labels - own * labels) / (1 - own)
    ranks = rankdata(judged, axis=0)
    fresh = shuffled.T.sum(axis=0)
    wins = (ranks * shuffled.T).sum(axis=0) - fresh * (fresh + 1) / 2
    return np.asarray(wins / (fresh * (len(vectors) - fresh)))


def _p_value(statistics: NDArray[np.float64]) -> float:
    """Share of all labellings that are at least as extreme as the true one, which comes first."""
    return float((statistics >= statistics[0] - 1e-12).mean())


def _psi(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """Population stability index, with half a percent in place of nothing."""
    least = 0.005
    pairs = [(max(before.get(n, 0.0), least), max(after.get(n, 0.0), least)) for n in before.keys() | after.keys()]
    return float(sum((b - a) * np.log(b / a) for a, b in pairs))


def _changes(before: Mapping[str, float], after: Mapping[str, float]) -> tuple[tuple[str, float, float], ...]:
    pairs = [(name, before.get(name, 0.0), after.get(name, 0.0)) for name in before.keys() | after.keys()]
    return tuple(sorted(pairs, key=lambda pair: (-abs(pair[2] - pair[1]), pair[0])))
