"""Adapters that only have options, to test what reads configurations without the real ones."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from llmci.seams import Options


class FakeSource:
    class Options(Options):
        path: str
        limit: Annotated[int, Field(ge=1)] | None = None
        fields: dict[str, str] = Field(default_factory=dict)


class FakeSystem:
    class Options(Options):
        path: str = ""
        mode: Literal["fast", "slow"] = "fast"
        params: dict[str, float] = Field(default_factory=dict)
        key_env: str | None = None


class FakeScorer:
    class Options(Options):
        pass


class FakeRollout:
    class Options(Options):
        path: str


FAKES = {
    "source": {"jsonl": "fake_adapters:FakeSource", "csv": "fake_adapters:FakeSource"},
    "recognizer": {
        "presidio": "fake_adapters:FakeScorer",
        "structured": "fake_adapters:FakeScorer",
        "secrets": "fake_adapters:FakeScorer",
    },
    "model": {"litellm": "fake_adapters:FakeScorer"},
    "embedder": {"litellm": "fake_adapters:FakeScorer"},
    "system": {"command": "fake_adapters:FakeSystem"},
    "scorer": {"exact": "fake_adapters:FakeScorer"},
    "rollout": {"json": "fake_adapters:FakeRollout"},
}
