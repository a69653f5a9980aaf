"""The composite action with the real `llmci`, as a new user has it: a bench, its files, and the comment on the pull request."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from action_world import ROOT, World, a_world
from github_api import GithubApi, github_api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APP = """
def answer(question, config):
    number = int(question.split()[-1])
    return str(number * number) if number % config["wrong_every"] else "no idea"
"""
CONFIG = """
sanitize: {recognizers: [structured]}
evalset: {hand_written: [cases.jsonl]}
systems:
  baseline: {kind: python, callable: "app.py:answer", max_cost_usd: 0, config: {wrong_every: 50}}
  worse: {extends: baseline, config: {wrong_every: 3}}
scorers:
  right: {kind: exact}
gates:
  - {metric: right, tolerance: 10pt}
bench: {candidate: worse}
"""
EVENT = {"pull_request": {"number": 7, "head": {"sha": "a" * 40}}}


@pytest.fixture
def api() -> Iterator[GithubApi]:
    with github_api() as serving:
        yield serving


@pytest.fixture
def world(tmp_path: Path, api: GithubApi) -> World:
    """A checked-out project with its eval set, and llmci on PATH."""
    world = a_world(tmp_path)
    (world.fake / "llmci").write_text('#!/usr/bin/env bash\nexec python -m llmci "$@"\n')
    root, event = world.workspace, tmp_path / "event.json"
    event.write_text(json.dumps(EVENT))
    rows = [{"question": f"what is the square of {n}", "reference": str(n * n)} for n in range(60)]
    (root / "app.py").write_text(APP)
    (root / "llmci.yaml").write_text(CONFIG)
    (root / "cases.jsonl").write_text("\n".join(map(json.dumps, rows)))
    world.environ |= api.environ(GITHUB_EVENT_PATH=str(event), PYTHONPATH=str(ROOT), no_proxy="*")
    world.known["steps.upload.outputs.artifact-url"] = "https://forge.example/artifact/5"
    subprocess.run([sys.executable, "-m", "llmci", "evalset", "build"], cwd=root, env=_environ(), check=True)
    return world


def _environ() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}


def test_a_regression_fails_the_job_and_is_told_in_all_four_places(world: World, api: GithubApi) -> None:
    job = world.run(0, None, **{"budget-usd": "5"})

    outputs: dict[str, Any] = job.outputs
    assert (outputs["verdict"], outputs["exit-code"], outputs["cases"]) == ("regressed", "1", "60")
    assert int(outputs["regressed-cases"]) > 15
    assert {name: code for name, code in job.codes.items() if code} == {"Verdict": 1}
    [body] = api.bodies()
    assert body.startswith("<!-- llmci:main -->\n> [!CAUTION]\n> ❌ **regressed:** right fell by about ")
    assert "](https://forge.example/artifact/5#case-" in body
    assert "regressed" in job.summary
    assert job.logs["Annotations"].startswith("::error file=llmci.yaml,line=")
    report = job.used["Upload the report"]["path"]
    assert (report, report.endswith("/llmci-report-main.html")) == (outputs["report-path"], True)
    # What the model said is in the report, and neither in the log nor in the comment.
    assert "no idea" not in job.log + body


def test_a_wrong_configuration_is_exit_code_2_with_the_reason_in_the_log(world: World, api: GithubApi) -> None:
    (world.workspace / "llmci.yaml").write_text(CONFIG.replace("kind: exact", "kind: exat"))

    job = world.run(0, None)

    assert (job.outputs["verdict"], job.codes["Verdict"]) == ("error", 2)
    assert "exat" in job.logs["Bench"]
    assert "exit code 2" in job.summary
    assert "exit code 2" in api.bodies()[0]
