"""Vectors are paid for once, and what came before a fault is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from llmci.adapters.stores.embeddings import KeptEmbeddings
from llmci.errors import OutsideError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Model:
    """Counts what it is asked, and fails where it is told to."""

    def __init__(self, dimensions: int = 2, fails_after: int | None = None) -> None:
        self.asked: list[str] = []
        self._dimensions, self._fails_after = dimensions, fails_after

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        if self._fails_after is not None and len(self.asked) >= self._fails_after:
            raise OutsideError("down.", fix="Wait.")
        self.asked += texts
        return np.array([[len(text)] * self._dimensions for text in texts], np.float32)


def test_vectors_come_in_the_order_of_the_texts_and_once(tmp_path: Path) -> None:
    model = Model()
    kept = KeptEmbeddings(model.embed, "m", tmp_path / "v.sqlite")

    first = kept.embed(["aa", "b", "aa"])
    second = KeptEmbeddings(model.embed, "m", tmp_path / "v.sqlite").embed(["b", "ccc", "aa"])

    assert first.tolist() == [[2, 2], [1, 1], [2, 2]]
    assert second.tolist() == [[1, 1], [3, 3], [2, 2]]
    assert sorted(model.asked) == ["aa", "b", "ccc"]


def test_what_came_before_a_fault_is_kept(tmp_path: Path) -> None:
    texts = [f"text {number}" for number in range(2_000)]
    with pytest.raises(OutsideError):
        KeptEmbeddings(Model(fails_after=1).embed, "m", tmp_path / "v.sqlite").embed(texts)

    model = Model()
    KeptEmbeddings(model.embed, "m", tmp_path / "v.sqlite").embed(texts)

    assert len(model.asked) == 2_000 - 1_024


def test_two_models_share_no_vector(tmp_path: Path) -> None:
    KeptEmbeddings(Model().embed, "one", tmp_path / "v.sqlite").embed(["a"])
    model = Model(3)

    assert KeptEmbeddings(model.embed, "two", tmp_path / "v.sqlite").embed(["a"]).shape == (1, 3)
    assert model.asked == ["a"]


def test_a_model_that_was_changed_under_its_name_is_refused(tmp_path: Path) -> None:
    KeptEmbeddings(Model(2).embed, "m", tmp_path / "v.sqlite").embed(["a"])

    with pytest.raises(UsageError, match="differ in length"):
        KeptEmbeddings(Model(3).embed, "m", tmp_path / "v.sqlite").embed(["a", "b"])


def test_no_texts_are_no_rows(tmp_path: Path) -> None:
    assert len(KeptEmbeddings(Model().embed, "m", tmp_path / "v.sqlite").embed([])) == 0
