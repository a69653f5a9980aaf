"""A model that sentence-transformers loads from this machine; no text leaves, and nothing is downloaded unless allowed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from llmci import seams
from llmci.adapters.embedders.local import digest_of_files, library
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

# What decides a vector; a folder may hold the same weights in other forms as well.
_TELLING = (".json", ".txt", ".safetensors", ".bin", ".model", ".onnx")


class SentenceTransformersOptions(seams.Options):
    """Which model.

    Attributes:
        model: Its folder, relative to llmci.yaml, or its name in the cache of this machine.
        download: Whether a model that is not here may be fetched from the hub.
        prompt: Put before every text, for models that want one, such as "query: ".
        device: Such as `cpu` or `cuda`; by default what is there.
        batch: Texts that are worked on at once.
    """

    model: str
    download: bool = False
    prompt: str = ""
    device: str | None = None
    batch: int = Field(default=32, ge=1)


class SentenceTransformersEmbedder:
    """See `llmci.seams.Embedder`."""

    Options = SentenceTransformersOptions

    def __init__(self, options: SentenceTransformersOptions, context: seams.Context) -> None:
        self._options, self._context = options, context
        self._folder = context.root / options.model

    @cached_property
    def identity(self) -> str:
        """See `Embedder.identity`; of a folder by its content, of a name by the name."""
        content = self._options.model
        if self._folder.is_dir():
            content = digest_of_files([file for file in self._folder.rglob("*") if file.suffix in _TELLING])
        return f"{content} {self._options.prompt}"

    @cached_property
    def _loaded(self) -> Any:  # noqa: ANN401  a library without types here
        sentences = library("sentence_transformers", "sentence-transformers")
        options = self._options
        name = str(self._folder) if self._folder.is_dir() else options.model
        try:
            return sentences.SentenceTransformer(name, device=options.device, local_files_only=not options.download)
        except Exception as error:  # noqa: BLE001  it raises what any of its parts does
            raise UsageError(
                f"embedders.{self._context.name}: {options.model} cannot be loaded: {type(error).__name__}.",
                fix="Give the folder of a model that is on this machine, or say `download: true`.",
            ) from None

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """See `Embedder.embed`."""
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        prompted = [self._options.prompt + text for text in texts]
        found = self._loaded.encode(prompted, batch_size=self._options.batch, show_progress_bar=False)
        return np.asarray(found, dtype=np.float32)
