import numpy as np
import pytest
from scipy import sparse

from llmci.core.grouping.neighbours import nearest, reference_of
from llmci.core.grouping.threads import one_thread


def rows(count: int, seed: int) -> sparse.csr_matrix:
    """Unit rows in which a few of 400 features are in nearly all, as words like "the" are."""
    rng = np.random.default_rng(seed)
    often = np.where(np.arange(400) < 20, 0.8, 0.02)
    values = rng.random((count, 400)).astype(np.float32) * (rng.random((count, 400)) < often)
    return sparse.csr_matrix(values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("dense", [False, True])
def test_finds_the_nearest_by_cosine(dense: bool) -> None:
    asked, known = rows(700, 1), rows(300, 2)
    if dense:
        asked, known = asked.toarray(), known.toarray()
    found = nearest(asked, reference_of(known), 5)
    cosine = np.asarray((asked @ known.T) if dense else (asked @ known.T).toarray())
    assert np.allclose(found.similarity, -np.sort(-cosine, axis=1)[:, :5], atol=1e-5)
    assert np.allclose(np.take_along_axis(cosine, found.index, 1), found.similarity, atol=1e-5)


def test_a_row_is_not_its_own_neighbour() -> None:
    known = rows(50, 3)
    found = nearest(known, reference_of(known), 49, apart_from=np.arange(50, dtype=np.int32))
    assert all(row not in found.index[row] for row in range(50))


def test_rows_of_the_same_writer_come_last_and_are_near_to_nothing() -> None:
    known, writers = rows(60, 3), np.arange(60) // 3
    found = nearest(known, reference_of(known), 59, apart_from=np.arange(60, dtype=np.int32), together=[writers])
    assert np.array_equal(np.sort(writers[found.index[:, -2:]], axis=1), np.stack([writers, writers], axis=1))
    assert not found.similarity[:, -2:].any()


def test_what_a_row_finds_does_not_hang_on_the_rows_around_it() -> None:
    asked, known = rows(600, 4), reference_of(rows(300, 5))
    with one_thread():
        together, alone = nearest(asked, known, 7), nearest(asked[590:593], known, 7)
    assert np.array_equal(together.index[590:593], alone.index)
    assert np.array_equal(together.similarity[590:593], alone.similarity)


def test_rows_that_share_nothing_are_at_no_similarity() -> None:
    known = sparse.csr_matrix(np.eye(3, 6, dtype=np.float32))
    asked = sparse.csr_matrix(np.eye(6, dtype=np.float32)[3:])
    assert not nearest(asked, reference_of(known), 2).similarity.any()


def test_an_empty_reference_has_no_neighbours() -> None:
    nothing = sparse.csr_matrix((0, 4), dtype=np.float32)
    assert nearest(rows(1, 1)[:, :4], reference_of(nothing), 3).index.shape == (1, 0)
