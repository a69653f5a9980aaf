"""A Python callable of the user's own that scores, in a process of its own."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import Field

from llmci import seams
from llmci.adapters.scorers.own import FIELDS, OwnOptions, harmless, lost, own_metric, score_of, told
from llmci.core.canonical import digest_of
from llmci.processes.line_process import ProcessEnded
from llmci.processes.python_process import PythonProcess, loaded
from llmci.processes.watched import digest_of_files, matching, python_sources

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Answered, Metric, Score


class PythonScorerOptions(OwnOptions):
    """Which callable, and what its numbers mean.

    Attributes:
        callable: `package.module:function` or `path/to/file.py:function`, sync or async. Its parameters
            are filled by name from: answer, answer_messages, tool_calls, retrieved, question, messages,
            documents, reference, rubric, expectations, case_id, key, repeat, config. It returns a
            number, true or false, an object with `score`, or None for a case that it cannot score.
        python: Interpreter to run it; the default is the one that runs llmci.
        memory_mb: Most memory of its process.
        start_timeout_s: Longest wait for it to load.
    """

    callable: str = Field(pattern=r"^.+:[A-Za-z_][\w.]*$")
    python: str | None = None
    memory_mb: int | None = Field(default=None, ge=64)
    start_timeout_s: float = Field(default=60.0, gt=0)


class PythonScorer:
    """See `llmci.seams.Scorer`."""

    Options = PythonScorerOptions

    def __init__(self, options: PythonScorerOptions, context: seams.Context) -> None:
        self._options, self._context = options, context
        self._process: PythonProcess | None = None
        self._starting = asyncio.Lock()
        self._turn = asyncio.Semaphore(1)

    def metric(self) -> Metric:
        """See `Scorer.metric`."""
        return own_metric(self._options, self._context.name, self._digest)

    @cached_property
    def _digest(self) -> str:
        options, root = self._options, self._context.root
        files = digest_of_files(root, [*python_sources(options.callable, root), *matching(root, options.watch)])
        meant = options.model_dump(include={"callable", "config", "low", "high", "higher_is_better", "binary"})
        return digest_of("python-scorer/1", meant, options.python, files)

    def estimate(self, case: Case) -> seams.Estimate:  # noqa: ARG002  it costs what it costs its owner
        """See `Scorer.estimate`."""
        return seams.Estimate(input_tokens=0, output_tokens=0, worst_cost=0.0)

    async def start(self) -> None:
        """See `Scorer.start`."""
        await self._running()

    async def score(self, case: Case, answer: Answered) -> Score:
        """See `Scorer.score`."""
        name, request = self._context.name, told(case, answer, self._options.config)
        process = await self._running()
        try:
            if process.many:
                message = await asyncio.wait_for(process.ask(request), self._options.timeout_s)
            else:
                async with self._turn:
                    # Whoever waited may find that the one before broke it.
                    process = await self._running()
                    message = await asyncio.wait_for(process.ask(request), self._options.timeout_s)
        except TimeoutError:
            return lost(f"no score within {self._options.timeout_s:g} s", case, answer, name)
        except ProcessEnded as ended:
            return lost(ended.why, case, answer, name)
        if "raised" in message:
            at = f" at {message['at']}" if message.get("at") else ""
            return lost(f"it raised {message['raised']}{at}", case, answer, name)
        if "wrong" in message:
            return lost(f"it returned {message['wrong']}", case, answer, name)
        return score_of(message.get("value"), self._options, case, answer, name)

    async def aclose(self) -> None:
        """See `Scorer.aclose`."""
        if self._process is not None:
            await self._process.close()

    async def _running(self) -> PythonProcess:
        async with self._starting:
            if self._process is None or not self._process.alive:
                self._process = await self._new()
            return self._process

    async def _new(self) -> PythonProcess:
        options, context = self._options, self._context
        owner = f"scorers.{context.name}"
        return await loaded(
            options, FIELDS, owner=owner, cwd=context.root, environ=harmless(context.environ, options.env)
        )
