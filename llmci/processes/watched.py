"""Files that can change what a program says, as one digest."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from llmci.files import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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


def python_sources(target: str, root: Path) -> Iterable[Path]:
    """The Python files that the callable can be made of: those beside it, or of its whole package."""
    name = target.rpartition(":")[0]
    if name.endswith(".py"):
        return python_files((root / name).parent) if (root / name).is_file() else []
    top = name.partition(".")[0]
    if (root / top).is_dir():
        return python_files(root / top)
    if (root / f"{top}.py").is_file():
        return python_files(root)
    # An installed package: its version is in its files.
    spec = find_spec(top)
    places = [Path(place) for place in (spec.submodule_search_locations or []) if Path(place).is_dir()] if spec else []
    return [path for place in places for path in python_files(place)]
