"""Every way a command can stop, said in two lines and turned into the exit code that means it."""

from __future__ import annotations

import errno
import json
import os
import sys
import threading
import warnings
from typing import TYPE_CHECKING

import typer

from llmci.cli import crash, streams
from llmci.cli.terminal import safe_text
from llmci.errors import ExitCode, Interrupted, LlmciError, OutsideError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

# The machine's answers, not llmci's mistakes: no room, no permission, too many open files.
_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE}
_COMPLETION = ("--install-completion", "--show-completion")


def explain(error: BaseException, arguments: Sequence[str]) -> ExitCode:
    """Say why the command stopped, with what to do about it, and give the exit code.

    With `--json` among the arguments, stdout gets the same as one document, so that a script
    always finds JSON there.
    """
    error = _innermost(error)
    if isinstance(error, SystemExit) and _completing(arguments):
        return ExitCode.USAGE if error.code else ExitCode.PASSED
    explained = _explained(error)
    if explained is None:
        place = crash.save(error, arguments)
        explained = LlmciError(
            f"llmci stopped on a bug of its own: {crash.headline(error)}.",
            fix=f"Report it with {place}: it holds types and line numbers, and no text of yours.",
        )
    _say(explained, as_json="--json" in arguments)
    return explained.exit_code


def hush() -> None:
    """Keep libraries and threads from writing texts that they worked on into a log.

    Their warnings, log records and stack traces quote what they choked on; llmci reports such
    failures itself, by type and place.
    """
    import logging

    logging.getLogger().addHandler(logging.NullHandler())
    threading.excepthook = lambda hooked: streams.write_aside(f"a thread stopped: {crash.headline(hooked.exc_value)}\n")
    sys.unraisablehook = lambda _: None
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


def _innermost(error: BaseException) -> BaseException:
    """What went wrong inside a group of tasks; a bug hides behind no explained stop."""
    while isinstance(error, BaseExceptionGroup):
        error = next((e for e in error.exceptions if not isinstance(e, LlmciError)), error.exceptions[0])
    if isinstance(error, typer.Abort) and isinstance(error.__cause__, EOFError):
        return error.__cause__  # typer takes any end of file for the user's, also that of a broken pickle
    return error


def _explained(error: BaseException) -> LlmciError | None:
    """The stop in our own words; None if it is a bug."""
    match error:
        case LlmciError():
            return error
        case typer.TyperException():
            return _usage(error)
        case KeyboardInterrupt() | typer.Abort():
            return Interrupted(
                "interrupted: what was finished is kept, and the work is resumable.",
                fix="Run the same command again to go on from there.",
            )
        case OSError() if error.errno in _MACHINE:
            where = f"{safe_text(error.filename)}: " if error.filename else ""
            return OutsideError(f"{where}{error.strerror}.", fix="Give llmci room and permission there, and run again.")
        case _:
            return None


def _usage(error: typer.TyperException) -> UsageError:
    context = getattr(error, "ctx", None)
    fix = f"Run `{context.command_path if context else 'llmci'} --help` to see what it takes."
    message = safe_text(error.format_message()).strip()
    if message.startswith("Usage:"):  # a group without a command answers with its help
        streams.write_aside(f"{message}\n\n")
        return UsageError("no command was given.", fix=fix)
    ended = message if message.endswith((".", "?")) else f"{message}."
    return UsageError(ended[:1].lower() + ended[1:], fix=fix)


def _say(stop: LlmciError, *, as_json: bool) -> None:
    streams.write_aside(f"error: {stop.message}\n  fix: {stop.fix}\n")
    if as_json:
        document = {"error": stop.message, "fix": stop.fix, "exit_code": int(stop.exit_code)}
        streams.write(json.dumps(document, indent=2) + "\n")


def _completing(arguments: Sequence[str]) -> bool:
    return "_LLMCI_COMPLETE" in os.environ or any(argument in _COMPLETION for argument in arguments)
