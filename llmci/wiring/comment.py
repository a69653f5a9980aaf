"""Reports in JSON to one comment on the pull request, which later runs keep up to date."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import orjson

from llmci.adapters.forges.comments import Comments
from llmci.adapters.forges.event import event_of
from llmci.adapters.forges.rest import Refused, Rest
from llmci.core.reporting.comment import About, stopped_comment, verdict_comment
from llmci.core.reporting.inert import one_line
from llmci.core.reporting.markup import marker
from llmci.core.reporting.reread import reread
from llmci.errors import UsageError
from llmci.wiring.schema import report_schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from llmci.adapters.forges.event import Event
    from llmci.core.reporting.reread import Reread

# Of one report: far above that of 100,000 cases.
MOST_BYTES = 64 << 20
# So many cases are looked at: reports list the worst first, and a comment names five.
_CASES = 50
_NOWHERE = "this event has no pull request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What the command line asks for.

    Attributes:
        name: The comment is found again by it.
        results: Reports in JSON; one for each configuration.
        stopped: Exit code of a run that has no report.
        report: Address of the HTML report.
        pull_request: Its number, where the event does not say it.
        login: Who the token writes as, where it may not ask.
        post: False only makes the text.
        on_change: Leave the comment alone where only the commit and the links would differ.
    """

    name: str
    results: Sequence[Path] = ()
    stopped: int | None = None
    report: str | None = None
    pull_request: int | None = None
    login: str | None = None
    post: bool = True
    on_change: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Commented:
    """What became of the comment.

    Attributes:
        why: Why it was not posted.
        body: What it says.
    """

    done: Literal["created", "edited", "unchanged", "not posted"]
    body: str
    url: str = ""
    why: str = ""


def comment(ask: Ask, environ: Mapping[str, str]) -> Commented:
    """Make the comment, and keep it on the pull request.

    A comment that may not be posted is no failure: the verdict has been said elsewhere.

    Raises:
        UsageError: A file is no report, or the command line does not make sense.
    """
    event = event_of(environ)
    about = About(commit=event.commit, report=_address(ask.report), run=event.run, foreign=event.fork is not None)
    body = _body(ask, about)
    made = Commented(done="not posted", body=body)
    if not ask.post:
        return replace(made, why="not asked to")
    try:
        return _posted(ask, event, environ, made)
    except Refused as refused:
        return replace(made, why=f"{refused.message} {refused.fix}")


def _body(ask: Ask, about: About) -> str:
    if ask.stopped is not None and ask.results:
        raise UsageError("a run that has a report did not stop without one.", fix="Leave --stopped out.")
    if ask.stopped is not None:
        return stopped_comment(ask.name, ask.stopped, about)
    if not ask.results:
        raise UsageError("there is no report to comment on.", fix="Name one that `llmci bench -o result.json` wrote.")
    results = {_configuration(path): read_result(path) for path in ask.results}
    if len(results) < len(ask.results):
        raise UsageError("two reports lie in directories of the same name.", fix="Put each into one of its own.")
    if len(results) > 1:
        about = replace(about, report=None)
    return verdict_comment(ask.name, results, about)


def _posted(ask: Ask, event: Event, environ: Mapping[str, str], made: Commented) -> Commented:
    token, repository = environ.get("GITHUB_TOKEN"), environ.get("GITHUB_REPOSITORY")
    if not token or not repository:
        return replace(made, why="there is no GITHUB_TOKEN or no GITHUB_REPOSITORY")
    comments = Comments(Rest(environ.get("GITHUB_API_URL") or "https://api.github.com", token), repository)
    number = ask.pull_request or event.pull_request
    if number is None and event.fork is not None and event.commit:
        number = comments.pull_request_of(event.fork.owner, event.fork.branch, event.commit)
    if number is None:
        return replace(made, why=_NOWHERE)
    author = ask.login or comments.login()
    kept = comments.keep(number, marker(ask.name), made.body, author, but_foot=ask.on_change)
    return replace(made, done=kept.done, url=kept.url)


def read_result(path: Path) -> Reread:
    """Read a report in JSON that anybody may have written.

    Raises:
        UsageError: It is too large, no JSON, or does not follow the schema.
    """
    fix = "Name a file that `llmci bench -o result.json` wrote."
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}.", fix=fix) from None
    if len(content) > MOST_BYTES:
        raise UsageError(f"{path}: larger than {MOST_BYTES >> 20} MB.", fix=fix)
    try:
        document = orjson.loads(content)
    except ValueError:
        raise UsageError(f"{path}: is no JSON.", fix=fix) from None
    if isinstance(document, dict) and isinstance(cases := document.get("cases"), list):
        document["cases"] = cases[:_CASES]
    if wrong := _mistake(document):
        raise UsageError(f"{path}: is no report of llmci: {wrong}.", fix=fix)
    return reread(document)


def _mistake(document: object) -> str | None:
    """What is wrong with a document, in words that quote nothing of it."""
    from jsonschema import Draft202012Validator

    error: Any = next(Draft202012Validator(report_schema()).iter_errors(document), None)
    if error is None:
        return None
    # Only keys of the schema lead here, so that the first one is ours.
    return f"look at {error.absolute_path[0]!r}" if error.absolute_path else "keys are missing"


def _configuration(path: Path) -> str:
    """Named after the directory, which is called as the artifact: `llmci-en/result.json` is "en"."""
    return one_line(path.resolve().parent.name.removeprefix("llmci-"), 80)


def _address(url: str | None) -> str | None:
    if url and not re.fullmatch(r"https?://[^\s<>()\[\]\"'`|\\]+", url):
        raise UsageError("--report-url is no web address.", fix="Give the address of the uploaded report.")
    return url or None
