"""A server on this machine that answers as it is told, faults included."""

from __future__ import annotations

import contextlib
import gzip
import socket
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: `params` holds the first value of each."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    lists: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer.

    Attributes:
        cut: Bytes after which the connection is reset; None sends all.
        stream: Sent block by block in place of the body.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    stream: Iterable[bytes] | None = None


class Server(ThreadingHTTPServer):
    """Answers with `answer(request)`; what it was asked is in `asked`."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answer: Callable[[Asked], Said]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.asked: list[Asked] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is none."""


@contextlib.contextmanager
def serving(answer: Callable[[Asked], Said]) -> Iterator[Server]:
    server = Server(answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        self._answer(orjson.loads(self.rfile.read(length) or b"null"))

    def _answer(self, body: Any) -> None:
        parts = urlsplit(self.path)
        lists = parse_qs(parts.query, keep_blank_values=True)
        params = {key: values[0] for key, values in lists.items()}
        headers = {key.lower(): value for key, value in self.headers.items()}
        asked = Asked(self.command, parts.path, params, headers, body, lists)
        self.server.asked.append(asked)
        self._send(self.server.answer(asked), gzipped="gzip" in headers.get("accept-encoding", ""))

    def _send(self, said: Said, *, gzipped: bool) -> None:
        self.send_response(said.status)
        for key, value in said.headers.items():
            self.send_header(key, value)
        if said.stream is not None:
            self._stream(said.stream, chunked="Content-Length" not in said.headers)
            return
        self._whole(said, gzipped=gzipped)

    def _stream(self, blocks: Iterable[bytes], *, chunked: bool) -> None:
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for block in blocks:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
            self.wfile.flush()
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _whole(self, said: Said, *, gzipped: bool) -> None:
        content = said.body if isinstance(said.body, bytes) else orjson.dumps(said.body)
        if gzipped and said.cut is None:
            content = gzip.compress(content, 1)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: said.cut])
        if said.cut is not None:
            self.wfile.flush()
            # No time to linger: the other side sees a reset and no end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
