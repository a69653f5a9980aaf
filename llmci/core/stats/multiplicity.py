"""Many questions, one error rate: Holm for what can fail a run, false discovery rates for what only warns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from llmci.core.stats.arrays import FloatArray


def holm(evidence: FloatArray) -> FloatArray:
    """Adjust p-values so that the chance of any false rejection keeps the rate of one.

    Holds under any dependence between the questions.

    Args:
        evidence: One p-value per question, shape (k,).

    Source:
        Holm (1979), A simple sequentially rejective multiple test procedure.

    Example:
        >>> holm(np.array([0.01, 0.04, 0.03, 0.005]))
        array([0.03, 0.06, 0.06, 0.02])
    """
    count = len(evidence)
    order = np.argsort(evidence, kind="stable")
    stepped = np.maximum.accumulate(evidence[order] * (count - np.arange(count)))
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted


def benjamini_hochberg(evidence: FloatArray) -> FloatArray:
    """Adjust p-values so that rejections below a rate are false at most at that rate on average.

    For questions that are independent or positively dependent, such as the slices of one label.

    Args:
        evidence: One p-value per question, shape (k,).

    Source:
        Benjamini & Hochberg (1995); Benjamini & Yekutieli (2001) for the positive dependence.
    """
    count = len(evidence)
    order = np.argsort(evidence, kind="stable")
    scaled = evidence[order] * count / np.arange(1, count + 1)
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1)
    return adjusted
