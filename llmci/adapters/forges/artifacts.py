"""Artifacts of earlier runs of one repository's workflows, as a place where a baseline may be."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from llmci.adapters.forges.event import told_event
from llmci.adapters.forges.rest import MOST_BYTES, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from llmci.adapters.forges.rest import Rest

_PAGE, _MOST_PAGES = 100, 5
# A default branch that moved on by so many runs since the merge base is too old to be looked through.
_MOST_ASKED = 20
_ANCESTOR = frozenset({"ahead", "identical"})


@dataclass(frozen=True, slots=True)
class Member:
    """A file out of an artifact.

    Attributes:
        place: What to call it.
        content: The file.
    """

    place: str
    content: bytes


class Artifacts:
    """Artifacts that runs on the default branch left; those of forks are never looked at.

    Args:
        rest: The API; its token needs `actions: read` and `contents: read`.
        repository: As `owner/name`.
    """

    def __init__(self, rest: Rest, repository: str) -> None:
        self._rest, self._repos = rest, f"/repos/{repository}"

    def newest(self, name: str, member: str, environ: Mapping[str, str]) -> Member | None:
        """The file in the newest artifact of a run that the judged commit was built upon; None if there is none.

        Args:
            name: Of the artifact.
            member: Path of the file in it.
            environ: Of the job: its event says what is judged.

        Raises:
            Refused: GitHub does not let us, or cannot be reached.
        """
        told = told_event(environ)
        branch = _sha(told, "repository", "default_branch")
        base = self._base(told, environ)
        if branch is None or base is None:
            return None
        asked = 0
        for artifact in self._listed(name, branch):
            commit = str(artifact["workflow_run"]["head_sha"])
            if str(artifact["workflow_run"].get("id")) == environ.get("GITHUB_RUN_ID"):
                continue
            if (asked := asked + 1) > _MOST_ASKED:
                break
            if self._status(commit, base) not in _ANCESTOR:
                continue
            content = self._rest.download(f"{self._repos}/actions/artifacts/{int(artifact['id'])}/zip")
            if (found := _member(content, member)) is not None:
                return Member(f"artifact {name} of {branch} at {commit[:9]}", found)
        return None

    def _listed(self, name: str, branch: str) -> Iterator[dict[str, Any]]:
        """Artifacts of that name, newest first, that this repository's own default branch left."""
        for page in range(1, _MOST_PAGES + 1):
            path = f"{self._repos}/actions/artifacts?name={quote(name)}&per_page={_PAGE}&page={page}"
            answer = self._rest.call("GET", path)
            items = answer.get("artifacts") if isinstance(answer, dict) else None
            if not isinstance(items, list):
                raise Refused("GitHub listed no artifacts.", fix="Try again later.", status=200)
            yield from (item for item in items if _ours(item, branch))
            if len(items) < _PAGE:
                return

    def _base(self, told: Mapping[str, Any], environ: Mapping[str, str]) -> str | None:
        """The commit of the default branch that the change was made upon."""
        if isinstance(told.get("pull_request"), dict):
            before, after = _sha(told, "pull_request", "base", "sha"), _sha(told, "pull_request", "head", "sha")
            if before is None or after is None:
                return None
            compared = self._rest.call("GET", f"{self._repos}/compare/{before}...{after}?per_page=1")
            return _sha(compared, "merge_base_commit", "sha")
        if isinstance(told.get("merge_group"), dict):
            return _sha(told, "merge_group", "base_sha")
        return environ.get("GITHUB_SHA")

    def _status(self, commit: str, base: str) -> str:
        compared = self._rest.call("GET", f"{self._repos}/compare/{commit}...{base}?per_page=1")
        return str(compared.get("status")) if isinstance(compared, dict) else ""


def _ours(item: object, branch: str) -> bool:
    if not isinstance(item, dict) or item.get("expired") or not isinstance(run := item.get("workflow_run"), dict):
        return False
    # A fork may call its branch like ours.
    home = run.get("repository_id") is not None and run.get("repository_id") == run.get("head_repository_id")
    commit = re.fullmatch(r"[0-9a-f]{7,64}", str(run.get("head_sha")))
    return home and run.get("head_branch") == branch and commit is not None and isinstance(item.get("id"), int)


def _sha(told: object, *names: str) -> str | None:
    for name in names:
        told = told.get(name) if isinstance(told, dict) else None
    return told if isinstance(told, str) and re.fullmatch(r"[\w./-]{1,200}", told) else None


def _member(content: bytes, name: str) -> bytes | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if name not in archive.namelist() or archive.getinfo(name).file_size > MOST_BYTES:
                return None
            return archive.read(name)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError):
        return None
