"""The whole loop, as a user runs it, on real traces of two agents: what is true must be said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "demo_tau2_sft" / "traces.jsonl.gz"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.exists(), reason="../shared/data/demo_tau2_sft is not here"),
    pytest.mark.timeout(300),
]


def llmci(directory: Path, *arguments: str) -> tuple[int, Any, str]:
    """Run a command with --json; exit code, document, stderr."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "LLMCI_PRIVACY_KEY": "a key for tests"}
    done = subprocess.run(
        [sys.executable, "-m", "llmci", *arguments, "--json"],
        cwd=directory,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has pulled, sanitized, labelled and built its eval set."""
    directory = tmp_path_factory.mktemp("agents")
    shutil.copy(ROOT / "benchmarks" / "agent_traces" / "llmci.yaml", directory)
    (directory / "traces.jsonl.gz").symlink_to(DATA)
    code, _, said = llmci(directory, "run")
    assert code == 0, said
    return directory


@pytest.fixture(scope="module")
def promoted(project: Path) -> tuple[int, Any, str]:
    """The better agent in the place of the worse one."""
    return llmci(project, "bench", "--baseline", "stock", "--candidate", "sft")


def outcomes(document: Any) -> dict[str, str]:
    """Outcome of the reward rule over all cases ("all") and for each app."""
    verdicts = [v for v in document["result"]["verdicts"] if v["rule"]["metric"] == "reward"]
    return {(v["slice"] or [None, "all"])[1]: v["outcome"] for v in verdicts}


def test_traces_without_a_user_message_are_reported(project: Path) -> None:
    code, document, _ = llmci(project, "pull", "--dry-run")

    assert code == 0
    assert document


def test_promoting_the_worse_agent_is_a_regression_where_it_is_one(project: Path) -> None:
    code, document, said = llmci(project, "bench", "--baseline", "sft", "--candidate", "stock")

    assert code == 1, said
    assert outcomes(document) == {
        "all": "regressed",
        "telecom": "regressed",
        "telecom_no-user": "regressed",
        "retail": "inconclusive",
        "airline": "inconclusive",
    }


def test_promoting_the_better_agent_passes(promoted: tuple[int, Any, str]) -> None:
    code, document, said = promoted

    assert code == 0, said
    assert outcomes(document)["all"] == "passed"


def test_a_cost_logged_as_nothing_is_unknown_and_not_free(promoted: tuple[int, Any, str]) -> None:
    _, document, _ = promoted
    [cost] = [v for v in document["result"]["verdicts"] if v["rule"]["metric"] == "cost" and v["slice"] is None]

    assert cost["outcome"] != "passed"
    assert "unknown" in cost["because"]


def test_every_action_of_a_recorded_agent_becomes_a_case(project: Path) -> None:
    config = (project / "llmci.yaml").read_text()
    (project / "steps.yaml").write_text(config.replace("  name: agents\n", "  name: steps\n  agents: steps\n"))

    code, document, said = llmci(project, "evalset", "build", "-c", "steps.yaml")
    llmci(project, "evalset", "export", "-o", "steps.jsonl", "-c", "steps.yaml")

    assert code == 0, said
    assert document["cases"] == 140
    cases = map(json.loads, (project / "steps.jsonl").read_text().splitlines())
    actions = {case["slices"]["action"] for case in cases}
    assert "answer" in actions
    assert len(actions) > 15
