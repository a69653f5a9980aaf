"""Files that a source names: found by glob, opened whatever they are packed with, fingerprinted."""

from __future__ import annotations

import bz2
import glob
import gzip
import hashlib
import io
import re
import zlib
from typing import IO, TYPE_CHECKING, Any, Union, cast

from llmci.errors import OutsideError, UsageError
from llmci.files import sha256_of
from llmci.seams import Shard
from llmci.storage import StorePath, bare, is_uri, objects

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.seams import Context

File = Union["Path", StorePath]
# What damaged compression, a vanished file or a failing disk raise while being read.
READ_ERRORS = (OSError, EOFError, gzip.BadGzipFile, zlib.error)


def matching(pattern: str, root: Path, *, source: str) -> list[Path]:
    """Files that a path, glob or URI names, from `root`, in order of name; of a directory, all that are in it.

    Objects of a store are used like paths; see `llmci.storage.StorePath`.

    Raises:
        UsageError: There is none.
        OutsideError: An object store does not answer, or refuses.
    """
    if is_uri(pattern):
        if stored := objects(pattern):
            return cast("list[Path]", stored)
        raise UsageError(f"source {source!r}: no object matches {bare(pattern)}.", fix="Correct `path:` of the source.")
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


def whole_files(pattern: str, context: Context) -> list[Shard]:
    """A shard for each file, for formats that are read in one go; raises as `matching`."""
    return [
        Shard(
            shard_id(context.name, shown(path, context.root)), fingerprint_of(path), uri_of(path), path.stat().st_size
        )
        for path in matching(pattern, context.root, source=context.name)
    ]


def shown(path: File, root: Path) -> str:
    """A file's name for messages and shard ids: relative where it can be."""
    if isinstance(path, StorePath):
        return str(path)
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def uri_of(path: File) -> str:
    """What a shard names a file by, for `llmci.storage.place`."""
    return path.uri if isinstance(path, StorePath) else str(path)


def fingerprint_of(path: File) -> str:
    """Changes when the file does: the digest of its bytes, or of an object's size and time of change.

    Raises:
        OutsideError: It cannot be read.
    """
    try:
        if isinstance(path, StorePath):
            told = path.stat()
            return hashlib.sha256(f"{path} {told.st_size} {told.st_mtime_ns}".encode()).hexdigest()
        return sha256_of(path)
    except OSError as error:
        raise unreadable(path, error) from None


def shard_id(source: str, name: str, part: int = 0) -> str:
    """A stable name for a file, or for a part of one, that is fit for a file name."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{shard_prefix(source)}{digest}-{part:05d}"


def shard_prefix(source: str) -> str:
    """What the ids of a source's shards start with."""
    return re.sub(r"[^\w.]", "_", source).lstrip(".") + "-"


def open_bytes(path: File) -> IO[bytes]:
    """Open a file, unpacking `.gz`, `.bz2` and `.zst` by suffix.

    Raises:
        OutsideError: It cannot be read.
    """
    try:
        if path.suffix == ".gz":
            return cast("IO[bytes]", gzip.open(_packed(path), "rb"))
        if path.suffix == ".bz2":
            return cast("IO[bytes]", bz2.open(_packed(path), "rb"))
        if path.suffix in (".zst", ".zstd"):
            return _zstd(path)
        return path.open("rb")
    except OSError as error:
        raise unreadable(path, error) from None


def _packed(path: File) -> Any:  # noqa: ANN401  a path, or an open object
    return path.open("rb") if isinstance(path, StorePath) else path


def unreadable(path: File, error: Exception) -> OutsideError:
    """The stop for a file that cannot be read at all, or not to its end."""
    why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return OutsideError(
        f"{path}: cannot be read: {why}.", fix="Check that the file is whole and readable, then pull again."
    )


def _zstd(path: File) -> IO[bytes]:
    import pyarrow as pa

    packed = path.arrow() if isinstance(path, StorePath) else pa.OSFile(str(path), "rb")
    stream: Any = pa.CompressedInputStream(packed, "zstd")
    return cast("IO[bytes]", io.BufferedReader(stream))
