"""Every way llmci stops, and the exit code each way means."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a shell or a CI job sees. `REGRESSED` is said by a gate and by nothing else."""

    PASSED = 0
    REGRESSED = 1
    USAGE = 2
    NO_DECISION = 3
    OUTSIDE_FAILED = 4
    PRIVACY_STOP = 5
    BUG = 70
    INTERRUPTED = 130


class LlmciError(Exception):
    """A stop that is explained: what happened, and what to do about it.

    Neither text may hold user text: both are printed and logged.

    Args:
        message: What happened, naming the file, the line or the record.
        fix: What the reader can do about it, as an instruction.
    """

    exit_code: ExitCode = ExitCode.BUG

    def __init__(self, message: str, *, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


class UsageError(LlmciError):
    """The command line, the configuration or a file that the user names is wrong."""

    exit_code = ExitCode.USAGE


class NoDecisionError(LlmciError):
    """The evidence at hand decides nothing: not comparable, or the budget was spent first."""

    exit_code = ExitCode.NO_DECISION


class OutsideError(LlmciError):
    """A source, a target or a judge failed: what was gathered is not evidence."""

    exit_code = ExitCode.OUTSIDE_FAILED


class TooMuch(OutsideError):
    """A source could not answer so much at once; a smaller page or a shorter window may be answered."""


class NotFound(OutsideError):
    """A source does not know what it was asked for; another version of it may."""


class PrivacyStop(LlmciError):
    """Going on could leak personal data; nothing was written."""

    exit_code = ExitCode.PRIVACY_STOP


class Interrupted(LlmciError):
    """The user stopped the command; what was done is kept and `--resume` goes on from there."""

    exit_code = ExitCode.INTERRUPTED
