"""A recognizer that takes too long is stopped: what it could not search in time is held back."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmci.seams import Leaf, Recognizer, Span


class Deadline:
    """Runs a recognizer with a time limit for each call.

    The limit is an alarm of the operating system, which only a process's main thread can have; a
    recognizer that runs in another thread has no limit.

    Args:
        name: As the configuration calls the recognizer.
        seconds: Longest that one text may take, with all its parts.
    """

    def __init__(self, name: str, recognizer: Recognizer, seconds: float) -> None:
        self.name = name
        self._recognizer, self._seconds = recognizer, seconds

    def __call__(self, leaves: Sequence[Leaf]) -> list[list[Span]]:
        """See `Recognizer.find`; raises `TimeoutError`."""
        with _alarm(self._seconds):
            return self._recognizer.find(leaves)


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_signal: int, _frame: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ring)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)
        # Whoever had set the alarm before has it again.
        signal.setitimer(signal.ITIMER_REAL, *timer)
