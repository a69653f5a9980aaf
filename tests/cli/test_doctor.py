"""`llmci doctor` finds what is wrong before a run does, and says the fix."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from commands import llmci

if TYPE_CHECKING:
    from pathlib import Path


def a_project(path: Path, config: str = "project: parcels\n", *, ignored: bool = True) -> Path:
    (path / "llmci.yaml").write_text(config)
    (path / ".gitignore").write_text(".llmci/\n" if ignored else "")
    subprocess.run(["git", "init", "-q"], cwd=path, check=True)
    return path


def findings(cwd: Path, *arguments: str, code: int, **environ: str) -> dict[str, dict[str, Any]]:
    done = llmci("doctor", "--json", *arguments, cwd=cwd, environ=environ)
    assert done.returncode == code, done.stdout
    return {finding["check"]: finding for finding in json.loads(done.stdout)["findings"]}


def test_a_healthy_project_leaves_with_0(tmp_path: Path) -> None:
    found = findings(a_project(tmp_path), code=0)

    assert {"python", "llmci", "configuration", "state directory", "disk", "git"} <= set(found)
    assert {finding["state"] for finding in found.values()} <= {"ok", "note"}


def test_every_fault_comes_with_its_fix(tmp_path: Path) -> None:
    (tmp_path / "llmci.yaml").write_text("projekt: parcels\n")

    found = findings(tmp_path, code=2)["configuration"]

    assert found["what"].endswith("llmci.yaml:1: unknown key projekt.")
    assert found["fix"] == "Did you mean 'project'?"


def test_files_that_a_block_names_and_that_are_not_there_are_faults(tmp_path: Path) -> None:
    config = (
        "sources:\n  prod: {kind: jsonl, path: traces/*.jsonl}\n"
        "systems:\n  baseline: {kind: python, callable: 'app.py:answer'}\n"
        "  asked: {kind: litellm, model: gpt-x, prompt: prompts/a.j2}\n"
        "scorers:\n  same: {kind: equals}\n"
    )

    found = findings(a_project(tmp_path, config), code=2)

    assert "no file matches traces/*.jsonl" in found["sources.prod"]["what"]
    assert found["systems.baseline"]["fix"] == "Write it, or correct `callable:`."
    assert "a.j2: cannot be read" in found["systems.asked"]["what"]
    assert found["scorers.same"]["state"] == "ok"


def test_what_is_elsewhere_is_left_alone_without_online(tmp_path: Path) -> None:
    config = "sources:\n  far: {kind: jsonl, path: 's3://traces/*.jsonl'}\n"

    assert "sources.far" not in findings(a_project(tmp_path, config), code=0)


def test_without_a_configuration_it_says_how_to_write_one(tmp_path: Path) -> None:
    assert "llmci init" in findings(tmp_path, code=2)["configuration"]["fix"]


def test_raw_traces_that_git_would_take_are_a_fault(tmp_path: Path) -> None:
    assert "not ignored" in findings(a_project(tmp_path, ignored=False), code=2)["git"]["what"]


def test_raw_traces_that_git_has_taken_are_a_fault(tmp_path: Path) -> None:
    a_project(tmp_path, ignored=False)
    raw = tmp_path / ".llmci" / "raw"
    raw.mkdir(parents=True, mode=0o700)
    (raw / "t.parquet").touch()
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)

    assert "git rm" in findings(tmp_path, code=2)["git"]["fix"]


def test_raw_traces_that_others_can_read_are_a_fault(tmp_path: Path) -> None:
    (a_project(tmp_path) / ".llmci" / "raw").mkdir(parents=True, mode=0o755)

    assert "chmod" in findings(tmp_path, code=2)["raw traces"]["fix"]


def test_a_state_directory_that_cannot_be_made_is_a_fault(tmp_path: Path) -> None:
    a_project(tmp_path, "state: /proc/llmci\n")

    assert findings(tmp_path, code=2)["state directory"]["state"] == "broken"


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_project_outside_git_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "llmci.yaml").touch()

    assert findings(tmp_path, code=0, GIT_CEILING_DIRECTORIES=str(tmp_path))["git"]["state"] == "note"


def test_a_person_reads_the_fix_under_the_fault(tmp_path: Path) -> None:
    done = llmci("doctor", cwd=tmp_path)

    assert "broken   configuration: there is no llmci.yaml" in done.stdout
    assert "\n         fix: Run `llmci init`" in done.stdout
    assert done.stderr == ""


def test_an_address_that_nobody_answers_is_found_with_online() -> None:
    from llmci.wiring.doctor import _reach

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert _reach("app", "127.0.0.1", port).state == "ok"
    assert _reach("app", "127.0.0.1", port).state == "broken"
