"""Batch files: the answers of one file, each with the request of another that has the same `custom_id`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.adapters.sources.files import READ_ERRORS, open_bytes, unreadable
from llmci.adapters.sources.lines import NotJson, lines_of, parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

PRESETS = ("openai-batch", "anthropic-batch")


class Joiner:
    """Puts the request of an answer beside it, as `request_line`; nothing is read before the first answer.

    Args:
        files: Gives the files to look for requests in.
        limit: Longest line, in bytes.
        joins: Whether a record is of a batch.
    """

    def __init__(self, files: Callable[[], Sequence[Path]], limit: int, joins: Callable[[object], bool]) -> None:
        self._files, self._limit, self._joins = files, limit, joins
        self._requests: _Requests | None = None

    def joined(self, record: Any) -> Any:  # noqa: ANN401  JSON holds anything
        """An answer with its request; any other record as it is."""
        if not isinstance(record, dict) or "custom_id" not in record or is_request(record) or not self._joins(record):
            return record
        if self._requests is None:
            self._requests = _Requests(self._files(), self._limit)
        return {**record, "request_line": self._requests.of(record["custom_id"])}

    def close(self) -> None:
        """Close what was opened to read requests."""
        if self._requests is not None:
            self._requests.close()


class _Requests:
    """The requests in batch files, found by `custom_id`; holds their places, not the requests."""

    def __init__(self, files: Sequence[Path], limit: int) -> None:
        self._limit = limit
        self._places: dict[str, tuple[Path, int, int]] = {}
        for path in files:
            self._index(path)
        self._open: dict[Path, Any] = {}

    def _index(self, path: Path) -> None:
        start = 0
        try:
            with open_bytes(path) as file:
                for line in lines_of(file, self._limit):
                    # A line that is too long is an answer or nothing; where it ended is not known.
                    if line is None:
                        start = file.tell()
                        continue
                    if b'"custom_id"' in line and (b'"body"' in line or b'"params"' in line):
                        record = _read(line, self._limit)
                        if is_request(record):
                            self._places[str(record["custom_id"])] = (path, start, len(line))
                    start += len(line)
        except READ_ERRORS as error:
            raise unreadable(path, error) from None

    def of(self, custom_id: object) -> Any:  # noqa: ANN401  JSON holds anything
        """The request of that id, or None."""
        place = self._places.get(str(custom_id))
        if place is None:
            return None
        path, start, length = place
        file = self._open.get(path)
        if file is None:
            file = self._open[path] = open_bytes(path)
        try:
            file.seek(start)
            return _read(file.read(length), self._limit)
        except READ_ERRORS as error:
            raise unreadable(path, error) from None

    def close(self) -> None:
        """Close what was opened to read requests."""
        for file in self._open.values():
            file.close()


def is_request(record: object) -> bool:
    """Whether a line of a batch asks, rather than answers."""
    if not isinstance(record, dict) or "custom_id" not in record or "response" in record or "result" in record:
        return False
    return isinstance(record.get("body"), dict) or isinstance(record.get("params"), dict)


def _read(line: bytes, limit: int) -> Any:  # noqa: ANN401  JSON holds anything
    try:
        return parsed(line, limit)
    except NotJson:
        return None
