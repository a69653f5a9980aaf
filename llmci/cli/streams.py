"""stdout and stderr as they really are: closed, piped to `head`, on a full disk, not UTF-8."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from llmci.errors import OutsideError

if TYPE_CHECKING:
    from typing import TextIO


def prepare() -> None:
    """Make both streams fit to be written to, whatever the shell handed over."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # started with the stream closed
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  lives as long as the process
        getattr(sys, name).reconfigure(errors="backslashreplace")


def write(text: str) -> None:
    """Write a result to stdout, at once.

    A reader that has gone away (`| head`) has seen enough; the command goes on, for its exit code counts.

    Raises:
        OutsideError: The result could not be delivered, for instance on a full disk.
    """
    _write(sys.stdout, text)


def write_aside(text: str) -> None:
    """Write to stderr what is not a result; if nobody can read it, nothing is lost."""
    with contextlib.suppress(OutsideError):
        _write(sys.stderr, text)


def flush() -> None:
    """Deliver what libraries wrote to stdout themselves; see `write` for what it raises."""
    _write(sys.stdout, "")


def close() -> None:
    """Leave nothing behind that Python would fail to write, with an exit code of its own, at its end."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OutsideError):
            _write(stream, "")


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _give_up(stream)
    except OSError as error:
        _give_up(stream)
        raise OutsideError(
            f"the output cannot be written: {error.strerror}.", fix="Point stdout to a place with room, and run again."
        ) from None


def _give_up(stream: TextIO) -> None:
    """Send the rest to nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
