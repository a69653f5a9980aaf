"""Files that can change a system's answers, as one digest."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from llmci.files import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_NOT_OURS = {"__pycache__", "node_modules", "site-packages", "venv"}


def digest_of_files(root: Path, files: Iterable[Path]) -> str:
    """SHA-256 over names (from `root`, where they are in it) and contents, whatever the order."""
    digest = hashlib.sha256()
    for path in sorted(set(files)):
        name = path.relative_to(root) if path.is_relative_to(root) else path
        digest.update(f"{name}\0{sha256_of(path)}\n".encode())
    return digest.hexdigest()


def matching(root: Path, patterns: Iterable[str]) -> Iterator[Path]:
    """Files that the user's globs name, such as `prompts/**/*.txt`."""
    for pattern in patterns:
        yield from (path for path in root.glob(pattern) if path.is_file())


def python_files(folder: Path) -> Iterator[Path]:
    """Python files of a folder and its subfolders, without those that are installed or hidden."""
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if path.name not in _NOT_OURS and not path.name.startswith(".") and not (path / "pyvenv.cfg").exists():
                yield from python_files(path)
        elif path.suffix == ".py":
            yield path
