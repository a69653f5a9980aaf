"""Which windows of time are fetched, and how long each is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Iterable, Sequence

Span = tuple[datetime, datetime]

# Windows are cut at whole seconds, and are not cut further than this.
SHORTEST = timedelta(seconds=1)
FIRST = timedelta(hours=1)
LONGEST = timedelta(days=4)
# Records that a window should hold: enough for a few pages, few enough to be fetched anew after a kill.
WANTED = 20_000
# A window with less than this share is followed by one twice as long, with less than that by one four times as long.
_FEW, _HARDLY_ANY = 0.3, 0.05


def whole_seconds(since: datetime, until: datetime) -> Span:
    """A window that covers another one and has whole seconds for ends."""
    up = timedelta(seconds=1) if until.microsecond else timedelta()
    return since.replace(microsecond=0), until.replace(microsecond=0) + up


def gaps(since: datetime, until: datetime, covered: Iterable[Span]) -> list[Span]:
    """What of [since, until) no covered window holds, in order."""
    found, reached = [], since
    for start, end in sorted(covered):
        if end <= reached:
            continue
        if start >= until:
            break
        if start > reached:
            found.append((reached, start))
        reached = end
    if reached < until:
        found.append((reached, until))
    return found


def merged(covered: Iterable[Span]) -> list[Span]:
    """Windows put together where they touch."""
    found: list[Span] = []
    for start, end in sorted(covered):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


@dataclass(slots=True)
class Cutter:
    """Cuts stretches of time into windows that hold about `WANTED` records each.

    Attributes:
        left: Stretches that are not cut yet, in order.
        step: Length of the next window.
    """

    left: deque[Span]
    step: timedelta = FIRST
    _total: float = field(init=False)

    def __post_init__(self) -> None:
        self._total = self.seconds_left

    @property
    def seconds_left(self) -> float:
        """Of time that is not cut yet."""
        return sum((end - start).total_seconds() for start, end in self.left)

    @property
    def share_cut(self) -> float:
        """In [0, 1]."""
        return 1 - self.seconds_left / self._total if self._total else 1.0

    def next(self) -> Span | None:
        """The next window; None where nothing is left."""
        if not self.left:
            return None
        start, end = self.left.popleft()
        cut = min(start + self.step, end)
        # No sliver at the end of a stretch.
        if end - cut < self.step / 4:
            cut = end
        if cut < end:
            self.left.appendleft((cut, end))
        return start, cut

    def held(self, window: Span, records: int) -> None:
        """A window held so many records: the next ones are cut by that."""
        length = window[1] - window[0]
        if records > WANTED:
            self.step = _clamped(length * (WANTED / records))
        elif records < _FEW * WANTED and length >= self.step:
            # Windows in flight were cut before this was known; the first one back decides.
            self.step = _clamped(length * (4 if records < _HARDLY_ANY * WANTED else 2))

    def halve(self, window: Span) -> bool:
        """A window was too much: put its halves back; False where it cannot be cut."""
        start, end = window
        half = timedelta(seconds=(end - start).total_seconds() // 2)
        if half < SHORTEST:
            return False
        self.left.extendleft([(start + half, end), (start, start + half)])
        self.step = min(self.step, _clamped(half))
        return True


def _clamped(length: timedelta) -> timedelta:
    return timedelta(seconds=max(SHORTEST, min(LONGEST, length)).total_seconds() // 1)


def stamp(moment: datetime) -> str:
    """A moment for a file name."""
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def spoken(since: datetime | None, until: datetime | None) -> str:
    """A window for a message."""
    words = ["the beginning" if since is None else f"{since:%Y-%m-%dT%H:%M:%SZ}"]
    words.append("now" if until is None else f"{until:%Y-%m-%dT%H:%M:%SZ}")
    return " to ".join(words)


def latest(spans: Sequence[Span]) -> datetime | None:
    """Where the last window ends."""
    return max((end for _, end in spans), default=None)
