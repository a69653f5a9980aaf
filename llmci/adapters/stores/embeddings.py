"""Vectors of an embedding model that were paid for once, in one SQLite file, by the content of the text.

Keys are digests; the file holds vectors and nobody's words. An entry that cannot be read is no entry.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np

from llmci.errors import OutsideError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

# SQLite takes so many parameters at once on every build.
_AT_ONCE = 500
# Vectors of so many texts are asked for and kept before the next are, so that a kill loses few.
_KEPT_EVERY = 1_024
_BUSY_S = 30.0


class KeptEmbeddings:
    """An embedding model that asks for each text once.

    Args:
        embed: Shape (len(texts), dimensions) for texts.
        model: Everything that decides a vector, for the key.
        path: The file; made with the first vector.
    """

    def __init__(self, embed: Callable[[Sequence[str]], NDArray[np.float32]], model: str, path: Path) -> None:
        self._embed, self._model, self._path = embed, model, path

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts, in their order; shape (len(texts), dimensions).

        Raises:
            OutsideError: The model or the disk failed; what came before is kept.
            UsageError: The file is damaged.
        """
        keys = [self._key(text) for text in texts]
        missing = dict(zip(keys, texts, strict=True))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with closing(sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None)) as file:
                file.execute("PRAGMA journal_mode=WAL")
                file.execute("CREATE TABLE IF NOT EXISTS vector (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")
                known = _known(file, list(missing))
                asked = [(key, text) for key, text in missing.items() if key not in known]
                for start in range(0, len(asked), _KEPT_EVERY):
                    some = asked[start : start + _KEPT_EVERY]
                    rows = np.asarray(self._embed([text for _, text in some]), dtype=np.float32)
                    fresh = {key: row for (key, _), row in zip(some, rows, strict=True)}
                    file.execute("BEGIN IMMEDIATE")
                    file.executemany(
                        "INSERT OR REPLACE INTO vector VALUES (?, ?)",
                        [(key, row.astype("<f4").tobytes()) for key, row in fresh.items()],
                    )
                    file.execute("COMMIT")
                    known |= fresh
        except sqlite3.OperationalError as error:
            raise OutsideError(f"{self._path}: {error}.", fix="Free the disk or the lock.") from None
        except sqlite3.DatabaseError as error:
            raise UsageError(
                f"{self._path}: damaged ({error}).", fix="Delete it; vectors are asked for again."
            ) from None
        if len({len(row) for row in known.values()}) > 1:
            raise UsageError(
                f"{self._path}: vectors of {self._model} differ in length: the model was changed under its name.",
                fix="Delete the file; vectors are asked for again.",
            )
        return np.stack([known[key] for key in keys]) if keys else np.zeros((0, 0), np.float32)

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self._model}\0{text}".encode("utf-8", "replace")).digest()


def _known(file: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.float32]]:
    found: dict[bytes, NDArray[np.float32]] = {}
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        marks = ",".join("?" * len(some))
        rows = file.execute(f"SELECT key, value FROM vector WHERE key IN ({marks})", some)  # noqa: S608  marks only
        found |= {key: np.frombuffer(value, "<f4").astype(np.float32) for key, value in rows if len(value) % 4 == 0}
    return found
