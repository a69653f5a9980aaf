"""Where a stage's shards are worked on, and how the driver gets through them when workers die."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, wait
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pydantic import ValidationError

from llmci import registry
from llmci.config import Block
from llmci.errors import UsageError
from llmci.seams import WorkerDied
from llmci.wiring.build import context_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from llmci.config import Config
    from llmci.seams import Engine, Progress

W = TypeVar("W")
R = TypeVar("R")
_DIED = (WorkerDied, BrokenExecutor)


def with_engine(config: Config, kind: str | None, *, workers: int | None, scheduler: str | None) -> Config:
    """The configuration with the engine that the command line names, if it names one.

    Raises:
        UsageError: There is no such engine, or it does not take what was said.
    """
    said = {key: value for key, value in (("workers", workers), ("scheduler", scheduler)) if value is not None}
    if kind is None and not said:
        return config
    before = config.engine
    kind = kind or ("dask" if scheduler else before.kind if before else "processes")
    kept = (
        {key: value for key, value in before.given.items() if key != "kind"} if before and before.kind == kind else {}
    )
    if "workers" in said and "scheduler" not in said:
        kept.pop("scheduler", None)
    given = {**kept, **said}
    try:
        options = registry.adapter("engine", kind).Options(**given)
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(map(str, first["loc"]))
        raise UsageError(
            f"the engine {kind} does not take {at or 'this'}: {first['msg'].removeprefix('Value error, ')}.",
            fix="Leave it out, or choose another --engine.",
        ) from None
    return replace(config, engine=Block(name="engine", kind=kind, options=options, given={"kind": kind, **given}))


def engine_of(config: Config, stage: str, environ: Mapping[str, str], sizes: Sequence[int], *, worth: int) -> Engine:
    """The engine of the configuration, or one that fits shards of these sizes.

    Args:
        config: Of the project.
        stage: Names the work.
        environ: The process environment.
        sizes: Of each shard, in bytes or rows.
        worth: Where no engine is named, processes are started only for more than so much in all.
    """
    block = config.engine
    if block is None:
        parallel = len(sizes) > 1 and sum(sizes) > worth and (os.cpu_count() or 1) > 1
        adapter = registry.adapter("engine", "processes" if parallel else "inline")
        options = adapter.Options()
    else:
        adapter, options = registry.adapter("engine", block.kind), block.options
    engine: Engine = adapter(options, context_of(config, stage, environ))
    return engine


class Crew:
    """Works on shards with an engine, as a context manager.

    A shard whose worker dies is tried once more, alone, so that a neighbour's death is not held
    against it: whatever then ends its worker again is given up, and the rest goes on.
    """

    def __init__(self, engine: Engine, progress: Progress) -> None:
        self._engine, self._progress = engine, progress

    def __enter__(self) -> Self:
        self._executor = self._engine.executor()
        if link := self._engine.dashboard():
            self._progress.note(f"the workers can be watched at {link}")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._executor.shutdown(wait=kind is None, cancel_futures=kind is not None)

    def each(self, task: Callable[[W], R], works: Iterable[W]) -> Iterator[tuple[W, R | WorkerDied]]:
        """Every piece of work with its outcome, as they finish; raises what the task raised."""
        queue, flying, suspects = deque(works), dict[Any, W](), list[W]()
        while queue or flying:
            self._fill(task, queue, flying)
            for future in wait(flying, return_when=FIRST_COMPLETED).done:
                work = flying.pop(future)
                if isinstance(future.exception(), _DIED):
                    suspects.append(work)
                else:
                    yield work, future.result()
        for work in suspects:
            yield work, self._alone(task, work)

    def _fill(self, task: Callable[[W], R], queue: deque[W], flying: dict[Future[R], W]) -> None:
        """Submit as much as the engine takes at once; after a death, a new pool waits until the old one is empty."""
        most = self._engine.at_once
        while queue and (most is None or len(flying) < most):
            try:
                flying[self._executor.submit(task, queue[0])] = queue[0]
            except BrokenExecutor:
                if flying:
                    return
                self._renew()
                continue
            queue.popleft()

    def _alone(self, task: Callable[[W], R], work: W) -> R | WorkerDied:
        try:
            try:
                return self._executor.submit(task, work).result()
            except BrokenExecutor:
                # It may have been broken before; once more, in a pool that nobody has broken yet.
                self._renew()
                return self._executor.submit(task, work).result()
        except BrokenExecutor:
            self._renew()
            return WorkerDied()
        except WorkerDied as died:
            return died

    def _renew(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._executor = self._engine.executor()
