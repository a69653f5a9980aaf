"""A program of the user's own, in any language: one JSON line in, one JSON line out."""

from __future__ import annotations

import asyncio
import json
import shlex
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator

from llmci import seams
from llmci.adapters.systems.replies import reply_of
from llmci.adapters.systems.requests import request_of
from llmci.core.canonical import digest_of
from llmci.domain.system import SystemSpec
from llmci.processes.line_process import LineProcess, ProcessEnded
from llmci.processes.watched import digest_of_files, matching
from llmci.seams import Failed

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.seams import Reply


class CommandOptions(seams.Options):
    """Which program, and how it is run.

    Attributes:
        command: The program and its arguments, as a list or as one line. It is started once, reads one
            request a line from standard input (question, messages, tools, documents, case_id, key,
            repeat, config) and writes one line to standard output for each: a JSON text, or an object
            with `answer` and what a Python callable may return besides.
        config: Passed on in every request.
        processes: Processes that answer side by side.
        watch: Globs of files that can change its answers; files among the arguments always count.
        max_cost_usd: Most that one answer can cost; needed with a budget. 0 if it is free.
        show_output: Show what it prints to standard error. It may hold user text.
    """

    command: tuple[str, ...] = Field(min_length=1)
    config: dict[str, Any] = Field(default_factory=dict)
    processes: int = Field(default=1, ge=1)
    watch: tuple[str, ...] = ()
    max_cost_usd: float | None = Field(default=None, ge=0)
    show_output: bool = False

    @field_validator("command", mode="before")
    @classmethod
    def _split(cls, command: object) -> object:
        return shlex.split(command) if isinstance(command, str) else command


class CommandSystem:
    """See `llmci.seams.System`."""

    Options = CommandOptions

    def __init__(self, options: CommandOptions, context: seams.Context) -> None:
        self._options, self._context = options, context
        self._idle: list[LineProcess] = []

    def spec(self) -> SystemSpec:
        """See `System.spec`."""
        return self._spec

    @cached_property
    def _spec(self) -> SystemSpec:
        options, root = self._options, self._context.root
        named = [path for part in options.command if (path := root / part).is_file()]
        files = digest_of_files(root, [*named, *matching(root, options.watch)])
        return SystemSpec(
            name=self._context.name,
            kind="command",
            parameters=options.model_dump(),
            digest=digest_of("command/1", options.command, options.config, files),
        )

    def request_digest(self, case: Case) -> str | None:  # noqa: ARG002  only the program knows
        """See `System.request_digest`."""
        return None

    def estimate(self, case: Case) -> seams.Estimate:  # noqa: ARG002  only the user knows
        """See `System.estimate`."""
        return seams.Estimate(worst_cost=self._options.max_cost_usd)

    def endpoint(self) -> str | None:
        """See `System.endpoint`."""
        return None

    async def start(self) -> None:
        """See `System.start`."""
        self._idle.append(await self._new())

    def at_once(self) -> int | None:
        """See `System.at_once`."""
        return self._options.processes

    async def answer(self, case: Case, repeat: int) -> Reply | Failed:
        """See `System.answer`."""
        process = self._idle.pop() if self._idle else await self._new()
        started = time.perf_counter()
        try:
            await process.send(request_of(case, self._options.config, repeat))
            line = await process.receive_line()
            value = json.loads(line)
        except ProcessEnded as ended:
            await process.kill()
            return Failed(ended.why, "system")
        except ValueError:
            # What it writes next may belong to this request.
            await process.kill()
            return Failed("it wrote a line that is not JSON", "system")
        except asyncio.CancelledError:
            await process.kill()
            raise
        self._idle.append(process)
        return reply_of(value, (time.perf_counter() - started) * 1000)

    async def aclose(self) -> None:
        """See `System.aclose`."""
        await asyncio.gather(*(process.kill() for process in self._idle))

    async def _new(self) -> LineProcess:
        return await LineProcess.of_block(
            f"systems.{self._context.name}",
            self._options.command,
            cwd=self._context.root,
            environ=self._context.environ,
            show_output=self._options.show_output,
        )
