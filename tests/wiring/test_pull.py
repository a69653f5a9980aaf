"""Pulling twice changes nothing; what changes, goes or comes twice is noticed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from builders import NOON

from llmci.config import load
from llmci.errors import ExitCode, UsageError
from llmci.files import locked
from llmci.seams import Silent, Window
from llmci.wiring.build import shelf_of
from llmci.wiring.pull import pull

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.pipeline.pull import PullSummary


class Project:
    """A project with one source of JSON Lines."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.configure("prod:\n    kind: jsonl\n    path: logs/*.jsonl")

    def configure(self, sources: str) -> None:
        (self.root / "llmci.yaml").write_text(f"sources:\n  {sources}\n")

    def write(self, name: str, *records: dict[str, Any]) -> None:
        path = self.root / "logs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(json.dumps(record) + "\n" for record in records))

    def pull(self, **told: Any) -> PullSummary:
        told = {"sources": (), "window": Window(), "limit": None, "progress": Silent()} | told
        return pull(load(self.root / "llmci.yaml"), **told, environ={}, now=NOON)

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.root / ".llmci" / "raw").glob("*.*")}

    def rows(self) -> list[dict[str, Any]]:
        shelf = shelf_of(load(self.root / "llmci.yaml"), "raw")
        return [row for batch in shelf.batches() for row in batch.to_pylist()]

    def ids(self) -> list[str]:
        return sorted(row["trace_id"] for row in self.rows())

    def rejected(self) -> list[str]:
        return [rejected.why for rejected in shelf_of(load(self.root / "llmci.yaml"), "raw").rejected()]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def a_record(trace_id: str, **more: Any) -> dict[str, Any]:
    return {"id": trace_id, "input": f"question {trace_id}", "output": "answer", **more}


def test_git_does_not_see_what_was_pulled_even_without_init(project: Project) -> None:
    project.write("a.jsonl", {"id": "t1", "input": "hi"})

    project.pull()

    assert (project.root / ".llmci" / ".gitignore").read_text() == "*\n"


def test_pulling_twice_changes_nothing(project: Project) -> None:
    project.write("a.jsonl", a_record("1"), a_record("2"))
    first = project.pull()
    files = project.files()

    second = project.pull()

    assert (first.shards_read, second.shards_read, second.shards_unchanged) == (1, 0, 1)
    assert project.files() == files
    assert second.traces == 2


def test_progress_tells_shards_and_time_left(project: Project) -> None:
    class Told(Silent):
        def __init__(self) -> None:
            self.standing: list[str] = []

        def stand(self, words: str) -> None:
            self.standing.append(words)

    told = Told()
    for name in ("a.jsonl", "b.jsonl"):
        project.write(name, {"id": name, "messages": [{"role": "user", "content": "Where is it?"}]})

    project.pull(progress=told)

    assert re.fullmatch(r"1 of 2 shards, about \d+ s left", told.standing[0])
    assert told.standing[1] == "2 of 2 shards"


def test_only_the_file_that_changed_is_read_again(project: Project) -> None:
    project.write("a.jsonl", a_record("1"))
    project.write("b.jsonl", a_record("2"))
    project.pull()
    project.write("b.jsonl", a_record("2"), a_record("3"))

    summary = project.pull()

    assert (summary.shards_read, summary.shards_unchanged) == (1, 1)
    assert project.ids() == ["1", "2", "3"]


def test_a_file_that_is_gone_takes_its_traces_along(project: Project) -> None:
    project.write("a.jsonl", a_record("1"))
    project.write("b.jsonl", a_record("2"))
    project.pull()
    (project.root / "logs" / "b.jsonl").unlink()

    summary = project.pull()

    assert summary.shards_dropped == 1
    assert project.ids() == ["1"]


def test_a_source_that_cannot_be_listed_keeps_what_was_pulled(project: Project) -> None:
    project.write("a.jsonl", a_record("1"))
    project.pull()
    (project.root / "logs" / "a.jsonl").unlink()

    summary = project.pull()

    assert summary.exit_code is ExitCode.USAGE
    assert project.ids() == ["1"]


def test_a_renamed_source_does_not_leave_its_traces_twice(project: Project) -> None:
    project.write("a.jsonl", a_record("1"))
    project.pull()
    project.configure("production:\n    kind: jsonl\n    path: logs/*.jsonl")

    project.pull()

    assert [row["source"] for row in project.rows()] == ["production"]


def test_another_mapping_reads_the_files_again(project: Project) -> None:
    project.write("a.jsonl", a_record("1", arm="canary"))
    project.pull()
    project.configure("prod:\n    kind: jsonl\n    path: logs/*.jsonl\n    fields: {trace_id: id, variant: arm}")

    summary = project.pull()

    assert summary.shards_read == 1
    assert summary.variants == {"canary": 1}


def test_of_records_with_one_id_the_first_is_kept(project: Project) -> None:
    project.write("a.jsonl", a_record("1"), a_record("1"), a_record("1", output="another"))

    summary = project.pull()

    assert (summary.traces, summary.repeated, summary.rejected) == (1, 1, 1)
    assert "trace 1" in summary.rejected_first[0].where
    assert project.rows()[0]["output"]["text"] == "answer"


def test_records_with_one_id_are_found_across_files_and_sources(project: Project) -> None:
    project.configure(
        "prod:\n    kind: jsonl\n    path: logs/[ab].jsonl\n  late:\n    kind: jsonl\n    path: logs/c.jsonl"
    )
    project.write("a.jsonl", a_record("1"), a_record("2"))
    project.write("b.jsonl", a_record("1"), a_record("3"))
    project.write("c.jsonl", a_record("3", output="another"), a_record("4"))

    summary = project.pull()
    again = project.pull()

    assert project.ids() == ["1", "2", "3", "4"]
    assert (summary.traces, summary.repeated, summary.rejected) == (4, 1, 1)
    assert again.shards_read == 0


def test_a_trace_that_another_file_had_comes_back_when_that_file_is_gone(project: Project) -> None:
    project.write("a.jsonl", a_record("1"))
    project.write("b.jsonl", a_record("1"), a_record("2"))
    project.pull()
    (project.root / "logs" / "a.jsonl").unlink()

    project.pull()

    assert project.ids() == ["1", "2"]


def test_a_limit_takes_the_same_traces_however_they_are_filed(project: Project) -> None:
    records = [a_record(str(number)) for number in range(50)]
    project.write("a.jsonl", *records)
    project.pull(limit=7)
    together = project.ids()
    project.write("a.jsonl", *records[:20])
    project.write("b.jsonl", *records[:19:-1])
    project.pull(limit=7)

    assert len(together) == 7
    assert project.ids() == together
    assert project.pull().traces == 50


def test_a_source_with_nothing_but_rejected_records_has_failed(project: Project) -> None:
    (project.root / "logs").mkdir()
    (project.root / "logs" / "a.jsonl").write_text("these are\nno records\n")

    summary = project.pull()

    assert summary.exit_code is ExitCode.OUTSIDE_FAILED
    assert summary.failures[0].message == "none of its 2 records could be read."


def test_a_source_may_have_any_name(project: Project) -> None:
    project.configure(
        '"../prod":\n    kind: jsonl\n    path: logs/*.jsonl\n  prod-eu:\n    kind: jsonl\n    path: eu/*.jsonl'
    )
    project.write("a.jsonl", a_record("1"))
    (project.root / "eu").mkdir()
    (project.root / "eu" / "b.jsonl").write_text('{"id": "2", "input": "a"}\n')

    summary = project.pull()
    again = project.pull(sources=["prod-eu"])

    assert project.ids() == ["1", "2"]
    assert (summary.traces, again.traces) == (2, 1)
    assert {path.parent.name for path in project.root.rglob("*.parquet")} == {"raw"}


def test_only_the_named_source_is_pulled(project: Project) -> None:
    project.configure(
        "prod:\n    kind: jsonl\n    path: logs/a.jsonl\n  other:\n    kind: jsonl\n    path: logs/b.jsonl"
    )
    project.write("a.jsonl", a_record("1"))
    project.write("b.jsonl", a_record("2"))

    summary = project.pull(sources=["other"])

    assert summary.sources == ("other",)
    assert project.ids() == ["2"]


def test_two_pulls_at_once_do_not_meet(project: Project) -> None:
    project.write("a.jsonl", a_record("1"))

    with locked(project.root / ".llmci" / "pull.lock"), pytest.raises(UsageError, match="another pull"):
        project.pull()


def test_shards_worked_on_in_processes_give_the_same_shelf(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("a.jsonl", a_record("1"), a_record("2"))
    project.write("b.jsonl", a_record("3"))
    project.pull()
    inline = project.files()
    for path in (project.root / ".llmci" / "raw").glob("*.json"):
        path.unlink()
    monkeypatch.setattr("llmci.wiring.pull._PARALLEL_BYTES", 0)

    project.pull()

    assert project.files() == inline


def test_the_raw_shelf_is_for_its_owner_only(project: Project) -> None:
    project.write("a.jsonl", a_record("1"))

    project.pull()

    assert (project.root / ".llmci" / "raw").stat().st_mode & 0o777 == 0o700
