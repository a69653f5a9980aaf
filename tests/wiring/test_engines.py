"""Where shards are worked on changes nothing in what comes out, and what a dead worker or a killed driver left is finished."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import NOON
from commands import environment
from scaled import (
    KEY,
    a_project,
    die_at_three,
    die_once,
    double,
    left_on_shelves,
    opened,
    pull_all,
    sanitize_or_die,
    stages,
)

from llmci.cli.stops import explain
from llmci.errors import ExitCode, OutsideError, UsageError
from llmci.seams import Silent, WorkerDied
from llmci.wiring import label as labelling
from llmci.wiring import sanitize as sanitizing
from llmci.wiring import survey as surveying
from llmci.wiring.build import shelf_of
from llmci.wiring.clean import clean_digest
from llmci.wiring.credentials import for_workers
from llmci.wiring.engine import Crew, engine_of
from llmci.wiring.evalset import build_version
from llmci.wiring.pull import _Work

TESTS = Path(__file__).parents[1]


def a_crew(root: Path, kind: str = "processes") -> Crew:
    workers = 2 if kind == "processes" else None
    return Crew(engine_of(opened(root, kind, workers=workers), "test", {}, [], worth=0), Silent())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return a_project(tmp_path / "project", files=4, traces=30)


def test_processes_leave_the_same_bytes_as_one_process(tmp_path: Path, root: Path) -> None:
    other = a_project(tmp_path / "other", files=4, traces=30)

    stages(opened(root, "inline"))
    stages(opened(other, "processes", workers=2))

    inline = left_on_shelves(root)
    assert len(inline) > 20
    assert left_on_shelves(other) == inline
    alone, spread = (
        build_version(config, now=NOON, environ=KEY).evalset
        for config in (opened(root, "inline"), opened(other, "processes", workers=2))
    )
    assert (spread.digest, spread.lineage) == (alone.digest, alone.lineage)


def test_a_set_is_not_drawn_without_the_traffic_of_a_shard_that_ends_its_worker(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = opened(root, "inline")
    stages(config)
    monkeypatch.setattr(surveying, "_survey", _dies)

    with pytest.raises(OutsideError, match="ended its worker twice"):
        build_version(config, now=NOON, environ=KEY)

    assert not (root / "evalsets").exists()


def _dies(_: object) -> object:
    raise WorkerDied


def test_a_driver_that_is_killed_is_finished_by_the_next_and_only_what_was_missing_is_done(
    tmp_path: Path, root: Path
) -> None:
    stages(opened(root, "inline"))
    other = a_project(tmp_path / "other", files=4, traces=30)
    command = [sys.executable, str(TESTS / "scaled.py"), str(other), "processes"]
    paths = os.pathsep.join((str(TESTS.parent), str(TESTS)))
    driver = subprocess.Popen(command, env=environment(PYTHONPATH=paths), stderr=subprocess.PIPE)
    kept = other / ".llmci" / "raw"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and driver.poll() is None and not list(kept.glob("*.json")):
        time.sleep(0.005)
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    before = {path.name: path.stat().st_mtime_ns for path in kept.glob("*.json")}

    stages(opened(other, "inline"))

    assert before
    assert left_on_shelves(other) == left_on_shelves(root)
    again = pull_all(opened(other, "inline"))
    # One file gave up the trace that another one has; it is looked at again only when files change.
    assert again.shards_read == 0


def test_one_death_of_a_worker_is_made_good(root: Path, tmp_path: Path) -> None:
    works = [str(tmp_path / name) for name in ("a", "b.trap", "c", "d")]

    with a_crew(root) as crew:
        found = dict(crew.each(die_once, works))

    assert found == {work: Path(work).name for work in works}


def test_what_ends_its_worker_twice_is_given_up_and_the_rest_goes_on(root: Path) -> None:
    with a_crew(root) as crew:
        found = dict(crew.each(die_at_three, range(8)))
        afterwards = dict(crew.each(double, range(3)))

    assert isinstance(found.pop(3), WorkerDied)
    assert found == {number: number for number in (0, 1, 2, 4, 5, 6, 7)}
    assert afterwards == {0: 0, 1: 2, 2: 4}


def test_a_shard_that_ends_its_worker_is_held_back_whole_and_tried_again_by_the_next_run(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "llmci.yaml").write_text((root / "llmci.yaml").read_text().replace("]}", "], max_quarantine: 0.5}", 1))
    config = opened(root, "processes", workers=2)
    pull_all(config)
    poisoned, info = list(shelf_of(config, "raw").shards().items())[1]
    run: dict[str, Any] = {"progress": Silent(), "environ": KEY, "now": NOON}
    with monkeypatch.context() as patched:
        patched.setenv("POISONED", poisoned)
        patched.setattr(sanitizing, "_sanitize_shard", sanitize_or_die)
        summary = sanitizing.sanitize(config, **run)

    assert (summary.quarantined, summary.shards) == (info.rows, 4)
    assert "ended its worker" in summary.quarantined_first[0].why
    assert shelf_of(config, "clean").shards()[poisoned].rows == 0
    assert clean_digest(shelf_of(config, "clean"))

    again = sanitizing.sanitize(opened(root, "inline"), **run)
    assert (again.quarantined, again.shards) == (0, 1)


@pytest.mark.parametrize("stage", ["_survey", "_place", "_write"])
def test_labels_leave_out_a_shard_that_ends_its_worker_and_the_next_run_makes_them(
    root: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    config = opened(root, "inline")
    pull_all(config)
    sanitizing.sanitize(config, progress=Silent(), environ=KEY, now=NOON)
    poisoned, info = list(shelf_of(config, "clean").shards().items())[1]
    does = getattr(labelling, stage)

    def dies(work: Any) -> Any:
        if work.shard_id == poisoned:
            raise WorkerDied
        return does(work)

    with monkeypatch.context() as patched:
        patched.setattr(labelling, stage, dies)
        with pytest.raises(OutsideError, match=r"at most 2.0% may be held back"):
            labelling.label(config, now=NOON, environ=KEY)
        lenient = replace(config, sanitize=replace(config.sanitize, max_quarantine=0.5))
        found = labelling.label(lenient, now=NOON, environ=KEY)

    assert found.held_back == {poisoned: info.rows}
    left = {name: info.rows for name, info in shelf_of(config, "labels").shards().items()}
    assert left.pop(poisoned) == 0
    assert sum(left.values()) == 121 - info.rows
    assert len(list(shelf_of(config, "labels").rejected())) == info.rows
    drawn = build_version(lenient, now=NOON).evalset
    held = {row for batch in shelf_of(config, "clean").read(poisoned) for row in batch["trace_id"].to_pylist()}
    assert drawn.cases
    assert not held & {case.origin.trace_id for case in drawn.cases}
    again = labelling.label(config, now=NOON, environ=KEY)
    assert (again.held_back, again.traces) == ({}, 121)


def test_a_full_disk_stops_with_what_to_do_and_leaves_the_last_good_state(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stages(opened(root, "inline"))
    good = left_on_shelves(root)
    (root / "llmci.yaml").write_text((root / "llmci.yaml").read_text().replace("]}", "], operator: redact}", 1))

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    config = opened(root, "inline")
    with monkeypatch.context() as patched:
        patched.setattr("llmci.files.os.fsync", full)
        with pytest.raises(OSError, match="No space") as stopped:
            stages(config)

    assert explain(stopped.value, []) == ExitCode.OUTSIDE_FAILED
    assert "No space left on device" in capsys.readouterr().err
    assert left_on_shelves(root) == good
    assert clean_digest(shelf_of(opened(root, None), "clean"))
    stages(opened(root, "inline"))


def test_work_shows_no_secret_to_a_log_and_takes_no_other_variable_along(root: Path) -> None:
    config = opened(root, None)
    environ = {**KEY, "UNRELATED_TOKEN": "ghp_other"}
    told = for_workers(config, environ)
    work = _Work(config=config, listed=None, window=None, environ=told, now=None, keep=None)  # type: ignore[arg-type]

    assert told == KEY
    assert "a key for tests" not in repr(work)


def test_without_dask_its_extra_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)

    with pytest.raises(UsageError) as stopped, a_crew(root, "dask"):
        pass

    assert stopped.value.fix == "Run `pip install 'llmci-loop[dask]'`."


def test_engine_workers_and_scheduler_are_checked_together(root: Path) -> None:
    assert opened(root, None).engine is None
    assert opened(root, None, workers=3).engine.options.workers == 3  # type: ignore[union-attr]
    assert opened(root, None, scheduler="tcp://127.0.0.1:1").engine.kind == "dask"  # type: ignore[union-attr]
    for wrong in (
        {"engine": "spark"},
        {"engine": "inline", "workers": 2},
        {"engine": "processes", "scheduler": "tcp://127.0.0.1:1"},
        {"engine": "dask", "scheduler": "tcp://127.0.0.1:1", "workers": 2},
    ):
        with pytest.raises(UsageError):
            opened(root, wrong.pop("engine"), **wrong)  # type: ignore[arg-type]


def test_the_engine_of_the_file_stands_under_that_of_the_command_line(root: Path) -> None:
    with (root / "llmci.yaml").open("a") as file:
        file.write("engine: {kind: dask, scheduler: 'tcp://127.0.0.1:1'}\n")

    assert opened(root, None).engine.options.scheduler == "tcp://127.0.0.1:1"  # type: ignore[union-attr]
    assert opened(root, None, workers=2).engine.options.scheduler is None  # type: ignore[union-attr]
    assert opened(root, "inline").engine.kind == "inline"  # type: ignore[union-attr]
