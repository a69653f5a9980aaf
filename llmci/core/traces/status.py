"""How a request ended, in two words: ok and error."""

from __future__ import annotations

from llmci.core.traces.paths import at
from llmci.core.traces.scalars import boolean_of, decoded, text_of

_OK = {"ok", "success", "succeeded", "completed", "complete", "done", "finished", "status_code_ok", "1"}
_ERROR = {"error", "failed", "failure", "exception", "timeout", "cancelled", "canceled", "status_code_error", "2"}


def status_of(status: object, error: object) -> tuple[str, str | None, str | None]:
    """Status, kind of error and its text.

    The status is "ok" or "error"; a word that is neither is kept as it is. HTTP codes from 400 on
    are errors. A logged error makes the status "error" where none was logged.
    """
    error = decoded(error)
    if isinstance(error, dict):
        kind, text = text_of(at(error, "type | error_type | code")), text_of(error)
    else:
        failed = boolean_of(error)
        kind, text = None, None if failed is not None else text_of(error)
        if failed and status is None:
            status = "error"
    word = text_of(status)
    if word is None:
        return ("error" if text else "ok"), kind, text
    known = word.strip().lower()
    if known in _OK or (known.isdigit() and 100 <= int(known) < 400):
        return "ok", kind, text
    if known in _ERROR or (known.isdigit() and 400 <= int(known) < 600):
        return "error", kind, text
    return word, kind, text
