"""Which model, and how it is reached."""

from __future__ import annotations

from pydantic import Field

from llmci import seams


class Prices(seams.Options):
    """US dollars for a million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class LitellmOptions(seams.Options):
    """Which model, and how to reach it.

    Attributes:
        model: In litellm's spelling, such as `openai/gpt-4o-mini` or `anthropic/claude-sonnet-4-5`.
        base_url: Of an OpenAI-compatible server, for models spelled `openai/...`.
        api_key_env: Environment variable with the key; the default is the provider's own.
        prices: Where litellm does not know them, or is wrong.
        stream: Have the reply sent piece by piece, so that the time to its first token is known.
        timeout_s: Longest wait for one reply.
        retries: Further tries after a fault that passes.
    """

    model: str
    base_url: str | None = None
    api_key_env: str | None = None
    prices: Prices | None = None
    stream: bool = False
    timeout_s: float = Field(default=120.0, gt=0)
    retries: int = Field(default=4, ge=0)
