"""A recognizer that takes too long is stopped: what it could not search in time is held back."""

from __future__ import annotations

import ctypes
import signal
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from llmci.seams import Leaf, Recognizer, Span

    Found = list[list[Span]]


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
        found = (_with_alarm if main else _watched)(self._seconds, lambda: self._recognizer.find(leaves))
        if time.monotonic() - started > self._seconds:
            raise TimeoutError
        return found


def _with_alarm(seconds: float, work: Callable[[], Found]) -> Found:
    running = True

    def ring(_signal: int, _frame: object) -> None:
        if running:
            raise TimeoutError

    started = time.monotonic()
    left, interval = signal.getitimer(signal.ITIMER_REAL)
    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            return work()
        finally:
            # The alarm may ring at this very instruction: then the outer `finally` still runs, and it rings but once.
            running = False
    finally:
        # The timer first: an alarm that rang by now is heard by `ring`, never by whoever had the alarm before.
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - started), 1e-3), interval)


def _watched(seconds: float, work: Callable[[], Found]) -> Found:
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
        return work()
    finally:
        timer.cancel()
        with lock:
            over = True
            # What was not raised by now must not be raised somewhere else.
            raise_in(ctypes.c_ulong(thread), None)
