"""What the terminal shows: results to stdout, everything else to stderr, foreign text made harmless."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
import unicodedata
from contextlib import ExitStack
from dataclasses import asdict, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import typer

from llmci.cli import streams

if TYPE_CHECKING:
    from llmci.seams import Progress

# Live displays to take down before anything else is said, however a command ends.
displays = ExitStack()


def safe_text(text: object) -> str:
    """Make foreign text harmless in a terminal and in a CI log.

    Control, format and private characters are shown as escapes, except line feed and tab. In a
    GitHub job the two forms of a workflow command are broken as well, for the runner would obey them.
    """
    shown = "".join(_shown(character) for character in str(text))
    if os.environ.get("GITHUB_ACTIONS"):
        shown = re.sub(r"(?m)^(\s*):(?=:)", r"\1\\x3a", shown).replace("##[", "##\\x5b")
    return shown


def _shown(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}:
        return character
    return character.encode("unicode_escape").decode("ascii")


def show(text: str) -> None:
    """Print a result; a terminal breaks its lines between words."""
    streams.write(f"{_wrapped(text, sys.stdout)}\n")


def note(text: str) -> None:
    """Say something that is not a result."""
    streams.write_aside(f"{_wrapped(text, sys.stderr)}\n")


def _wrapped(text: str, stream: TextIO | None) -> str:
    """Long lines broken between words where somebody reads them; a pipe gets them as they are."""
    if stream is None or not stream.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return "\n".join(_broken(line, width) if len(line) > width else line for line in text.split("\n"))


def _broken(line: str, width: int) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    lines = textwrap.wrap(
        line,
        width,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )
    return "\n".join(lines)


def show_json(value: object) -> None:
    """Print a result as one JSON document; dataclasses become objects, NaN becomes null."""
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    document = json.dumps(_plain(value), ensure_ascii=not utf8, indent=2, allow_nan=False)
    # JSON may spell any character as an escape; a runner would obey a workflow command even within a string.
    streams.write(document.replace("##[", "##\\u005b") + "\n")


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


def ask(question: str, default: str) -> str:
    """What the person at the terminal says; the default where nobody is there to answer."""
    if not (sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()):
        return default
    answer: str = typer.prompt(question, default=default, err=True)
    return answer


def progress(*, quiet: bool) -> Progress:
    """The progress display that suits where stderr goes: live on a terminal, lines in a log."""
    from llmci.cli.progress import LineProgress, LiveProgress
    from llmci.seams import Silent

    if quiet:
        return Silent()
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        live = LiveProgress()
        displays.callback(live.close)
        return live
    lines = LineProgress(grouped=bool(os.environ.get("GITHUB_ACTIONS")))
    displays.callback(lines.close)
    return lines
