"""Files that a source names: found by glob, opened whatever they are packed with, fingerprinted."""

from __future__ import annotations

import bz2
import glob
import gzip
import hashlib
import io
import re
import zlib
from typing import IO, TYPE_CHECKING, Any, cast

from llmci.errors import OutsideError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

# What damaged compression, a vanished file or a failing disk raise while being read.
READ_ERRORS = (OSError, EOFError, gzip.BadGzipFile, zlib.error)


def matching(pattern: str, root: Path, *, source: str) -> list[Path]:
    """Files that a path or glob names, from `root`, in order of name; of a directory, all that are in it.

    Raises:
        UsageError: There is none.
    """
    found = sorted(glob.glob(pattern, root_dir=root, recursive=True))  # noqa: PTH207  Path.glob takes no absolute pattern
    files = [path for path in (root / name for name in found) if path.is_file()]
    for folder in [root / name for name in found if (root / name).is_dir()] if not files else ():
        files += sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith((".", "_")))
    if not files:
        raise UsageError(
            f"source {source!r}: no file matches {pattern}.",
            fix=f"Correct `path:` of the source; relative paths start at {root}.",
        )
    return files


def shown(path: Path, root: Path) -> str:
    """A file's name for messages and shard ids: relative where it can be."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def shard_id(source: str, name: str, part: int = 0) -> str:
    """A stable name for a file, or for a part of one, that is fit for a file name."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{shard_prefix(source)}{digest}-{part:05d}"


def shard_prefix(source: str) -> str:
    """What the ids of a source's shards start with."""
    return re.sub(r"[^\w.]", "_", source).lstrip(".") + "-"


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file, unpacking `.gz`, `.bz2` and `.zst` by suffix.

    Raises:
        OutsideError: It cannot be read.
    """
    try:
        if path.suffix == ".gz":
            return cast("IO[bytes]", gzip.open(path, "rb"))
        if path.suffix == ".bz2":
            return cast("IO[bytes]", bz2.open(path, "rb"))
        if path.suffix in (".zst", ".zstd"):
            return _zstd(path)
        return path.open("rb")
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: Exception) -> OutsideError:
    """The stop for a file that cannot be read at all, or not to its end."""
    why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return OutsideError(
        f"{path}: cannot be read: {why}.", fix="Check that the file is whole and readable, then pull again."
    )


def _zstd(path: Path) -> IO[bytes]:
    import pyarrow as pa

    stream: Any = pa.CompressedInputStream(pa.OSFile(str(path), "rb"), "zstd")
    return cast("IO[bytes]", io.BufferedReader(stream))
