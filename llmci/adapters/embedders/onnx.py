"""An embedding model as an ONNX file on this machine, with its tokenizer; nothing is downloaded and no text leaves."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from llmci import seams
from llmci.adapters.embedders.local import digest_of_files, library, path_of
from llmci.errors import OutsideError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Where exporters leave the model in its folder.
_MODEL_FILES = ("model.onnx", "onnx/model.onnx")


class OnnxEmbedderOptions(seams.Options):
    """Which model, and how its vectors are made.

    Attributes:
        model: Its file, or a folder that holds `model.onnx` or `onnx/model.onnx`; relative to llmci.yaml.
        tokenizer: Its `tokenizer.json`; by default the one beside the model or one folder up.
        pooling: How the vectors of tokens become one: their `mean`, or the first (`cls`). Models whose output is one vector a text need none.
        prefix: Put before every text, for models that want one, such as "query: ".
        max_tokens: Longer texts are cut off.
        batch: Texts that are worked on at once.
        threads: Of this process; 0 leaves it to onnxruntime.
    """

    model: str
    tokenizer: str | None = None
    pooling: Literal["mean", "cls"] = "mean"
    prefix: str = ""
    max_tokens: int = Field(default=256, ge=8)
    batch: int = Field(default=32, ge=1)
    threads: int = Field(default=0, ge=0)


class OnnxEmbedder:
    """See `llmci.seams.Embedder`."""

    Options = OnnxEmbedderOptions

    def __init__(self, options: OnnxEmbedderOptions, context: seams.Context) -> None:
        self._options, self._context = options, context
        given = path_of(options.model, context, "model")
        files = [given] if given.is_file() else [given / name for name in _MODEL_FILES if (given / name).is_file()]
        if not files:
            raise UsageError(
                f"embedders.{context.name}: {given} holds no {' and no '.join(_MODEL_FILES)}.",
                fix="Name the .onnx file, or export the model to ONNX.",
            )
        self._model, self._tokenizer = files[0], self._tokenizer_of(files[0])

    def _tokenizer_of(self, model: Path) -> Path:
        if self._options.tokenizer is not None:
            return path_of(self._options.tokenizer, self._context, "tokenizer")
        near = [folder / "tokenizer.json" for folder in (model.parent, model.parent.parent)]
        found = next((file for file in near if file.is_file()), None)
        if found is None:
            raise UsageError(
                f"embedders.{self._context.name}: there is no tokenizer.json beside {model}.",
                fix="Name it with `tokenizer:`.",
            )
        return found

    @cached_property
    def identity(self) -> str:
        """See `Embedder.identity`."""
        options = self._options
        made = f"{options.pooling} {options.max_tokens} {options.prefix}"
        return f"{digest_of_files([self._model, self._tokenizer])} {made}"

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        runtime, tokenizers = library("onnxruntime", "onnx"), library("tokenizers", "onnx")
        settings = runtime.SessionOptions()
        settings.intra_op_num_threads = self._options.threads
        # The provider is named, because some builds warn or fail where a graphics card is not at hand.
        try:
            session = runtime.InferenceSession(str(self._model), settings, providers=["CPUExecutionProvider"])
            tokenizer = tokenizers.Tokenizer.from_file(str(self._tokenizer))
        except Exception as error:  # noqa: BLE001  both raise their own, without a common parent
            raise UsageError(
                f"embedders.{self._context.name}: {self._model} cannot be loaded: {type(error).__name__}.",
                fix="Check that it is an ONNX file, and that its tokenizer.json is whole.",
            ) from None
        tokenizer.enable_truncation(self._options.max_tokens)
        tokenizer.enable_padding()
        return session, tokenizer

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """See `Embedder.embed`."""
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        # Texts of like length together: a batch is as slow as its longest.
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        found: list[Any] = [None] * len(texts)
        for start in range(0, len(order), self._options.batch):
            some = order[start : start + self._options.batch]
            for at, row in zip(some, self._batch([texts[at] for at in some]), strict=True):
                found[at] = row
        return np.asarray(found, dtype=np.float32)

    def _batch(self, texts: Sequence[str]) -> np.ndarray:
        session, tokenizer = self._loaded
        encoded = tokenizer.encode_batch([self._options.prefix + text for text in texts])
        mask = np.array([each.attention_mask for each in encoded], np.int64)
        given = {
            "input_ids": np.array([each.ids for each in encoded], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.array([each.type_ids for each in encoded], np.int64),
        }
        try:
            output = session.run(None, {item.name: given[item.name] for item in session.get_inputs()})[0]
        except KeyError as error:
            raise UsageError(
                f"embedders.{self._context.name}: the model wants an input called {error}, which texts do not give.",
                fix="Use a model of texts whose inputs are input_ids, attention_mask and token_type_ids.",
            ) from None
        except Exception as error:  # noqa: BLE001  see above
            raise OutsideError(
                f"embedders.{self._context.name}: onnxruntime failed: {type(error).__name__}.",
                fix="Check that model and tokenizer belong together, or take a smaller batch.",
            ) from None
        if output.ndim == 2:
            return np.asarray(output)
        if self._options.pooling == "cls":
            return np.asarray(output[:, 0])
        weights = mask[:, :, None].astype(np.float32)
        return np.asarray((output * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1))
