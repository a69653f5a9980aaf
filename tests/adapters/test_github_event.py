from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from llmci.adapters.forges.event import Event, ForkRun, event_of
from llmci.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

COMMIT, MERGE = "a" * 40, "c" * 40
JOB = {
    "GITHUB_SHA": MERGE,
    "GITHUB_SERVER_URL": "https://forge.example",
    "GITHUB_REPOSITORY": "shop/app",
    "GITHUB_RUN_ID": "77",
}
RUN = "https://forge.example/shop/app/actions/runs/77"


def finished(owner: str, **changes: Any) -> dict[str, Any]:
    run = {
        "head_sha": COMMIT,
        "head_branch": "patch",
        "html_url": "https://forge.example/run/1",
        "pull_requests": [],
        "repository": {"full_name": "shop/app"},
        "head_repository": {"full_name": f"{owner}/app", "owner": {"login": owner}},
    }
    return {"workflow_run": run | changes}


@pytest.mark.parametrize(
    ("told", "event"),
    [
        pytest.param(
            {"pull_request": {"number": 12, "head": {"sha": COMMIT}}},
            Event(pull_request=12, commit=COMMIT, run=RUN),
            id="pull_request",
        ),
        pytest.param(
            {"merge_group": {"head_ref": f"refs/heads/gh-readonly-queue/release/1.x/pr-12-{COMMIT}"}},
            Event(pull_request=12, commit=MERGE, run=RUN),
            id="merge_group",
        ),
        pytest.param({"ref": "refs/heads/main"}, Event(pull_request=None, commit=MERGE, run=RUN), id="push"),
        pytest.param({"schedule": "0 3 * * *"}, Event(pull_request=None, commit=MERGE, run=RUN), id="schedule"),
        pytest.param({"inputs": {}}, Event(pull_request=None, commit=MERGE, run=RUN), id="workflow_dispatch"),
        pytest.param(
            finished("shop", pull_requests=[{"number": 12}]),
            Event(pull_request=12, commit=COMMIT, run="https://forge.example/run/1"),
            id="workflow_run-of-a-branch",
        ),
        pytest.param(
            finished("fork", pull_requests=[{"number": 99}]),
            Event(
                pull_request=None,
                commit=COMMIT,
                run="https://forge.example/run/1",
                fork=ForkRun(owner="fork", branch="patch"),
            ),
            id="workflow_run-of-a-fork",
        ),
        pytest.param(
            finished("gone", head_repository=None),
            Event(pull_request=None, commit=COMMIT, run="https://forge.example/run/1"),
            id="workflow_run-of-a-deleted-fork",
        ),
    ],
)
def test_every_event_says_what_it_is_about(tmp_path: Path, told: dict[str, Any], event: Event) -> None:
    (tmp_path / "event.json").write_text(json.dumps(told), encoding="utf-8")

    assert event_of({**JOB, "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}) == event


def test_a_shell_has_no_event() -> None:
    assert event_of({}) == Event(pull_request=None, commit=None, run=None)


def test_a_broken_event_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="GITHUB_EVENT_PATH"):
        event_of({"GITHUB_EVENT_PATH": str(tmp_path)})
