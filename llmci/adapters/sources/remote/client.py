"""One polite HTTP client for every source behind a network.

A new source makes one `Client` with its `Site` and asks it for JSON, from any thread:

    client = Client(Site(source="prod", url=options.url, headers=..., fix="Set ACME_API_KEY."), Manners())
    page = client.get("/api/spans", {"limit": 1000, "cursor": cursor}, of="2026-11-01 to 2026-11-02")

`of` says in plain words which piece was asked for and stands in every error. Gzip, time limits, rate
limits and repetitions are the client's business; what comes back is the decoded body of a 2xx answer.
What does not come back raises an `OutsideError` (exit 4) that names source, piece and fix: `NotFound`
for 404 and 405, so that an older interface can be tried, and `TooMuch` where the server gave up or the
answer is too long, so that a smaller page (`paging`) or a shorter window (`llmci.pipeline.landing`) can.
No credential and nothing of an answer is in a message. `paging` turns `get` into pages that end.
"""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode, urlsplit

import orjson

from llmci import __version__
from llmci.adapters.sources.remote.gate import Gate
from llmci.core.pulling.limits import Limits, limits_in, moment_of
from llmci.errors import NotFound, OutsideError, TooMuch, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import urllib3

T = TypeVar("T")

_TRIES = 6
_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 60.0
_BLOCK = 1 << 16
# 408 and 504 of gateways, 413 of their limits, 524 of a CDN; 422 is how an overloaded ClickHouse speaks through Langfuse.
_TOO_MUCH = {408, 413, 422, 504, 524}
_PASSES = {425, 429, 500, 502, 503, 520, 521, 522, 523, 529}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How a server is asked.

    Attributes:
        at_once: Most requests in flight.
        max_rate: Most requests a second; None keeps to half of the limit that the server advertises.
        timeout_s: Longest silence of the server; a whole answer may take five times that.
        max_page_mb: A longer answer, unpacked, is not read to its end.
        patience_s: Longest that one request may be held up by waiting, over all its tries.
    """

    at_once: int = 4
    max_rate: float | None = None
    timeout_s: float = 60.0
    max_page_mb: float = 64.0
    patience_s: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A server, and how to speak of it.

    Attributes:
        source: Name of the source in the configuration.
        url: Its address; a path is kept, and a user or a query is refused.
        headers: Sent with every request; credentials belong here and nowhere else.
        fix: What the reader can do where the credentials are refused.
        refusal: What is raised then.
    """

    source: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    fix: str
    refusal: type[OutsideError] = OutsideError

    @property
    def shown(self) -> str:
        """The source and its host, for messages."""
        return f"source {self.source!r} at {urlsplit(self.url).netloc}"


class TooLong(TooMuch):
    """An answer was longer than is read; a smaller page may not be."""


class _Fault(Exception):
    """A try that failed and may be repeated; `why` is in plain words."""

    def __init__(self, why: str, *, wait_s: float | None = None) -> None:
        super().__init__(why)
        self.why, self.wait_s = why, wait_s


class Client:
    """See the module; thread-safe.

    Args:
        site: Which server.
        manners: How it is asked.
        environ: Where proxies are named (`HTTPS_PROXY`, `NO_PROXY`).
        gate: Shared with other clients of the same server; a new one by default.

    Attributes:
        skew_s: How far the server's clock was ahead of ours when it last spoke.

    Raises:
        UsageError: The address is none.
    """

    def __init__(
        self,
        site: Site,
        manners: Manners | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        gate: Gate | None = None,
    ) -> None:
        import urllib3

        parts = urlsplit(site.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
            raise UsageError(
                f"source {site.source!r}: its address is none that can be asked.",
                fix="Give it as https://host, without user, key or query.",
            )
        self.site, self._manners = site, manners or Manners()
        self.gate = gate or Gate(at_once=self._manners.at_once, max_rate=self._manners.max_rate)
        self._url = site.url.rstrip("/")
        self.skew_s = 0.0
        wait = urllib3.Timeout(connect=min(10.0, self._manners.timeout_s), read=self._manners.timeout_s)
        settings: dict[str, Any] = {"retries": False, "timeout": wait, "maxsize": self._manners.at_once, "block": False}
        proxy = _proxy_of(parts.scheme, parts.hostname, environ or {})
        self._pool: urllib3.PoolManager = (
            urllib3.ProxyManager(proxy, **settings) if proxy else urllib3.PoolManager(**settings)
        )
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": f"llmci/{__version__}",
            **site.headers,
        }

    def get(self, path: str, params: Mapping[str, object] | None = None, *, of: str) -> Any:  # noqa: ANN401  JSON holds anything
        """Ask for JSON; parameters that are None are left out, lists are repeated.

        Raises:
            NotFound: 404 or 405.
            TooMuch: The server gave up on it, or the answer is longer than `max_page_mb`.
            OutsideError: Anything else but a 2xx answer with JSON in it, after all tries.
        """
        given = {key: value for key, value in (params or {}).items() if value is not None}
        query = f"?{urlencode(given, doseq=True)}" if given else ""
        return self._asked("GET", path, query, None, of)

    def post(self, path: str, body: object, *, of: str) -> Any:  # noqa: ANN401  JSON holds anything
        """Ask with a JSON body; only for questions, because it may be sent again. Raises as `get`."""
        return self._asked("POST", path, "", orjson.dumps(body), of)

    def download(self, path: str, query: str, *, of: str) -> bytes:
        """A file as it is, with its query as it was given, which is in no message. Raises as `get`."""
        return self._tried(lambda: self._content("GET", path, f"?{query}" if query else "", None, of), path, of)

    def close(self) -> None:
        """Let waiting threads go, and drop the connections."""
        self.gate.close()
        self._pool.clear()

    def stop(self, path: str, of: str, why: str, fix: str, kind: type[OutsideError] = OutsideError) -> OutsideError:
        """An error about a piece of this source, to be raised by whoever finds an answer wanting."""
        return kind(f"{self.site.shown}, {path} for {of}: {why}.", fix=fix)

    def _asked(self, method: str, path: str, query: str, body: bytes | None, of: str) -> Any:  # noqa: ANN401
        def once() -> Any:  # noqa: ANN401
            content = self._content(method, path, query, body, of)
            try:
                return orjson.loads(content)
            except orjson.JSONDecodeError:
                raise _Fault("answered with something that is not whole JSON") from None

        return self._tried(once, path, of)

    def _tried(self, once: Callable[[], T], path: str, of: str) -> T:
        """Try until it is answered, or there is no more patience; only whole answers count as going well."""
        waited = 0.0
        for number in range(1, _TRIES + 1):
            try:
                with self.gate.turn():
                    started = time.monotonic()
                    value = once()
                    self.gate.went_well(time.monotonic() - started)
                    return value
            except _Fault as fault:
                wait = _wait_of(fault, number)
                waited += wait
                if number == _TRIES or waited > self._manners.patience_s:
                    raise self._given_up(path, of, fault, number, wait) from None
                # Everybody waits: a server that is too busy for one is too busy for the others.
                self.gate.pause(wait)
        raise AssertionError

    def _content(self, method: str, path: str, query: str, body: bytes | None, of: str) -> bytes:
        """The body of a 2xx answer."""
        started = time.monotonic()
        with self._faults(path, of):
            headers = self._headers if body is None else {**self._headers, "Content-Type": "application/json"}
            response = self._pool.request(
                method,
                f"{self._url}{path}{query}",
                headers=headers,
                body=body,
                preload_content=False,
                redirect=False,
            )
            now, told = time.time(), {key.lower(): value for key, value in response.headers.items()}
            self.skew_s = (moment_of(told.get("date", "")) or now) - now
            limits = limits_in(told, now)
            self.gate.heard(limits)
            try:
                self._judge(response.status, limits, path, of)
                content = self._read(response, path, of, started)
            except BaseException:
                # What is left of the answer must not be taken for the next one.
                response.close()
                raise
            response.release_conn()
        return content

    def _read(self, response: urllib3.BaseHTTPResponse, path: str, of: str, started: float) -> bytes:
        limit, deadline = int(self._manners.max_page_mb * 1_000_000), started + 5 * self._manners.timeout_s
        blocks, size = [], 0
        # `read1` gives what is there: `read` would wait for a whole block of a server that trickles.
        while block := response.read1(_BLOCK, decode_content=True):
            blocks.append(block)
            size += len(block)
            if size > limit:
                why = f"an answer of more than {self._manners.max_page_mb:g} MB was not read to its end"
                raise self.stop(path, of, why, "Raise `max_page_mb` of the source if there is memory for it.", TooLong)
            if time.monotonic() > deadline:
                why = f"the answer was still not whole after {5 * self._manners.timeout_s:g} s"
                raise self.stop(path, of, why, "Try again, or raise `timeout_s` of the source.", TooMuch)
        return b"".join(blocks)

    def _judge(self, status: int, limits: Limits, path: str, of: str) -> None:
        if 200 <= status < 300:
            return
        if status in _PASSES:
            self.gate.went_badly()
            wait = limits.retry_after_s
            if wait is None and status == 429:
                wait = limits.reset_s
            raise _Fault(f"answered {status}", wait_s=wait)
        if status in _TOO_MUCH:
            self.gate.went_badly()
            fix = "Pull a shorter time with --since and --until, or try again when the server is less busy."
            raise self.stop(path, of, f"answered {status}: too much at once", fix, TooMuch)
        if status in (401, 403, 407):
            why = f"answered {status}: the credentials were refused"
            raise self.stop(path, of, why, self.site.fix, self.site.refusal)
        if status in (404, 405):
            fix = f"Check the address of the source. {self.site.fix}"
            raise self.stop(path, of, f"answered {status}: there is no such interface", fix, NotFound)
        if 300 <= status < 400:
            fix = "Give the address that it points to as the address of the source; credentials are not sent after it."
            raise self.stop(path, of, f"answered {status}: it redirects elsewhere", fix)
        fix = "Check that the server is of a version that docs/sources names; if it is, this is a bug of llmci."
        raise self.stop(path, of, f"answered {status}", fix)

    @contextmanager
    def _faults(self, path: str, of: str) -> Iterator[None]:
        """Network errors to faults; their texts are left out, because they hold addresses and what is in them."""
        from urllib3 import exceptions as http

        try:
            yield
        except (http.ReadTimeoutError, TimeoutError):
            self.gate.went_badly()
            why = f"nothing was heard for {self._manners.timeout_s:g} s"
            raise self.stop(
                path, of, why, "Pull a shorter time, or raise `timeout_s` of the source.", TooMuch
            ) from None
        except http.SSLError:
            fix = "Check its address and certificate; a certificate of your own is named in SSL_CERT_FILE."
            raise self.stop(path, of, "its certificate could not be verified", fix) from None
        except http.DecodeError:
            raise _Fault("answered with damaged compression") from None
        except (http.NewConnectionError, http.ConnectTimeoutError, http.ProxyError):
            raise _Fault("cannot be reached") from None
        except (http.HTTPError, OSError):
            self.gate.went_badly()
            raise _Fault("broke the connection off") from None

    def _given_up(self, path: str, of: str, fault: _Fault, tries: int, wait: float) -> OutsideError:
        if fault.wait_s is not None and wait > self._manners.patience_s:
            why = f"{fault.why} and asks to wait {wait:.0f} s"
            return self.stop(path, of, why, "Pull again after that; what was pulled is kept.")
        fix = "Check that the server is up, then pull again; what was pulled is kept."
        return self.stop(path, of, f"{fault.why}, {tries} times", fix)


def _wait_of(fault: _Fault, number: int, uniform: Callable[[float, float], float] = random.uniform) -> float:
    """Seconds until the next try: what the server asks for and a little more, or twice as long each time."""
    if fault.wait_s is not None:
        return fault.wait_s + uniform(0.0, 0.1 + 0.05 * min(fault.wait_s, 20))
    longest = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** (number - 1))
    return uniform(longest / 2, longest)


def _proxy_of(scheme: str, host: str, environ: Mapping[str, str]) -> str | None:
    """The proxy that the environment names for a host."""
    lowered = {key.lower(): value for key, value in environ.items()}
    direct = [name.strip().lstrip(".") for name in lowered.get("no_proxy", "").split(",") if name.strip()]
    if any(name in ("*", host) or host.endswith(f".{name}") for name in direct):
        return None
    return lowered.get(f"{scheme}_proxy") or None
