"""JSON Lines: one result an object, one object a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from llmci.domain.result import ResultRow
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class JsonlResults:
    """See `llmci.seams.Results`."""

    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson")
    table: ClassVar[bool] = True

    def recognizes(self, path: Path) -> bool:  # noqa: ARG002  any file of the suffix will do
        """See `Results.recognizes`."""
        return True

    def rows(self, path: Path) -> Iterator[ResultRow]:
        """See `Results.rows`; blank lines are passed over."""
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield ResultRow(f"line {number}", _object(line, path, number))


def _object(line: bytes, path: Path, number: int) -> dict[str, object]:
    try:
        # The standard library's parser also takes the NaN that Python itself writes.
        found = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}:{number}: byte {error.start} is not UTF-8.", fix="Save the file as UTF-8.") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{path}:{number}: not JSON.", fix="Write one whole JSON object a line.") from None
    if not isinstance(found, dict):
        raise UsageError(f"{path}:{number}: not a JSON object.", fix='Write rows such as {"id": "q1", "score": 1}.')
    return found
