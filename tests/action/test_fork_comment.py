"""The workflow that comments for a fork: what it takes out of the fork's artifacts, and what it does not."""

from __future__ import annotations

import io
import json
import stat
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
from action_world import ROOT
from composite_action import Job, run_steps
from github_api import GithubApi, github_api
from report_builders import a_report

from llmci.adapters.reporters.json import JsonReporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORKFLOW = ROOT / ".github" / "workflows" / "llmci-comment.yml"
RESULT = JsonReporter().render(a_report(9))
EVENT = {
    "workflow_run": {
        "head_sha": "b" * 40,
        "head_branch": "patch",
        "html_url": "https://forge.example/run/1",
        "repository": {"full_name": "shop/app"},
        "head_repository": {"full_name": "fork/app", "owner": {"login": "fork"}},
    }
}
# Answers as `gh api` does after `--jq`, from files.
GH = """#!/usr/bin/env bash
case "$2" in
  */artifacts\\?*) cat "$FAKE/list" ;;
  */zip) number="${2%/zip}"; cat "$FAKE/${number##*/}.zip" ;;
esac
"""


class Fork:
    """A fork's run that left artifacts."""

    def __init__(self, api: GithubApi, place: Path) -> None:
        self.api, self.place = api, place
        self.fake, self.workspace = place / "fake", place / "workspace"
        for directory in (self.fake, self.workspace):
            directory.mkdir()
        for name, script in (
            ("gh", GH),
            ("python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'),
            ("llmci", f'#!/bin/sh\nexec "{sys.executable}" -m llmci "$@"\n'),
        ):
            (self.fake / name).write_text(script, encoding="utf-8")
            (self.fake / name).chmod(stat.S_IRWXU)
        (self.fake / "list").write_text("", encoding="utf-8")
        (place / "event.json").write_text(json.dumps(EVENT), encoding="utf-8")
        api.pulls = [{"number": 7, "head": {"label": "fork:patch", "sha": "b" * 40}}]

    def leaves(self, name: str, content: bytes) -> None:
        listed = (self.fake / "list").read_text(encoding="utf-8")
        number = listed.count("\n") + 1
        (self.fake / "list").write_text(f"{listed}{number} {name}\n", encoding="utf-8")
        (self.fake / f"{number}.zip").write_bytes(content)

    def finishes(self) -> Job:
        environ = self.api.environ(
            PATH=f"{self.fake}:/usr/bin:/bin",
            FAKE=str(self.fake),
            GITHUB_EVENT_PATH=str(self.place / "event.json"),
            PYTHONPATH=str(ROOT),
            no_proxy="*",
        )
        known = {"github.token": "token-of-the-job", "github.event.workflow_run.id": "5"}
        return run_steps(WORKFLOW, ("Fetch the results", "Comment"), self.workspace, known, environ)


@pytest.fixture
def fork(tmp_path: Path) -> Iterator[Fork]:
    with github_api() as api:
        yield Fork(api, tmp_path)


def an_archive(**files: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


def test_the_numbers_of_a_fork_are_commented_on(fork: Fork) -> None:
    fork.leaves("llmci-main", an_archive(**{"result.json": RESULT, "summary.md": b"# @everyone"}))

    job = fork.finishes()

    assert job.codes == {"Fetch the results": 0, "Comment": 0}
    [body] = fork.api.bodies()
    assert "in its fork" in body
    assert "@everyone" not in body


def test_the_legs_of_a_matrix_become_one_comment(fork: Fork) -> None:
    for name in ("llmci-en", "llmci-fr"):
        fork.leaves(name, an_archive(**{"result.json": RESULT}))

    fork.finishes()

    [body] = fork.api.bodies()
    assert "2 of 2 configurations" in body


def test_nothing_else_is_taken_out_of_an_archive(fork: Fork) -> None:
    evil = {"result.json": RESULT, "../../pwned": b"x", "llmci/__init__.py": b"raise SystemExit", "x.html": b"x"}
    fork.leaves("llmci-main", an_archive(**evil))

    fork.finishes()

    left = {path.name for path in (fork.place / "runner" / "results").rglob("*") if path.is_file()}
    assert left == {"list", "1.zip", "result.json"}
    assert not list(fork.place.rglob("pwned"))


@pytest.mark.parametrize(
    "content", [b"", b"no archive", an_archive(other=b"x"), an_archive(**{"result.json": RESULT})[:-40]]
)
def test_an_artifact_without_a_result_is_passed_over(fork: Fork, content: bytes) -> None:
    fork.leaves("llmci-main", content)

    assert fork.finishes().codes == {"Fetch the results": 0}
    assert fork.api.asked == []


def test_a_bomb_is_read_no_further_than_a_report_may_be_long(fork: Fork) -> None:
    fork.leaves("llmci-main", an_archive(**{"result.json": bytes(80 << 20)}))

    job = fork.finishes()

    assert job.codes["Comment"] == 2
    assert "larger than 64 MB" in job.logs["Comment"]
    assert fork.api.asked == []


def test_a_result_of_another_shape_is_not_posted(fork: Fork) -> None:
    fork.leaves("llmci-main", an_archive(**{"result.json": b'{"headline": "::error::x"}'}))

    job = fork.finishes()

    assert job.codes["Comment"] == 2
    assert "::error" not in job.log
    assert fork.api.asked == []


def test_it_neither_checks_out_nor_runs_anything_of_the_fork() -> None:
    text = WORKFLOW.read_text(encoding="utf-8")

    assert "ref:" not in text
    assert "pull_request_target" not in text
    assert "upload-artifact" not in text
