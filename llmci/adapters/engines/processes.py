"""Work in a pool of processes on this machine."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
from concurrent.futures import Executor, Future, InvalidStateError, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

from pydantic import Field

from llmci import seams
from llmci.adapters.engines.preloaded import preloaded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llmci.seams import Context

_BROKE = "the pool broke while it took this work"


class ProcessesEngine:
    """See `llmci.seams.Engine`."""

    class Options(seams.Options):
        """How many processes.

        Attributes:
            workers: Processes; the default is one for each processor.
        """

        workers: int | None = Field(default=None, ge=1)

    def __init__(self, options: Options, context: Context) -> None:  # noqa: ARG002  every adapter takes these
        self._workers = options.workers or os.cpu_count() or 1
        # One for each process and one that waits: when a process dies, these few are suspected.
        self.at_once: int | None = 2 * self._workers

    def executor(self) -> Executor:
        """See `Engine.executor`."""
        environ = dict(os.environ)
        return _Pool(self._workers, mp_context=preloaded(), initializer=_begin, initargs=(environ,))

    def dashboard(self) -> str | None:
        """See `Engine.dashboard`."""
        return None


class _Pool(ProcessPoolExecutor):
    """A pool that always ends.

    While a pool breaks, because a worker died, the standard library's takes work no more, but may just be starting
    a worker for the work before: nobody ends that one, whoever waits for the pool waits for ever, and its work is lost.
    """

    _broken: Any
    _processes: Any

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401  as it is there
        try:
            future = super().submit(fn, *args, **kwargs)
        except OSError as error:
            if self._broken:
                raise BrokenProcessPool(_BROKE) from error
            raise
        if self._broken:
            with contextlib.suppress(InvalidStateError):
                future.set_exception(BrokenProcessPool(_BROKE))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  as it is there
        for process in list((self._processes or {}).values()) if self._broken else ():
            process.kill()
        super().shutdown(wait, cancel_futures=cancel_futures)


def _begin(environ: Mapping[str, str]) -> None:
    """What they are copied from may have been started when the environment was another."""
    os.environ.clear()
    os.environ.update(environ)
    _end_with_parent()


def _end_with_parent() -> None:
    """Without this, workers of a killed parent would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
