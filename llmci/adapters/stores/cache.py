"""Answers and judge scores that were paid for once, in one SQLite file that many runs share.

Keys are digests of everything that can change the value (`llmci.core.bench.digests`); values are
clean text only. An entry that cannot be read is no entry.
"""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import orjson

from llmci.adapters.stores.rows import answer_of, answer_row, score_of, score_row
from llmci.domain.run import Answered, Scored
from llmci.errors import OutsideError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

_VERSION = 1
# Several runs write at once; one transaction is short.
_BUSY_S = 30.0
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Held:
    """Entries of one kind that were stored on one day (UTC, ISO 8601).

    Attributes:
        kind: Answers of systems, or verdicts of judges.
        size: Of their values, in bytes.
    """

    day: str
    kind: Literal["answers", "verdicts"]
    count: int
    size: int


class SqliteCache:
    """See `llmci.seams.AnswerCache`.

    Args:
        path: The file; made if need be.
        fresh: Find nothing but what was stored since (`--refresh-cache`).
        max_days: Do not find what is older.
    """

    def __init__(self, path: Path, *, fresh: bool = False, max_days: float | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._stored: set[str] | None = set() if fresh else None
        self._max_s = None if max_days is None else max_days * _DAY_S
        # Transactions are one statement each; the driver is not to open others.
        self._connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
        with self._explained():
            self._prepare()

    def answer(self, key: str) -> Answered | None:
        """See `AnswerCache.answer`."""
        row = self._get(key)
        with contextlib.suppress(KeyError, TypeError):
            found = answer_of(row) if row else None
            return found if isinstance(found, Answered) else None
        return None

    def keep_answer(self, key: str, answer: Answered) -> None:
        """See `AnswerCache.keep_answer`."""
        self._put(key, answer_row(answer))

    def score(self, key: str) -> Scored | None:
        """See `AnswerCache.score`."""
        row = self._get(key)
        with contextlib.suppress(KeyError, TypeError):
            found = score_of(row) if row else None
            return found if isinstance(found, Scored) else None
        return None

    def keep_score(self, key: str, score: Scored) -> None:
        """See `AnswerCache.keep_score`."""
        self._put(key, score_row(score))

    def contents(self) -> list[Held]:
        """What is in it: a row for each kind and day of storing, oldest first."""
        with self._explained():
            rows = self._connection.execute(
                "SELECT date(at, 'unixepoch') AS day, instr(value, CAST('\"metric\":' AS BLOB)) > 0 AS judged, "
                "count(*), sum(length(value)) FROM entry GROUP BY day, judged ORDER BY day, judged"
            ).fetchall()
        return [Held(day, "verdicts" if judged else "answers", count, size) for day, judged, count, size in rows]

    def prune(self, older_than_days: float) -> int:
        """Remove what is at least so old, and give the room back; gives the number of entries."""
        with self._explained():
            gone = self._connection.execute(
                "DELETE FROM entry WHERE at <= unixepoch() - ?", (older_than_days * _DAY_S,)
            ).rowcount
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA journal_mode=WAL")
        # A power cut may lose the last entries, never the file: they are asked for again.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        [version] = self._connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, _VERSION):
            raise UsageError(
                f"{self.path}: version {version} of the cache is not known.", fix="Use a newer llmci, or delete it."
            )
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, value BLOB, at INTEGER) WITHOUT ROWID"
        )
        self._connection.execute(f"PRAGMA user_version={_VERSION}")

    def _get(self, key: str) -> dict[str, Any] | None:
        if self._stored is not None and key not in self._stored:
            return None
        with self._explained():
            found = self._connection.execute(
                "SELECT value FROM entry WHERE key = ?1 AND (?2 IS NULL OR at > unixepoch() - ?2)", (key, self._max_s)
            ).fetchone()
        try:
            row = orjson.loads(found[0]) if found else None
        except orjson.JSONDecodeError:
            return None
        return row if isinstance(row, dict) else None

    def _put(self, key: str, row: dict[str, Any]) -> None:
        if self._stored is not None:
            self._stored.add(key)
        with self._explained():
            self._connection.execute(
                "INSERT OR REPLACE INTO entry VALUES (?, ?, unixepoch())", (key, orjson.dumps(row))
            )

    @contextlib.contextmanager
    def _explained(self) -> Any:  # noqa: ANN401
        try:
            yield
        except sqlite3.OperationalError as error:
            raise OutsideError(
                f"{self.path}: {error}.", fix="Free the disk or the lock, or run with --no-cache."
            ) from None
        except sqlite3.DatabaseError as error:
            raise UsageError(
                f"{self.path}: damaged ({error}).", fix="Delete it; answers are asked for again."
            ) from None
