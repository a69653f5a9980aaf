"""Any embedding model that litellm knows; litellm is imported with the first call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from llmci import seams
from llmci.errors import OutsideError
from llmci.quiet import quiet_litellm

if TYPE_CHECKING:
    from collections.abc import Sequence


class LitellmEmbedderOptions(seams.Options):
    """Which model, and how to reach it.

    Attributes:
        model: In litellm's spelling, such as `openai/text-embedding-3-small`.
        base_url: Of an OpenAI-compatible server, for models spelled `openai/...`.
        api_key_env: Environment variable with the key; the default is the provider's own.
        batch: Texts of one request.
        timeout_s: Longest wait for one reply.
        retries: Further tries after a fault that passes.
    """

    model: str
    base_url: str | None = None
    api_key_env: str | None = None
    batch: int = Field(default=128, ge=1)
    timeout_s: float = Field(default=60.0, gt=0)
    retries: int = Field(default=4, ge=0)


class LitellmEmbedder:
    """See `llmci.seams.Embedder`."""

    Options = LitellmEmbedderOptions

    def __init__(self, options: LitellmEmbedderOptions, context: seams.Context) -> None:
        self._options, self._context = options, context

    @property
    def identity(self) -> str:
        """See `Embedder.identity`."""
        return " ".join(value for value in (self._options.model, self._options.base_url) if value)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """See `Embedder.embed`; raises `OutsideError` if the model does not answer."""
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        size = self._options.batch
        rows = [row for start in range(0, len(texts), size) for row in self._batch(texts[start : start + size])]
        return np.asarray(rows, dtype=np.float32)

    def _batch(self, texts: Sequence[str]) -> list[list[float]]:
        options = self._options
        key = self._context.environ.get(options.api_key_env) if options.api_key_env else None
        try:
            reply = quiet_litellm().embedding(
                model=options.model,
                # Providers refuse empty texts.
                input=[text or " " for text in texts],
                api_base=options.base_url,
                api_key=key,
                timeout=options.timeout_s,
                max_retries=options.retries,
            )
        except Exception as error:  # noqa: BLE001  litellm raises its own, openai's and httpx's
            status = getattr(error, "status_code", None)
            raise OutsideError(
                f"{self._context.name}: {status or ''} {type(error).__name__} from {options.model}.",
                fix="Check the model's name, its key and its address.",
            ) from None
        ordered = sorted(reply.data, key=lambda item: item["index"])
        if len(ordered) != len(texts):
            raise OutsideError(
                f"{self._context.name}: {options.model} gave {len(ordered)} vectors for {len(texts)} texts.",
                fix="Use another model, or a smaller batch.",
            )
        return [item["embedding"] for item in ordered]
