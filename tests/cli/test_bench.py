"""`llmci bench` as a shell runs it: exit codes, what stands on stdout, and the reports."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from commands import environment, llmci

from llmci.cli.bench import filters_of, shard_of
from llmci.cli.exits import exit_code_of
from llmci.config import load
from llmci.errors import UsageError
from llmci.pipeline.gate import gate
from llmci.seams import Silent
from llmci.wiring.bench import bench
from llmci.wiring.bench_plan import Ask
from llmci.wiring.evalset import build_version
from llmci.wiring.evalset_store import store
from llmci.wiring.merge import merge

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.config import Config
    from llmci.wiring.bench import BenchOutcome

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
    build_version(load(root / "llmci.yaml"), now=datetime.now(UTC))
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


def test_several_candidates_share_the_error_rate_and_the_gravest_verdict_is_the_exit_code(project: Path) -> None:
    done = llmci("bench", "--candidate", "free", "--candidate", "worse", "--json", cwd=project)

    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert [one["result"]["outcome"] for one in found["candidates"]] == ["passed", "regressed"]
    assert {one["result"]["verdicts"][0]["rule"]["alpha"] for one in found["candidates"]} == {0.025}
    assert [path.rsplit("/", 1)[1] for one in found["candidates"] for path in one["reports"]] == [
        "report-free.html",
        "report-worse.html",
    ]
    again = llmci("gate", found["baseline_run"], found["candidates"][1]["candidate_run"], cwd=project)
    assert "one of 2 candidates of its bench" in again.stdout
    assert llmci("bench", "--candidate", "free", "--candidate", "free", cwd=project).returncode == 2


def benched(config: Config, candidate: str, shard: tuple[int, int] | None = None) -> BenchOutcome:
    """The same without a process of its own for each shard."""
    asked = Ask(candidate=candidate, shard=shard)
    return bench(config, asked, environ=environment(), progress=Silent(), clock=lambda: datetime.now(UTC))


@pytest.mark.parametrize("candidate", ["free", "worse"])
def test_shards_come_to_the_verdict_of_the_whole(project: Path, tmp_path: Path, candidate: str) -> None:
    config = load(project / "llmci.yaml")
    places = [tmp_path / f"shard-{number}" for number in (3, 1, 2)]
    whole = benched(config, candidate)
    for state in places:
        benched(replace(config, state=state), candidate, (int(state.name[-1]), 3))
    expected = gate(whole.baseline, whole.candidate, store(config).load("main").cases, config.gates)

    merged = llmci("merge", *map(str, places), "--json", cwd=project)
    again = merge(config, places, [tmp_path / "again.json"])

    assert merged.returncode == exit_code_of(expected)
    ours = json.loads(merged.stdout)["result"]
    assert ours["headline"] == again.reported.result.headline == expected.headline
    assert again.reported.result.verdicts == expected.verdicts
    assert len(ours["verdicts"]) == len(expected.verdicts)


def test_a_shard_that_is_missing_is_no_evidence(project: Path, tmp_path: Path) -> None:
    benched(replace(load(project / "llmci.yaml"), state=tmp_path), "free", (1, 3))

    missing = llmci("merge", str(tmp_path), cwd=project)

    assert missing.returncode == 4
    assert "no run of the shard 2/3, 3/3" in missing.stderr


def test_a_shard_of_the_command_line_asks_its_part_alone(project: Path) -> None:
    done = llmci("bench", "--candidate", "free", "--shard", "2/3", "--fail-on", "nothing", "--json", cwd=project)

    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert 0 < found["calls"] + found["reused"] < 2 * 60


@pytest.mark.parametrize("given", ["0/3", "4/3", "1", "a/b"])
def test_a_shard_is_a_part_of_the_whole(given: str) -> None:
    with pytest.raises(UsageError, match="is not i/n"):
        shard_of(given)
