"""Servers that several files of tests talk to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from openai_server import OpenaiServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def _one_openai_server() -> Iterator[OpenaiServer]:
    with OpenaiServer().running() as server:
        yield server


@pytest.fixture
def server(_one_openai_server: OpenaiServer) -> OpenaiServer:
    """A real OpenAI-compatible server that has seen nothing yet."""
    _one_openai_server.forget()
    return _one_openai_server
