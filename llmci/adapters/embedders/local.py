"""What embedders that run in this process share: the library that may not be there, and the files of a model."""

from __future__ import annotations

import hashlib
import importlib
from typing import TYPE_CHECKING, Any

from llmci.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.seams import Context

_PIECE = 1 << 20


def library(name: str, extra: str) -> Any:  # noqa: ANN401  a module without types
    """A library that llmci does not bring; raises `UsageError` where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise UsageError(
            f"this embedder needs {name}, which is not installed.",
            fix=f"Install it: pip install 'llmci-loop[{extra}]'.",
        ) from None


def path_of(given: str, context: Context, what: str) -> Path:
    """A path of the configuration; raises `UsageError` where nothing is there."""
    found = context.root / given
    if not found.exists():
        raise UsageError(f"embedders.{context.name}: there is no {what} at {found}.", fix="Correct the path.")
    return found


def digest_of_files(files: list[Path]) -> str:
    """Of names and contents, so that vectors of a model that was replaced are not taken for those of the new one."""
    hashed = hashlib.sha256()
    for file in sorted(files):
        hashed.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as opened:
            while piece := opened.read(_PIECE):
                hashed.update(piece)
    return hashed.hexdigest()[:16]
