"""Labels from the vectors of a model behind a real HTTP server: each text is asked for once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from builders import NOON, a_trace
from intents import TOPICS, questions
from openai_server import OpenaiServer
from shelves import a_clean_shelf

from llmci.config import Config, load
from llmci.errors import OutsideError, UsageError
from llmci.seams import Window
from llmci.wiring.build import shelf_of
from llmci.wiring.drift import measure
from llmci.wiring.evalset import build_version
from llmci.wiring.label import label

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = {"KEY": "k"}


@pytest.fixture(scope="module")
def _running() -> Iterator[OpenaiServer]:
    with OpenaiServer().running() as running:
        yield running


@pytest.fixture
def server(_running: OpenaiServer) -> OpenaiServer:
    _running.forget()
    return _running


def a_project(path: Path, server: OpenaiServer, model: str = "words", **options: Any) -> Config:
    block = {"kind": "litellm", "model": f"openai/{model}", "base_url": server.url, "api_key_env": "KEY", **options}
    lines = "".join(f"\n    {key}: {value}" for key, value in block.items())
    (path / "llmci.yaml").write_text(f"label: {{embedder: mine, clusters: 5}}\nembedders:\n  mine:{lines}\n")
    return load(path / "llmci.yaml")


def with_traffic(path: Path, seed: int = 1, count: int = 150) -> list[str]:
    asked = questions(count, seed)
    rows = [a_trace(f"t{seed}-{n}", text, user_id=f"u{n % 20}") for n, (text, _) in enumerate(asked)]
    a_clean_shelf(path / ".llmci", rows, f"shard-{seed}")
    return [text for text, _ in asked]


def asked_for(server: OpenaiServer) -> list[str]:
    return [text for body in server.requests for text in body["input"]]


def test_a_model_behind_http_groups_traces_and_each_text_is_asked_for_once(
    server: OpenaiServer, tmp_path: Path
) -> None:
    texts = with_traffic(tmp_path)
    config = a_project(tmp_path, server, batch=32)

    summary = label(config, now=NOON, environ=KEY)

    assert sorted(asked_for(server)) == sorted(set(texts))
    assert max(len(body["input"]) for body in server.requests) == 32
    assert len([cluster for cluster in summary.clusters if cluster.shown]) == len(TOPICS)


def test_only_new_texts_are_asked_for_later(server: OpenaiServer, tmp_path: Path) -> None:
    before = with_traffic(tmp_path)
    config = a_project(tmp_path, server)
    label(config, now=NOON, environ=KEY)
    server.forget()

    label(config, now=NOON, environ=KEY, recluster=True)
    assert asked_for(server) == []
    after = with_traffic(tmp_path, seed=2)
    label(config, now=NOON, environ=KEY)

    assert set(asked_for(server)) == set(after) - set(before)


def test_a_refusal_leaves_no_labels_and_no_words(server: OpenaiServer, tmp_path: Path) -> None:
    texts = with_traffic(tmp_path)
    config = a_project(tmp_path, server, "401", retries=0)

    with pytest.raises(OutsideError, match="mine: 401"):
        label(config, now=NOON, environ=KEY)

    assert not shelf_of(config, "labels").shards()
    assert not any(text in str(path.read_bytes()) for text in texts for path in (tmp_path / ".llmci").glob("emb*"))


def test_a_damaged_store_of_vectors_is_named(server: OpenaiServer, tmp_path: Path) -> None:
    with_traffic(tmp_path)
    (tmp_path / ".llmci/embeddings.sqlite").write_bytes(b"no database" * 100)

    with pytest.raises(UsageError, match=r"embeddings\.sqlite: damaged"):
        label(a_project(tmp_path, server), now=NOON, environ=KEY)


def test_another_model_under_the_same_name_does_not_join_the_old_groups(server: OpenaiServer, tmp_path: Path) -> None:
    with_traffic(tmp_path)
    label(a_project(tmp_path, server), now=NOON, environ=KEY)
    with_traffic(tmp_path, seed=2)

    with pytest.raises(UsageError, match=r"label\.embedder") as stop:
        label(a_project(tmp_path, server, "other"), now=NOON, environ=KEY)
    assert "--recluster" in stop.value.fix


def test_drift_takes_the_vectors_of_the_model(server: OpenaiServer, tmp_path: Path) -> None:
    with_traffic(tmp_path, count=60)
    config = a_project(tmp_path, server)
    label(config, now=NOON, environ=KEY)
    build_version(config, now=NOON)
    fresh = with_traffic(tmp_path, seed=2, count=40)
    label(config, now=NOON, environ=KEY)
    server.forget()
    (config.state / "embeddings.sqlite").unlink()

    measure(config, window=Window(), environ=KEY)

    assert set(fresh) <= set(asked_for(server))
