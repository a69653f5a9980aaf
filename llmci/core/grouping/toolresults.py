"""What a tool's result says of how the call went, where the trace itself does not."""

from __future__ import annotations

import re

_WITHIN = 4_000
# A longer result that begins so is more likely a log that was asked for.
_MESSAGE = 400
_ERROR = re.compile(
    r"\A[^\w{]*(?:error|exception|fatal|failed|failure)\b|\btraceback \(most recent call last\)"
    r"|\A\s*\{\s*\"(?:error|exception)\"\s*:(?!\s*(?:null\b|false\b|\"\"|\[\s*\]|\{\s*\}|0\b))"
    r"|\b(?:[45]\d\d (?:client error|server error|not found|forbidden|unauthorized|internal server error))\b"
    r"|\berror(?: code)? [45]\d\d\b|^[\w.]*(?:Error|Exception): ",
    re.IGNORECASE | re.MULTILINE,
)


def reads_as_error(text: str) -> bool:
    """Whether a result begins with an error, or holds one as programs write it."""
    return bool(_ERROR.search(text[:_WITHIN]))


def is_error_message(text: str) -> bool:
    """Whether a result is an error and nothing else."""
    return len(text) <= _MESSAGE and reads_as_error(text)
