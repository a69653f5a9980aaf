"""`llmci comment` as a job runs it: events, what was there before, and what GitHub answers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from commands import llmci
from github_api import BOT, GithubApi, github_api
from report_builders import a_report, a_result

from llmci.adapters.reporters.json import JsonReporter
from llmci.domain.verdict import Outcome
from llmci.errors import UsageError
from llmci.wiring.comment import MOST_BYTES, Ask, Commented, comment, read_result

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVENTS: dict[str, dict[str, Any]] = {
    "pull_request": {"pull_request": {"number": 7, "head": {"sha": "a" * 40}}},
    "merge_group": {"merge_group": {"head_ref": f"refs/heads/gh-readonly-queue/main/pr-7-{'a' * 40}"}},
    "push": {"ref": "refs/heads/main"},
    "schedule": {"schedule": "0 3 * * *"},
    "workflow_dispatch": {"inputs": {}},
}
FORK = {
    "workflow_run": {
        "head_sha": "b" * 40,
        "head_branch": "patch",
        "html_url": "https://forge.example/run/1",
        "pull_requests": [],
        "repository": {"full_name": "shop/app"},
        "head_repository": {"full_name": "fork/app", "owner": {"login": "fork"}},
    }
}


class Job:
    """A job of a workflow with a report at hand."""

    def __init__(self, api: GithubApi, place: Path) -> None:
        self.api, self.place = api, place
        self.result = self.write("llmci-main", a_report(30))

    def write(self, directory: str, report: Any) -> Path:
        path = self.place / directory / "result.json"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(JsonReporter().render(report))
        return path

    def environ(self, event: dict[str, Any]) -> dict[str, str]:
        path = self.place / "event.json"
        path.write_text(json.dumps(event), encoding="utf-8")
        return self.api.environ(GITHUB_EVENT_PATH=str(path))

    def comment(self, event: dict[str, Any] | None = None, **asked: Any) -> Commented:
        given = {"name": "main", "results": [self.result]} | asked
        return comment(Ask(**given), self.environ(EVENTS["pull_request"] if event is None else event))


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Job]:
    monkeypatch.setenv("no_proxy", "*")
    with github_api() as api:
        yield Job(api, tmp_path)


@pytest.mark.parametrize("event", ["pull_request", "merge_group"])
@pytest.mark.parametrize("stopped", [None, 2, 3, 4, 5, 70, 130])
def test_first_created_then_unchanged_then_edited(job: Job, event: str, stopped: int | None) -> None:
    first: dict[str, Any] = {"stopped": stopped, "results": ()} if stopped else {}

    done = [job.comment(EVENTS[event], **first).done for _ in range(2)]
    passed = a_report(30, result=a_result(Outcome.PASSED, headline="no regression", verdicts=()))
    job.result = job.write("llmci-main", passed)
    done.append(job.comment(EVENTS[event]).done)

    assert done == ["created", "unchanged", "edited"]
    assert len(job.api.bodies()) == 1
    assert "no regression" in job.api.bodies()[0]


@pytest.mark.parametrize("event", ["push", "schedule", "workflow_dispatch"])
def test_an_event_without_a_pull_request_is_no_failure(job: Job, event: str) -> None:
    done = job.comment(EVENTS[event])

    assert (done.done, done.why) == ("not posted", "this event has no pull request")
    assert job.api.asked == []


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [403, 404])
def test_a_comment_that_may_not_be_posted_is_no_failure(job: Job, method: str, status: int) -> None:
    job.api.login = "octo"
    job.api.refusals = [(method, status, {})] * 2

    done = job.comment(login=BOT)

    assert done.done == "not posted"
    assert f"GitHub answered {status}" in done.why
    assert "pull-requests: write" in done.why


def test_without_a_token_nobody_is_asked(job: Job) -> None:
    environ = job.environ(EVENTS["pull_request"]) | {"GITHUB_TOKEN": ""}

    assert comment(Ask(name="main", results=[job.result]), environ).done == "not posted"
    assert job.api.asked == []


def test_each_name_has_a_comment_of_its_own(job: Job) -> None:
    job.comment(name="en")
    job.comment(name="fr")
    job.comment(name="en", report="https://forge.example/report")

    assert [body.splitlines()[0] for body in job.api.bodies()] == ["<!-- llmci:en -->", "<!-- llmci:fr -->"]


def test_the_legs_of_a_matrix_become_one_comment(job: Job) -> None:
    passed = a_result(Outcome.PASSED, headline="no regression", verdicts=())
    legs = [job.write("llmci-en", a_report(9)), job.write("llmci-fr", a_report(9, result=passed))]

    job.comment(results=legs, report="https://forge.example/report")

    [body] = job.api.bodies()
    assert "1 of 2 configurations" in body
    assert "| en | ❌ regressed |" in body
    assert "| fr | ✅ passed |" in body
    assert "https://forge.example/report" not in body


def test_a_forks_run_is_commented_on_from_outside(job: Job) -> None:
    job.api.pulls = [{"number": 7, "head": {"label": "fork:patch", "sha": "b" * 40}}]

    assert job.comment(FORK).done == "created"
    assert "in its fork" in job.api.bodies()[0]
    assert "POST /repos/shop/app/issues/7/comments" in job.api.asked


def test_a_fork_that_has_moved_on_is_left_alone(job: Job) -> None:
    job.api.pulls = [{"number": 7, "head": {"label": "fork:patch", "sha": "c" * 40}}]

    assert job.comment(FORK).done == "not posted"
    assert job.api.writes() == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "is no JSON", id="empty"),
        pytest.param(b'{"schema": "llmci.rep', "is no JSON", id="cut"),
        pytest.param(b"\xff\xfe", "is no JSON", id="not-utf-8"),
        pytest.param(b"[" * 5000, "is no JSON", id="deep"),
        pytest.param(b"[]", "keys are missing", id="a-list"),
        pytest.param(b'{"schema": "other/1"}', "is no report of llmci", id="another-document"),
        pytest.param(b" " * (MOST_BYTES + 1), "larger than 64 MB", id="large"),
        pytest.param(None, "cannot be read", id="missing"),
    ],
)
def test_what_is_no_report_is_told_and_not_shown(job: Job, content: bytes | None, said: str) -> None:
    job.result.unlink() if content is None else job.result.write_bytes(content)

    with pytest.raises(UsageError, match=said):
        job.comment()
    assert job.api.asked == []


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "splendid"},
        {"headline": 7},
        {"cases": "all"},
        {"counts": {"cases": -1}},
        {"gates": [{"metric": "::error::x"}]},
        {"changed": [{"path": "p", "line": 0, "what": "w"}]},
        {"notes": [["nested"]]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_report_of_the_wrong_shape_names_the_key_and_quotes_nothing(job: Job, changes: dict[str, Any]) -> None:
    document = json.loads(job.result.read_bytes()) | changes
    job.result.write_text(json.dumps(document), encoding="utf-8")

    with pytest.raises(UsageError, match=f"look at '{next(iter(changes))}'") as stop:
        job.comment()
    assert "::error" not in stop.value.message


def test_a_report_of_many_cases_is_read_quickly_and_counted_whole(job: Job) -> None:
    document = json.loads(job.result.read_bytes())
    document["cases"] = document["cases"][:1] * 100_000
    document["counts"] |= {"cases": 100_000, "regressed": 100_000}
    job.result.write_text(json.dumps(document), encoding="utf-8")

    assert read_result(job.result).counts["cases"] == 100_000


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://a.example/x)y", "https://a b", "//a"])
def test_only_a_web_address_becomes_a_link(job: Job, url: str) -> None:
    with pytest.raises(UsageError, match="--report-url"):
        job.comment(report=url)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"results": ()}, "there is no report"),
        ({"stopped": 2}, "did not stop without one"),
    ],
)
def test_what_does_not_make_sense_is_told(job: Job, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        job.comment(**asked)


def test_two_reports_of_one_name_are_told(job: Job) -> None:
    with pytest.raises(UsageError, match="directories of the same name"):
        job.comment(results=[job.result, job.result])


def test_the_command_posts_and_says_where(job: Job) -> None:
    done = llmci("comment", str(job.result), cwd=job.place, environ=job.environ(EVENTS["pull_request"]))

    assert (done.returncode, done.stdout) == (0, "created: https://forge.example/comments/1\n")
    assert job.api.tokens == {"Bearer token-of-the-job"}


def test_a_refusal_is_a_notice_of_the_job_and_leaves_with_0(job: Job) -> None:
    job.api.refusals = [("POST", 403, {})]

    done = llmci("comment", str(job.result), cwd=job.place, environ=job.environ(EVENTS["pull_request"]))

    assert done.returncode == 0
    assert done.stdout.startswith("::notice::llmci: no comment was posted. GitHub answered 403")


def test_a_dry_run_prints_the_comment_and_asks_nobody(job: Job) -> None:
    done = llmci("comment", "--dry-run", str(job.result), cwd=job.place, environ=job.environ(EVENTS["pull_request"]))

    assert done.stdout.startswith("<!-- llmci:main -->\n> [!CAUTION]\n")
    assert job.api.asked == []


def test_a_hostile_report_prints_no_command_to_the_runner(job: Job) -> None:
    result = replace(a_result(), headline="::error::x\n::error::y", notes=("##[error]z", "\n::set-output name=a::b"))
    job.write("llmci-main", a_report(9, result=result))

    for flags in (["--dry-run"], ["--json"], []):
        done = llmci("comment", *flags, str(job.result), cwd=job.place, environ=job.environ(EVENTS["push"]))
        assert [line for line in done.stdout.splitlines() if line.lstrip().startswith("::")] == (
            [] if flags else ["::notice::llmci: no comment was posted. this event has no pull request"]
        )
        assert "##[" not in done.stdout
