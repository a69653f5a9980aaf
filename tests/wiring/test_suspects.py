"""Failed agent traces name the step that likely went wrong; labels of an earlier llmci are still read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from builders import NOON, a_message, a_trace
from intents import questions
from shelves import a_clean_shelf
from typer.testing import CliRunner

from llmci.adapters.stores.shelf import DirectoryShelf
from llmci.cli.main import app
from llmci.config import Config, load
from llmci.domain.label import LABEL
from llmci.pipeline.label.summary import label_fingerprint
from llmci.wiring.build import shelf_of
from llmci.wiring.evalset import build_version
from llmci.wiring.label import label

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.domain.trace import TraceRow


def a_failed_agent(trace_id: str, question: str) -> TraceRow:
    call = {"type": "tool_call", "tool_name": "find_order", "tool_arguments": '{"id": 1}', "tool_call_id": "1"}
    result = {"type": "tool_result", "tool_result": "Error: no such order", "tool_call_id": "1", "is_error": True}
    messages = [
        {"role": "assistant", "parts": [call]},
        {"role": "tool", "parts": [result]},
        a_message("assistant", "It is on its way."),
    ]
    return a_trace(
        trace_id,
        question,
        replay_kind="agent",
        user_id=f"u-{trace_id}",
        output={"kind": "messages", "messages": messages},
    )


def a_project(path: Path) -> Config:
    rows = [a_trace(f"t{n}", text, user_id=f"u{n % 20}") for n, (text, _) in enumerate(questions(60, 1))]
    rows += [a_failed_agent(f"agent-{n}", f"Where is my order number {n}, please?") for n in range(12)]
    (path / "llmci.yaml").write_text("evalset: {size: 30}")
    a_clean_shelf(path / ".llmci", rows)
    return load(path / "llmci.yaml")


def labels_of(config: Config) -> list[dict[str, Any]]:
    return [row for batch in shelf_of(config, "labels").batches() for row in batch.to_pylist()]


def test_a_failed_agent_trace_names_its_suspect_and_no_other_trace_does(tmp_path: Path) -> None:
    config = a_project(tmp_path)

    summary = label(config, now=NOON)

    suspects = {row["trace_id"]: row["suspect"] for row in labels_of(config)}
    assert suspects["agent-3"] == {
        "step": 2,
        "name": "tool find_order",
        "why": "it failed, and was not made good later",
        "by": "rule:error",
        "of": "hash-agent-3",
    }
    assert all(found is None for name, found in suspects.items() if not name.startswith("agent"))
    assert summary.suspects == {"tool find_order": 12}
    assert label(config, now=NOON).suspects == summary.suspects


def test_the_set_shows_where_its_failures_went_wrong(tmp_path: Path) -> None:
    config = a_project(tmp_path)
    label(config, now=NOON)
    build_version(config, now=NOON)

    shown = CliRunner().invoke(app, ["evalset", "show", "--failures", "-n", "2", "-c", str(tmp_path / "llmci.yaml")])

    assert (
        "likely went wrong at step 2 (tool find_order): it failed, and was not made good later [rule:error]"
        in shown.output
    )


def test_labels_of_an_earlier_llmci_are_still_built_from(tmp_path: Path) -> None:
    config = a_project(tmp_path)
    label(config, now=NOON)
    expected = build_version(config, now=NOON).evalset
    labels = shelf_of(config, "labels")
    manifest = {**(labels.manifest() or {}), "schema": "label/1"}
    old = DirectoryShelf(
        labels.path, pa.schema([field for field in LABEL if field.name not in ("verdicts", "suspect")])
    )
    [(shard_id, info)] = shelf_of(config, "clean").shards().items()
    batches = [batch.select(old.schema.names) for batch in labels.read(shard_id)]
    with old.writer(shard_id, label_fingerprint(str(manifest["digest"]), info.sha256, "label/1")) as writer:
        for batch in batches:
            writer.write(batch)
    old.write_manifest(manifest)

    built = build_version(config, now=NOON)

    assert (built.new, built.evalset.digest) == (False, expected.digest)
    assert not label(config, now=NOON).unchanged
    assert labels_of(config)[0]["verdicts"] == []
