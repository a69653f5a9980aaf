"""The composite action, step by step, with an `llmci` that leaves with each of its exit codes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml
from action_world import CODES, ROOT, World, a_world

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> World:
    return a_world(tmp_path)


@pytest.mark.parametrize("code", CODES)
def test_the_job_leaves_with_the_exit_code_of_llmci(world: World, code: int) -> None:
    outcome, verdict = CODES[code]

    job = world.run(code, outcome)

    assert job.codes["Verdict"] == code
    assert {job.codes["Install"], job.codes["Bench"], job.codes["Summary"]} == {0}
    assert (job.outputs["verdict"], job.outputs["exit-code"]) == (verdict, str(code))


@pytest.mark.parametrize("code", CODES)
def test_the_summary_says_what_happened_whatever_it_was(world: World, code: int) -> None:
    outcome, _ = CODES[code]

    job = world.run(code, outcome)

    assert job.summary == "> the summary\n" if outcome else f"exit code {code}" in job.summary


def test_the_report_is_uploaded_as_one_file_and_all_formats_beside_it(world: World) -> None:
    job = world.run(1, "regressed", name="en")

    assert job.used["Upload the report"]["path"].endswith("/llmci-report-en.html")
    assert job.used["Upload all formats"]["name"] == "llmci-en"
    assert job.outputs["result-json"].endswith("/result.json")


def test_the_numbers_become_outputs(world: World) -> None:
    outputs = world.run(1, "regressed").outputs

    assert (outputs["cases"], outputs["regressed-cases"], outputs["improved-cases"]) == ("9", "3", "4")
    assert outputs["cost-usd"] == "1.25"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        pytest.param(1, None, id="regressed-without-a-result"),
        pytest.param(1, "passed", id="regressed-but-the-result-says-passed"),
        pytest.param(0, "regressed", id="passed-but-the-result-says-regressed"),
        pytest.param(0, None, id="passed-without-a-result"),
    ],
)
def test_a_verdict_is_believed_only_if_the_result_says_so_too(world: World, code: int, outcome: str | None) -> None:
    job = world.run(code, outcome)

    assert (job.outputs["verdict"], job.codes["Verdict"]) == ("error", 70)


@pytest.mark.parametrize(
    ("fail_on", "code", "left"),
    [
        ("regressed", 1, 1),
        ("regressed", 3, 0),
        ("regressed, infra", 4, 4),
        ("regressed,inconclusive", 3, 3),
        ("never", 1, 0),
        ("never", 3, 0),
        ("never", 2, 2),
        ("never", 5, 5),
        ("never", 70, 70),
        ("never", 130, 130),
        ("anything", 0, 2),
    ],
)
def test_fail_on_chooses_which_verdicts_fail_the_job(world: World, fail_on: str, code: int, left: int) -> None:
    assert world.run(code, CODES[code][0], fail_on=fail_on).codes["Verdict"] == left


def test_inputs_become_arguments(world: World) -> None:
    world.run(0, "passed", config="gate.yaml", budget_usd="5", max_cases="20", replay="tape")

    assert world.arguments()[-4:] == ["--config=gate.yaml", "--budget=5", "--limit=20", "--replay=tape"]


@pytest.mark.parametrize(
    "name", ["config", "name", "budget_usd", "max_cases", "replay", "fail_on", "comment", "github_token"]
)
@pytest.mark.parametrize(
    "harm",
    [
        '"; touch pwned; "',
        "$(touch pwned)",
        "`touch pwned`",
        "'; touch pwned; '",
        "x\nverdict=passed\nexit-code=0",
        "--config=/etc/passwd",
        "${IFS}touch${IFS}pwned",
        "::set-output name=verdict::passed",
    ],
)
def test_no_input_runs_or_forges_anything(world: World, name: str, harm: str) -> None:
    job = world.run(1, "regressed", **{name: harm})

    assert not list(world.workspace.rglob("pwned"))
    assert job.failed
    assert job.outputs["verdict"] in {"regressed", "error"}


def test_nothing_that_llmci_prints_is_a_command_to_the_runner(world: World) -> None:
    log = world.run(0, "passed").log
    stopped = re.search(r"::stop-commands::([0-9a-f]{32})\n(.*?)::\1::", log, re.DOTALL)

    assert stopped
    assert "::error file=x::injected" in stopped[2]
    assert "injected" not in log.replace(stopped[2], "")


def test_keys_reach_the_bench_and_not_the_installer(world: World) -> None:
    world.run(0, "passed")

    assert (world.fake / "key-of-bench").read_text(encoding="utf-8") == "sk-secret"
    assert (world.fake / "key-of-pip").read_text(encoding="utf-8") == ""


def workflow_files() -> list[Path]:
    return [ROOT / "action.yml", *sorted((ROOT / ".github" / "workflows").glob("*.yml"))]


@pytest.mark.parametrize("path", workflow_files(), ids=lambda path: path.name)
def test_every_foreign_action_is_pinned_by_its_full_digest(path: Path) -> None:
    for used in re.findall(r"uses: (\S+)", path.read_text(encoding="utf-8")):
        assert used == "./" or re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", used), used


@pytest.mark.parametrize("path", workflow_files(), ids=lambda path: path.name)
def test_no_script_holds_an_expression(path: Path) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    jobs = document["jobs"].values() if "jobs" in document else [document["runs"]]

    assert [step["name"] for job in jobs for step in job["steps"] if "${{" in step.get("run", "")] == []
