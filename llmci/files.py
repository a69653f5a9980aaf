"""Writing files so that a kill at any instant leaves the last good state."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import io
import os
import shutil
import struct
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

import orjson

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterable, Iterator

# Compression of a member of a zip file, and the length of the header before it.
_ZSTANDARD = 93
_LOCAL_HEADER = 30

# Only readable by setting it, which is safe once, before there are threads.
_UMASK = os.umask(0o077)
os.umask(_UMASK)


class Stored(Protocol):
    """What a path in an object store has beside what it has of `pathlib.Path`; see `llmci.storage`."""

    def upload(self, file: IO[bytes]) -> None:
        """Publish what a file holds, whole."""

    def download(self, file: IO[bytes]) -> None:
        """Copy it into a file."""

    def remove_tree(self) -> None:
        """Remove everything below."""


def is_stored(path: Path) -> bool:
    """Whether it is in an object store."""
    return _stored(path) is not None


def _stored(path: object) -> Stored | None:
    return None if isinstance(path, Path) else cast("Stored", path)


@contextlib.contextmanager
def naming(target: Path) -> Iterator[None]:
    """Have whatever goes wrong with a file name it: a write that fails, on a full disk say, does not."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(target)
        raise


@contextlib.contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Give a temporary path beside `target`; on a clean exit it becomes `target`, else it is removed.

    The content is flushed to the disk before the rename and the directory after it, so that after
    a crash `target` is either the old file or the new one, whole. An object of a store (`llmci.storage`) is
    written to a file of this machine first, and published by its upload.
    """
    if (stored := _stored(target)) is not None:
        with tempfile.TemporaryDirectory(prefix="llmci-") as folder:
            local = Path(folder) / "object"
            yield local
            with local.open("rb") as file:
                stored.upload(file)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    os.close(handle)
    temporary = Path(name)
    try:
        with naming(target):
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.chmod(_mode_of(target))
            temporary.replace(target)
            _sync_directory(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_directory(target: Path) -> Iterator[Path]:
    """Give a temporary directory beside `target`; on a clean exit it becomes `target`, whole.

    Files inside must be flushed by whoever writes them, as `write_bytes` does.

    Raises:
        FileExistsError: `target` exists by then; it is left as it is.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp"))
    try:
        with naming(target):
            yield temporary
            temporary.chmod(0o755)
            _sync_directory(temporary)
            try:
                temporary.rename(target)
            except OSError as error:
                if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                    raise FileExistsError(error.errno, "exists already", str(target)) from None
                raise
            _sync_directory(target.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_bytes(target: Path, content: bytes) -> None:
    """Replace a file's content atomically."""
    with atomic_path(target) as temporary:
        temporary.write_bytes(content)


def write_pieces(target: Path, pieces: Iterable[bytes]) -> None:
    """Replace a file's content atomically by what comes piece by piece."""
    with atomic_path(target) as temporary, temporary.open("wb") as file:
        file.writelines(pieces)


def write_once(target: Path, content: bytes) -> bool:
    """Write a file that only its owner may read, unless there is one; whole or not at all.

    Returns:
        Whether it was written: False where another process was first.
    """
    if target.exists():
        return False
    if (stored := _stored(target)) is not None:
        stored.upload(io.BytesIO(content))
        return True
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    try:
        with naming(target), os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(name, target)
    except FileExistsError:
        return False
    finally:
        Path(name).unlink(missing_ok=True)
    _sync_directory(target.parent)
    return True


def write_json(target: Path, value: object) -> None:
    """Replace a file's content atomically by JSON with sorted keys, so that equal values are equal bytes."""
    write_bytes(target, orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")


def read_json(path: Path) -> Any:  # noqa: ANN401  JSON holds anything
    """Read JSON; raises `FileNotFoundError` and `ValueError` as they come."""
    return orjson.loads(path.read_bytes())


@contextlib.contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold an exclusive lock on a file; gives False where another process has it.

    The lock ends with the process that holds it, however that ends.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


@contextlib.contextmanager
def at_hand(path: Path) -> Iterator[Path]:
    """A file of this machine with what `path` holds: itself, or a copy of an object that is gone afterwards."""
    stored = _stored(path)
    if stored is None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="llmci-") as folder:
        local = Path(folder) / "object"
        with local.open("wb") as file:
            stored.download(file)
        yield local


def sweep_unfinished(directory: Path, *, older_s: float = 0) -> None:
    """Remove what writers that were killed left in a directory of this machine.

    Args:
        directory: Nobody else may be writing into it, unless so much older is what they began.
        older_s: Seconds since it was last written to.
    """
    if is_stored(directory) or not directory.is_dir():
        return
    latest = time.time() - older_s
    for path in directory.glob(".*.tmp"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime > latest:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


def remove_tree(path: Path) -> None:
    """Remove a directory, if there is one."""
    stored = _stored(path)
    if stored is None:
        shutil.rmtree(path, ignore_errors=True)
    else:
        stored.remove_tree()


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _mode_of(target: Path) -> int:
    """What the file has, or what a new one gets: a report is as readable as any file of the user's."""
    with contextlib.suppress(FileNotFoundError):
        return target.stat().st_mode & 0o777
    return 0o666 & ~_UMASK


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def zipped(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """A member of a zip file, also one in Zstandard, which the standard library reads from Python 3.14 on."""
    if info.compress_type != _ZSTANDARD:
        return archive.read(info)
    import pyarrow as pa

    with path.open("rb") as file:
        file.seek(info.header_offset)
        name, extra = struct.unpack("<HH", file.read(_LOCAL_HEADER)[26:])
        file.seek(name + extra, 1)
        packed = file.read(info.compress_size)
    content: bytes = pa.CompressedInputStream(pa.BufferReader(packed), "zstd").read()
    return content
