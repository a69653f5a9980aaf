"""What the composite action leaves on a pull request: annotations, summary and comment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from action_world import CODES, ROOT, World, a_world
from github_api import GithubApi, github_api
from report_builders import a_report, a_result

from llmci.adapters.reporters.json import JsonReporter
from llmci.domain.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PULL_REQUEST = {"pull_request": {"number": 7, "head": {"sha": "a" * 40}}}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return a_world(tmp_path)


@pytest.fixture
def api() -> Iterator[GithubApi]:
    with github_api() as serving:
        yield serving


def on(world: World, api: GithubApi, event: dict[str, Any]) -> World:
    """The same world, in which the comment is really made."""
    path = world.workspace.parent / "event.json"
    path.write_text(json.dumps(event), encoding="utf-8")
    world.environ |= api.environ(GITHUB_EVENT_PATH=str(path), REAL_COMMENT="1", PYTHONPATH=str(ROOT), no_proxy="*")
    return world


def leave(world: World, outcome: Outcome) -> None:
    report = a_report(9, result=a_result(outcome, headline=f"it {outcome}", verdicts=()))
    (world.fake / "result.json").write_bytes(JsonReporter().render(report))


@pytest.mark.parametrize("code", CODES)
def test_a_verdict_is_commented_on_and_so_is_its_absence(world: World, code: int) -> None:
    outcome, _ = CODES[code]

    world.run(code, outcome, name="en")

    last = world.arguments("comment")[-1]
    assert last.endswith("/llmci-en/result.json") if outcome else last == f"--stopped={code}"
    assert "--name=en" in world.arguments("comment")


@pytest.mark.parametrize("code", CODES)
def test_a_comment_that_fails_does_not_fail_the_job(world: World, code: int) -> None:
    world.environ["FAKE_COMMENT_CODE"] = "70"

    job = world.run(code, CODES[code][0])

    assert job.codes["Comment"] == 0
    assert job.codes["Verdict"] == code
    assert "::notice::llmci made no comment: it left with 70." in job.log


def test_the_token_reaches_the_comment_and_nothing_else(world: World) -> None:
    world.run(0, "passed", **{"github-token": "other-token"})

    assert (world.fake / "token-of-comment").read_text(encoding="utf-8") == "other-token"
    assert (world.fake / "token-of-bench").read_text(encoding="utf-8") == ""


def test_no_comment_is_made_where_none_is_wanted(world: World) -> None:
    assert "Comment" not in world.run(1, "regressed", comment="false").codes


def test_a_name_that_is_refused_leaves_nothing(world: World) -> None:
    job = world.run(0, "passed", name="$(touch pwned)")

    assert {"Comment", "Annotations"}.isdisjoint(job.codes)


@pytest.mark.parametrize("event", [PULL_REQUEST, {"merge_group": {"head_ref": "x/gh-readonly-queue/main/pr-7-0a"}}])
def test_first_created_then_edited_then_unchanged(world: World, api: GithubApi, event: dict[str, Any]) -> None:
    on(world, api, event).known["steps.upload.outputs.artifact-url"] = "https://forge.example/artifact/5"
    writes = []
    for outcome, code in ((Outcome.REGRESSED, 1), (Outcome.PASSED, 0), (Outcome.PASSED, 0)):
        leave(world, outcome)
        job = world.run(code, outcome)
        writes.append((len(api.writes()), job.codes["Verdict"]))

    assert writes == [(1, 1), (2, 0), (2, 0)]
    assert "it passed" in api.bodies()[0]
    assert "https://forge.example/artifact/5" in api.bodies()[0]


def test_a_crash_takes_the_place_of_an_older_verdict(world: World, api: GithubApi) -> None:
    api.say("<!-- llmci:main -->\n> [!TIP]\n> ✅ all is well")

    on(world, api, PULL_REQUEST).run(70, None)

    [body] = api.bodies()
    assert "stopped with exit code 70" in body


@pytest.mark.parametrize("event", [{"ref": "refs/heads/main"}, {"schedule": "0 3 * * *"}])
def test_without_a_pull_request_there_is_a_notice_and_the_summary(
    world: World, api: GithubApi, event: dict[str, Any]
) -> None:
    leave(world, Outcome.REGRESSED)

    job = on(world, api, event).run(1, "regressed")

    assert "::notice::llmci: no comment was posted. this event has no pull request" in job.logs["Comment"]
    assert (job.codes["Comment"], job.codes["Verdict"]) == (0, 1)
    assert job.summary == "> the summary\n"


def test_a_fork_may_not_comment_and_keeps_summary_and_artifact(world: World, api: GithubApi) -> None:
    api.refusals = [("POST", 403, {})]
    leave(world, Outcome.REGRESSED)

    job = on(world, api, PULL_REQUEST).run(1, "regressed")

    assert "no comment was posted. GitHub answered 403" in job.logs["Comment"]
    assert (job.codes["Comment"], job.codes["Verdict"], job.summary) == (0, 1, "> the summary\n")
    assert "Upload all formats" in job.used


def test_at_most_ten_annotations_and_no_other_command_are_printed(world: World) -> None:
    lines = [*(f"::error file=p,line={number}::worse" for number in range(30)), "::set-env name=A::b", "plain"]
    (world.fake / "annotations").write_text("\n".join(reversed(lines)), encoding="utf-8")

    printed = world.run(1, "regressed").logs["Annotations"].splitlines()

    assert printed == [f"::error file=p,line={number}::worse" for number in range(29, 19, -1)]


def test_without_annotations_nothing_is_printed(world: World) -> None:
    assert world.run(0, "passed").logs["Annotations"] == ""


def test_a_huge_summary_is_cut_by_whole_rows_with_a_pointer(world: World) -> None:
    row = "| " + "row " * 20 + "|\n"
    (world.fake / "summary").write_text(row * 20_000, encoding="utf-8")

    summary = world.run(0, "passed").summary

    assert 900_000 < len(summary) < 921_700
    assert summary.endswith(f"{row}\n_Cut here: the report holds the rest._\n")
    assert set(summary.splitlines()[:-2]) == {row.rstrip("\n")}
