from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.multitest import multipletests

from llmci.core.stats.multiplicity import benjamini_hochberg, holm

p_values = arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1))


def test_holm_gives_the_reference_values() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(p_values)
def test_holm_is_that_of_statsmodels(p: np.ndarray) -> None:
    # It collects garbage at every call, which takes long where much else is loaded.
    with mock.patch("gc.collect"):
        theirs = multipletests(p, method="holm")[1]
    assert holm(p) == pytest.approx(theirs)


@given(p_values)
def test_benjamini_hochberg_is_that_of_statsmodels(p: np.ndarray) -> None:
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1])


def test_no_question_needs_no_adjustment() -> None:
    assert holm(np.array([])).size == 0
    assert benjamini_hochberg(np.array([])).size == 0
