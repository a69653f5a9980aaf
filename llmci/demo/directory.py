"""The directory that the demo works in: laid out afresh every time, and never somebody else's by accident."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from typing import TYPE_CHECKING

from llmci.errors import UsageError
from llmci.files import write_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CONFIG = "llmci.yaml"
TRAFFIC = "traffic.jsonl"
REPORTS = {"broken": "report.html", "better": "report-better.html"}
_MARK = ".llmci-demo"
_NAMES = (".llmci", "evalsets/demo", CONFIG, TRAFFIC, *REPORTS.values())
_EXTRACTIVE = "    callable: llmci.demo.app:answer\n    config: {}\n"


def lay_out(directory: Path, lines: Sequence[bytes], *, model: str | None, force: bool) -> None:
    """Write configuration and traffic, and remove what an earlier demo left.

    Args:
        directory: Made if it is not there.
        lines: Of the traffic.
        model: Writes the answers, if given; any model that litellm knows.
        force: Use a directory that holds other files; only what bears the demo's names is replaced.

    Raises:
        UsageError: The directory holds something that is not the demo's.
    """
    _check(directory, force=force)
    directory.mkdir(parents=True, exist_ok=True)
    # First: a demo that was killed half way is recognised as one.
    write_bytes(directory / _MARK, b"Made by `llmci demo`; a new demo replaces what it finds here.\n")
    for name in _NAMES:
        _remove(directory / name)
    write_bytes(directory / TRAFFIC, b"".join(line + b"\n" for line in lines))
    write_bytes(directory / CONFIG, configuration(model).encode())


def configuration(model: str | None) -> str:
    """The demo's `llmci.yaml`; with a model, all three systems let it write the answers."""
    text = files("llmci.demo").joinpath(CONFIG).read_text("utf-8")
    if model is None:
        return text
    written = f"    callable: llmci.demo.writer:answer\n    config: {{model: {json.dumps(model)}}}\n"
    return text.replace(_EXTRACTIVE, written)


def _check(directory: Path, *, force: bool) -> None:
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory} is a file.", fix="Name another place with --directory.")
    if force or not directory.exists() or (directory / _MARK).exists():
        return
    if any(directory.iterdir()):
        raise UsageError(
            f"{directory} holds files that are not the demo's.",
            fix="Name another place with --directory, or add --force to replace only files with the demo's names.",
        )


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
