"""Our end of a process that runs `python_worker`."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from llmci.errors import UsageError
from llmci.processes.line_process import LineProcess, ProcessEnded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# An async callable that does not let itself be cancelled within this time is ended by force.
_CANCEL_S = 2.0


_WORKER = Path(__file__).with_name("python_worker.py")


class Loading(Protocol):
    """How a callable is loaded: options that systems and scorers have in common.

    Attributes:
        callable: `package.module:function` or `path/to/file.py:function`.
        python: Interpreter to run it; None is the one that runs llmci.
        memory_mb: Most memory; None is no limit.
        start_timeout_s: Longest wait for it to load.
        show_output: Let through what it prints.
    """

    @property
    def callable(self) -> str: ...  # noqa: D102
    @property
    def python(self) -> str | None: ...  # noqa: D102
    @property
    def memory_mb(self) -> int | None: ...  # noqa: D102
    @property
    def start_timeout_s(self) -> float: ...  # noqa: D102
    @property
    def show_output(self) -> bool: ...  # noqa: D102


async def loaded(
    how: Loading, fields: Sequence[str], *, owner: str, cwd: Path, environ: Mapping[str, str]
) -> PythonProcess:
    """Start a process that has the callable loaded.

    Args:
        how: See `Loading`.
        fields: Names that its parameters may have.
        owner: The block of the configuration that names it, such as `systems.bot`, for errors.
        cwd: Where it runs.
        environ: All that it sees of the environment.

    Raises:
        UsageError: It cannot be started, or the callable cannot be loaded in time.
    """
    interpreter = how.python or sys.executable
    try:
        lines = await LineProcess.start(
            _worker_command(interpreter, how, fields), cwd=cwd, environ=environ, show_output=how.show_output
        )
    except OSError as error:
        raise UsageError(
            f"{owner}: {interpreter} cannot be started: {error.strerror}.", fix="Correct `python`."
        ) from None
    try:
        hello = await asyncio.wait_for(lines.receive(), how.start_timeout_s)
    except (TimeoutError, ProcessEnded) as error:
        await lines.kill()
        why = f"is not loaded after {how.start_timeout_s:g} s" if isinstance(error, TimeoutError) else error.why
        raise UsageError(f"{owner}: {how.callable} {why}.", fix="Import it in a Python shell to see why.") from None
    if "failed" in hello:
        await lines.kill()
        at = f" ({hello['at']})" if hello.get("at") else ""
        raise UsageError(f"{owner}: {how.callable} cannot be loaded: {hello['failed']}{at}.", fix="Correct it there.")
    return PythonProcess(lines, many=bool(hello.get("async")))


def _worker_command(interpreter: str, how: Loading, fields: Sequence[str]) -> list[str]:
    return [interpreter, "-c", _WORKER.read_text("utf-8"), how.callable, str(how.memory_mb or 0), ",".join(fields)]


class PythonProcess:
    """Requests go out with a number, and replies find their request by it.

    Args:
        lines: The process; its first line has been read.
        many: Whether it answers many requests at a time.
    """

    def __init__(self, lines: LineProcess, *, many: bool) -> None:
        self.many = many
        self.in_flight_at_end = 0
        self._lines = lines
        self._ended: str | None = None
        self._sent = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._cancelling: set[asyncio.Task[None]] = set()
        self._reader = asyncio.create_task(self._read())

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._ended is None

    async def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """One request, one reply; raises `ProcessEnded`. A cancelled request does not go on in the process."""
        if self._ended is not None:
            raise ProcessEnded(self._ended)
        self._sent += 1
        number = self._sent
        reply = self._expect(number)
        try:
            await self._lines.send({"id": number, "request": request})
            return await reply
        except asyncio.CancelledError:
            if self.many:
                task = asyncio.create_task(self._cancel(number))
                self._cancelling.add(task)
                task.add_done_callback(self._cancelling.discard)
            else:
                await self.close()
            raise
        finally:
            if reply.done():
                self._waiting.pop(number, None)

    async def close(self) -> None:
        """End the process."""
        await self._lines.kill()
        await self._reader
        for task in list(self._cancelling):
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _expect(self, number: int) -> asyncio.Future[dict[str, Any]]:
        self._waiting[number] = asyncio.get_running_loop().create_future()
        return self._waiting[number]

    async def _cancel(self, number: int) -> None:
        reply = self._expect(number)
        try:
            await self._lines.send({"cancel": number})
            await asyncio.wait_for(reply, _CANCEL_S)
        except TimeoutError:
            await self._lines.kill()
        except ProcessEnded:
            pass
        finally:
            self._waiting.pop(number, None)

    async def _read(self) -> None:
        try:
            while True:
                message = await self._lines.receive()
                reply = self._waiting.get(message.get("id", 0))
                if reply is not None and not reply.done():
                    reply.set_result(message)
        except ProcessEnded as ended:
            self._ended = ended.why
        await self._lines.kill()
        self.in_flight_at_end = len(self._waiting)
        for reply in self._waiting.values():
            if not reply.done():
                reply.set_exception(ProcessEnded(self._ended))
                # A reply that nobody waits for any more is no error.
                reply.exception()
