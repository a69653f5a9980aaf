"""The journal of a run: one JSON line an answer or a score, appended as they come.

    <directory>/<plan>.jsonl

A line is on its way to the disk when `append` returns, so a killed process loses the calls in
flight and nothing else. A line that a kill cut in half is dropped when the journal is opened.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, BinaryIO

import orjson

from llmci.adapters.stores.rows import answer_of, answer_row, score_of, score_row
from llmci.domain.run import Answered, Unanswered
from llmci.errors import OutsideError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from llmci.domain.run import Answer, Score


class FileJournal:
    """See `llmci.seams.Journal`.

    Args:
        directory: Where journals are kept; made if need be.
        plan: Digest of the work, so that only the same work is taken up again.
        resume: Keep what an earlier run wrote; otherwise it is discarded.
    """

    def __init__(self, directory: Path, plan: str, *, resume: bool) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.path, self._file = _first_free(directory, plan)
        self._entries = _readable(self._file) if resume else []
        if not resume:
            self._file.truncate(0)

    def entries(self) -> Sequence[Answer | Score]:
        """See `Journal.entries`."""
        return self._entries

    def append(self, entry: Answer | Score) -> None:
        """See `Journal.append`."""
        if isinstance(entry, (Answered, Unanswered)):
            row = {"answer": answer_row(entry)}
        else:
            row = {"score": score_row(entry)}
        line = memoryview(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
        try:
            # A disk that is nearly full takes part of a line, and says so no other way.
            while line:
                line = line[os.write(self._file.fileno(), line) :]
        except OSError as error:
            raise OutsideError(
                f"{self.path}: cannot be written: {error.strerror}.", fix="Make room, then go on with --resume."
            ) from None

    def discard(self) -> None:
        """Remove it, once the run is stored and nothing in it is worth another try."""
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Release it for others."""
        self._file.close()


def _first_free(directory: Path, plan: str) -> tuple[Path, BinaryIO]:
    """Open and lock a journal of this plan that no other process is writing."""
    number = 0
    while True:
        path = directory / (f"{plan}.jsonl" if number == 0 else f"{plan}-{number}.jsonl")
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "rb+", buffering=0)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            number += 1
            continue
        return path, file


def _readable(file: BinaryIO) -> list[Answer | Score]:
    """The entries up to the first line that is not whole; the file is cut there."""
    entries: list[Answer | Score] = []
    whole = 0
    content = file.read()
    for line in content.splitlines(keepends=True):
        try:
            entries.append(_entry(orjson.loads(line)))
        except (orjson.JSONDecodeError, KeyError, TypeError):
            break
        whole += len(line)
    file.truncate(whole)
    return entries


def _entry(row: dict[str, dict[str, object]]) -> Answer | Score:
    return answer_of(row["answer"]) if "answer" in row else score_of(row["score"])
