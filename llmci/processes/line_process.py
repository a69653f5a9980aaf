"""A child process that speaks JSON lines, in its own session so that Ctrl-C is not for it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from typing import TYPE_CHECKING, Any

from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LONGEST_LINE = 64_000_000


class ProcessEnded(Exception):
    """The process is gone, or said something that is not a JSON object; `why` holds no user text."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class LineProcess:
    """Started with `start`; whoever starts it kills it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(
        cls, command: Sequence[str], *, cwd: Path, environ: Mapping[str, str], show_output: bool
    ) -> LineProcess:
        """Start it; raises `OSError` if there is no such program.

        Args:
            environ: Its environment; llmci's own variables are kept from it.
            show_output: Pass its standard error on. It may hold user text, so by default it is dropped.
        """
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=cwd,
            env={name: value for name, value in environ.items() if not name.startswith("LLMCI_")},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=None if show_output else asyncio.subprocess.DEVNULL,
            limit=LONGEST_LINE,
            start_new_session=True,
        )
        return cls(process)

    @classmethod
    async def of_block(
        cls, owner: str, command: Sequence[str], *, cwd: Path, environ: Mapping[str, str], show_output: bool
    ) -> LineProcess:
        """Start the program of a block of the configuration, such as `systems.bot`; raises `UsageError`."""
        try:
            return await cls.start(command, cwd=cwd, environ=environ, show_output=show_output)
        except OSError as error:
            raise UsageError(
                f"{owner}: {command[0]} cannot be started: {error.strerror}.",
                fix="Correct `command`; it starts in the directory of llmci.yaml.",
            ) from None

    @property
    def alive(self) -> bool:
        """Whether it is still running."""
        return self._process.returncode is None

    async def send(self, message: object) -> None:
        """Write one line; raises `ProcessEnded`."""
        assert self._process.stdin is not None  # noqa: S101  piped above
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise ProcessEnded(await self._end()) from None

    async def receive(self) -> dict[str, Any]:
        """Read one line that is a JSON object; raises `ProcessEnded`."""
        line = await self.receive_line()
        try:
            message = json.loads(line)
        except ValueError:
            raise ProcessEnded("it wrote a line that is not JSON") from None
        if not isinstance(message, dict):
            raise ProcessEnded("it wrote a line that is not a JSON object")
        return message

    async def receive_line(self) -> bytes:
        """Read one line; raises `ProcessEnded`."""
        assert self._process.stdout is not None  # noqa: S101  piped above
        try:
            line = await self._process.stdout.readline()
        except ValueError:
            raise ProcessEnded(f"it wrote a line of more than {LONGEST_LINE} bytes") from None
        if not line.endswith(b"\n"):
            raise ProcessEnded(await self._end())
        return line

    async def kill(self) -> None:
        """End it and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()

    async def _end(self) -> str:
        code = await self._process.wait()
        return f"its process was ended by signal {-code}" if code < 0 else f"its process ended with code {code}"
