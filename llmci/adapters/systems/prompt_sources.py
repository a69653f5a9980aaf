"""Where prompt templates come from, each with its version; spelled as one text, so that an overlay replaces all of it.

prompts/support.j2               a file, from the directory of llmci.yaml
git:main:prompts/support.j2      the same as it is at a git ref: a branch, a tag or a commit
langfuse:support@staging         Langfuse prompt management, by label; by number where it is one
langfuse:support                 its label `production`
"""

from __future__ import annotations

import base64
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import orjson

from llmci.errors import OutsideError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci import seams

_GIT, _LANGFUSE = "git:", "langfuse:"
_CLOUD = "https://cloud.langfuse.com"
_TIMEOUT_S = 30.0
_LONGEST = 4_000_000


@dataclass(frozen=True, slots=True)
class Fetched:
    """A template.

    Attributes:
        text: Of a template that is one text; None for a chat.
        chat: Messages of a chat, with templates as contents; None for a text.
        where: Names it in errors.
        version: Commit, or number; None for a plain file.
    """

    text: str | None
    chat: list[dict[str, Any]] | None
    where: str
    version: str | None = None


def fetched(source: str, context: seams.Context) -> Fetched:
    """Read or fetch a template.

    Raises:
        UsageError: It is not there, or is no template.
        OutsideError: Langfuse did not answer.
    """
    if source.startswith(_GIT):
        ref, _, file = source.removeprefix(_GIT).partition(":")
        return _of_git(ref, file, context)
    if source.startswith(_LANGFUSE):
        return _of_langfuse(source.removeprefix(_LANGFUSE), context.environ)
    path = context.root / source
    try:
        return Fetched(path.read_text("utf-8"), None, str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({type(error).__name__}).", fix="Name a UTF-8 text file.") from None


def _of_git(ref: str, file: str, context: seams.Context) -> Fetched:
    where = f"{file} at {ref}"
    commit = _git(context, where, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    # `./` makes the path one from here, not from the top of the repository.
    content = _git(context, where, "cat-file", "blob", f"{commit.decode().strip()}:./{file}")
    try:
        return Fetched(content.decode("utf-8"), None, where, commit.decode().strip())
    except UnicodeDecodeError:
        raise UsageError(f"{where}: not UTF-8 text.", fix="Name a UTF-8 text file.") from None


def _git(context: seams.Context, where: str, *arguments: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603  no shell; a ref cannot become an option
            ["git", *arguments],  # noqa: S607  the user's own git
            cwd=context.root,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"{where}: git failed ({type(error).__name__}).", fix="Install git.") from None
    if done.returncode:
        raise UsageError(
            f"{where}: git does not have it.", fix="Fetch the ref (`fetch-depth: 0` in a checkout), or correct it."
        )
    return done.stdout


def _of_langfuse(source: str, environ: Mapping[str, str]) -> Fetched:
    name, marked, which = source.rpartition("@") if "@" in source else (source, "", "")
    where = f"the Langfuse prompt {name + marked + which!r}"
    asked = {"version" if which.isdigit() else "label": which} if marked else {}
    body = _langfuse_json(name, asked, environ, where)
    prompt, version = body.get("prompt"), str(body.get("version"))
    if isinstance(prompt, str):
        return Fetched(prompt, None, where, version)
    if isinstance(prompt, list) and all(isinstance(message, dict) for message in prompt):
        return Fetched(None, prompt, where, version)
    raise UsageError(f"{where}: neither a text nor a chat prompt.", fix="Look at it in Langfuse.")


def _langfuse_json(name: str, asked: Mapping[str, str], environ: Mapping[str, str], where: str) -> dict[str, Any]:
    import urllib3

    missing = [key for key in ("LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY") if not environ.get(key)]
    if missing:
        raise UsageError(f"{where}: {' and '.join(missing)} must be set.", fix="Set them in the environment.")
    host = environ.get("LANGFUSE_HOST") or environ.get("LANGFUSE_BASE_URL") or _CLOUD
    pair = f"{environ['LANGFUSE_PUBLIC_KEY']}:{environ['LANGFUSE_SECRET_KEY']}"
    try:
        reply = urllib3.request(
            "GET",
            f"{host.rstrip('/')}/api/public/v2/prompts/{quote(name, safe='')}?{urlencode(asked)}",
            headers={"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"},
            timeout=_TIMEOUT_S,
            retries=urllib3.Retry(3, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504)),
        )
    except urllib3.exceptions.HTTPError as error:
        raise OutsideError(
            f"{where}: Langfuse did not answer ({type(error).__name__}).", fix="Check LANGFUSE_HOST, or try again."
        ) from None
    if reply.status == 404:
        raise UsageError(f"{where}: there is no such prompt, label or version.", fix="Correct it in llmci.yaml.")
    if reply.status != 200:
        raise OutsideError(f"{where}: HTTP {reply.status} from Langfuse.", fix="Check the keys and LANGFUSE_HOST.")
    try:
        body = orjson.loads(reply.data[:_LONGEST])
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise OutsideError(f"{where}: Langfuse sent something that is no prompt.", fix="Check LANGFUSE_HOST.")
    return body
