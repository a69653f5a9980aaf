"""Nearest neighbours by cosine, exactly, in pieces that fit in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from llmci.core.grouping.features import SparseRows

_PIECE = 512


@dataclass(frozen=True, slots=True)
class Neighbours:
    """For each row its nearest rows of the reference, best first.

    Attributes:
        index: Row numbers in the reference, shape (n, k).
        similarity: Cosine in [0, 1]; 0 means that they share nothing. Shape (n, k).
    """

    index: NDArray[np.int32]
    similarity: NDArray[np.float32]


def nearest(
    rows: SparseRows, reference: SparseRows, k: int, *, apart_from: NDArray[np.int32] | None = None
) -> Neighbours:
    """Find the k nearest rows of the reference for each row.

    Args:
        rows: Unit rows, shape (n, features).
        reference: Unit rows, shape (m, features).
        k: Neighbours wanted; fewer are given where the reference is smaller.
        apart_from: For each row the row of the reference that is itself and does not count, or -1;
            shape (n,).
    """
    turned = reference.T if isinstance(reference, np.ndarray) else reference.T.tocsr()
    k = max(0, min(k, reference.shape[0] - (apart_from is not None)))
    index = np.zeros((rows.shape[0], k), np.int32)
    similarity = np.zeros((rows.shape[0], k), np.float32)
    for start in range(0, rows.shape[0], _PIECE):
        stop = min(start + _PIECE, rows.shape[0])
        product = rows[start:stop] @ turned
        near = product if isinstance(product, np.ndarray) else product.toarray()
        if apart_from is not None:
            itself = apart_from[start:stop]
            own = np.flatnonzero(itself >= 0)
            near[own, itself[own]] = -1
        index[start:stop], similarity[start:stop] = _best(near, k)
    return Neighbours(index, np.clip(similarity, 0, 1))


def _best(near: NDArray[np.float32], k: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    if k == 0:
        empty = np.zeros((len(near), 0))
        return empty.astype(np.int32), empty.astype(np.float32)
    found = np.argpartition(-near, k - 1, axis=1)[:, :k]
    values = np.take_along_axis(near, found, axis=1)
    # Ties are broken by row number, so that the same data give the same neighbours.
    order = np.lexsort((found, -values), axis=1)
    return np.take_along_axis(found, order, 1).astype(np.int32), np.take_along_axis(values, order, 1)
