"""Running `llmci` as a shell does, for tests of the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parent.parent


def environment(**changes: str) -> dict[str, str]:
    """The environment of a plain shell: no CI, no credentials, this checkout's llmci."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **changes}


def llmci(
    *arguments: str, cwd: Path, environ: Mapping[str, str] | None = None, stdin: str = "", seconds: float = 100
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return python("-m", "llmci", *arguments, cwd=cwd, environ=environ, stdin=stdin, seconds=seconds)


def python(
    *arguments: str, cwd: Path, environ: Mapping[str, str] | None = None, stdin: str = "", seconds: float = 100
) -> subprocess.CompletedProcess[str]:
    """Run this Python with other arguments, in the environment that `llmci` would get."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment(**(environ or {})),
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=seconds,
        check=False,
    )
