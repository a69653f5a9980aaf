"""The composite action, step by step, with an `llmci` that leaves with each of its exit codes."""

from __future__ import annotations

import re
import tomllib
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
    inputs = {"budget_usd": "5", "allow_unknown_cost": "true", "max_cases": "20", "replay": "tape"}

    world.run(0, "passed", config="gate.yaml", **inputs)

    expected = ["--config=gate.yaml", "--budget=5", "--allow-unknown-cost", "--limit=20", "--replay=tape"]
    assert world.arguments()[-5:] == expected


@pytest.mark.parametrize(
    "name",
    [
        "config",
        "baseline",
        "candidate",
        "name",
        "budget_usd",
        "allow_unknown_cost",
        "max_cases",
        "replay",
        "fail_on",
        "comment",
        "github_token",
    ],
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
    log = world.run(0, "passed").logs["Bench"]
    stopped = re.search(r"::stop-commands::([0-9a-f]{32})\n(.*?)::\1::", log, re.DOTALL)

    assert stopped
    assert "::error file=x::injected" in stopped[2]
    assert "injected" not in log.replace(stopped[2], "")


def test_keys_reach_the_bench_and_not_the_installer(world: World) -> None:
    world.run(0, "passed")

    assert (world.fake / "key-of-bench").read_text(encoding="utf-8") == "sk-secret"
    assert (world.fake / "key-of-pip").read_text(encoding="utf-8") == ""


def test_baseline_and_candidate_are_handed_on(world: World) -> None:
    world.run(0, "passed", baseline="committed", candidate="new prompt")

    assert {"--baseline-from=committed", "--candidate=new prompt"} <= set(world.arguments())


@pytest.mark.parametrize(
    ("baseline", "fetches"), [("auto", True), ("artifact", True), ("paired", False), ("x.scores", False)]
)
def test_the_default_branchs_scores_are_fetched_where_they_may_be_needed(
    world: World, baseline: str, *, fetches: bool
) -> None:
    job = world.run(0, "passed", baseline=baseline, name="en", config="gate.yaml")

    assert ("Baseline" in job.codes) is fetches
    if fetches:
        assert world.arguments("baseline") == ["baseline", "--name=en", "--config=gate.yaml"]


def test_scores_that_cannot_be_fetched_fail_nothing(world: World) -> None:
    world.environ["FAKE_BASELINE_CODE"] = "2"

    job = world.run(0, "passed")

    assert "::notice::llmci fetched no baseline" in job.log
    assert not job.failed


def test_the_token_reaches_the_steps_that_run_nothing_of_the_project(world: World) -> None:
    world.run(0, "passed")

    tokens = {
        name: (world.fake / f"token-of-{name}").read_text(encoding="utf-8") for name in ("baseline", "bench", "comment")
    }
    assert tokens == {"baseline": "token-of-the-job", "bench": "", "comment": "token-of-the-job"}


FORK, OURS = "someone/app", "shop/app"


@pytest.mark.parametrize(
    ("event", "head", "kept"),
    [
        ("push", "", True),
        ("schedule", "", True),
        ("workflow_dispatch", "", True),
        ("merge_group", "", True),
        ("pull_request", OURS, True),
        ("pull_request", FORK, False),
        ("pull_request_target", FORK, False),
        ("pull_request_target", OURS, False),
        ("workflow_run", "", False),
        ("issue_comment", "", False),
    ],
)
def test_answers_are_kept_by_trusted_events_alone(world: World, event: str, head: str, *, kept: bool) -> None:
    world.known |= {"github.event_name": event, "github.event.pull_request.head.repo.full_name": head}

    job = world.run(1, "regressed")

    assert ("Keep answers" in job.used) is kept
    assert "Restore answers" in job.used


@pytest.mark.parametrize("cache", ["false", "$(touch pwned)"])
def test_no_answers_are_kept_on_request(world: World, cache: str) -> None:
    assert not {"Keep answers", "Restore answers"} & set(world.run(0, "passed", cache=cache).used)


@pytest.mark.parametrize(
    ("comment", "head", "comments"),
    [
        ("auto", OURS, True),
        ("auto", "", True),
        ("auto", FORK, False),
        ("always", FORK, True),
        ("on-change", OURS, True),
        ("never", OURS, False),
    ],
)
def test_comment_says_when_there_is_one(world: World, comment: str, head: str, *, comments: bool) -> None:
    world.known["github.event.pull_request.head.repo.full_name"] = head

    job = world.run(0, "passed", comment=comment)

    assert ("Comment" in job.codes) is comments
    if comments:
        assert ("--on-change" in world.arguments("comment")) is (comment == "on-change")


@pytest.mark.parametrize(
    ("upload", "server", "uploads"),
    [
        ("auto", "https://github.com", True),
        ("auto", "https://shop.ghe.com", True),
        ("auto", "https://git.shop.example", False),
        ("true", "https://git.shop.example", True),
        ("false", "https://github.com", False),
    ],
)
def test_reports_are_uploaded_where_there_are_artifacts(
    world: World, upload: str, server: str, *, uploads: bool
) -> None:
    world.known["github.server_url"] = server

    job = world.run(0, "passed", upload=upload)

    assert ("Upload the report" in job.used) is uploads
    assert ("Upload all formats" in job.used) is uploads


def test_pip_takes_only_what_the_pinned_commit_names_by_digest(world: World) -> None:
    world.run(0, "passed")

    first, second = (world.fake / "pip").read_text(encoding="utf-8").splitlines()
    assert "--require-hashes" in first
    assert f"--requirement {ROOT}/requirements.txt" in first
    assert {"--no-deps", "--no-build-isolation"} <= set(second.split())


def test_the_hashed_requirements_are_the_pins_and_name_no_host() -> None:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pins = set(
        re.findall(r"^([\w.-]+==[\w.+-]+)", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    entries = re.split(r"\n(?=\S)", text.partition("\n")[2].strip())
    found = {entry.split()[0]: entry.count("--hash=sha256:") for entry in entries}

    assert "://" not in text
    # What Windows needs beyond is not part of the tree that constraints.txt pins.
    elsewhere = {entry.split()[0] for entry in entries if "sys_platform == 'win32'" in entry.partition("\n")[0]}
    assert set(found) - elsewhere <= pins
    assert min(found.values()) >= 1
    needed = {re.split(r"[<>=!~\[; ]", name)[0].lower() for name in project["dependencies"]} | {"setuptools"}
    assert needed <= {pin.split("==")[0] for pin in found}


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
