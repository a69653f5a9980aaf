"""Where prompt templates come from: a file, a git ref, or Langfuse prompt management; each with its version."""

from __future__ import annotations

import base64
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import orjson
from pydantic import Field

from llmci import seams
from llmci.errors import OutsideError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_CLOUD = "https://cloud.langfuse.com"
_TIMEOUT_S = 30.0
_LONGEST = 4_000_000


class GitPrompt(seams.Options):
    """A template file as it is at a git ref, such as the branch that production runs.

    Attributes:
        file: From the directory of `llmci.yaml`.
        ref: Branch, tag or commit; it has to be fetched.
    """

    file: str
    ref: str = Field(min_length=1)


class LangfusePrompt(seams.Options):
    """A prompt of Langfuse prompt management; keys and host come from LANGFUSE_PUBLIC_KEY, _SECRET_KEY and _HOST.

    Attributes:
        langfuse: Name of the prompt.
        label: Which of its versions; `production` where neither is given.
        version: Its number.
    """

    langfuse: str
    label: str | None = None
    version: int | None = Field(default=None, ge=1)


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


def fetched(source: str | GitPrompt | LangfusePrompt, context: seams.Context) -> Fetched:
    """Read or fetch a template.

    Raises:
        UsageError: It is not there, or is no template.
        OutsideError: Langfuse did not answer.
    """
    if isinstance(source, GitPrompt):
        return _of_git(source, context)
    if isinstance(source, LangfusePrompt):
        return _of_langfuse(source, context)
    path = context.root / source
    try:
        return Fetched(path.read_text("utf-8"), None, str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({type(error).__name__}).", fix="Name a UTF-8 text file.") from None


def _of_git(source: GitPrompt, context: seams.Context) -> Fetched:
    where = f"{source.file} at {source.ref}"
    commit = _git(context, where, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{source.ref}^{{commit}}")
    # `./` makes the path one from here, not from the top of the repository.
    content = _git(context, where, "show", f"{commit.decode().strip()}:./{source.file}")
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


def _of_langfuse(source: LangfusePrompt, context: seams.Context) -> Fetched:
    where = f"the Langfuse prompt {source.langfuse!r}"
    body = _langfuse_json(source, context.environ, where)
    prompt, version = body.get("prompt"), str(body.get("version"))
    if isinstance(prompt, str):
        return Fetched(prompt, None, where, version)
    if isinstance(prompt, list) and all(isinstance(message, dict) for message in prompt):
        return Fetched(None, prompt, where, version)
    raise UsageError(f"{where}: neither a text nor a chat prompt.", fix="Look at it in Langfuse.")


def _langfuse_json(source: LangfusePrompt, environ: Mapping[str, str], where: str) -> dict[str, Any]:
    import urllib3

    missing = [name for name in ("LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY") if not environ.get(name)]
    if missing:
        raise UsageError(f"{where}: {' and '.join(missing)} must be set.", fix="Set them in the environment.")
    host = environ.get("LANGFUSE_HOST") or environ.get("LANGFUSE_BASE_URL") or _CLOUD
    asked = {"label": source.label, "version": source.version}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    pair = f"{environ['LANGFUSE_PUBLIC_KEY']}:{environ['LANGFUSE_SECRET_KEY']}"
    try:
        reply = urllib3.request(
            "GET",
            f"{host.rstrip('/')}/api/public/v2/prompts/{quote(source.langfuse, safe='')}?{query}",
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
