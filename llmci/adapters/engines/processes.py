"""Work in a pool of processes on this machine."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from pydantic import Field

from llmci import seams
from llmci.adapters.engines.preloaded import preloaded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.seams import Context


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
        return ProcessPoolExecutor(self._workers, mp_context=preloaded(), initializer=_begin, initargs=(environ,))

    def dashboard(self) -> str | None:
        """See `Engine.dashboard`."""
        return None


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
