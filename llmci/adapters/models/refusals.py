"""What a status or a broken connection means, in words that quote nothing: providers repeat the request in theirs."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import TYPE_CHECKING

from llmci.seams import Failed

if TYPE_CHECKING:
    from collections.abc import Iterator

# Refused for who asks or what is asked for; asking again does not help.
_REFUSED = {401, 402, 403, 404, 407}
# The request itself is wrong: too long, not allowed, a parameter that the model does not know.
_OWN_FAULT = {400, 413, 414, 415, 422}
_MEANS = {
    401: "the key is not accepted",
    402: "the account has to be paid",
    403: "the key may not do this",
    404: "there is no such model or address",
    407: "the proxy wants a password",
    429: "too many requests, or no quota left",
}


def refused(status: int, model: str, retry_after_s: float | None) -> Failed:
    """A reply with a status that is no answer."""
    means = _MEANS.get(status, "the request is not accepted" if status < 500 else "the server failed")
    why = f"HTTP {status} from {model}: {means}"
    if status in _OWN_FAULT:
        return Failed(why, "system", charged=False)
    retryable = status not in _REFUSED and (status >= 500 or status in (408, 409, 425, 429))
    return Failed(why, "infrastructure", retryable=retryable, retry_after_s=retry_after_s, charged=False)


def unreachable(error: BaseException, model: str, where: str) -> Failed:
    """No reply, or half of one.

    Args:
        error: Of aiohttp, or of the system beneath.
        where: Scheme, host and port.
    """
    causes, sent = list(_causes(error)), False
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        why = f"the host of {where} is not known to DNS"
    elif any(isinstance(cause, ssl.SSLError) for cause in causes):
        why = f"no trusted TLS connection to {where}"
    elif any(isinstance(cause, OSError) and cause.errno == errno.ECONNREFUSED for cause in causes):
        why = f"nobody listens at {where}"
    else:
        sent = True
        why = f"the connection to {where} broke ({type(error).__name__})"
    return Failed(f"no reply from {model}: {why}", "infrastructure", retryable=True, charged=sent)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        # aiohttp keeps the system's error beside its own.
        beneath = getattr(error, "os_error", None)
        if isinstance(beneath, BaseException) and beneath is not error:
            yield beneath
        error = error.__cause__ or error.__context__
