"""Inputs to vectors without a model: hashed n-grams of characters and words, weighed by rarity, then SVD.

Character n-grams within word boundaries work in any script and forgive typing errors;
words add what people would call the topic. Hashing keeps no vocabulary, so a stored
vectorizer holds nobody's words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from llmci.core.grouping.chargrams import character_counts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Embed = Callable[[Sequence[str]], NDArray[np.float32]]

# Rows are scipy.sparse.csr_matrix of float32; scipy carries no types.
SparseRows = Any

DIMENSIONS = 128
_BITS = 18
_BUCKETS = 2**_BITS
# How characters are hashed; groups that were fitted with scikit-learn's hashes (1) go on with those.
HASHING = 2
# Words count for less than their characters do: so measured, for groups and for novelty.
_WORD_WEIGHT = 0.7
# Only so many of the heaviest terms of an input take part: the cost of comparing long inputs is
# then bounded, and short ones never reach it.
_MAX_TERMS = 192
_FEW_TEXTS = 20


@dataclass(frozen=True, slots=True)
class Vectorizer:
    """What was learned from a sample of inputs.

    Attributes:
        rarity: Inverse document frequency of each hash bucket; the first half are of characters,
            the second of words. Shape (buckets,).
        columns: Buckets that more than one input shares, ascending. Shape (features,).
        components: Directions of the SVD, shape (dimensions, features).
        hashing: See `HASHING`.
    """

    rarity: NDArray[np.float32]
    columns: NDArray[np.int64]
    components: NDArray[np.float32]
    hashing: int = HASHING


def fit_vectorizer(texts: Sequence[str], *, seed: int) -> Vectorizer:
    """Learn which n-grams matter, and the directions in which the texts differ most.

    Args:
        texts: Distinct inputs; may be empty.
        seed: Of the randomized SVD.
    """
    counts = _counts(texts, HASHING)
    seen = np.bincount(counts.indices, minlength=2 * _BUCKETS)
    rarity = (np.log((1 + len(texts)) / (1 + seen)) + 1).astype(np.float32)
    columns = np.flatnonzero(seen >= (1 if len(texts) < _FEW_TEXTS else 2)).astype(np.int64)
    blank = Vectorizer(rarity, columns, np.zeros((0, len(columns)), np.float32))
    return Vectorizer(rarity, columns, _directions(_weighed(blank, counts), seed=seed))


def sparse_rows(vectorizer: Vectorizer, texts: Sequence[str]) -> SparseRows:
    """Rows over the vectorizer's features, shape (len(texts), features).

    A row has length 1 less what only it holds: an input full of n-grams that nobody else used is
    far from all others. A text without features is zero.
    """
    return _weighed(vectorizer, _counts(texts, vectorizer.hashing))


def dense_rows(vectorizer: Vectorizer, rows: SparseRows) -> NDArray[np.float32]:
    """Unit rows along the SVD's directions, shape (rows, dimensions)."""
    return unit(np.asarray(rows @ vectorizer.components.T, dtype=np.float32))


def vectors_by(
    vectorizer: Vectorizer | None, embed: Embed | None, texts: Sequence[str]
) -> tuple[SparseRows, NDArray[np.float32]]:
    """Unit rows that neighbours are found among, and dense ones; of an embedding model both are the same.

    Raises:
        ValueError: There is neither a model nor what was learned from n-grams.
    """
    if embed is not None:
        dense = unit(np.asarray(embed(texts), dtype=np.float32))
        return dense, dense
    if vectorizer is None:
        raise ValueError("a grouping of embeddings needs the embedder that made it")
    rows = sparse_rows(vectorizer, texts)
    return rows, dense_rows(vectorizer, rows)


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale rows to length 1; a zero row stays zero."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(length > 0, length, 1), dtype=np.float32)


def _counts(texts: Sequence[str], hashing: int) -> SparseRows:
    from scipy import sparse
    from sklearn.feature_extraction.text import HashingVectorizer

    if not texts:
        return sparse.csr_matrix((0, 2 * _BUCKETS), dtype=np.float32)
    plain: dict[str, Any] = {"n_features": _BUCKETS, "norm": None, "alternate_sign": False, "dtype": np.float32}
    if hashing == HASHING:
        characters = character_counts(texts, bits=_BITS)
    else:
        characters = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), **plain).transform(texts)
    words = HashingVectorizer(analyzer="word", **plain).transform(texts)
    return sparse.hstack([characters, words]).tocsr()


def _weighed(vectorizer: Vectorizer, counts: SparseRows) -> SparseRows:
    """Sublinear TF-IDF; characters and words are scaled apart, so that both have a say."""
    rows = counts.copy()
    rows.data = (1 + np.log(rows.data)) * vectorizer.rarity[rows.indices]
    of_row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    of_word = rows.indices >= _BUCKETS
    whole = 1 + _WORD_WEIGHT**2
    for chosen, share in ((~of_word, 1 / whole), (of_word, _WORD_WEIGHT**2 / whole)):
        squares = np.bincount(of_row[chosen], rows.data[chosen] ** 2, minlength=rows.shape[0])
        rows.data[chosen] *= np.sqrt(share / squares[of_row[chosen]])
    # A text without words, such as emoji, is all characters.
    rows.data /= np.sqrt(np.bincount(of_row, rows.data**2, minlength=rows.shape[0]))[of_row]
    return _heaviest(rows[:, vectorizer.columns].tocsr()).astype(np.float32)


def _heaviest(rows: SparseRows) -> SparseRows:
    """Keep the heaviest terms of each row."""
    long = np.flatnonzero(np.diff(rows.indptr) > _MAX_TERMS)
    for row in long:
        weights = rows.data[rows.indptr[row] : rows.indptr[row + 1]]
        weights[np.argsort(-weights, kind="stable")[_MAX_TERMS:]] = 0
    if len(long):
        rows.eliminate_zeros()
    return rows


def _directions(rows: SparseRows, *, seed: int) -> NDArray[np.float32]:
    from sklearn.decomposition import TruncatedSVD

    dimensions = min(DIMENSIONS, min(rows.shape) - 1)
    if dimensions < 1:
        # Nothing differs: one direction, in which everything lies.
        return np.ones((1, rows.shape[1]), np.float32)
    # Inputs that are all alike have no variance to explain, which is no fault.
    with np.errstate(divide="ignore", invalid="ignore"):
        svd = TruncatedSVD(dimensions, random_state=seed).fit(rows)
    return np.asarray(svd.components_, dtype=np.float32)
