"""The event that a GitHub job runs for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

# refs/heads/gh-readonly-queue/main/pr-12-<digest of the commit that it goes on top of>
_QUEUED = re.compile(r"gh-readonly-queue/.+/pr-(\d+)-[0-9a-f]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkRun:
    """A workflow that ran for a fork's branch; which pull request that is, has to be asked."""

    owner: str
    branch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a job is about.

    Attributes:
        pull_request: Its number; None where there is none, or where `fork` has to be asked.
        commit: Digest of the commit that was judged.
        run: Address of the job that judged it.
    """

    pull_request: int | None
    commit: str | None
    run: str | None
    fork: ForkRun | None = None


def event_of(environ: Mapping[str, str]) -> Event:
    """Read the event that GitHub left in a file; everything in it is GitHub's word and no fork's.

    Raises:
        UsageError: The file cannot be read.
    """
    told = told_event(environ)
    if isinstance(finished := told.get("workflow_run"), dict):
        return _finished(finished)
    pull, queued = told.get("pull_request"), told.get("merge_group")
    number, commit = None, environ.get("GITHUB_SHA")
    if isinstance(pull, dict):
        number, commit = pull.get("number"), (pull.get("head") or {}).get("sha", commit)
    elif isinstance(queued, dict) and (found := _QUEUED.search(str(queued.get("head_ref")))):
        number = int(found[1])
    return Event(pull_request=number, commit=_digest(commit), run=_run(environ))


def _finished(run: Mapping[str, Any]) -> Event:
    pulls = [pull["number"] for pull in run.get("pull_requests") or ()]
    owner = ((run.get("head_repository") or {}).get("owner") or {}).get("login")
    home = (run.get("repository") or {}).get("full_name")
    foreign = (run.get("head_repository") or {}).get("full_name") != home
    return Event(
        pull_request=pulls[0] if pulls and not foreign else None,
        commit=_digest(run.get("head_sha")),
        run=run.get("html_url"),
        fork=ForkRun(owner=str(owner), branch=str(run.get("head_branch"))) if foreign and owner else None,
    )


def told_event(environ: Mapping[str, str]) -> dict[str, Any]:
    """What GitHub says of the event, unread; empty outside of its jobs.

    Raises:
        UsageError: The file cannot be read.
    """
    path = environ.get("GITHUB_EVENT_PATH")
    if not path:
        return {}
    try:
        told = orjson.loads(Path(path).read_bytes())
    except (OSError, ValueError):
        raise UsageError("GITHUB_EVENT_PATH names no event.", fix="Unset it outside of GitHub's jobs.") from None
    return told if isinstance(told, dict) else {}


def _digest(commit: object) -> str | None:
    return commit if isinstance(commit, str) and re.fullmatch(r"[0-9a-f]{7,64}", commit) else None


def _run(environ: Mapping[str, str]) -> str | None:
    server, repository, run = (environ.get(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else None
