from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.multitest import multipletests

from llmci.core.stats.multiplicity import benjamini_hochberg, e_bh, holm

p_values = arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1))


def test_holm_gives_the_reference_values() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(p_values)
def test_holm_is_that_of_statsmodels(p: np.ndarray) -> None:
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


@given(p_values)
def test_benjamini_hochberg_is_that_of_statsmodels(p: np.ndarray) -> None:
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1])


def test_no_question_needs_no_adjustment() -> None:
    assert holm(np.array([])).size == 0
    assert benjamini_hochberg(np.array([])).size == 0


def test_e_values_are_rejected_where_enough_of_them_are_large() -> None:
    # At rate .1 and 4 questions: one needs 40, two need 20 each, three need 13.4 each.
    assert list(e_bh(np.array([1.0, 25.0, 0.0, 21.0]), 0.1)) == [False, True, False, True]
    assert not e_bh(np.array([1.0, 25.0, 0.0, 19.0]), 0.1).any()


@given(arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1e6)))
def test_e_bh_is_benjamini_hochberg_on_the_inverses(e: np.ndarray) -> None:
    # One is defined as the other on 1/e; ties at the edge of a float apart.
    inverse = benjamini_hochberg(np.minimum(1 / np.maximum(e, 1e-300), 1e300))
    clear = np.abs(inverse - 0.1) > 1e-9

    assert np.all((e_bh(e, 0.1) == (inverse <= 0.1))[clear])
