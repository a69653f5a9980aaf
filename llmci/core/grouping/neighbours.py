"""Nearest neighbours by cosine, exactly, in pieces that fit in memory.

Few features are in most texts, and most of the work of comparing sparse rows is in those few. They are compared densely,
which takes a hundredth of the time for each product, and the many rare ones sparsely.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from llmci.core.grouping.features import SparseRows

_PIECE = 512
# A feature in more than this share of the rows is compared densely: about where both ways take equally long.
_COMMON = 1 / 12


@dataclass(frozen=True, slots=True)
class Neighbours:
    """For each row its nearest rows of the reference, best first.

    Attributes:
        index: Row numbers in the reference, shape (n, k).
        similarity: Cosine in [0, 1]; 0 means that they share nothing. Shape (n, k).
    """

    index: NDArray[np.int32]
    similarity: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reference:
    """Rows that others are compared with, made ready once; see `reference_of`.

    Attributes:
        rows: How many there are.
        column_of: Where each feature stands in `common`, -1 for a rare one; shape (features,). None where rows are dense.
        common: Less the weights of common features, shape (common features, rows).
        rare: Less the weights of all others, as scipy's sparse rows, shape (features, rows). None where rows are dense.
    """

    rows: int
    column_of: NDArray[np.int32] | None
    common: NDArray[np.float32]
    rare: Any


def reference_of(rows: SparseRows) -> Reference:
    """Make rows ready to be compared with.

    Args:
        rows: Unit rows, dense or sparse, shape (n, features).
    """
    if isinstance(rows, np.ndarray):
        return Reference(len(rows), None, np.ascontiguousarray(-rows.T), None)
    seen = np.bincount(rows.indices, minlength=rows.shape[1])
    common = np.flatnonzero(seen > _COMMON * rows.shape[0])
    column_of = np.full(rows.shape[1], -1, np.int32)
    column_of[common] = np.arange(len(common), dtype=np.int32)
    dense, rare = _parted(rows, column_of)
    return Reference(rows.shape[0], column_of, np.ascontiguousarray(-dense.T), -rare.T.tocsr())


def nearest(
    rows: SparseRows,
    reference: Reference,
    k: int,
    *,
    apart_from: NDArray[np.int32] | None = None,
    together: Sequence[NDArray[np.intp]] = (),
) -> Neighbours:
    """Find the k nearest rows of the reference for each row.

    What is found for a row does not hang on the rows that it comes with.

    Args:
        rows: Unit rows, shape (n, features).
        reference: What they are compared with.
        k: Neighbours wanted; fewer are given where the reference is smaller.
        apart_from: For each row the row of the reference that is itself and does not count, or -1;
            shape (n,).
        together: Where the rows are the reference: what each belongs to, such as its writer, each of shape (n,). Other
            rows of the same come after all others, with similarity 0.
    """
    k = max(0, min(k, reference.rows - (apart_from is not None)))
    index = np.zeros((rows.shape[0], k), np.int32)
    similarity = np.zeros((rows.shape[0], k), np.float32)
    for start in range(0, rows.shape[0] if k else 0, _PIECE):
        stop = min(start + _PIECE, rows.shape[0])
        far = _distances(rows[start:stop], reference)
        if apart_from is not None:
            itself = apart_from[start:stop]
            own = np.flatnonzero(itself >= 0)
            far[own, itself[own]] = 1
        for group in together:
            far[group[start:stop, None] == group] = 1
        index[start:stop], similarity[start:stop] = _best(far, k)
    return Neighbours(index, np.clip(similarity, 0, 1))


def _distances(rows: SparseRows, reference: Reference) -> NDArray[np.float32]:
    """Less the cosine of each row with each of the reference, shape (n, rows)."""
    dense, rare = (rows, None) if reference.column_of is None else _parted(rows, reference.column_of)
    # Always as many rows: libraries of linear algebra add up in another order for another shape.
    whole = np.zeros((_PIECE, dense.shape[1]), np.float32)
    whole[: len(dense)] = dense
    far: NDArray[np.float32] = (whole @ reference.common)[: len(dense)]
    if rare is not None:
        far += (rare @ reference.rare).toarray()
    return far


def _parted(rows: SparseRows, column_of: NDArray[np.int32]) -> tuple[NDArray[np.float32], SparseRows]:
    """The common features as dense rows, and the rare ones as sparse rows."""
    from scipy import sparse

    of_row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    column = column_of[rows.indices]
    is_common = column >= 0
    dense = np.zeros((rows.shape[0], int(column_of.max(initial=-1)) + 1), np.float32)
    dense[of_row[is_common], column[is_common]] = rows.data[is_common]
    ends = np.concatenate([[0], np.cumsum(~is_common)])[rows.indptr]
    parts = (rows.data[~is_common], rows.indices[~is_common], ends.astype(rows.indptr.dtype))
    return dense, sparse.csr_matrix(parts, shape=rows.shape)


def _best(far: NDArray[np.float32], k: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    found = np.argpartition(far, k - 1, axis=1)[:, :k]
    values = np.take_along_axis(far, found, axis=1)
    # Ties are broken by row number, so that the same data give the same neighbours.
    order = np.lexsort((found, values), axis=1)
    return np.take_along_axis(found, order, 1).astype(np.int32), -np.take_along_axis(values, order, 1)
