"""Benches that are killed, interrupted, resumed, and run side by side: real processes and signals."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from commands import ROOT, environment

from llmci.adapters.stores.runs import DirectoryRuns
from llmci.domain.run import Answered
from llmci.wiring.runs import AGAINST

if TYPE_CHECKING:
    from llmci.domain.run import Run

APP = """
import os, time

def answer(question, config, case_id):
    with open(config["log"], "a") as log:
        log.write(f"{config['name']} {case_id}\\n")
    time.sleep(0.01)
    return "even, says Ana" if int(question.split()[-1]) % 2 == 0 else "odd"
"""
CONFIG = """
systems:
  baseline: {kind: python, callable: "app.py:answer", processes: 2, config: {log: calls.txt, name: baseline}}
  candidate: {extends: baseline, config: {name: candidate}}
scorers:
  right: {kind: contains}
gates:
  - {metric: right, tolerance: 5pt}
bench: {concurrency: 4}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "llmci.yaml").write_text(CONFIG)
    return tmp_path


def started(root: Path, *flags: str) -> subprocess.Popen[str]:
    driver = Path(__file__).with_name("bench_driver.py")
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    return subprocess.Popen(
        [sys.executable, str(driver), str(root), *flags],
        env=environment(PYTHONPATH=path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> list[str]:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out.split()


def calls(root: Path) -> Counter[str]:
    path = root / "calls.txt"
    return Counter(path.read_text().splitlines()) if path.exists() else Counter()


def wait_for_calls(root: Path, count: int) -> None:
    deadline = time.monotonic() + 30
    while sum(calls(root).values()) < count and time.monotonic() < deadline:
        time.sleep(0.005)


def substance(root: Path, run_id: str) -> Run:
    """A run without what differs from one execution to the next: id and times."""
    run = DirectoryRuns(root / ".llmci" / "runs").load(run_id)
    answers = tuple(replace(a, latency_ms=None, cached=False) if isinstance(a, Answered) else a for a in run.answers)
    environment = {name: value for name, value in run.environment.items() if name != AGAINST}
    return replace(run, run_id="", started_at="", finished_at="", answers=answers, environment=environment)


@pytest.mark.parametrize(
    ("kills", "between"), [(2, (5, 25)), pytest.param(20, (0, 6), marks=pytest.mark.slow)], ids=["twice", "20-times"]
)
def test_a_bench_that_is_killed_again_and_again_gives_the_same_run_and_loses_only_calls_in_flight(
    root: Path, kills: int, between: tuple[int, int]
) -> None:
    straight = finished(started(root, "no-cache"))
    (root / "calls.txt").unlink()
    chance = random.Random(7)
    for kill in range(kills):
        process = started(root, "no-cache", "resume")
        wait_for_calls(root, sum(calls(root).values()) + chance.randrange(*between))
        time.sleep(chance.random() / 100)
        workers = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert DirectoryRuns(root / ".llmci" / "runs").list() == sorted(straight[:2], reverse=True), kill
        assert psutil.wait_procs(workers, timeout=10)[1] == []

    resumed = finished(started(root, "no-cache", "resume"))

    for before, after in zip(straight[:2], resumed[:2], strict=True):
        assert substance(root, after) == substance(root, before)
    repeated = sum(calls(root).values()) - 120
    assert 0 <= repeated <= kills * 8
    assert int(resumed[2]) < 115
    assert not list((root / ".llmci" / "journal").iterdir())


def test_an_interrupt_brings_home_what_is_in_flight(root: Path) -> None:
    process = started(root, "no-cache")
    wait_for_calls(root, 20)

    process.send_signal(signal.SIGINT)

    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "the answers so far are kept" in err
    finished(started(root, "no-cache", "resume"))
    assert set(calls(root).values()) == {1}


def test_two_benches_on_one_cache_at_once_agree_and_no_text_rests_unsanitized(root: Path) -> None:
    both = [started(root), started(root)]

    first, second = (finished(process) for process in both)

    for ours, theirs in zip(first[:2], second[:2], strict=True):
        assert substance(root, ours) == substance(root, theirs)
    assert finished(started(root))[2] == "0"
    stored = [path for path in (root / ".llmci").rglob("*") if path.is_file()]
    assert any(b"even, says <name>" in path.read_bytes() for path in stored)
    assert [path for path in stored if b"Ana" in path.read_bytes()] == []
