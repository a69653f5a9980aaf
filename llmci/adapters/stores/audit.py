"""The audit log: one JSON line an act, each chained to the one before by its hash."""

from __future__ import annotations

import fcntl
import hashlib
import os
from typing import TYPE_CHECKING, Any

import orjson

from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_GENESIS = "0" * 64


class AuditLog:
    """An append-only file whose every line vouches for all lines before it.

    Args:
        path: The file; made on the first append.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, act: str, facts: Mapping[str, object], *, at: str) -> None:
        """Add a line and flush it to the disk.

        A line that a kill left half written is dropped first: its act was never confirmed.
        Two processes may append at once.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            content = file.read()
            whole = content[: content.rfind(b"\n") + 1]
            file.truncate(len(whole))
            previous = _hash_of(whole.splitlines()[-1]) if whole else _GENESIS
            record = {"at": at, "act": act, "facts": dict(facts), "previous": previous}
            file.write(orjson.dumps(record, option=orjson.OPT_SORT_KEYS) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def lines(self) -> Iterator[dict[str, Any]]:
        """Every act in order.

        Raises:
            UsageError: A line was changed, removed or added by hand; its number is named.
        """
        if not self._path.exists():
            return
        previous = _GENESIS
        for number, line in enumerate(self._path.read_bytes().splitlines(), start=1):
            try:
                record: dict[str, Any] = orjson.loads(line)
                chained = record["previous"] == previous
            except (ValueError, TypeError, KeyError):
                chained = False
            if not chained:
                raise UsageError(
                    f"{self._path}:{number}: the chain is broken at this line or the one before it.",
                    fix="Restore the file from a backup; llmci never changes a line it has written.",
                )
            previous = _hash_of(line)
            yield record

    def last_hash(self) -> str:
        """Hash of the last line, which vouches for all before it; zeros for an empty log."""
        lines = self._path.read_bytes().splitlines() if self._path.exists() else []
        return _hash_of(lines[-1]) if lines else _GENESIS


def _hash_of(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
