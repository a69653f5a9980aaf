"""Recorded answers in a JSON Lines file of the user's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from llmci.adapters.systems.recordings import Recordings
from llmci.adapters.systems.replies import reply_of
from llmci.errors import UsageError
from llmci.seams import Failed

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.seams import Reply


def read_file(path: Path) -> Recordings:
    """Read it whole; raises `UsageError` at the first line that cannot be read: half a recording is no recording."""
    recordings = Recordings()
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    _add(recordings, line, f"{path}:{number}")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}.", fix="Name a JSON Lines file.") from None
    return recordings


def _add(recordings: Recordings, line: bytes, where: str) -> None:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise UsageError(f"{where}: not JSON.", fix="Write one JSON object a line.") from None
    key, case_id = (record.get("key"), record.get("case_id")) if isinstance(record, dict) else (None, None)
    if key is None and case_id is None:
        raise UsageError(f"{where}: neither `key` nor `case_id`.", fix="Say which case the answer is to.")
    recordings.add(
        _reply(record, where),
        key=None if key is None else str(key),
        case_id=None if case_id is None else str(case_id),
    )


def _reply(record: dict[str, Any], where: str) -> Reply | Failed:
    if error := record.get("error"):
        return Failed(
            f"recorded as failed: {error}" if isinstance(error, str) and len(error) < 80 else "recorded as failed",
            "system",
            charged=False,
        )
    latency = record.get("latency_ms")
    reply = reply_of(record, float(latency) if isinstance(latency, (int, float)) else None, timed_here=False)
    scores = record.get("scores") or {}
    if isinstance(reply, Failed):
        raise UsageError(f"{where}: {reply.why}.", fix="Give `answer` as a text.")
    if not isinstance(scores, dict) or not all(isinstance(value, (int, float)) for value in scores.values()):
        raise UsageError(f"{where}: `scores` does not map names to numbers.", fix='Write {"name": 0.5}.')
    return replace(reply, recorded=True, recorded_scores={str(name): float(value) for name, value in scores.items()})
