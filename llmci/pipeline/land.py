"""**land** -> pull: records of a remote source to its landing, window by window, several at once.

What is covered is not fetched again, but surveyed for as long as the source may still add to it. A
window is committed whole; whatever ends the pull, at most the windows in flight are fetched anew.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, ParamSpec, TypeVar

from llmci.core.canonical import digest_of
from llmci.core.durations import lasting
from llmci.core.pulling.windows import Cutter, gaps, latest, spoken, stamp, whole_seconds
from llmci.errors import OutsideError, TooMuch
from llmci.seams import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from llmci.core.pulling.windows import Span
    from llmci.seams import Landing, Part, PartWriter, Progress, Record, Remote, Stream

# A part is folded as one, its records held as bytes.
PART_ROWS, PART_BYTES = 20_000, 32 << 20
# A window with so many times what it should hold is cut rather than fetched to its end.
_FAR_TOO_MANY = 200_000
# Traces asked for one by one that scores speak of, in one pull.
MOST_ASKED = 200
# For windows in flight to notice that the pull is over.
_GRACE_S = 2.0
# Without `--since`, and with nothing landed yet.
DEFAULT_SINCE = timedelta(days=7)

Task = Literal["fetch", "survey"]
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True)
class Landed:
    """What landing a source took.

    Attributes:
        windows: Windows fetched or surveyed.
        cut: How often a window was cut because it was too much.
        records: Records that came.
        new: Records that were not there before.
        seconds: Of all of it.
        notes: What the reader should know: windows left for the next pull, counts that differ.
    """

    windows: int = 0
    cut: int = 0
    records: int = 0
    new: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of one window."""

    records: int
    parts: Sequence[Part]
    scored: frozenset[str] = frozenset()


def bounds(source: Remote, landing: Landing, window: Window, now: datetime) -> Span | None:
    """What is pulled of a window: from what was asked for, or else what is landed, up to what has settled; None for nothing."""
    covered = landing.covered("spans")
    since = window.since or (covered[0][0] if covered else now - DEFAULT_SINCE)
    settled = now - source.lags.settle
    until = min(window.until, settled) if window.until else settled
    since, until = whole_seconds(since, until)
    return (since, until) if since < until else None


def missing(source: Remote, landing: Landing, window: Window, now: datetime) -> Sequence[Span]:
    """What of a window would be fetched, rather than looked through again."""
    wanted = bounds(source, landing, window, now)
    return gaps(*wanted, landing.covered("spans")) if wanted else []


def land(source: Remote, landing: Landing, window: Window, *, name: str, now: datetime, progress: Progress) -> Landed:
    """Fetch what is missing of a window, and what has changed of it.

    Args:
        source: Connected.
        landing: Its own.
        window: What was asked for.
        name: Of the source, for what is shown.
        now: By the server's clock.
        progress: Advanced by records.

    Raises:
        OutsideError: A window could not be fetched; those that were are committed.
    """
    run = _Run(source, landing, name, progress)
    wanted = bounds(source, landing, window, now)
    if wanted is None:
        run.done.notes.append(
            f"{name}: all of the window is younger than {lasting(source.lags.settle.total_seconds())}; it is left for later (`settle_minutes`)"
        )
        return run.done
    try:
        for stream in source.streams:
            lag = source.lags.lookback if stream == "spans" else source.lags.scores_lookback
            run.stream(stream, wanted, lag)
        run.unknown_traces(wanted)
        run.media()
        run.cross_check(wanted)
    finally:
        run.done.seconds = time.monotonic() - run.started
    if not run.done.records and wanted[1] < (window.until or now):
        run.done.notes.append(
            f"{name}: nothing was there from {spoken(*wanted)}; what is younger than {lasting(source.lags.settle.total_seconds())} is left for later (`settle_minutes`)"
        )
    return run.done


class _Run:
    def __init__(self, source: Remote, landing: Landing, name: str, progress: Progress) -> None:
        self.done = Landed()
        self.started = time.monotonic()
        self._source, self._landing, self._name, self._progress = source, landing, name, progress
        self._scored: set[str] = set()

    def stream(self, stream: Stream, wanted: Span, lookback: timedelta) -> None:
        """Fetch the gaps of a stream, and survey what the lookback reaches of the rest."""
        since, until = wanted
        covered = self._landing.covered(stream)
        missing = gaps(since, until, covered)
        # What was covered before this pull and may have been added to since: the rest was fetched just now.
        back = max(since, until - lookback)
        again = gaps(back, until, missing) if latest(covered) else []
        self._each(stream, "fetch", missing)
        self._each(stream, "survey", again)

    def unknown_traces(self, wanted: Span) -> None:
        """Fetch traces that scores speak of and nobody has seen, where they are of the window."""
        unknown = list(self._landing.unknown(sorted(self._scored)))
        if len(unknown) > MOST_ASKED:
            self.done.notes.append(
                f"{self._name}: scores speak of {len(unknown)} traces that were not pulled; {MOST_ASKED} were asked for"
            )
        if asked := unknown[:MOST_ASKED]:
            found = [record for page in self._source.traces(asked) for record in page]
            first: dict[str, datetime] = {}
            for record in found:
                if record.start:
                    first[record.trace_id] = min(first.get(record.trace_id, record.start), record.start)
            wanted_ids = {trace_id for trace_id, start in first.items() if wanted[0] <= start < wanted[1]}
            self._late("spans", [record for record in found if record.trace_id in wanted_ids])
            self._landing.give_up(trace_id for trace_id in asked if trace_id not in wanted_ids)

    def media(self) -> None:
        """Fetch the files that records refer to, also those that a pull before this one did not come to."""
        wanted = deque(self._landing.lacking())
        gone = 0
        flying: dict[Future[bytes | None], str] = {}
        try:
            while flying or wanted:
                while wanted and len(flying) < self._source.at_once:
                    media_id = wanted.popleft()
                    flying[_started(self._source.media, media_id)] = media_id
                for future in wait(flying, return_when=FIRST_COMPLETED).done:
                    content = future.result()
                    gone += content is None
                    self._landing.keep_media(flying.pop(future), content)
        except BaseException:
            self._source.close()
            wait(flying, timeout=_GRACE_S)
            raise
        if gone:
            self.done.notes.append(f"{self._name}: {gone} media files are not to be had any more, or too large")

    def cross_check(self, wanted: Span) -> None:
        """Compare with what the server counts."""
        counted = self._source.count(Window(*wanted))
        if counted is None or gaps(*wanted, self._landing.covered("spans")):
            return
        here = self._landing.count("spans", Window(*wanted))
        if here < counted:
            self.done.notes.append(
                f"{self._name}: the server counts {counted} spans from {spoken(*wanted)} and gave {here}; pull again, and report it if that stays"
            )

    def _each(self, stream: Stream, task: Task, stretches: Sequence[Span]) -> None:
        """Work on stretches of time, as many windows at once as the source bears."""
        cutter = Cutter(deque(stretches))
        work = self._fetched if task == "fetch" else self._surveyed
        flying: dict[Future[Fetched], Span] = {}
        try:
            while flying or cutter.left:
                while len(flying) < self._source.at_once and (span := cutter.next()):
                    flying[_started(work, stream, span)] = span
                for future in wait(flying, return_when=FIRST_COMPLETED).done:
                    span = flying.pop(future)
                    self._take(stream, task, cutter, span, future)
        except BaseException:
            # Whoever waits for a turn gives up; whoever waits for an answer is not waited for.
            self._source.close()
            wait(flying, timeout=_GRACE_S)
            raise

    def _take(self, stream: Stream, task: Task, cutter: Cutter, span: Span, future: Future[Fetched]) -> None:
        try:
            found = future.result()
        except TooMuch:
            if not cutter.halve(span):
                raise
            self.done.cut += 1
            return
        covered = Window(*span) if task == "fetch" else None
        self.done.new += self._landing.commit(stream, covered, found.parts)
        self.done.windows += 1
        self.done.records += found.records
        self._scored |= found.scored
        cutter.held(span, found.records)
        self._progress.stand(self._standing(stream, cutter))
        self._progress.advance(found.records)

    def _standing(self, stream: Stream, cutter: Cutter) -> str:
        """How far the pull is, and how long it will take if the rest of the time holds as much as what is done."""
        spent, share = time.monotonic() - self.started, cutter.share_cut
        left = f", about {lasting(spent * (1 - share) / share)} left" if cutter.left and share > 0 else ""
        return f"{self.done.windows} windows, {share:.0%} of the time of the {stream}{left}"

    def _fetched(self, stream: Stream, span: Span) -> Fetched:
        """Write a window's records into parts of bounded size."""
        prefix = f"{stream}-{stamp(span[0])}-{stamp(span[1])}"
        parts: list[Part] = []
        scored: set[str] = set()
        total = outside = 0
        writer: PartWriter | None = None
        with ExitStack() as stack:
            for page in self._source.fetch(stream, Window(*span)):
                inside = [record for record in page if record.start is None or span[0] <= record.start < span[1]]
                outside += len(page) - len(inside)
                total += len(inside)
                if total > _FAR_TOO_MANY and span[1] - span[0] > timedelta(seconds=2):
                    raise TooMuch("too many records", fix="")
                for record in inside:
                    if writer is None:
                        writer = stack.enter_context(self._landing.part(stream, f"{prefix}-{len(parts):03}"))
                    writer.write(record)
                    if writer.rows >= PART_ROWS or writer.size >= PART_BYTES:
                        parts, writer = [*parts, _closed(stack, writer)], None
                if stream == "scores":
                    scored.update(record.trace_id for record in inside if record.trace_id)
            if writer is not None:
                parts = [*parts, _closed(stack, writer)]
        if outside and not total:
            raise OutsideError(
                f"source {self._name!r}: asked for {stream} of {spoken(*span)}, the server gave {outside} of other times only.",
                fix="Check the server's version and clock; what was pulled of other windows is kept.",
            )
        return Fetched(total, parts, frozenset(scored))

    def _surveyed(self, stream: Stream, span: Span) -> Fetched:
        """Land what is new or changed in a window that was landed before."""
        total = 0
        news: list[Record] = []
        for page in self._source.survey(stream, Window(*span)):
            total += len(page)
            news += self._landing.news(stream, page)
        found = [record for record in news if record.value is not None]
        if len(found) < len(news):
            ids = sorted({record.trace_id for record in news})
            fetched = [record for page in self._source.traces(ids) for record in page]
            found = list(self._landing.news(stream, fetched))
        scored = (
            frozenset(record.trace_id for record in found if record.trace_id) if stream == "scores" else frozenset()
        )
        return Fetched(total, self._late_parts(stream, found), scored)

    def _late(self, stream: Stream, records: Sequence[Record]) -> None:
        self.done.records += len(records)
        self.done.new += self._landing.commit(stream, None, self._late_parts(stream, records))

    def _late_parts(self, stream: Stream, records: Sequence[Record]) -> list[Part]:
        """Parts of records that came outside their window's turn, named by what is in them."""
        parts = []
        for some in _batches(records):
            digest = digest_of([[record.trace_id, record.key, record.version] for record in some])[:16]
            with ExitStack() as stack:
                writer = stack.enter_context(self._landing.part(stream, f"{stream}-late-{digest}"))
                for record in some:
                    writer.write(record)
                parts.append(_closed(stack, writer))
        return parts


def _started(work: Callable[P, T], *told: P.args, **more: P.kwargs) -> Future[T]:
    """Work in a thread that does not keep the process from ending: an answer may take a minute to come, or not to."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work(*told, **more))
        except BaseException as error:  # noqa: BLE001  a future carries whatever was raised
            future.set_exception(error)

    threading.Thread(target=run, name="window", daemon=True).start()
    return future


def _closed(stack: ExitStack, writer: PartWriter) -> Part:
    """End the block of a part; it is on the disk after this."""
    stack.pop_all().close()
    if writer.part is None:
        raise AssertionError
    return writer.part


def _batches(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    for first in range(0, len(records), PART_ROWS):
        yield records[first : first + PART_ROWS]
