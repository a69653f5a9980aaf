"""`llmci bench` as a shell runs it: exit codes, what stands on stdout, and the reports."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from commands import llmci

from llmci.cli.bench import filters_of
from llmci.config import load
from llmci.errors import UsageError
from llmci.wiring.evalset import build

if TYPE_CHECKING:
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
  baseline: {kind: python, callable: "app.py:answer", config: {wrong_every: 50}}
  worse: {extends: baseline, config: {wrong_every: 3}}
  free: {extends: baseline, max_cost_usd: 0}
scorers:
  right: {kind: exact}
gates:
  - {metric: right, tolerance: 10pt}
bench: {candidate: baseline}
report: [report.html]
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    (root / "app.py").write_text(APP)
    (root / "llmci.yaml").write_text(CONFIG)
    rows = [{"question": f"what is the square of {n}", "reference": str(n * n)} for n in range(60)]
    (root / "cases.jsonl").write_text("\n".join(map(json.dumps, rows)))
    build(load(root / "llmci.yaml"), now=datetime.now(UTC))
    return root


def test_a_candidate_that_is_no_worse_passes_and_the_reports_are_written(project: Path) -> None:
    done = llmci("bench", "-o", "report.md", "-o", "report.json", cwd=project)

    assert done.returncode == 0, done.stderr
    assert "passed" in done.stdout
    assert "60/60" in done.stderr or "120/120" in done.stderr
    assert (project / "report.md").stat().st_size > 100
    assert json.loads((project / "report.json").read_text())


def test_a_worse_one_exits_1_and_json_is_all_of_stdout(project: Path) -> None:
    done = llmci("bench", "--candidate", "worse", "--json", cwd=project)

    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    assert document["exit_code"] == 1
    assert document["result"]["outcome"] == "regressed"
    assert done.stderr == ""
    assert llmci("gate", document["baseline_run"], document["candidate_run"], cwd=project).returncode == 1


def test_a_dry_run_shows_the_plan_and_asks_nobody(project: Path) -> None:
    done = llmci("bench", "--candidate", "free", "--repeat", "3", "--dry-run", "--json", cwd=project)

    document = json.loads(done.stdout)
    assert done.returncode == 0
    assert (document["cases"], document["repeats"], document["cost"]) == (60, 3, None)
    assert document["plan"][1]["cost"] == 0


def test_what_cannot_work_is_a_usage_error_with_its_fix(project: Path) -> None:
    done = llmci("bench", "--budget", "1", cwd=project)

    assert done.returncode == 2
    assert "nobody knows what a call of the system 'baseline' may cost" in done.stderr
    assert "fix: Say it with max_cost_usd" in done.stderr


@pytest.mark.parametrize("given", ["colour", "=red"])
def test_a_filter_is_a_label_and_a_value(given: str) -> None:
    with pytest.raises(UsageError, match="is not label=value"):
        filters_of([given])
