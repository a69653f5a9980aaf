"""`llmci demo` as a newcomer runs it: the whole loop, in an empty directory, without a network."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from commands import ROOT, llmci

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

# Read by every Python process that the demo starts, its own and those of the systems.
NO_NETWORK = """
import socket

def refused(*_, **__):
    raise SystemExit("the demo tried to reach the network")

socket.socket.connect = socket.socket.connect_ex = socket.create_connection = socket.getaddrinfo = refused
"""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def offline(here: Path) -> dict[str, str]:
    (here / "site").mkdir()
    (here / "site" / "sitecustomize.py").write_text(NO_NETWORK)
    return {"PYTHONPATH": f"{here / 'site'}:{ROOT}"}


@pytest.fixture(scope="module")
def done(here: Path, offline: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return llmci("demo", "--json", cwd=here, environ=offline)


@pytest.fixture(scope="module")
def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_it_behaves_as_told_and_exits_0(done: subprocess.CompletedProcess[str], document: dict[str, Any]) -> None:
    assert done.returncode == 0, done.stderr
    assert document["as_told"] is True


def test_the_broken_candidate_is_caught_in_the_slices_it_breaks(document: dict[str, Any]) -> None:
    broken = document["candidates"]["broken"]
    caught = {
        found["slice"]["type"]
        for found in broken["slices"]
        if found["metric"] == "hit-at-5" and found["outcome"] == "regressed"
    }

    assert broken["exit_code"] == 1
    assert {"exact-name", "comparison"} <= caught <= {"exact-name", "comparison", "parameter", "keywords"}


def test_the_better_candidate_passes(document: dict[str, Any]) -> None:
    assert document["candidates"]["better"]["exit_code"] == 0


def test_nothing_that_was_planted_survives(document: dict[str, Any]) -> None:
    assert document["planted"] > 150
    assert document["survivors"] == []


def test_every_stage_says_what_it_did_and_how_long_it_took(
    done: subprocess.CompletedProcess[str], document: dict[str, Any]
) -> None:
    stages = ["traffic", "pull", "sanitize", "label", "build", "broken", "better", "check"]

    assert [line.split()[0] for line in done.stderr.splitlines()[:-5]] == stages
    assert list(document["seconds"]) == stages


def test_the_reports_are_there(here: Path, document: dict[str, Any]) -> None:
    reports = [here / candidate["report"] for candidate in document["candidates"].values()]

    assert all(report.read_text().startswith("<!doctype html>") for report in reports)


def test_the_last_screen_is_five_lines_that_end_with_what_to_open(done: subprocess.CompletedProcess[str]) -> None:
    lines = done.stderr.splitlines()[-5:]

    assert "secrets are gone" in lines[0]
    assert "worst in type=" in lines[1]
    assert "exit code 1" in lines[2]
    assert "exit code 0" in lines[3]
    assert lines[4].startswith("Open llmci-demo/report.html")


def test_somebody_elses_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")

    done = llmci("demo", "--directory", str(tmp_path), cwd=tmp_path)

    assert done.returncode == 2
    assert "--force" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
