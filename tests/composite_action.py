"""A small runner of GitHub's steps: executes the shell steps of an action or of a job, with a fake event."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

_EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")
_COMPARISON = re.compile(r"([\w.-]+) (==|!=) '([^']*)'")


@dataclass
class Job:
    """What a job was left with.

    Attributes:
        codes: Exit code of each shell step that ran, by name; steps of other actions are not run.
        used: The `with` of each step of another action that would have run, by name.
        logs: What each shell step printed, by name; `log` is all of it.
    """

    codes: dict[str, int] = field(default_factory=dict)
    used: dict[str, dict[str, str]] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    log: str = ""
    logs: dict[str, str] = field(default_factory=dict)
    summary: str = ""

    @property
    def failed(self) -> bool:
        return any(self.codes.values())


def run_action(
    action: Path,
    workspace: Path,
    inputs: Mapping[str, str],
    environ: Mapping[str, str],
    known: Mapping[str, str] | None = None,
) -> Job:
    """Run the steps of a composite action in a workspace.

    Args:
        action: Directory of `action.yml`.
        workspace: Where the job's files are; the runner's own go beside it.
        inputs: As a workflow gives them; the rest take their defaults.
        environ: Environment of the step that uses the action.
        known: Values of further expressions, such as the outputs of steps that are not run.
    """
    document = yaml.safe_load((action / "action.yml").read_text(encoding="utf-8"))
    values = {
        "github.action_path": str(action),
        "github.run_id": "1",
        "github.run_attempt": "1",
        "github.server_url": "https://github.com",
        "github.repository": "shop/app",
        "github.event_name": "pull_request",
        "github.event.pull_request.head.repo.full_name": "shop/app",
        **(known or {}),
    }
    values |= {
        f"inputs.{name}": _filled(str(spec.get("default", "")), values) for name, spec in document["inputs"].items()
    }
    values |= {f"inputs.{name}": value for name, value in inputs.items()}
    job = _run_all(document["runs"]["steps"], workspace, values, environ)
    job.outputs = {name: _filled(spec["value"], values) for name, spec in document["outputs"].items()}
    return job


def run_steps(
    workflow: Path, names: Collection[str], workspace: Path, known: Mapping[str, str], environ: Mapping[str, str]
) -> Job:
    """Run those steps of a workflow's only job that have these names; see `run_action`."""
    [job] = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values()
    steps = [step for step in job["steps"] if step["name"] in names]
    return _run_all(steps, workspace, dict(known), environ)


def _run_all(
    steps: Sequence[dict[str, Any]], workspace: Path, values: dict[str, str], environ: Mapping[str, str]
) -> Job:
    job = Job()
    for step in steps:
        if not _wanted(step.get("if", ""), values, failed=job.failed):
            continue
        if "uses" in step:
            job.used[step["name"]] = {key: _filled(str(value), values) for key, value in step.get("with", {}).items()}
            continue
        _run(step, workspace, values, environ, job)
    return job


def _run(step: dict[str, Any], workspace: Path, values: dict[str, str], environ: Mapping[str, str], job: Job) -> None:
    runner = workspace.parent / "runner"
    runner.mkdir(exist_ok=True)
    script, output, summary = runner / "step.sh", runner / "output", runner / "summary"
    script.write_text(step["run"], encoding="utf-8")
    output.write_text("", encoding="utf-8")
    summary.touch()
    given = {key: _filled(str(value), values) for key, value in step.get("env", {}).items()}
    files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary), "RUNNER_TEMP": str(runner)}
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        cwd=workspace / _filled(step.get("working-directory", "."), values),
        env={**os.environ, **environ, **files, **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    job.codes[step["name"]] = done.returncode
    job.log += done.stdout
    job.logs[step["name"]] = done.stdout
    job.summary = summary.read_text(encoding="utf-8")
    name = step.get("id", "")
    values[f"steps.{name}.outcome"] = "failure" if done.returncode else "success"
    for line in output.read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition("=")
        values[f"steps.{name}.outputs.{key}"] = value


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _EXPRESSION.sub(lambda match: values.get(match[1], ""), text)


def _wanted(condition: str, values: Mapping[str, str], *, failed: bool) -> bool:
    if "||" in condition:
        return not failed and any(_wanted(part.strip(), values, failed=failed) for part in condition.split("||"))
    terms = [term.strip() for term in condition.split("&&")] if condition else []
    if failed and "always()" not in terms:
        return False
    for term in terms:
        if term == "always()":
            continue
        compared = _COMPARISON.fullmatch(term)
        assert compared, f"the runner of the tests does not know {term!r}"
        if (values.get(compared[1], "") == compared[3]) is not (compared[2] == "=="):
            return False
    return True
