"""What can be wrong before a command runs: the installation, the configuration and the files."""

from __future__ import annotations

import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from llmci import __version__, registry
from llmci.config import SECTIONS, Config, load
from llmci.errors import LlmciError
from llmci.seams import Window
from llmci.wiring.build import build
from llmci.wiring.credentials import wanted
from llmci.wiring.pull_plan import lands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from llmci.config import Block

State = Literal["ok", "note", "broken"]

# Both carried a credential stealer.
_POISONED = {"litellm": {"1.82.7", "1.82.8"}}
_LOW_DISK = 1 << 30
_NO_DISK = 100 << 20
_CONNECT_S = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `fix` is empty where there is nothing to do."""

    check: str
    state: State
    what: str
    fix: str = ""


def examine(find_config: Callable[[], Path], environ: Mapping[str, str], *, online: bool) -> list[Finding]:
    """Look at everything that can be looked at; what is broken hides nothing else.

    Args:
        find_config: Gives the configuration file, or raises `UsageError`.
        environ: Where credentials are looked for; only their names are ever said.
        online: Whether to open a connection to each address that the configuration names.
    """
    findings = [*_installation()]
    try:
        config = load(find_config())
    except LlmciError as error:
        return [*findings, Finding("configuration", "broken", error.message, error.fix)]
    findings.append(Finding("configuration", "ok", f"{config.path} is valid"))
    findings += [
        *_credentials(config, environ),
        *_parts(config, environ, online=online),
        *_state(config),
        *_tracked(config),
    ]
    return [*findings, *_reachable(config)] if online else findings


def _installation() -> Iterator[Finding]:
    version = platform.python_version()
    if (3, 11) <= sys.version_info[:2] <= (3, 14):
        yield Finding("python", "ok", f"{version} on {platform.system()} {platform.machine()}")
    else:
        yield Finding("python", "broken", f"{version} is not supported", "Install llmci with Python 3.11 to 3.14.")
    try:
        requirements = metadata.requires("llmci-loop") or []
    except metadata.PackageNotFoundError:
        yield Finding("llmci", "note", f"{__version__}, run from its source and not installed")
        return
    yield Finding("llmci", "ok", __version__)
    needed = [requirement for requirement in requirements if "extra ==" not in requirement]
    yield from (_library(_distribution(requirement)) for requirement in needed)
    yield Finding("engines", "ok", ", ".join(registry.names("engine")))


def _distribution(requirement: str) -> str:
    """The name that a requirement starts with."""
    end = next((i for i, character in enumerate(requirement) if character in "<>=!~;[( "), len(requirement))
    return requirement[:end]


def _library(name: str) -> Finding:
    fix = f"Run `pip install --upgrade --force-reinstall {name}` in llmci's environment."
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding(name, "broken", "not installed", fix)
    if version in _POISONED.get(name, ()):
        return Finding(
            name, "broken", f"{version} steals credentials", f"{fix} Then renew every key this machine holds."
        )
    return Finding(name, "ok", version)


def _credentials(config: Config, environ: Mapping[str, str]) -> Iterator[Finding]:
    for block in _blocks(config):
        for variable in wanted(block):
            if environ.get(variable):
                yield Finding(f"credential of {block.name}", "ok", f"{variable} is set")
            else:
                fix = f"Export {variable}, or hand it to the job as a secret."
                yield Finding(f"credential of {block.name}", "broken", f"{variable} is not set", fix)


def _parts(config: Config, environ: Mapping[str, str], *, online: bool) -> Iterator[Finding]:
    """Whether each block can become what it asks for: its files, its templates, the extras that it needs."""
    for section, seam in SECTIONS.items():
        for block in getattr(config, section).values():
            # A missing credential is said once.
            if (_is_elsewhere(block) and not online) or not all(map(environ.get, wanted(block))):
                continue
            try:
                part = build(seam, block, config, environ)
                if seam == "system":
                    part.spec()
                elif seam == "source" and not lands(block.kind):
                    next(iter(part.shards(Window())), None)
            except LlmciError as error:
                yield Finding(f"{section}.{block.name}", "broken", error.message, error.fix)
            else:
                yield Finding(f"{section}.{block.name}", "ok", f"{block.kind}, with all that it names")


def _is_elsewhere(block: Block) -> bool:
    """Whether it may take a connection to see that all of it is there."""
    texts = [value for value in block.given.values() if isinstance(value, str)]
    return any("://" in text or text.startswith("langfuse:") for text in texts)


def _blocks(config: Config) -> Iterator[Block]:
    for section in SECTIONS:
        yield from getattr(config, section).values()


def _state(config: Config) -> Iterator[Finding]:
    existing = next(path for path in (config.state, *config.state.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            yield Finding("state directory", "ok", f"{config.state} can be written")
    except OSError as error:
        fix = f"Give this user the right to write to {existing}, or set `state:` to another directory."
        yield Finding("state directory", "broken", f"{existing}: {error.strerror}", fix)
    free = shutil.disk_usage(existing).free
    state: State = "ok" if free >= _LOW_DISK else "note" if free >= _NO_DISK else "broken"
    fix = "" if state == "ok" else "Make room, or set `state:` to a directory on another disk."
    yield Finding("disk", state, f"{free / (1 << 30):.1f} GiB free", fix)
    raw = config.state / "raw"
    if raw.exists() and raw.stat().st_mode & 0o077:
        yield Finding("raw traces", "broken", f"{raw} can be read by other users", f"Run `chmod -R go-rwx {raw}`.")


def _tracked(config: Config) -> Iterator[Finding]:
    """Raw traces must never reach a repository."""
    if _git(config, "rev-parse", "--is-inside-work-tree") != 0:
        yield Finding("git", "note", "not a git repository, or git is not installed: nothing to check")
        return
    name = config.state.relative_to(config.root) if config.state.is_relative_to(config.root) else config.state
    if _git(config, "ls-files", "--error-unmatch", str(config.state)) == 0:
        fix = f"Run `git rm -r --cached {name}`, add `{name}/` to .gitignore, and remove it from the history."
        yield Finding("git", "broken", f"{name} is tracked: raw traces could be published", fix)
    elif _git(config, "check-ignore", "-q", str(config.state / "raw")) != 0:
        yield Finding("git", "broken", f"{name} is not ignored by git", f"Add the line `{name}/` to .gitignore.")
    else:
        yield Finding("git", "ok", f"{name} is ignored by git")


def _git(config: Config, *arguments: str) -> int:
    try:
        return subprocess.run(  # noqa: S603  fixed words and the project's own path
            ["git", *arguments],  # noqa: S607  the user's own git
            cwd=config.root,
            capture_output=True,
            check=False,
        ).returncode
    except OSError:
        return -1


def _reachable(config: Config) -> Iterator[Finding]:
    for block in _blocks(config):
        for value in block.given.values():
            address = urlsplit(value) if isinstance(value, str) else None
            if address and address.scheme in ("http", "https") and address.hostname:
                yield _reach(block.name, address.hostname, address.port or (443 if address.scheme == "https" else 80))


def _reach(name: str, host: str, port: int) -> Finding:
    try:
        with socket.create_connection((host, port), timeout=_CONNECT_S):
            return Finding(f"address of {name}", "ok", f"{host}:{port} answers")
    except OSError as error:
        why = error.strerror or type(error).__name__
        fix = "Check the address, the proxy and the firewall, or start the server."
        return Finding(f"address of {name}", "broken", f"{host}:{port} does not answer: {why}", fix)
