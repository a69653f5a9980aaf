"""Changes of the project's own repository, on a branch of their own."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def commands(paths: Sequence[Path], branch: str, message: str) -> tuple[tuple[str, ...], ...]:
    """What makes a branch with a commit of these paths and nothing else, whatever else is changed or staged."""
    names = [str(path) for path in paths]
    return (
        ("git", "switch", "--create", branch),
        ("git", "add", "--", *names),
        ("git", "commit", "--only", "--message", message, "--", *names),
    )


def commit_on_branch(root: Path, paths: Sequence[Path], branch: str, message: str) -> None:
    """Make the branch from where the repository stands, and the commit.

    Raises:
        UsageError: Git refused; its own words are given.
    """
    for command in commands(paths, branch, message):
        try:
            done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603  no shell
        except OSError as error:
            raise UsageError(
                f"git cannot be run: {error.strerror}.", fix="Install git, or leave --branch out."
            ) from None
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise UsageError(
                f"`{' '.join(command[:3])}` failed: {said[-1] if said else done.returncode}",
                fix="Mend that, and commit by hand what promote wrote; or leave --branch out.",
            )
