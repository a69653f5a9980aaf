"""The corpus of the demo: what the running interpreter says of its standard library."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from llmci.demo.retriever import corpus as gathered

if TYPE_CHECKING:
    from llmci.demo.corpus import Passage


@pytest.fixture(scope="module")
def corpus() -> dict[str, Passage]:
    return {passage.id: passage for passage in gathered()}


def test_holds_thousands_of_entries_of_every_kind(corpus: dict[str, Passage]) -> None:
    assert len(corpus) > 4_000
    assert {passage.kind for passage in corpus.values()} == {"module", "class", "function", "method"}


def test_an_entry_has_name_signature_and_docstring(corpus: dict[str, Passage]) -> None:
    loads = corpus["json.loads"]

    assert loads.signature.startswith("json.loads(s, *, cls=None")
    assert loads.summary.startswith("Deserialize ``s``")


def test_builtins_have_no_prefix_and_methods_name_their_class(corpus: dict[str, Passage]) -> None:
    assert {"sorted", "str.split", "KeyError", "pathlib.Path.read_text", "pathlib.Path"} <= set(corpus)


def test_an_alias_is_described_under_its_own_name_only(corpus: dict[str, Passage]) -> None:
    assert "OSError" in corpus
    assert "IOError" not in corpus


def test_no_default_value_carries_the_environment_or_a_memory_address(corpus: dict[str, Passage]) -> None:
    signatures = "\n".join(passage.signature for passage in corpus.values())

    assert " at 0x" not in signatures
    assert os.environ["PATH"] not in signatures
    assert sys.prefix not in signatures


def test_gathering_it_prints_nothing_and_opens_no_connection() -> None:
    code = "import socket; socket.socket.connect = None; from llmci.demo.corpus import passages; assert len(passages()) > 4000"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
