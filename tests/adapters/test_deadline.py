"""A recognizer that takes too long is stopped in whatever thread it runs, and nothing else is."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from llmci.adapters.recognizers.deadline import Deadline
from llmci.seams import Leaf, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SPAN = Span(0, 1, "PERSON", 1.0, "test")


class Takes:
    """Needs so many seconds, in Python or in one call that cannot be interrupted."""

    def __init__(self, seconds: float, *, in_one_call: bool = False) -> None:
        self._seconds, self._in_one_call = seconds, in_one_call

    version = "takes/1"

    def find(self, leaves: Sequence[Leaf]) -> list[list[Span]]:
        until = time.monotonic() + self._seconds
        if self._in_one_call:
            time.sleep(self._seconds)
        while time.monotonic() < until:
            pass
        return [[SPAN] for _ in leaves]


def here(work: Callable[[], Any]) -> Any:
    return work()


def elsewhere(work: Callable[[], Any]) -> Any:
    """In another thread; raises what the work raised there."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append((True, work()))
        except BaseException as error:  # noqa: BLE001  raised again below
            outcome.append((False, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    [(went_well, what)] = outcome
    if went_well:
        return what
    raise what


@pytest.fixture(params=[here, elsewhere], ids=["main-thread", "other-thread"])
def where(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_what_comes_in_time_is_passed_on(where: Any) -> None:
    assert where(lambda: Deadline("r", Takes(0), 5)([Leaf("a")])) == [[SPAN]]


def test_a_loop_is_stopped(where: Any) -> None:
    started = time.monotonic()

    with pytest.raises(TimeoutError):
        where(lambda: Deadline("r", Takes(20), 0.1)([Leaf("a")]))

    assert time.monotonic() - started < 10


def test_the_result_of_a_call_that_could_not_be_stopped_is_thrown_away(where: Any) -> None:
    with pytest.raises(TimeoutError):
        where(lambda: Deadline("r", Takes(0.3, in_one_call=True), 0.05)([Leaf("a")]))


def test_nothing_is_raised_after_the_call(where: Any) -> None:
    """The time may be over just when the call comes back: what follows it must not be hit."""

    def many() -> int:
        done = 0
        for _ in range(60):
            with contextlib.suppress(TimeoutError):
                Deadline("r", Takes(0.002), 0.002)([Leaf("a")])
            done += sum(1 for _ in range(2000)) // 2000
        return done

    assert where(many) == 60


@pytest.mark.timeout(60, method="thread")
def test_whoever_had_the_alarm_before_has_it_again_and_hears_only_its_own() -> None:
    rings: list[float] = []
    before = signal.signal(signal.SIGALRM, lambda *_: rings.append(time.monotonic()))
    timer = signal.setitimer(signal.ITIMER_REAL, 0.6)
    started = time.monotonic()
    try:
        while time.monotonic() < started + 0.5:
            with contextlib.suppress(TimeoutError):
                Deadline("r", Takes(0.0005), 0.0005)([Leaf("a")])
        assert rings == []

        while not rings and time.monotonic() < started + 10:
            time.sleep(0.01)
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, before)

    assert 0.55 < rings[0] - started < 2
