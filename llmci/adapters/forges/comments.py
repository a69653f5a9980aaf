"""One comment on a pull request that is kept up to date."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

from llmci.adapters.forges.rest import Refused

if TYPE_CHECKING:
    from llmci.adapters.forges.rest import Rest

# Whose comments are those of a workflow's own token, which may not ask who it is.
WORKFLOW_LOGIN = "github-actions[bot]"

Done = Literal["created", "edited", "unchanged"]


@dataclass(frozen=True, slots=True)
class Kept:
    """What was done to the comment, and where it is."""

    done: Done
    url: str


class Comments:
    """The comments of one repository's pull requests.

    Args:
        rest: The API.
        repository: As `owner/name`.
    """

    def __init__(self, rest: Rest, repository: str) -> None:
        self._rest, self._repos = rest, f"/repos/{repository}"

    def login(self) -> str:
        """Who the token writes as."""
        try:
            me = self._rest.call("GET", "/user")
        except Refused as refused:
            if refused.status in (401, 403, 404):
                return WORKFLOW_LOGIN
            raise
        return _text(me, "login") or WORKFLOW_LOGIN

    def keep(self, pull_request: int, marker: str, body: str, login: str, *, but_foot: bool = False) -> Kept:
        """Create the comment, edit it, or leave it as it is if it says the same.

        Args:
            pull_request: Its number.
            marker: What the comment starts with; a comment that merely quotes it is not ours.
            body: What it shall say.
            login: A comment of anybody else is not ours either.
            but_foot: Leave it, too, if only links and its last paragraph differ, which names the commit.

        Raises:
            Refused: GitHub does not let us, or cannot be reached.
        """
        comments = f"{self._repos}/issues/{pull_request}/comments"
        for comment in self._rest.pages(comments):
            said = _text(comment, "body")
            if not said.startswith(marker) or _text(comment.get("user"), "login") != login:
                continue
            if _plain(said, but_foot=but_foot) == _plain(body, but_foot=but_foot):
                return Kept("unchanged", _text(comment, "html_url"))
            path = f"{self._repos}/issues/comments/{int(comment['id'])}"
            return Kept("edited", _text(self._rest.call("PATCH", path, {"body": body}), "html_url"))
        return Kept("created", _text(self._rest.call("POST", comments, {"body": body}), "html_url"))

    def pull_request_of(self, owner: str, branch: str, commit: str) -> int | None:
        """The open pull request of a fork's branch, if the branch is still at that commit."""
        query = urlencode({"state": "open", "head": f"{owner}:{branch}"})
        for pull in self._rest.pages(f"{self._repos}/pulls?{query}"):
            if _text(pull.get("head"), "sha") == commit:
                return int(pull["number"])
        return None


def _plain(body: str, *, but_foot: bool) -> str:
    """GitHub may give a body back with other line ends."""
    plain = body.replace("\r\n", "\n").strip()
    return re.sub(r"\]\([^()\s]*\)", "]()", plain.rpartition("\n\n")[0]) if but_foot else plain


def _text(value: Any, key: str) -> str:  # noqa: ANN401  JSON
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""
