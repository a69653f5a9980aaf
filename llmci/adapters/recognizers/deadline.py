"""A recognizer that takes too long is stopped: what it could not search in time is held back."""

from __future__ import annotations

import ctypes
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llmci.seams import Leaf, Recognizer, Span


class Deadline:
    """Runs a recognizer with a time limit for each call, in any thread.

    In a process's main thread the limit is an alarm of the operating system, which stops a regular
    expression in the midst of it. Another thread can only be stopped between two instructions of
    Python: there a call that does not come back is stopped as soon as it does, and its result is
    thrown away.

    Args:
        name: As the configuration calls the recognizer.
        seconds: Longest that one call may take.
    """

    def __init__(self, name: str, recognizer: Recognizer, seconds: float) -> None:
        self.name = name
        self._recognizer, self._seconds = recognizer, seconds

    def __call__(self, leaves: Sequence[Leaf]) -> list[list[Span]]:
        """See `Recognizer.find`; raises `TimeoutError`."""
        main = threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGALRM")
        started = time.monotonic()
        with (_alarm if main else _watch)(self._seconds):
            found = self._recognizer.find(leaves)
        if time.monotonic() - started > self._seconds:
            raise TimeoutError
        return found


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
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


@contextmanager
def _watch(seconds: float) -> Iterator[None]:
    """Raise `TimeoutError` in this thread when the time is over."""
    thread, lock, over = threading.get_ident(), threading.Lock(), False
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc

    def stop() -> None:
        with lock:
            if not over:
                raise_in(ctypes.c_ulong(thread), ctypes.py_object(TimeoutError))

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        with lock:
            over = True
            # What was not raised by now must not be raised somewhere else.
            raise_in(ctypes.c_ulong(thread), None)
