"""A cassette: the answers and scores of a bench in one file, to be replayed where there is no key and no network.

    <directory>/cassette.jsonl    a line with the schema, then one an answer or a score, in order of their keys

Keys are digests of everything that can change the value (`llmci.core.bench.digests`); values are
clean text only, so that the file can be committed. Equal recordings are equal bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from llmci.adapters.stores.rows import answer_of, answer_row, score_of, score_row
from llmci.errors import UsageError
from llmci.files import write_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.domain.run import Answer, Score

SCHEMA = "cassette/1"
_FILE = "cassette.jsonl"


class DirectoryCassette:
    """See `llmci.seams.Cassette`.

    Args:
        directory: Where it is kept.
        replays: Whether it is played, rather than recorded; it must then be there.
    """

    def __init__(self, directory: Path, *, replays: bool) -> None:
        self.path = directory / _FILE
        self.replays = replays
        self._rows: dict[str, dict[str, Any]] = {}
        if replays and not self.path.is_file():
            raise UsageError(f"{self.path}: there is no cassette.", fix=f"Record one: llmci bench --record {directory}")
        if self.path.is_file():
            self._read()

    def answer(self, key: str) -> Answer | None:
        """See `Cassette.answer`."""
        row = self._rows.get(key)
        return None if row is None else answer_of(row["answer"])

    def score(self, key: str) -> Score | None:
        """See `Cassette.score`."""
        row = self._rows.get(key)
        return None if row is None else score_of(row["score"])

    def keep_answer(self, key: str, answer: Answer) -> None:
        """See `Cassette.keep_answer`."""
        self._rows[key] = {"answer": _told(answer_row(answer))}

    def keep_score(self, key: str, score: Score) -> None:
        """See `Cassette.keep_score`."""
        self._rows[key] = {"score": _told(score_row(score))}

    def save(self) -> int:
        """See `Cassette.save`."""
        lines = [orjson.dumps({"schema": SCHEMA})]
        lines += [orjson.dumps({"key": key, **self._rows[key]}) for key in sorted(self._rows)]
        write_bytes(self.path, b"\n".join(lines) + b"\n")
        return len(self._rows)

    def _read(self) -> None:
        lines = self.path.read_bytes().splitlines()
        try:
            schema = orjson.loads(lines[0])["schema"] if lines else None
        except (orjson.JSONDecodeError, KeyError, TypeError):
            schema = None
        if schema != SCHEMA:
            raise UsageError(f"{self.path}: not a {SCHEMA}.", fix="Delete it, and record it again with --record.")
        for number, line in enumerate(lines[1:], start=2):
            try:
                row = orjson.loads(line)
                self._rows[row.pop("key")] = _checked(row)
            except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
                raise UsageError(
                    f"{self.path}:{number}: damaged ({type(error).__name__}).",
                    fix="Delete the file, and record it again with --record.",
                ) from None


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """Without what is null anyway: a cassette is read by people, too, when it is reviewed."""
    return {name: value for name, value in row.items() if value is not None}


_ANSWER = {"text", "messages", "documents", "usage", "cost", "latency_ms", "ttft_ms", "request_digest"}
_ANSWER |= {"recorded_scores", "cached", "why", "fault"}
_SCORE = {"value", "reason", "error", "cost", "why", "fault"}


def _checked(row: dict[str, Any]) -> dict[str, Any]:
    """With what was left out; raises where it is neither an answer nor a score."""
    kind, names = ("answer", _ANSWER) if "answer" in row else ("score", _SCORE)
    whole = dict.fromkeys(names) | row[kind]
    _ = answer_of(whole) if kind == "answer" else score_of(whole)
    return {kind: whole}
