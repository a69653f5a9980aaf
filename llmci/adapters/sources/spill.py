"""Records gathered by key without holding all of them: spilled to files by a hash of the key, read back one by one."""

from __future__ import annotations

import shutil
import zlib
from typing import IO, TYPE_CHECKING, Any, Self

import orjson

from llmci.core.traces.scalars import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

_BUCKET_BYTES = 64 << 20
_MAX_BUCKETS = 256


class Spill:
    """Spill files in a directory of their own, which is gone at the end and remade after a kill.

    Args:
        path: The directory; readable by its owner only.
        expected: About how many bytes will be put; decides into how many files they are spread.
    """

    def __init__(self, path: Path, expected: int) -> None:
        self._path = path
        self._buckets = min(1 + expected // _BUCKET_BYTES, _MAX_BUCKETS)
        self._files: list[IO[bytes]] = []

    def __enter__(self) -> Self:
        shutil.rmtree(self._path, ignore_errors=True)
        self._path.mkdir(parents=True, mode=0o700)
        self._files = [(self._path / str(number)).open("w+b") for number in range(self._buckets)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for file in self._files:
            file.close()
        shutil.rmtree(self._path, ignore_errors=True)

    def put(self, key: str, record: list[Any]) -> None:
        """Keep a record; records of one key come back in the order they were put.

        Raises:
            Unreadable: It is nested too deeply to be written.
        """
        file = self._files[zlib.crc32(key.encode()) % self._buckets]
        file.write(json_text([key, record]).encode() + b"\n")

    def groups(self) -> Iterator[list[Any]]:
        """The records of every key; holds one file's records at a time."""
        for file in self._files:
            file.seek(0)
            found: dict[str, list[Any]] = {}
            for line in file:
                key, record = orjson.loads(line)
                found.setdefault(key, []).append(record)
            yield from found.values()
