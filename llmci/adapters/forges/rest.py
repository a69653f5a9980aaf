"""GitHub's REST API over urllib: one token, bounded waits, and no redirect that would carry the token away."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, Literal

import orjson

from llmci.errors import OutsideError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from email.message import Message

Method = Literal["GET", "POST", "PATCH"]

_PAGE = 100
# GitHub closes a conversation at 2,500 comments; a server that never ends is not GitHub.
_MOST_PAGES = 100
_TIMEOUT_S, _LONGEST_WAIT_S = 30.0, 60.0
_WAITS_S = (1.0, 4.0)
MOST_BYTES = 64 << 20
_UNREACHABLE = 0


class Refused(OutsideError):
    """GitHub did not do what was asked; `status` is 0 where it was not reached."""

    def __init__(self, message: str, *, fix: str, status: int) -> None:
        super().__init__(message, fix=fix)
        self.status = status


class Rest:
    """One repository's API.

    Args:
        api: Its address, as in `GITHUB_API_URL`.
        token: Sent to that address and to no other.
        sleep: Waits so many seconds.
    """

    def __init__(self, api: str, token: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        if not api.startswith(("https://", "http://")):
            raise UsageError("GITHUB_API_URL is no web address.", fix="Set it as GitHub does, or not at all.")
        self._api, self._token, self._sleep = api.rstrip("/"), token, sleep
        self._opener = urllib.request.build_opener(_NoRedirect)

    def call(self, method: Method, path: str, payload: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401  JSON
        """Ask for something; what comes back is JSON.

        Raises:
            Refused: After further tries, where these can help.
        """
        for wait in (*_WAITS_S, None):
            status, headers, content = self._once(method, path, payload)
            if 200 <= status < 300:
                return _parsed(content, path)
            pause = None if wait is None else _pause(method, status, headers, wait)
            if pause is None:
                break
            self._sleep(pause)
        raise Refused(_said(method, path, status), fix=_fix(status), status=status)

    def pages(self, path: str) -> Iterator[Any]:
        """Every item of a list, over all its pages."""
        joint = "&" if "?" in path else "?"
        for number in range(1, _MOST_PAGES + 1):
            items = self.call("GET", f"{path}{joint}per_page={_PAGE}&page={number}")
            if not isinstance(items, list):
                raise Refused(f"GitHub answered GET {path} with no list.", fix="Try again later.", status=200)
            yield from items
            if len(items) < _PAGE:
                return

    def download(self, path: str) -> bytes:
        """Content that GitHub keeps elsewhere: where that is, it tells who has the token; the token stays here.

        Raises:
            Refused: It is not there, is larger than `MOST_BYTES`, or cannot be reached.
        """
        status, headers, content = self._once("GET", path, None)
        if status == 200:
            return content
        where = headers.get("Location", "")
        if status not in (302, 303, 307) or not where.startswith(("https://", self._api)):
            raise Refused(_said("GET", path, status), fix="Give the job `actions: read`.", status=status)
        try:
            with self._opener.open(urllib.request.Request(where), timeout=_TIMEOUT_S) as answer:  # noqa: S310
                content = bytes(answer.read(MOST_BYTES + 1))
        except (OSError, ValueError) as error:
            raise Refused("what GitHub keeps could not be fetched.", fix="Try again later.", status=0) from error
        if len(content) > MOST_BYTES:
            raise Refused(f"an artifact is larger than {MOST_BYTES >> 20} MB.", fix="Upload less.", status=200)
        return content

    def _once(self, method: Method, path: str, payload: Mapping[str, object] | None) -> tuple[int, Message, bytes]:
        request = urllib.request.Request(  # noqa: S310  the scheme was checked
            self._api + path,
            method=method,
            data=None if payload is None else orjson.dumps(payload),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "User-Agent": "llmci",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                return answer.status, answer.headers, answer.read(MOST_BYTES)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, b""
        except (OSError, ValueError) as error:
            if isinstance(error, ValueError):  # a token with a newline, an address with a blank
                raise UsageError(
                    "GITHUB_TOKEN or GITHUB_API_URL cannot be sent.", fix="Look for blanks in it."
                ) from None
            return _UNREACHABLE, _nothing(), b""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would take the token to another host."""

    def redirect_request(self, *_: object) -> None:
        """Never."""


def _nothing() -> Message:
    from email.message import Message

    return Message()


def _parsed(content: bytes, path: str) -> Any:  # noqa: ANN401  JSON
    try:
        return orjson.loads(content)
    except ValueError:
        raise Refused(f"GitHub answered {path} with no JSON.", fix="Try again later.", status=200) from None


def _pause(method: Method, status: int, headers: Message, wait: float) -> float | None:
    """How long to wait before the next try; None where another one would not help, or could do it twice."""
    asked = headers.get("Retry-After", "")
    if status == 429 or (status == 403 and asked):
        pause = float(asked) if asked.isdecimal() else wait
        return pause if pause <= _LONGEST_WAIT_S else None
    unsure = status == _UNREACHABLE or status >= 500
    return wait if unsure and method != "POST" else None


def _said(method: Method, path: str, status: int) -> str:
    where = f"{method} {path.partition('?')[0]}"
    return f"GitHub cannot be reached: {where}." if status == _UNREACHABLE else f"GitHub answered {status} to {where}."


def _fix(status: int) -> str:
    if status in (401, 403, 404):
        return (
            "Give the job `pull-requests: write`. A pull request from a fork never has it: see docs/github-action.md."
        )
    return "Try again later."
