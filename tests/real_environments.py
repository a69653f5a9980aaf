"""Environments with real servers and clients, and real servers started in them.

They are made once, from the package index, in the directory that LLMCI_REAL names; without it, or where the
packages cannot be installed, the tests that need them are skipped with the reason.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import urllib3

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def python_with(name: str, *packages: str) -> Path:
    """Python of an environment with these packages."""
    if not (base := os.environ.get("LLMCI_REAL")):
        pytest.skip("LLMCI_REAL names no directory for environments of real servers and clients")
    home = Path(base).expanduser() / name
    python = home / "bin" / "python"
    if not (home / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        done = subprocess.run([python, "-m", "pip", "install", "-q", *packages], capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"{', '.join(packages)} cannot be installed here")
        (home / "done").touch()
    return python


def a_port() -> int:
    """A port that is free now, for servers that cannot choose one themselves."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextlib.contextmanager
def started(
    command: Sequence[str],
    root: Path,
    *,
    ready: str,
    environ: Mapping[str, str] | None = None,
    seconds: float = 120,
    status: int = 200,
) -> Iterator[None]:
    """A server that is there when `ready` answers with this status; it and what it started are ended afterwards."""
    environ = {**os.environ, **(environ or {})}
    root.mkdir(parents=True, exist_ok=True)
    with (root / "server.log").open("wb") as log:
        server = subprocess.Popen(list(command), cwd=root, env=environ, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait(ready, server, root / "server.log", seconds, status)
            yield
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait(10)


def _wait(ready: str, server: subprocess.Popen[bytes], log: Path, seconds: float, status: int) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            if urllib3.request("GET", ready, retries=False, timeout=2).status == status:
                return
        time.sleep(0.25)
    pytest.fail(f"the server did not start: {log.read_text()[-2000:]}")


def run(python: Path, script: str, *arguments: str, environ: Mapping[str, str] | None = None) -> str:
    """What a script prints to stdout."""
    done = subprocess.run(
        [python, "-c", script, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, **(environ or {})},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
