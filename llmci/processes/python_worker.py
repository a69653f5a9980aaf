"""Runs in a process of the user's own: loads the callable and answers requests, one JSON line each.

Only the standard library, and nothing newer than Python 3.9: the project's interpreter may be older
than ours and need not have llmci. Its text is passed with `-c`, so that the callable's imports see
the project's directory and not this one.

Requests come on standard input; replies leave on a copy of standard output, and what the callable
itself prints goes to standard error. The first line says whether the callable could be loaded.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import inspect
import json
import os
import queue
import sys
import threading
import time
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LONGEST = 32_000_000


def load(target: str) -> Callable[..., Any]:
    """Find `module:name` or `file.py:name`."""
    name, _, attribute = target.rpartition(":")
    found: Any = _from_file(Path(name).resolve()) if name.endswith(".py") else importlib.import_module(name)
    for part in attribute.split("."):
        found = getattr(found, part)
    if not callable(found):
        raise TypeError(f"{attribute} is not callable")
    function: Callable[..., Any] = found
    return function


def _from_file(path: Path) -> object:
    # As if it were run as a script: its neighbours can be imported.
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def binder(function: Callable[..., Any], fields: list[str]) -> Callable[[dict[str, Any]], Any]:
    """A call of the function with a request: by parameter name; a single one of another name takes it whole."""
    parameters = list(inspect.signature(function).parameters.values())
    if any(item.kind is item.VAR_KEYWORD for item in parameters):
        return lambda request: function(**request)
    named = [item for item in parameters if item.kind is not item.VAR_POSITIONAL]
    if len(named) == 1 and named[0].name not in fields:
        return function
    for item in named:
        if item.name not in fields and item.default is item.empty:
            raise TypeError(f"the parameter {item.name!r} is none of: {', '.join(fields)}")
    names = [item.name for item in named if item.name in fields and item.kind is not item.POSITIONAL_ONLY]
    return lambda request: function(**{name: request[name] for name in names})


def place_of(error: BaseException) -> str | None:
    """File and line of the innermost frame that is the project's own; never the error's text."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename and not frame.filename.startswith("<")]
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else None


class Worker:
    """Answers requests and writes replies."""

    def __init__(self, function: Callable[..., Any], out: Any, fields: list[str]) -> None:  # noqa: ANN401  a text stream
        self._call, self._out = binder(function, fields), out
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def send(self, message: dict[str, Any]) -> None:
        """Write one line."""
        line = json.dumps(message)
        if len(line) > LONGEST:
            line = json.dumps({"id": message["id"], "wrong": f"more than {LONGEST} characters"})
        self._out.write(line + "\n")
        self._out.flush()

    def run(self, requests: queue.SimpleQueue[dict[str, Any]]) -> None:
        """One request after the other."""
        while True:
            message = requests.get()
            started = time.perf_counter()
            try:
                value = self._call(message["request"])
            except BaseException as error:  # noqa: BLE001  sys.exit, too, is one lost case
                self._failed(message["id"], error)
            else:
                self._finished(message["id"], started, value)

    async def run_async(self, requests: queue.SimpleQueue[dict[str, Any]]) -> None:
        """As many requests at a time as come."""
        loop = asyncio.get_running_loop()
        while True:
            message = await loop.run_in_executor(None, requests.get)
            if "cancel" in message:
                if message["cancel"] in self._tasks:
                    self._tasks[message["cancel"]].cancel()
                continue
            task = asyncio.create_task(self._answer(message["id"], message["request"]))
            self._tasks[message["id"]] = task
            task.add_done_callback(partial(self._forget, message["id"]))

    def _forget(self, number: int, _: asyncio.Task[None]) -> None:
        del self._tasks[number]

    async def _answer(self, number: int, request: dict[str, Any]) -> None:
        started = time.perf_counter()
        try:
            value = await self._call(request)
        except asyncio.CancelledError:
            self.send({"id": number, "cancelled": True})
        except BaseException as error:  # noqa: BLE001  sys.exit, too, is one lost case
            self._failed(number, error)
        else:
            self._finished(number, started, value)

    def _finished(self, number: int, started: float, value: object) -> None:
        ms = (time.perf_counter() - started) * 1000
        try:
            self.send({"id": number, "value": value, "ms": ms})
        except (TypeError, ValueError, RecursionError):
            self.send({"id": number, "wrong": f"a {type(value).__name__}, which is not JSON"})

    def _failed(self, number: int, error: BaseException) -> None:
        self.send({"id": number, "raised": type(error).__name__, "at": place_of(error)})


def _read(stdin: Iterable[str], requests: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in stdin:
        requests.put(json.loads(line))
    # Whoever asked is gone, and nobody waits for what is still being worked on.
    os._exit(0)


def _limit(memory_mb: int) -> None:
    with contextlib.suppress(OSError):
        # If the machine runs out of memory, it is this process that goes.
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    if memory_mb:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory_mb * 2**20, memory_mb * 2**20))


def main() -> None:
    """Arguments: the callable, the memory limit in MB (0 is none), and the names that its parameters may have."""
    target, memory_mb, fields = sys.argv[1], int(sys.argv[2]), sys.argv[3].split(",")
    stdin = os.fdopen(os.dup(0), "r", encoding="utf-8")
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    _limit(memory_mb)
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    # Before loading: a callable that hangs while it loads must not outlive whoever asked.
    threading.Thread(target=_read, args=(stdin, requests), daemon=True).start()
    try:
        function = load(target)
        worker = Worker(function, out, fields)
    except BaseException as error:  # noqa: BLE001  whatever it is, the asker is told
        out.write(json.dumps({"failed": f"{type(error).__name__}: {error}", "at": place_of(error)}) + "\n")
        out.flush()
        os._exit(1)
    called = function if inspect.isroutine(function) else type(function).__call__
    is_async = inspect.iscoroutinefunction(called)
    worker.send({"ready": True, "async": is_async})
    if is_async:
        asyncio.run(worker.run_async(requests))
    else:
        worker.run(requests)


if __name__ == "__main__":
    main()
