"""Runs the stage pull: sources of the configuration to the raw shelf."""

from __future__ import annotations

import os
from concurrent.futures import as_completed
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from llmci import registry
from llmci.core.traces.digest import NORMALISATION, digest_of
from llmci.errors import LlmciError, UsageError
from llmci.files import locked
from llmci.pipeline import pull as stage
from llmci.pipeline.pull import Keep, PullSummary, ShardPulled, SourceFailure
from llmci.seams import Context
from llmci.wiring.build import build, shelf_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from concurrent.futures import Executor, Future
    from datetime import datetime

    from llmci.config import Config
    from llmci.seams import Progress, Shard, Shelf, Source, Window

# Below this, starting processes takes longer than they save.
_PARALLEL_BYTES = 64 << 20
_SHOWN_REJECTED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A shard that a source lists.

    Attributes:
        fingerprint: Of its content and of all else that decides what becomes of it.
    """

    source: str
    shard: Shard
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One shard's work, fit to be sent to another process."""

    config: Config
    listed: Listed
    window: Window
    environ: Mapping[str, str]
    now: datetime
    keep: Keep


def pull(
    config: Config,
    *,
    sources: Sequence[str],
    window: Window,
    limit: int | None,
    environ: Mapping[str, str],
    progress: Progress,
    now: datetime,
) -> PullSummary:
    """Pull traces; unchanged shards are left alone, and a killed pull is finished by the next one.

    Args:
        sources: Names of sources; all where it is empty.
        limit: Take so many traces, chosen by a hash of their id; None takes all.

    Returns:
        The summary. A source that fails is in its `failures`; the others are pulled nevertheless.

    Raises:
        UsageError: A source is not in the configuration, there is none, or another pull is running.
    """
    names = _named(config, sources)
    with locked(config.state / "pull.lock") as alone:
        if not alone:
            raise UsageError(
                f"another pull is writing to {config.state}.", fix="Wait until it has ended, then pull again."
            )
        return _Pull(config, names, window, environ, progress, now).run(limit)


def list_shards(
    config: Config, *, sources: Sequence[str], window: Window, environ: Mapping[str, str]
) -> tuple[list[Listed], list[SourceFailure]]:
    """Every shard that the sources list, for `--dry-run`, and the sources that cannot be listed."""
    return _listed(config, _named(config, sources), window, environ)


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
        self._done: list[ShardPulled] = []
        self._failures: list[SourceFailure] = []

    def run(self, limit: int | None) -> PullSummary:
        listed, self._failures = _listed(self._config, self._names, self._window, self._environ)
        self._progress.begin("pull", None, "traces")
        with _executor(self._config, self._environ, listed) as executor:
            try:
                listed, keep = self._limited(listed, limit, executor)
                planned = self._planned(listed)
                by_id = {item.shard.shard_id: item for item in listed}
                for shard_id in planned.gone:
                    self._shelf.drop(shard_id)
                self._read([by_id[shard_id] for shard_id in planned.stale], keep, executor)
                if planned.stale or planned.gone:
                    self._settle_repeated(by_id, keep, executor)
            except BaseException:
                executor.shutdown(wait=False, cancel_futures=True)
                raise
        self._progress.end()
        return self._summary(planned)

    def _limited(self, listed: list[Listed], limit: int | None, executor: Executor) -> tuple[list[Listed], Keep]:
        if limit is None:
            return listed, Keep()
        works = [self._work(item, Keep()) for item in listed]
        keys = [found for found in executor.map(_smallest_keys, works, [limit] * len(works)) if found is not None]
        keep = Keep(threshold=stage.threshold_of(keys, limit))
        return [replace(item, fingerprint=digest_of([item.fingerprint, keep.threshold])) for item in listed], keep

    def _planned(self, listed: list[Listed]) -> stage.Plan:
        on_shelf = self._shelf.shards()
        failed = {failure.source for failure in self._failures}
        droppable = [
            shard_id
            for shard_id in on_shelf
            if _goes(self._config, _owner(shard_id, list(self._config.sources)), self._names, failed)
        ]
        return stage.plan({item.shard.shard_id: item.fingerprint for item in listed}, on_shelf, droppable)

    def _read(self, listed: Iterable[Listed], keep: Keep, executor: Executor) -> None:
        pending: set[Future[ShardPulled | SourceFailure]] = set()
        for item in listed:
            pending.add(executor.submit(_pull_shard, self._work(item, keep)))
            # An inline executor has finished the work by now, and its progress is to be seen.
            finished = {future for future in pending if future.done()}
            pending -= finished
            self._take(finished)
        self._take(as_completed(pending))

    def _take(self, finished: Iterable[Future[ShardPulled | SourceFailure]]) -> None:
        for outcome in (future.result() for future in finished):
            if isinstance(outcome, SourceFailure):
                self._failures.append(outcome)
            else:
                self._done.append(outcome)
                self._progress.advance(outcome.rows)

    def _settle_repeated(self, by_id: Mapping[str, Listed], keep: Keep, executor: Executor) -> None:
        """Read again, without them, the shards with traces that an earlier shard has too."""
        on_shelf = self._shelf.shards()
        # Sources that are not pulled now cannot be read again: what they have is theirs.
        order = [*(shard_id for shard_id in on_shelf if shard_id not in by_id), *by_id]
        found = stage.repeated_elsewhere(self._shelf, [shard_id for shard_id in order if shard_id in on_shelf])
        for shard_id in by_id.keys() & found.keys():
            self._done = [done for done in self._done if done.shard_id != shard_id]
            self._read([by_id[shard_id]], replace(keep, elsewhere=found[shard_id]), executor)

    def _work(self, listed: Listed, keep: Keep) -> _Work:
        return _Work(
            config=self._config,
            listed=listed,
            window=self._window,
            environ=dict(self._environ),
            now=self._now,
            keep=keep,
        )

    def _summary(self, planned: stage.Plan) -> PullSummary:
        tally = stage.Tally()
        mine = [shard_id for shard_id in self._shelf.shards() if _owner(shard_id, self._names) is not None]
        for shard_id in mine:
            for batch in self._shelf.read(shard_id, stage.SUMMARY_COLUMNS):
                tally.add(batch)
        infos = self._shelf.shards()
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
            variants=dict(sorted(tally.variants.items())),
            unknown_costs=tally.unknown_costs,
            failures=tuple(self._failures),
        )


def _named(config: Config, sources: Sequence[str]) -> list[str]:
    if not config.sources:
        raise UsageError(
            f"{config.path}: there is no source.", fix="Add one under `sources:`, with `kind: jsonl` and `path:`."
        )
    for name in sources:
        if name not in config.sources:
            raise UsageError(f"there is no source called {name!r}.", fix=f"Choose of: {', '.join(config.sources)}.")
    return list(dict.fromkeys(sources)) or list(config.sources)


def _listed(
    config: Config, names: Sequence[str], window: Window, environ: Mapping[str, str]
) -> tuple[list[Listed], list[SourceFailure]]:
    listed: list[Listed] = []
    failures: list[SourceFailure] = []
    for name in names:
        block = config.sources[name]
        told = [block.given, NORMALISATION, window.since, window.until]
        try:
            source: Source = build("source", block, config, environ)
            listed += [
                Listed(source=name, shard=shard, fingerprint=digest_of([shard.fingerprint, *told]))
                for shard in source.shards(window)
            ]
        except LlmciError as error:
            failures.append(_failure(name, error))
    return listed, failures


def _owner(shard_id: str, names: Iterable[str]) -> str | None:
    """The source whose name a shard's id starts with; the longest, where several do."""
    return max((name for name in names if shard_id.startswith(f"{name}-")), key=len, default=None)


def _goes(config: Config, owner: str | None, pulled: Sequence[str], failed: set[str]) -> bool:
    """Whether a shard is dropped once it is not listed any more."""
    if owner is None:
        return set(pulled) == set(config.sources)
    if owner not in pulled or owner in failed:
        return False
    return bool(registry.adapter("source", config.sources[owner].kind).lists_all)


def _executor(config: Config, environ: Mapping[str, str], listed: Sequence[Listed]) -> Executor:
    size = sum(item.shard.size or 0 for item in listed)
    parallel = len(listed) > 1 and size > _PARALLEL_BYTES and (os.cpu_count() or 1) > 1
    adapter: Any = registry.adapter("engine", "processes" if parallel else "inline")
    context = Context(
        name="pull", root=config.root, state=config.state, environ=environ, shelf=lambda name: shelf_of(config, name)
    )
    executor: Executor = adapter(adapter.Options(), context).executor()
    return executor


def _pull_shard(work: _Work) -> ShardPulled | SourceFailure:
    name = work.listed.source
    try:
        source: Source = build("source", work.config.sources[name], work.config, work.environ)
        return stage.pull_shard(
            source,
            work.listed.shard,
            shelf_of(work.config, "raw"),
            window=work.window,
            fingerprint=work.listed.fingerprint,
            now=work.now,
            keep=work.keep,
        )
    except LlmciError as error:
        return _failure(name, error)


def _smallest_keys(work: _Work, limit: int) -> list[int] | None:
    """None for a shard that cannot be read; reading it in earnest says why."""
    source: Source = build("source", work.config.sources[work.listed.source], work.config, work.environ)
    try:
        return stage.smallest_keys(source, work.listed.shard, work.window, limit)
    except LlmciError:
        return None


def _failure(source: str, error: LlmciError) -> SourceFailure:
    return SourceFailure(source=source, message=error.message, fix=error.fix, exit_code=error.exit_code)
