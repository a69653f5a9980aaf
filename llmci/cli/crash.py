"""The crash file: where a bug struck, and nothing of what was being worked on.

Messages of exceptions, values of variables and lines of source are left out, because any of them
may quote a user. Types, files and line numbers cannot.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from llmci import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Enough for the frames that matter; an endless recursion repeats itself.
_FRAMES = 60


def headline(error: BaseException | None) -> str:
    """Type and place, such as "KeyError at llmci/pipeline/gate.py:20"."""
    if error is None:
        return "for a reason that is not known"
    places = [frame.rpartition(" in ")[0] for frame in _frames(error)]
    ours = [place for place in places if place.startswith("llmci/")]
    return f"{_type(error)} at {(ours or places)[-1]}" if places else _type(error)


def save(error: BaseException, arguments: Sequence[str]) -> Path | str:
    """Write the crash file; returns where, or where else the report went if no directory takes it.

    It is not written through `llmci.files`: whatever failed may be what that needs.
    """
    now = datetime.now(UTC)
    report = "\n".join(_report(error, arguments, now)) + "\n"
    for directory in (_state() / "crashes", Path(tempfile.gettempdir())):
        path = directory / f"llmci-{now:%Y%m%dT%H%M%S}-{os.getpid()}.txt"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            path.write_text(report, encoding="utf-8")
        except OSError:
            continue
        return path
    sys.stderr.write(report)
    return "the lines above"


def _state() -> Path:
    """`.llmci` of the project that the working directory is in, without reading its configuration."""
    here = Path.cwd()
    for directory in (here, *here.parents):
        if (directory / "llmci.yaml").is_file() or (directory / ".llmci").is_dir():
            return directory / ".llmci"
    return here / ".llmci"


def _report(error: BaseException, arguments: Sequence[str], now: datetime) -> Iterator[str]:
    from llmci.cli.main import COMMANDS

    yield f"llmci {__version__}, Python {platform.python_version()}, {sys.platform} {platform.machine()}"
    yield f"at {now.isoformat(timespec='seconds')}"
    # The other arguments may name people and places.
    yield f"command: {' '.join(argument for argument in arguments[:1] if argument in COMMANDS) or 'llmci'}"
    yield from _chain(error, seen=set())


def _chain(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    yield ""
    yield _type(error)
    yield from (f"  {frame}" for frame in _frames(error))
    inside = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for cause in (*inside, error.__cause__ or error.__context__):
        if cause is not None and id(cause) not in seen:
            yield from _chain(cause, seen)


def _type(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    missing = f" ({error.name})" if isinstance(error, ImportError) and error.name else ""
    return name + missing


def _frames(error: BaseException) -> list[str]:
    frames = [
        f"{_place(frame.f_code.co_filename)}:{line} in {frame.f_code.co_qualname}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return frames[-_FRAMES:]


def _place(file: str) -> str:
    """A file as it is imported, so that no directory of the machine is told."""
    roots = [root for root in sys.path if root and file.startswith(root.rstrip("/") + "/")]
    return file[len(max(roots, key=len).rstrip("/")) + 1 :] if roots else Path(file).name
