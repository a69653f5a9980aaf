"""A pool of processes always ends, however its workers do."""

from __future__ import annotations

import os
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING

from llmci.adapters.engines.processes import ProcessesEngine
from llmci.seams import Context

if TYPE_CHECKING:
    import pytest


def die_soon() -> None:
    time.sleep(0.3)
    os._exit(1)


def test_a_worker_that_starts_while_its_pool_breaks_is_ended_and_its_work_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = Context(name="test", root=Path(), state=Path(), environ={}, shelf=lambda _: None)  # type: ignore[arg-type, return-value]
    pool = ProcessesEngine(ProcessesEngine.Options(workers=2), context).executor()
    first = pool.submit(die_soon)
    start = pool._adjust_process_count  # type: ignore[attr-defined]

    def start_slowly() -> None:
        start()
        pid, worker = pool._processes.popitem()  # type: ignore[attr-defined]
        while not pool._broken:  # type: ignore[attr-defined]
            time.sleep(0.01)
        pool._processes[pid] = worker  # type: ignore[attr-defined]

    monkeypatch.setattr(pool, "_adjust_process_count", start_slowly)

    second = pool.submit(time.sleep, 1000)

    assert isinstance(first.exception(timeout=10), BrokenProcessPool)
    assert isinstance(second.exception(timeout=10), BrokenProcessPool)
    workers = list(pool._processes.values())  # type: ignore[attr-defined]
    assert len(workers) == 2
    pool.shutdown()
    for worker in workers:
        worker.join(10)
    assert not any(worker.is_alive() for worker in workers)
