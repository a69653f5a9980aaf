"""A program of the user's own that scores: one JSON line in, one JSON line out."""

from __future__ import annotations

import asyncio
import json
import shlex
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from llmci import seams
from llmci.adapters.scorers.own import OwnOptions, harmless, lost, own_metric, score_of, told
from llmci.core.canonical import digest_of
from llmci.processes.line_process import LineProcess, ProcessEnded
from llmci.processes.watched import digest_of_files, matching

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Answered, Metric, Score


class CommandScorerOptions(OwnOptions):
    """Which program, and what its numbers mean.

    Attributes:
        command: The program and its arguments, as a list or as one line. It is started once, reads one
            request a line from standard input (answer, tool_calls, retrieved, question, reference,
            expectations, ...) and writes one line for each: a number, true or false, an object with
            `score`, or null for a case that it cannot score.
    """

    command: tuple[str, ...] = Field(min_length=1)

    @field_validator("command", mode="before")
    @classmethod
    def _split(cls, command: object) -> object:
        return shlex.split(command) if isinstance(command, str) else command


class CommandScorer:
    """See `llmci.seams.Scorer`."""

    Options = CommandScorerOptions

    def __init__(self, options: CommandScorerOptions, context: seams.Context) -> None:
        self._options, self._context = options, context
        self._process: LineProcess | None = None
        self._turn = asyncio.Lock()

    def metric(self) -> Metric:
        """See `Scorer.metric`."""
        return own_metric(self._options, self._context.name, self._digest)

    @cached_property
    def _digest(self) -> str:
        options, root = self._options, self._context.root
        named = [path for part in options.command if (path := root / part).is_file()]
        files = digest_of_files(root, [*named, *matching(root, options.watch)])
        meant = options.model_dump(include={"command", "config", "low", "high", "higher_is_better", "binary"})
        return digest_of("command-scorer/1", meant, files)

    def estimate(self, case: Case) -> seams.Estimate:  # noqa: ARG002  it costs what it costs its owner
        """See `Scorer.estimate`."""
        return seams.Estimate(input_tokens=0, output_tokens=0, worst_cost=0.0)

    async def start(self) -> None:
        """See `Scorer.start`."""
        async with self._turn:
            await self._running()

    async def score(self, case: Case, answer: Answered) -> Score:
        """See `Scorer.score`."""
        name = self._context.name
        async with self._turn:
            process = await self._running()
            try:
                async with asyncio.timeout(self._options.timeout_s):
                    await process.send(told(case, answer, self._options.config))
                    value = json.loads(await process.receive_line())
            except TimeoutError:
                why = f"no score within {self._options.timeout_s:g} s"
            except ProcessEnded as ended:
                why = ended.why
            except ValueError:
                why = "it wrote a line that is not JSON"
            except asyncio.CancelledError:
                await self._end()
                raise
            else:
                return score_of(value, self._options, case, answer, name)
            # What it writes next may belong to this request.
            await self._end()
            return lost(why, case, answer, name)

    async def aclose(self) -> None:
        """See `Scorer.aclose`."""
        await self._end()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await process.kill()

    async def _running(self) -> LineProcess:
        if self._process is None:
            self._process = await LineProcess.of_block(
                f"scorers.{self._context.name}",
                self._options.command,
                cwd=self._context.root,
                environ=harmless(self._context.environ, self._options.env),
                show_output=self._options.show_output,
            )
        return self._process
