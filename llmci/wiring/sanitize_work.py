"""The passes of `sanitize` before it sanitizes: in which shards sessions lie, and what those tell each other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from llmci.core.privacy.spread import Spread, spread_of
from llmci.seams import WorkerDied
from llmci.wiring.privacy import privacy_of, turns_of
from llmci.wiring.sessions import named_in, tell, told_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from llmci.adapters.stores.shelf import DirectoryShelf
    from llmci.config import Config
    from llmci.seams import Progress
    from llmci.wiring.engine import Crew
    from llmci.wiring.privacy import Privacy

# Fingerprint of a shard that no worker survived; no raw shard has it.
GIVEN_UP = "given-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One shard's work, fit to be sent to another process; what may hold secrets is not shown in anybody's log.

    Attributes:
        fingerprint: Of the clean shard that is to be.
        split: Digests of its sessions that other shards have traces of too, 8 bytes each.
        told: Where shards tell of those, in the order in which they are heard everywhere.
        unknown: Those of them that a shard could not tell of.
    """

    config: Config = field(repr=False)
    shard_id: str
    environ: Mapping[str, str] = field(repr=False)
    fingerprint: str = ""
    split: bytes = field(default=b"", repr=False)
    told: tuple[Path, ...] = ()
    unknown: frozenset[int] = field(default=frozenset(), repr=False)


class Passes:
    """What shards tell each other before they are sanitized, where a session has traces in several of them."""

    def __init__(
        self,
        config: Config,
        environ: Mapping[str, str],
        staging: DirectoryShelf,
        crew: Crew,
        progress: Progress,
        rows: Mapping[str, int],
    ) -> None:
        self._config, self._environ, self._staging = config, environ, staging
        self._crew, self._progress, self._rows = crew, progress, rows

    def spread(self, shards: Iterable[str]) -> Spread:
        """Which shards have sessions in common."""
        works = [self._of(name) for name in shards]
        if len(works) == 1:
            return Spread()
        named = {}
        self._progress.begin("sanitize: sessions", sum(self._rows.values()), "traces")
        for work, outcome in self._crew.each(_name_sessions, works):
            # A shard that cannot even be counted is held back below.
            if not isinstance(outcome, WorkerDied):
                named[work.shard_id] = outcome
            self._progress.advance(self._rows[work.shard_id])
        self._progress.end()
        return spread_of(named)

    def told(
        self, shards: Sequence[str], spread: Spread, wanted: Mapping[str, str]
    ) -> tuple[list[Work], frozenset[str]]:
        """Work on shards that knows what others tell, and those that could not tell."""
        speakers = sorted({one for name in shards if name in spread.split for one in (name, *spread.others[name])})
        files = {name: told_file(self._staging, name, wanted[name]) for name in speakers}
        works = [
            replace(self._of(name), split=spread.split[name].tobytes(), told=(files[name],))
            for name in speakers
            if not files[name].exists()
        ]
        unheard = set()
        if works:
            self._progress.begin("sanitize: shared", sum(self._rows[work.shard_id] for work in works), "traces")
        for work, outcome in self._crew.each(_tell, works):
            if isinstance(outcome, WorkerDied):
                unheard.add(work.shard_id)
            self._progress.advance(self._rows[work.shard_id])
        if works:
            self._progress.end()
        return [self._work(name, spread, files, unheard, wanted[name]) for name in shards], frozenset(unheard)

    def _work(self, name: str, spread: Spread, files: Mapping[str, Path], unheard: Collection[str], mark: str) -> Work:
        if name not in spread.split:
            return replace(self._of(name), fingerprint=mark)
        around = sorted({name, *spread.others[name]})
        unknown = spread.common(name, [one for one in around if one in unheard])
        return replace(
            self._of(name),
            # What is held back for want of another shard is tried again by the next run.
            fingerprint=GIVEN_UP if unknown else mark,
            split=spread.split[name].tobytes(),
            told=tuple(files[one] for one in around if one not in unheard),
            unknown=unknown,
        )

    def _of(self, name: str) -> Work:
        return Work(config=self._config, shard_id=name, environ=self._environ)


def _name_sessions(work: Work) -> NDArray[np.uint64]:
    return named_in(work.config, work.shard_id, work.environ)


def _tell(work: Work) -> None:
    redactor = privacy_at(work).redactor
    tell(work.config, work.told[0], work.shard_id, work.split, redactor, work.environ)


# Of this process, by what they are made of: recognizers take seconds to load.
_made: dict[str, Privacy] = {}


def privacy_at(work: Work) -> Privacy:
    """What a piece of work is sanitized with, made once in each process."""
    key = repr(
        (
            work.config.sanitize,
            work.config.recognizers,
            work.config.state,
            work.environ.get(work.config.sanitize.key_env),
            work.environ.get(work.config.sanitize.vault_key_env),
            turns_of(work.config),
        )
    )
    if key not in _made:
        _made[key] = privacy_of(work.config, work.environ)
    return _made[key]
