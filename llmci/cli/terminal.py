"""What the terminal shows: results to stdout, everything else to stderr, foreign text made harmless."""

from __future__ import annotations

import json
import sys
import time
import unicodedata
from dataclasses import asdict, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmci.seams import Progress, Unit


def safe_text(text: object) -> str:
    """Make foreign text harmless in a terminal: control and format characters are shown as escapes."""
    return "".join(_shown(character) for character in str(text))


def _shown(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}:
        return character
    return character.encode("unicode_escape").decode("ascii")


def show(text: str) -> None:
    """Print a result."""
    sys.stdout.write(f"{text}\n")


def note(text: str) -> None:
    """Say something that is not a result."""
    sys.stderr.write(f"{text}\n")


def show_json(value: object) -> None:
    """Print a result as one JSON document; dataclasses become objects, NaN becomes null."""
    sys.stdout.write(json.dumps(_plain(value), ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def _plain(value: Any) -> Any:  # noqa: ANN401, PLR0911  JSON holds anything
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def progress(*, quiet: bool) -> Progress:
    """The progress display that suits where stderr goes."""
    from llmci.seams import Silent

    return Silent() if quiet else LineProgress()


class LineProgress:
    """Progress as plain lines, one every few seconds, for logs and pipes; see `llmci.seams.Progress`."""

    _every_s = 5.0

    def __init__(self) -> None:
        self._stage = ""
        self._total: int | None = None
        self._unit: Unit = "traces"
        self._done = 0
        self._cost: float | None = None
        self._started = self._shown = 0.0

    def begin(self, stage: str, total: int | None, unit: Unit) -> None:
        """See `Progress.begin`."""
        self._stage, self._total, self._unit, self._done, self._cost = stage, total, unit, 0, None
        self._started = self._shown = time.monotonic()

    def advance(self, done: int = 1, *, cost: float | None = None) -> None:
        """See `Progress.advance`."""
        self._done += done
        if cost is not None:
            self._cost = (self._cost or 0.0) + cost
        now = time.monotonic()
        if now - self._shown >= self._every_s:
            self._shown = now
            note(self._line(now))

    def note(self, message: str) -> None:
        """See `Progress.note`."""
        note(f"{self._stage}: {safe_text(message)}" if self._stage else safe_text(message))

    def end(self) -> None:
        """See `Progress.end`."""
        note(f"{self._line(time.monotonic())}, done")

    def _line(self, now: float) -> str:
        seconds = max(now - self._started, 1e-9)
        rate = self._done / seconds
        of = f"/{self._total}" if self._total else ""
        left = (
            f", {(self._total - self._done) / rate:.0f} s left" if self._total and 0 < self._done < self._total else ""
        )
        cost = f", ${self._cost:.4f}" if self._cost is not None else ""
        return f"{self._stage}: {self._done}{of} {self._unit}, {rate:.0f}/s{left}{cost}"
