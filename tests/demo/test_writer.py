"""The demo with a language model: a real server on this machine stands in for the provider."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from openai_server import OpenaiServer

from llmci.demo.writer import NoAnswerError, answer, greet
from llmci.errors import OutsideError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenaiServer]:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    with OpenaiServer().running() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-nobody")
        yield server


async def test_the_model_writes_from_the_passages_that_were_retrieved(server: OpenaiServer) -> None:
    server.reply = "Use heapq.merge."

    reply = await answer({"question": "merge several sorted inputs", "config": {"model": "openai/fine", "k": 3}})

    assert reply["answer"] == "Use heapq.merge."
    assert reply["documents"][0]["id"] == "heapq.merge"
    assert len(reply["documents"]) == 3
    assert "Merge multiple sorted inputs" in server.requests[0]["messages"][1]["content"]
    assert reply["usage"]["input"] > 0


async def test_a_model_that_fails_gives_no_answer(server: OpenaiServer) -> None:
    with pytest.raises(NoAnswerError):
        await answer({"question": "sorted", "config": {"model": "openai/401"}})


async def test_a_model_that_refuses_is_found_before_anything_is_done(server: OpenaiServer) -> None:
    with pytest.raises(OutsideError, match="401"):
        await greet("openai/401", os.environ)


async def test_a_missing_key_is_a_usage_error(server: OpenaiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")

    with pytest.raises(UsageError, match="OPENAI_API_KEY"):
        await greet("openai/fine", os.environ)
    assert server.requests == []
