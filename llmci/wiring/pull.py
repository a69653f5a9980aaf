"""Runs the stage pull: sources of the configuration to the raw shelf."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from llmci.core.canonical import digest_of
from llmci.core.durations import lasting
from llmci.errors import LlmciError, OutsideError, UsageError
from llmci.pipeline import pull as stage
from llmci.pipeline.pull import Fetched, Keep, PullSummary, ShardPulled, SourceFailure
from llmci.seams import Window, WorkerDied
from llmci.storage import bare
from llmci.wiring.build import alone_at, build, keep_from_git, shelf_of
from llmci.wiring.credentials import for_workers
from llmci.wiring.engine import Crew, engine_of
from llmci.wiring.forgotten import erase_landed, forgotten_of, without_forgotten
from llmci.wiring.pull_plan import Listed, failure_of, goes, listed_of, named, owner
from llmci.wiring.pull_remote import land_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from llmci.config import Config
    from llmci.pipeline.land import Landed
    from llmci.seams import Progress, ShardInfo, Shelf, Source

R = TypeVar("R")
# Below this, starting processes takes longer than they save.
_PARALLEL_BYTES = 64 << 20
_SHOWN_REJECTED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One shard's work, fit to be sent to another process; what may hold secrets is not shown in anybody's log."""

    config: Config = field(repr=False)
    listed: Listed
    window: Window
    environ: Mapping[str, str] = field(repr=False)
    now: datetime
    keep: Keep
    limit: int | None = None


def pull(  # noqa: PLR0913  what the command line says, by keyword
    config: Config,
    *,
    sources: Sequence[str],
    window: Window,
    limit: int | None,
    sample: float | None = None,
    environ: Mapping[str, str],
    progress: Progress,
    now: datetime,
) -> PullSummary:
    """Pull traces; unchanged shards are left alone, and a killed pull is finished by the next one.

    Args:
        sources: Names of sources; all where it is empty.
        limit: Take so many traces, chosen by a hash of their id; None takes all.
        sample: Take this share of the traces, in (0, 1], chosen likewise.

    Returns:
        The summary. A source that fails is in its `failures`; the others are pulled nevertheless.

    Raises:
        UsageError: A source is not in the configuration, there is none, or another pull is running.
    """
    names = named(config, sources)
    keep_from_git(config.state)
    with alone_at(config, "pull") as alone:
        if not alone:
            raise UsageError(
                f"another pull is writing to {config.state}.", fix="Wait until it has ended, then pull again."
            )
        return _Pull(config, names, window, environ, progress, now).run(limit, sample)


@dataclass(frozen=True, slots=True)
class _Shelved:
    """A shard of the raw shelf to be counted, or searched for traces with some sample keys."""

    config: Config = field(repr=False)
    shard_id: str
    suspects: bytes = field(default=b"", repr=False)


class _Pull:
    def __init__(
        self,
        config: Config,
        names: Sequence[str],
        window: Window,
        environ: Mapping[str, str],
        progress: Progress,
        now: datetime,
    ) -> None:
        self._config, self._names, self._progress = config, names, progress
        self._window, self._environ, self._now = window, environ, now
        shelf = shelf_of(config, "raw")
        shelf.sweep()
        self._shelf: Shelf = shelf
        self._sweep = shelf.sweep
        self._done: list[ShardPulled] = []
        self._failures: list[SourceFailure] = []

    def run(self, limit: int | None, sample: float | None) -> PullSummary:
        landed, failed = self._landed()
        listed, unlisted = listed_of(self._config, self._names, self._window, self._environ)
        self._failures = failed + [failure for failure in unlisted if failure.source not in {f.source for f in failed}]
        self._progress.begin("pull", None, "traces")
        sizes = [item.shard.size or 0 for item in listed]
        engine = engine_of(self._config, "pull", self._environ, sizes, worth=_PARALLEL_BYTES)
        with Crew(engine, self._progress) as crew:
            listed, keep = self._limited(listed, limit, sample, crew)
            planned = self._planned(listed)
            by_id = {item.shard.shard_id: item for item in listed}
            for shard_id in planned.gone:
                self._shelf.drop(shard_id)
            if planned.gone:
                # Media that only those referred to go with them.
                self._sweep()
            self._read([by_id[shard_id] for shard_id in planned.stale], keep, crew)
            if planned.stale or planned.gone:
                self._settle_repeated(by_id, keep, crew)
            summary = self._summary(planned, crew)
        self._progress.end()
        return replace(summary, fetched=_together(landed), notes=tuple(n for one in landed for n in one.notes))

    def _landed(self) -> tuple[list[Landed], list[SourceFailure]]:
        """Fetch what is behind a network, before its traces are read from what was fetched."""
        landed, failures = land_all(
            self._config,
            self._names,
            window=self._window,
            environ=self._environ,
            progress=self._progress,
            now=self._now,
        )
        erase_landed(self._config, self._names, forgotten_of(self._config, self._environ), self._environ)
        return list(landed.values()), failures

    def _limited(
        self, listed: list[Listed], limit: int | None, sample: float | None, crew: Crew
    ) -> tuple[list[Listed], Keep]:
        thresholds: list[int | None] = [None if sample is None else stage.threshold_of_share(sample)]
        if limit is not None:
            works = [replace(self._work(item, Keep()), limit=limit) for item in listed]
            # What cannot be read here is read in earnest below, which says why.
            keys = [found for _, found in crew.each(_smallest_keys, works) if isinstance(found, list)]
            thresholds.append(stage.threshold_of(keys, limit))
        keep = Keep(threshold=min((value for value in thresholds if value is not None), default=None))
        if keep.threshold is None:
            return listed, keep
        return [replace(item, fingerprint=digest_of(item.fingerprint, keep.threshold)) for item in listed], keep

    def _planned(self, listed: list[Listed]) -> stage.Plan:
        on_shelf = self._shelf.shards()
        failed = {failure.source for failure in self._failures}
        droppable = [shard_id for shard_id in on_shelf if goes(self._config, shard_id, self._names, failed)]
        return stage.plan({item.shard.shard_id: item.fingerprint for item in listed}, on_shelf, droppable)

    def _read(self, listed: Sequence[Listed], keep: Keep, crew: Crew) -> None:
        started, done, whole = time.monotonic(), 0, sum(map(_worth, listed))
        works = [self._work(item, keep) for item in listed]
        for number, (work, outcome) in enumerate(crew.each(_pull_shard, works), 1):
            done += _worth(work.listed)
            self._progress.stand(_standing(number, len(works), done / whole, time.monotonic() - started))
            if isinstance(outcome, WorkerDied):
                self._failures.append(_died(work))
            elif isinstance(outcome, SourceFailure):
                self._failures.append(outcome)
            else:
                self._done.append(outcome)
                self._progress.advance(outcome.rows)

    def _settle_repeated(self, by_id: Mapping[str, Listed], keep: Keep, crew: Crew) -> None:
        """Read again, without them, the shards with traces that an earlier shard has too."""
        on_shelf = self._shelf.shards()
        # Sources that are not pulled now cannot be read again: what they have is theirs.
        order = [*(shard_id for shard_id in on_shelf if shard_id not in by_id), *by_id]
        works = [_Shelved(self._config, shard_id) for shard_id in order if shard_id in on_shelf]
        suspects = stage.often(list(self._counted(_keys_in, works, crew).values()))
        if not len(suspects):
            return
        works = [replace(work, suspects=suspects.tobytes()) for work in works]
        found = stage.repeated_elsewhere(self._counted(_suspected_in, works, crew))
        for shard_id in by_id.keys() & found.keys():
            self._done = [done for done in self._done if done.shard_id != shard_id]
            self._read([by_id[shard_id]], replace(keep, elsewhere=found[shard_id]), crew)

    def _work(self, listed: Listed, keep: Keep) -> _Work:
        return _Work(
            config=self._config,
            listed=listed,
            window=self._window,
            environ=for_workers(self._config, self._environ),
            now=self._now,
            keep=keep,
        )

    def _counted(self, task: Callable[[_Shelved], R], works: Sequence[_Shelved], crew: Crew) -> dict[str, R]:
        """What workers find in shards of the shelf, in the order of the works."""
        found: dict[str, R] = {}
        for work, outcome in crew.each(task, works):
            if isinstance(outcome, WorkerDied):
                raise OutsideError(
                    f"raw shard {work.shard_id} ended its worker twice: it was killed, or ran out of memory.",
                    fix="Give workers more memory (fewer --workers) and pull again: what is done is kept.",
                )
            found[work.shard_id] = outcome
        return {work.shard_id: found[work.shard_id] for work in works}

    def _summary(self, planned: stage.Plan, crew: Crew) -> PullSummary:
        tally, infos = stage.Tally(), self._shelf.shards()
        mine = [shard_id for shard_id in infos if owner(shard_id, self._names) is not None]
        for counted in self._counted(_tally, [_Shelved(self._config, shard_id) for shard_id in mine], crew).values():
            tally.merge(counted)
        return PullSummary(
            sources=tuple(self._names),
            shards_read=len(self._done),
            shards_unchanged=len(planned.unchanged),
            shards_dropped=len(planned.gone),
            traces=tally.traces,
            repeated=sum(done.repeated for done in self._done),
            rejected=sum(infos[shard_id].rejected for shard_id in mine),
            rejected_first=tuple(islice(self._shelf.rejected(mine), _SHOWN_REJECTED)),
            replay=dict(tally.replay.most_common()),
            missing=dict(tally.missing.most_common()),
            unreplayed=dict(tally.unreplayed.most_common()),
            variants=dict(sorted(tally.variants.items())),
            unknown_costs=tally.unknown_costs,
            failures=(*self._failures, *self._unread(infos)),
        )

    def _unread(self, infos: Mapping[str, ShardInfo]) -> list[SourceFailure]:
        """Sources of which nothing could be read but rejected records; a window may leave nothing either."""
        found = []
        for name in self._names if self._window == Window() else ():
            mine = [info for shard_id, info in infos.items() if owner(shard_id, [name])]
            rejected = sum(info.rejected for info in mine)
            if rejected and not any(info.rows for info in mine):
                error = OutsideError(
                    f"none of its {rejected} records could be read.",
                    fix="Look at the reasons, and check `kind:`, `path:` and `fields:` of the source.",
                )
                found.append(failure_of(name, error))
        return found


def _together(landed: Sequence[Landed]) -> Fetched | None:
    if not landed:
        return None
    return Fetched(
        windows=sum(one.windows for one in landed),
        records=sum(one.records for one in landed),
        new=sum(one.new for one in landed),
        seconds=round(sum(one.seconds for one in landed), 3),
    )


def _pull_shard(work: _Work) -> ShardPulled | SourceFailure:
    name = work.listed.source
    try:
        source: Source = build("source", work.config.sources[name], work.config, work.environ)
        return stage.pull_shard(
            without_forgotten(work.config, source, work.environ),
            work.listed.shard,
            shelf_of(work.config, "raw"),
            window=work.window,
            fingerprint=work.listed.fingerprint,
            now=work.now,
            keep=work.keep,
        )
    except LlmciError as error:
        return failure_of(name, error)


def _keys_in(work: _Shelved) -> NDArray[np.uint64]:
    return stage.keys_in(shelf_of(work.config, "raw"), work.shard_id)


def _suspected_in(work: _Shelved) -> list[tuple[str, str]]:
    return stage.suspected_in(shelf_of(work.config, "raw"), work.shard_id, np.frombuffer(work.suspects, np.uint64))


def _tally(work: _Shelved) -> stage.Tally:
    return stage.tally_shard(shelf_of(work.config, "raw"), work.shard_id)


def _worth(listed: Listed) -> int:
    """Share of the work that a shard is, to some scale."""
    return max(1, listed.shard.size or 0)


def _standing(done: int, count: int, share: float, seconds: float) -> str:
    """How many shards are read, and how long it will take if the rest of the bytes take as long as those."""
    left = f", about {lasting(seconds * (1 - share) / share)} left" if done < count else ""
    return f"{done} of {count} shards{left}"


def _died(work: _Work) -> SourceFailure:
    error = OutsideError(
        f"shard {work.listed.shard.shard_id} ({bare(work.listed.shard.uri)}) ended its worker twice: it was killed, or ran out of memory.",
        fix="Give workers more memory (fewer --workers), or split that file; the other shards are kept.",
    )
    return failure_of(work.listed.source, error)


def _smallest_keys(work: _Work) -> list[int] | None:
    """None for a shard that cannot be read; reading it in earnest says why."""
    source: Source = build("source", work.config.sources[work.listed.source], work.config, work.environ)
    try:
        return stage.smallest_keys(source, work.listed.shard, work.window, work.limit or 0)
    except LlmciError:
        return None
