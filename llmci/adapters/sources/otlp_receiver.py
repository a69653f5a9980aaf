"""An OTLP/HTTP receiver for a while: what exporters send lands as lines of OTLP in JSON.

`POST /v1/traces` and `/v1/logs` as the OTLP specification (1.x) has them: protobuf or JSON, gzip or plain. A
request is answered with 200 after what is kept of it is on the disk (`fsync`), and an exporter that hears
nothing sends again: a kill at any instant loses nothing, and what came twice is folded once. Of log records
only the events of the GenAI conventions are kept. Spans and events without ids are refused as the
specification's partial success. Nothing is encrypted and nobody is asked who they are.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import signal
import zlib
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

import orjson

from llmci.adapters.sources.lines import NotJson, parsed
from llmci.adapters.sources.otlp_inbox import LOCK
from llmci.adapters.sources.otlp_signals import LOGS, TRACES, Signal
from llmci.core.traces.otlp import identity
from llmci.core.traces.scalars import Unreadable
from llmci.errors import OutsideError, UsageError
from llmci.files import locked
from llmci.seams import Received

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aiohttp import web

    from llmci.seams import Progress

_JSON, _PROTOBUF = "application/json", "application/x-protobuf"
# google.rpc.Code.INVALID_ARGUMENT, which the specification wants for data that will never be taken.
_INVALID = 3
_SECONDS_TO_FINISH = 5.0
# A journal that is larger is followed by another one.
_JOURNAL_BYTES = 64 << 20
_BLOCK = 1 << 16


def receive(inbox: Path, host: str, port: int, *, seconds: float | None, limit: int, progress: Progress) -> Received:
    """Listen, and land what is sent in `inbox`; see `llmci.seams.Listener.receive`.

    Args:
        seconds: How long; None until SIGINT or SIGTERM, which end it early in any case.
        limit: Most bytes of one request, unpacked; a longer one is answered with 413.
    """
    inbox.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(inbox / LOCK) as alone:
        if not alone:
            raise UsageError(f"another receiver is writing to {inbox}.", fix="Stop it, or wait until it has ended.")
        _mend(inbox)
        with contextlib.closing(_Journal(inbox)) as journal:
            return asyncio.run(_Receiver(journal, limit, progress).run(host, port, seconds))


def _mend(inbox: Path) -> None:
    """Cut off what a killed receiver wrote half: its sender was not answered and sends again."""
    for path in inbox.glob("*.jsonl"):
        whole = _whole_lines(path)
        if whole < path.stat().st_size:
            os.truncate(path, whole)
        if whole == 0:
            path.unlink()


def _whole_lines(path: Path) -> int:
    """Bytes up to the end of the last line that is whole; looks from the end on, because files may be large."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - _BLOCK)
            file.seek(start)
            if (last := file.read(end - start).rfind(b"\n")) >= 0:
                return start + last + 1
            end = start
    return 0


class _Journal:
    """Where lines go; a new file once one is large, so that those before it can be landed and deleted."""

    def __init__(self, inbox: Path) -> None:
        self._inbox = inbox
        self._file: IO[bytes] | None = None
        self._size = 0

    def write(self, content: bytes) -> None:
        """The content is on the disk when this returns."""
        if self._file is None or self._size > _JOURNAL_BYTES:
            self.close()
            path = self._inbox / f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.jsonl"
            self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600), "wb")
            self._size = 0
        self._file.write(content)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._size += len(content)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class _Refusal(Exception):
    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


class _Receiver:
    def __init__(self, journal: _Journal, limit: int, progress: Progress) -> None:
        self._journal, self._limit, self._progress = journal, limit, progress
        self._requests = self._spans = self._refused = 0
        self._over = asyncio.Event()
        self._writing = asyncio.Lock()
        # Lines that wait for the disk together, and who waits for them.
        self._lines: list[bytes] = []

    async def run(self, host: str, port: int, seconds: float | None) -> Received:
        from aiohttp import web

        app = web.Application()
        app.router.add_post("/v1/traces", functools.partial(self._taken, TRACES))
        app.router.add_post("/v1/logs", functools.partial(self._taken, LOGS))
        # Sizes are checked while a body is unpacked, so it is not unpacked before.
        runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=_SECONDS_TO_FINISH)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            await runner.cleanup()
            raise OutsideError(
                f"{host}:{port} cannot be listened at: {error.strerror or type(error).__name__}.",
                fix="Stop what listens there, or choose another port with --listen.",
            ) from None
        address = "{}:{}".format(*runner.addresses[0][:2])
        self._progress.note(f"listening at http://{address}/v1/traces and /v1/logs; Ctrl-C ends it and goes on")
        with _interrupts(self._over):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), seconds)
            # Requests that have begun are finished and answered.
            await runner.cleanup()
        return Received(address, self._requests, self._spans, self._refused)

    async def _taken(self, signal: Signal, request: web.Request) -> web.Response:
        kind = request.content_type
        try:
            line, taken, refused = self._line(await self._body(request), kind, signal)
        except _Refusal as refusal:
            return _answer(kind, refusal.status, _status_message(refusal), {"code": _INVALID, "message": refusal.why})
        if taken:
            await self._land(line)
        self._requests, self._spans, self._refused = self._requests + 1, self._spans + taken, self._refused + refused
        self._progress.advance(taken)
        said: dict[str, Any] = {}
        if refused:
            why = f"{signal.what} without a trace id and a span id are not kept"
            said = {"partialSuccess": {signal.rejected: str(refused), "errorMessage": why}}
        return _answer(kind, 200, signal.response(said), said)

    async def _body(self, request: web.Request) -> bytes:
        """The body, unpacked; never more than the limit in memory."""
        if request.content_type not in (_JSON, _PROTOBUF):
            raise _Refusal(415, f"send {_PROTOBUF} or {_JSON}")
        packed = request.headers.get("Content-Encoding", "identity").lower()
        if packed not in ("identity", "gzip", "deflate"):
            raise _Refusal(415, "send gzip or no compression")
        # 32 + 15: whichever of the two zlib formats it is.
        unpack = zlib.decompressobj(47) if packed != "identity" else None
        content = bytearray()
        async for block in request.content.iter_any():
            left = self._limit + 1 - len(content)
            try:
                content += block if unpack is None else unpack.decompress(block, left)
            except zlib.error:
                raise _Refusal(400, "damaged compression") from None
            if len(content) > self._limit:
                raise _Refusal(413, f"more than {self._limit / 1_000_000:g} MB; send smaller batches")
        if unpack is not None and not unpack.eof:
            raise _Refusal(400, "compression that is cut off")
        return bytes(content)

    def _line(self, body: bytes, kind: str, signal: Signal) -> tuple[bytes, int, int]:
        """The export as a line of JSON without what cannot be kept, and how many records were kept and refused."""
        try:
            export: Any = signal.export_of(body) if kind == _PROTOBUF else parsed(body, self._limit)
        except (Unreadable, NotJson) as error:
            raise _Refusal(400, str(error)) from None
        if not isinstance(export, dict):
            raise _Refusal(400, f"not an OTLP export of {signal.what}")
        taken = refused = 0
        kept = []
        for logged, resource in signal.inside(export):
            if None in identity(logged):
                refused += 1
                continue
            taken += 1
            kept.append(signal.outside(logged, resource))
        return orjson.dumps({signal.key: kept}), taken, refused

    async def _land(self, line: bytes) -> None:
        """On the disk when this returns; requests that come meanwhile share the next write."""
        self._lines += line, b"\n"
        async with self._writing:
            if self._lines:
                lines, self._lines = self._lines, []
                await asyncio.to_thread(self._write, b"".join(lines))

    def _write(self, content: bytes) -> None:
        self._journal.write(content)


def _answer(kind: str, status: int, message: bytes, said: dict[str, Any]) -> web.Response:
    from aiohttp import web

    if kind == _PROTOBUF:
        return web.Response(body=message, status=status, content_type=_PROTOBUF)
    return web.Response(body=orjson.dumps(said), status=status, content_type=_JSON)


def _status_message(refusal: _Refusal) -> bytes:
    """`google.rpc.Status`."""
    text = refusal.why.encode()
    return bytes((0x08, _INVALID, 0x12, len(text))) + text


@contextlib.contextmanager
def _interrupts(over: asyncio.Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the listening rather than the command; only the main thread hears them."""
    loop = asyncio.get_running_loop()
    heard = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):
            before = signal.getsignal(number)
            loop.add_signal_handler(number, over.set)
            heard[number] = before
    try:
        yield
    finally:
        for number, before in heard.items():
            loop.remove_signal_handler(number)
            signal.signal(number, before)
