"""Embedding models in this process, with stand-ins for the libraries that run them."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from llmci.adapters.embedders.onnx import OnnxEmbedder, OnnxEmbedderOptions
from llmci.adapters.embedders.sentence_transformers import SentenceTransformersEmbedder, SentenceTransformersOptions
from llmci.errors import UsageError
from llmci.seams import Context

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class FakeTokenizer:
    """A token a word: its length."""

    def __init__(self) -> None:
        self._most = 0

    @classmethod
    def from_file(cls, path: str) -> FakeTokenizer:
        if "broken" in path:
            raise ValueError(path)
        return cls()

    def enable_truncation(self, most: int) -> None:
        self._most = most

    def enable_padding(self) -> None:
        """Always on."""

    def encode_batch(self, texts: Sequence[str]) -> list[Any]:
        words = [[len(word) for word in text.split()][: self._most] for text in texts]
        longest = max(map(len, words))
        return [
            SimpleNamespace(
                ids=found + [0] * (longest - len(found)),
                attention_mask=[1] * len(found) + [0] * (longest - len(found)),
                type_ids=[0] * longest,
            )
            for found in words
        ]


class FakeSession:
    """The vector of a token is (its number, 1)."""

    batches: list[int]

    def __init__(self, path: str, settings: Any, providers: list[str]) -> None:
        self.pooled = "pooled" in path
        FakeSession.batches = []

    def get_inputs(self) -> list[Any]:
        return [SimpleNamespace(name="input_ids"), SimpleNamespace(name="attention_mask")]

    def run(self, _: None, given: dict[str, np.ndarray]) -> list[np.ndarray]:
        FakeSession.batches.append(len(given["input_ids"]))
        ids = given["input_ids"].astype(np.float32)
        tokens = np.stack([ids, np.ones_like(ids)], axis=2)
        return [tokens[:, 0] if self.pooled else tokens]


@pytest.fixture(autouse=True)
def _libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime, tokenizers, sentences = (ModuleType(name) for name in ("onnxruntime", "tokenizers", "sentence"))
    runtime.__dict__.update(InferenceSession=FakeSession, SessionOptions=SimpleNamespace)
    tokenizers.__dict__.update(Tokenizer=FakeTokenizer)

    class SentenceTransformer:
        def __init__(self, name: str, device: str | None, *, local_files_only: bool) -> None:
            if local_files_only and "/" not in name:
                raise OSError(device)

        def encode(self, texts: list[str], **_: object) -> np.ndarray:
            return np.array([[len(text), 1.0] for text in texts])

    sentences.__dict__.update(SentenceTransformer=SentenceTransformer)
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
    monkeypatch.setitem(sys.modules, "tokenizers", tokenizers)
    monkeypatch.setitem(sys.modules, "sentence_transformers", sentences)


def context(root: Path) -> Context:
    return Context(name="mine", root=root, state=root, environ={}, shelf=None)  # type: ignore[arg-type]  not used


def a_model(root: Path, model: str = "model.onnx", tokenizer: str = "tokenizer.json") -> None:
    for name, content in ((model, b"weights"), (tokenizer, b"{}")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def onnx(root: Path, **options: Any) -> OnnxEmbedder:
    return OnnxEmbedder(OnnxEmbedderOptions(**({"model": "."} | options)), context(root))


def test_the_vector_of_a_text_is_the_mean_of_its_tokens_and_padding_counts_for_nothing(tmp_path: Path) -> None:
    a_model(tmp_path)

    found = onnx(tmp_path, batch=2).embed(["a bbb", "dddd", "a"])

    assert found.tolist() == [[2, 1], [4, 1], [1, 1]]
    assert FakeSession.batches == [2, 1]
    assert onnx(tmp_path).embed([]).shape == (0, 0)


def test_the_first_token_a_pooled_output_a_prefix_and_a_limit_are_heeded(tmp_path: Path) -> None:
    a_model(tmp_path)
    a_model(tmp_path, "pooled.onnx")

    assert onnx(tmp_path, pooling="cls").embed(["a bbb"]).tolist() == [[1, 1]]
    assert onnx(tmp_path, model="pooled.onnx").embed(["a bbb"]).tolist() == [[1, 1]]
    assert onnx(tmp_path, pooling="cls", prefix="query: ").embed(["a"]).tolist() == [[6, 1]]
    assert onnx(tmp_path, max_tokens=8).embed(["a " * 8 + "b" * 90]).tolist() == [[1, 1]]


def test_a_model_in_its_exporters_folder_is_found(tmp_path: Path) -> None:
    a_model(tmp_path, "onnx/model.onnx")

    assert onnx(tmp_path).embed(["a"]).shape == (1, 2)


def test_what_is_missing_or_broken_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no model\.onnx"):
        onnx(tmp_path)
    with pytest.raises(UsageError, match="no model at"):
        onnx(tmp_path, model="gone.onnx")
    (tmp_path / "model.onnx").write_bytes(b"weights")
    with pytest.raises(UsageError, match=r"no tokenizer\.json beside"):
        onnx(tmp_path)
    (tmp_path / "broken.json").write_bytes(b"{}")
    with pytest.raises(UsageError, match="cannot be loaded: ValueError"):
        onnx(tmp_path, tokenizer="broken.json").embed(["a"])


def test_vectors_belong_to_the_content_of_the_model_and_not_to_its_name(tmp_path: Path) -> None:
    a_model(tmp_path)
    before = onnx(tmp_path).identity

    assert onnx(tmp_path, batch=7).identity == before
    assert onnx(tmp_path, pooling="cls").identity != before
    (tmp_path / "model.onnx").write_bytes(b"others!")
    assert onnx(tmp_path).identity != before


def test_a_library_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_model(tmp_path)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    with pytest.raises(UsageError, match="onnxruntime, which is not installed") as failed:
        onnx(tmp_path).embed(["a"])
    assert failed.value.fix == "Install it: pip install 'llmci-loop[onnx]'."


def test_sentence_transformers_loads_a_folder_and_fetches_nothing_unasked(tmp_path: Path) -> None:
    a_model(tmp_path / "minilm", "model.safetensors")

    def embedder(**options: Any) -> SentenceTransformersEmbedder:
        return SentenceTransformersEmbedder(SentenceTransformersOptions(**options), context(tmp_path))

    assert embedder(model="minilm").embed(["abc"]).tolist() == [[3, 1]]
    assert embedder(model="minilm", prompt="q: ").embed(["abc"]).tolist() == [[6, 1]]
    assert embedder(model="minilm").identity != embedder(model="other").identity
    with pytest.raises(UsageError, match="other cannot be loaded: OSError"):
        embedder(model="other").embed(["abc"])
    assert embedder(model="other", download=True).embed(["abc"]).shape == (1, 2)
