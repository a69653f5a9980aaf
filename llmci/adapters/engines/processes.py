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

if TYPE_CHECKING:
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
        # Spawned rather than forked: Arrow's threads do not survive a fork.
        return ProcessPoolExecutor(
            self._workers, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_parent
        )

    def dashboard(self) -> str | None:
        """See `Engine.dashboard`."""
        return None


def _end_with_parent() -> None:
    """Without this, workers of a killed parent would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
