"""Whether time grows with the size of what is asked, told on a machine whose speed changes from second to second."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Sixteen times the work takes sixteen times as long in proportion, 256 times as long if squared: a machine that is
#: four times slower for a moment is mistaken for neither.
SMALL, LARGE, _AT_MOST = 1_000, 16_000, 64


def grows_in_proportion(run: Callable[[int], object]) -> bool:
    """Whether `run(LARGE)` takes no more than what is due to its size, of the CPU time of this process."""
    small, large = (min(_seconds(run, size) for _ in range(2)) for size in (SMALL, LARGE))
    return large < _AT_MOST * small + 0.05


def _seconds(run: Callable[[int], object], size: int) -> float:
    started = time.process_time()
    run(size)
    return time.process_time() - started
