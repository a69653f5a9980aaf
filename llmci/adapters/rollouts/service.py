"""The canary's decision over HTTP, for deployers that ask again and again.

    GET  /healthz    200 while the process is there; asks nothing
    GET  /decision   200 with the decision as JSON, whatever it is; for Argo Rollouts' web metric
    POST /check      200 expand or done, 425 hold, 412 roll back, 424 no evidence; for Flagger's confirm hooks
    POST /rollback   200 only where it is to be rolled back, else 409; for Flagger's rollback hook

Evidence belongs to one rollout. A deployer says which by `?rollout=ID`, or by the `checksum` of Flagger's body; with
another one it begins anew.

What could not be decided because a source or the configuration failed is 503 everywhere: never a pass,
and never a reason to roll back. Flagger sends no headers, so a token may also be `metadata.token` of the body.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import orjson

from llmci.errors import LlmciError, OutsideError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# Status of `POST /check` by decision.
STATUS = {"expand": 200, "done": 200, "hold": 425, "roll back": 412, "no evidence": 424}
_FAILED = 503
_LONGEST_BODY = 64 << 10
_SILENCE_S = 30.0


class Service(ThreadingHTTPServer):
    """Answers until `shutdown`.

    Args:
        address: Host and port; port 0 takes a free one.
        decide: Gives the decision on a rollout, None for any, as JSON with its `action`; raises `LlmciError` where
            there is none. Called once at a time.
        token: What a caller must know; None lets everybody on this machine ask, and nobody else.

    Raises:
        OutsideError: The address cannot be listened at.
    """

    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], decide: Callable[[str | None], Mapping[str, Any]], *, token: str | None
    ) -> None:
        self._decide, self._token, self._one = decide, token, threading.Lock()
        try:
            super().__init__(address, _Handler)
        except OSError as error:
            raise OutsideError(
                f"{address[0]}:{address[1]} cannot be listened at: {error.strerror}.",
                fix="Stop what listens there, or choose another port with --port.",
            ) from None

    def allows(self, host: str, authorization: str, body: bytes) -> bool:
        """Whether this caller may ask."""
        if self._token is None:
            # A page in somebody's browser can reach this machine under a name of its own, but not under this one.
            return urlsplit(f"//{host}").hostname in LOOPBACK
        bearer = authorization.startswith("Bearer ")
        given = authorization.removeprefix("Bearer ") if bearer else _text_in(body, "metadata", "token")
        return hmac.compare_digest(given.encode(), self._token.encode())

    def decided(self, rollout: str | None) -> tuple[int, Mapping[str, Any]]:
        """Status of `/check`, and the decision or the error."""
        try:
            with self._one:
                decision = self._decide(rollout)
        except LlmciError as error:
            return _FAILED, {"error": error.message, "fix": error.fix}
        except Exception as error:  # noqa: BLE001  the caller hears that there is no decision, whatever the bug
            return _FAILED, {"error": f"llmci failed: {type(error).__name__}"}
        return STATUS[decision["action"]], decision

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that went away is its own business; stack traces may quote what was read."""


class _Handler(BaseHTTPRequestHandler):
    server: Service
    server_version, sys_version = "llmci", ""
    # A caller that says nothing is let go.
    timeout = _SILENCE_S

    def do_GET(self) -> None:
        match urlsplit(self.path).path:
            case "/healthz":
                self._say(200, {"status": "ok"})
            case "/decision" if self._may(b""):
                status, said = self.server.decided(self._rollout(b""))
                self._say(_FAILED if status == _FAILED else 200, said)
            case "/decision":
                pass
            case _:
                self._say(404, {"error": "there is /healthz, /decision, /check and /rollback"})

    def do_POST(self) -> None:
        body = self._body()
        if body is None or not self._may(body):
            return
        path = urlsplit(self.path).path
        if path not in ("/check", "/rollback"):
            self._say(404, {"error": "there is /healthz, /decision, /check and /rollback"})
            return
        status, said = self.server.decided(self._rollout(body))
        if path == "/rollback" and status != _FAILED:
            status = 200 if said["action"] == "roll back" else 409
        self._say(status, said)

    def _rollout(self, body: bytes) -> str | None:
        """A digest of what the caller calls the rollout; it is kept, and may be anything."""
        asked = parse_qs(urlsplit(self.path).query).get("rollout", [""])[0] or _text_in(body, "checksum")
        return hashlib.sha256(asked.encode()).hexdigest()[:16] if asked else None

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > _LONGEST_BODY:
            self._say(413, {"error": "the body is too long"})
            return None
        return self.rfile.read(int(length))

    def _may(self, body: bytes) -> bool:
        if self.server.allows(self.headers.get("Host", ""), self.headers.get("Authorization", ""), body):
            return True
        self._say(401, {"error": "send the token as `Authorization: Bearer TOKEN`"})
        return False

    def _say(self, status: int, said: Mapping[str, Any]) -> None:
        content = orjson.dumps(said)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the standard library's name
        """Requests are not logged: a path may hold what a caller typed."""


def _text_in(body: bytes, *keys: str) -> str:
    """A text in a JSON body; empty where there is none."""
    try:
        found = orjson.loads(body)
        for key in keys:
            found = found[key]
    except (ValueError, KeyError, TypeError, IndexError):
        return ""
    return found if isinstance(found, str) else ""
