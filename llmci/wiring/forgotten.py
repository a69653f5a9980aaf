"""Who is forgotten: keyed hashes of user ids, and what keeps their traces from being pulled again."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.core.privacy.surrogate import Surrogates
from llmci.files import write_bytes
from llmci.seams import Rejected
from llmci.wiring.build import build
from llmci.wiring.privacy import key_of
from llmci.wiring.pull_plan import is_remote, lands

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from llmci.config import Config
    from llmci.domain.trace import TraceRow
    from llmci.seams import Shard, Source, Window

_LIST = "forgotten.txt"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Hashes of user ids, as they stand on the clean shelf; `surrogates` makes them."""

    hashes: frozenset[str]
    surrogates: Surrogates | None

    def holds(self, user_id: str | None) -> bool:
        """Whether a user, by the id that was logged, is forgotten."""
        return bool(user_id) and self.surrogates is not None and self.hash_of(str(user_id)) in self.hashes

    def hash_of(self, user_id: str) -> str:
        """What stands for a user on the clean shelf."""
        assert self.surrogates is not None  # noqa: S101  told apart by `holds`
        return f"id-{self.surrogates.hashed('identity', user_id)}"


class Without:
    """A source without the traces of forgotten users; see `llmci.seams.Source`."""

    def __init__(self, source: Source, forgotten: Forgotten) -> None:
        self._source, self._forgotten = source, forgotten
        self.lists_all = source.lists_all

    def shards(self, window: Window) -> Sequence[Shard]:
        """See `Source.shards`."""
        return self._source.shards(window)

    def read(self, shard: Shard, window: Window) -> Iterator[TraceRow | Rejected]:
        """See `Source.read`."""
        for row in self._source.read(shard, window):
            if isinstance(row, Rejected) or not self._forgotten.holds(row.get("user_id")):
                yield row


def forgotten_of(config: Config, environ: Mapping[str, str], *more: str) -> Forgotten:
    """The project's list, and more hashes; without either no key is read or made."""
    try:
        listed = (config.state / _LIST).read_text("ascii").split()
    except FileNotFoundError:
        listed = []
    hashes = frozenset([*listed, *more])
    return Forgotten(hashes, Surrogates(key_of(config, environ)) if hashes else None)


def remember(config: Config, hashes: frozenset[str]) -> None:
    """Write the list; it holds no id."""
    write_bytes(config.state / _LIST, "".join(f"{item}\n" for item in sorted(hashes)).encode())


def without_forgotten(config: Config, source: Source, environ: Mapping[str, str]) -> Source:
    """The source, without the traces of forgotten users where there are any."""
    forgotten = forgotten_of(config, environ)
    wrapped: Source = Without(source, forgotten) if forgotten.hashes else source  # type: ignore[assignment]
    return wrapped


def erase_landed(config: Config, names: Sequence[str], forgotten: Forgotten, environ: Mapping[str, str]) -> set[str]:
    """Take forgotten users out of what was landed; gives the ids of their traces."""
    from llmci.adapters.sources.remote.landing import Landing
    from llmci.seams import Window

    found: set[str] = set()
    for name in names if forgotten.hashes else ():
        if not lands(config.sources[name].kind):
            continue
        source = build("source", config.sources[name], config, environ)
        if not is_remote(config.sources[name].kind):
            found |= source.erase(forgotten.holds)
            continue
        rows = (row for shard in source.shards(Window()) for row in source.read(shard, Window()))
        traces = {
            row["trace_id"] for row in rows if not isinstance(row, Rejected) and forgotten.holds(row.get("user_id"))
        }
        landing = source.landing()
        if traces and isinstance(landing, Landing):
            landing.erase(traces)
        source.close()
        found |= traces
    return found


def erase_from_landings(config: Config, trace_ids: set[str]) -> int:
    """Take traces out of every landing, also of sources that have no block or another address now; gives how many records."""
    from llmci.adapters.sources.remote.landing import Landing

    erased = 0
    for path in sorted((config.state / "landing").glob("*/")):
        if Landing.is_at(path):
            with closing(Landing(path)) as landing:
                erased += landing.erase(trace_ids)
    return erased
