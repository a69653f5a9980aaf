"""N-grams of characters are counted as scikit-learn's `char_wb` counts them, only faster."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from llmci.core.grouping.chargrams import character_counts
from llmci.core.grouping.features import Vectorizer, fit_vectorizer, sparse_rows

TEXTS = [
    "How do I change  a\torder\nnumber 4711?",
    "I",
    "a b",
    "É x\u00a0ÉÉ",
    "日本語の テキスト😀 ok",
    "to be or not to be",
    "\ud800 lone",
    "",
]


@pytest.mark.parametrize("text", TEXTS)
def test_every_gram_is_counted_as_often_as_it_occurs(text: str) -> None:
    expected = CountVectorizer(analyzer="char_wb", ngram_range=(3, 5)).fit(["abc", text]).transform([text])

    found = character_counts([text], bits=30)

    assert sorted(found.data) == sorted(expected.data)


def test_texts_do_not_reach_into_each_other() -> None:
    together = character_counts(TEXTS, bits=18)

    for row, text in enumerate(TEXTS):
        assert (together[row] != character_counts([text], bits=18)).nnz == 0


def test_no_texts_are_no_rows() -> None:
    assert character_counts([], bits=18).shape == (0, 2**18)


def test_groups_of_an_earlier_llmci_go_on_with_their_own_hashes() -> None:
    texts = [f"where is my order {word}" for word in ("please", "now", "today")]
    fitted = fit_vectorizer(texts, seed=1)
    old = Vectorizer(np.ones_like(fitted.rarity), np.arange(2**19), fitted.components, hashing=1)

    rows = sparse_rows(old, texts)

    assert rows.shape == (3, 2**19)
    assert rows.sum() > 0
