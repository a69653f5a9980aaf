"""A Python callable of the user's own, in processes of its own: nothing it does can take the run down."""

from __future__ import annotations

import asyncio
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import Field

from llmci import seams
from llmci.adapters.systems.replies import reply_of
from llmci.adapters.systems.requests import request_of
from llmci.core.canonical import digest_of
from llmci.domain.system import SystemSpec
from llmci.errors import UsageError
from llmci.processes.line_process import ProcessEnded
from llmci.processes.python_process import PythonProcess, loaded
from llmci.processes.watched import digest_of_files, matching, python_sources
from llmci.seams import Failed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.domain.case import Case
    from llmci.seams import Reply


_FIELDS = ("question", "messages", "tools", "documents", "case_id", "key", "repeat", "config")


class PythonOptions(seams.Options):
    """Which callable, and how it is run.

    Attributes:
        callable: `package.module:function` or `path/to/file.py:function`, sync or async. Its parameters
            are filled by name from: question, messages, tools, documents, case_id, key, repeat, config.
        config: Passed as `config`: what baseline and candidate differ in, such as a retrieval setup.
        processes: Processes of a sync callable, each answering one case at a time. An async callable
            has one, which answers many at a time.
        python: Interpreter to run it; the default is the one that runs llmci.
        watch: Globs of further files that can change its answers; its own Python files always count.
        max_cost_usd: Most that one answer can cost; needed with a budget. 0 if it is free.
        memory_mb: Most memory of a process; more is the callable's fault.
        start_timeout_s: Longest wait for the callable to load.
        show_output: Show what it prints to standard error. It may hold user text.
    """

    callable: str = Field(pattern=r"^.+:[A-Za-z_][\w.]*$")
    config: dict[str, Any] = Field(default_factory=dict)
    processes: int = Field(default=2, ge=1)
    python: str | None = None
    watch: tuple[str, ...] = ()
    max_cost_usd: float | None = Field(default=None, ge=0)
    memory_mb: int | None = Field(default=None, ge=64)
    start_timeout_s: float = Field(default=60.0, gt=0)
    show_output: bool = False


class PythonSystem:
    """See `llmci.seams.System`."""

    Options = PythonOptions

    def __init__(self, options: PythonOptions, context: seams.Context) -> None:
        self._options, self._context = options, context
        self._many = False
        self._idle: list[PythonProcess] = []
        self._shared: PythonProcess | None = None
        self._starting = asyncio.Lock()
        self._alone = asyncio.Lock()

    def spec(self) -> SystemSpec:
        """See `System.spec`."""
        return self._spec

    @cached_property
    def _spec(self) -> SystemSpec:
        options, root = self._options, self._context.root
        file = options.callable.rpartition(":")[0]
        if file.endswith(".py") and not (root / file).is_file():
            raise UsageError(
                f"systems.{self._context.name}: there is no file {root / file}.",
                fix="Write it, or correct `callable:`.",
            )
        files = digest_of_files(root, [*python_sources(options.callable, root), *matching(root, options.watch)])
        interpreter = options.python or ".".join(str(number) for number in sys.version_info[:3])
        return SystemSpec(
            name=self._context.name,
            kind="python",
            parameters=options.model_dump(),
            digest=digest_of("python/1", options.callable, options.config, interpreter, files),
        )

    def request_digest(self, case: Case) -> str | None:  # noqa: ARG002  only the callable knows
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
        process = await self._new()
        self._many = process.many
        if process.many:
            self._shared = process
        else:
            self._idle.append(process)

    def at_once(self) -> int | None:
        """See `System.at_once`."""
        return None if self._many else self._options.processes

    async def answer(self, case: Case, repeat: int) -> Reply | Failed:
        """See `System.answer`."""
        request = request_of(case, self._options.config, repeat)
        try:
            message = await (self._ask_shared(request) if self._many else self._ask_idle(request))
        except ProcessEnded as ended:
            return Failed(ended.why, "system")
        if "raised" in message:
            at = f" at {message['at']}" if message.get("at") else ""
            return Failed(f"it raised {message['raised']}{at}", "system")
        if "wrong" in message:
            return Failed(f"it returned {message['wrong']}", "system")
        return reply_of(message.get("value"), message.get("ms"), timed_here=False)

    async def aclose(self) -> None:
        """See `System.aclose`."""
        processes = [*self._idle, *([self._shared] if self._shared else [])]
        await asyncio.gather(*(process.close() for process in processes))

    async def _ask_idle(self, request: Mapping[str, Any]) -> dict[str, Any]:
        process = self._idle.pop() if self._idle else await self._new()
        try:
            return await process.ask(request)
        finally:
            if process.alive:
                self._idle.append(process)

    async def _ask_shared(self, request: Mapping[str, Any]) -> dict[str, Any]:
        async with self._starting:
            if self._shared is None or not self._shared.alive:
                self._shared = await self._new()
            process = self._shared
        try:
            return await process.ask(request)
        except ProcessEnded:
            if process.in_flight_at_end == 1:
                raise
        # Several were in flight: each is asked again alone, so that only the one at fault is blamed.
        async with self._alone:
            process = await self._new()
            try:
                return await process.ask(request)
            finally:
                await process.close()

    async def _new(self) -> PythonProcess:
        options, context = self._options, self._context
        owner = f"systems.{context.name}"
        return await loaded(options, _FIELDS, owner=owner, cwd=context.root, environ=context.environ)
