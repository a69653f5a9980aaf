"""What every remote source has in common: its options, its landing, and reading what was landed.

A new one derives from `LandedSource`, says which server it is (`site`), how its pages are asked for
(`connect`, `fetch`, and `survey`, `traces` and `count` where its interface has a cheaper way), and how
the records of a trace become a row (`fold`). Windows, retries, the landing and the shelf are not its
business.
"""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

import orjson
from pydantic import Field

from llmci import seams
from llmci.adapters.sources.files import shard_prefix
from llmci.adapters.sources.remote.client import Client, Manners, Site, TooLong
from llmci.adapters.sources.remote.landing import Landing
from llmci.core.canonical import digest_of
from llmci.core.traces.blobs import MAX_MEDIA_BYTES
from llmci.core.traces.mapping import Where
from llmci.core.traces.scalars import Unreadable
from llmci.errors import NotFound
from llmci.seams import Lags, Rejected, Shard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from llmci.domain.trace import TraceRow
    from llmci.seams import Context, Record, Stream, Window


class RemoteOptions(seams.Options):
    """How a remote source is asked.

    Attributes:
        variant: Where the variant is found, where it is none of the usual places.
        max_rate: Most requests a second. The default keeps to half of the limit that the server
            advertises: reading and production's own writes often share it.
        at_once: Most requests in flight; fewer while the server is under strain.
        timeout_s: Longest silence of the server.
        max_page_mb: A longer page is asked for again in halves; a single record that is longer stops.
        settle_minutes: What is younger is left for the next pull.
        lookback_hours: So far back, what was pulled is looked through again for late spans.
        scores_lookback_days: The same for scores, which come days later and are edited.
    """

    variant: Where = None
    max_rate: float | None = Field(default=None, gt=0)
    at_once: int = Field(default=4, ge=1, le=32)
    timeout_s: float = Field(default=60, gt=0)
    max_page_mb: float = Field(default=64, gt=0)
    settle_minutes: float = Field(default=10, ge=0)
    lookback_hours: float = Field(default=24, ge=0)
    scores_lookback_days: float = Field(default=7, ge=0)


class LandedSource:
    """Most of `llmci.seams.Remote`."""

    lists_all: ClassVar[bool] = True
    streams: ClassVar[tuple[Stream, ...]] = ("spans", "scores")

    def __init__(self, options: RemoteOptions, context: Context) -> None:
        self._asked, self._context = options, context
        # Where files are that the server refers to, by address.
        self._stores: dict[str, Client] = {}
        self._lock = threading.Lock()

    def site(self) -> Site:
        """The server and how to speak of it; raises `UsageError` where it is not configured."""
        raise NotImplementedError

    def fold(
        self, spans: Sequence[Mapping[str, Any]], scores: Sequence[Mapping[str, Any]]
    ) -> TraceRow | Rejected | None:
        """Records of one trace to a row; spans may be none where only a score came. Raises `Unreadable`."""
        raise NotImplementedError

    def fetch(self, stream: Stream, window: Window) -> Iterator[Sequence[Record]]:
        """See `Remote.fetch`."""
        raise NotImplementedError

    def survey(self, stream: Stream, window: Window) -> Iterator[Sequence[Record]]:
        """See `Remote.survey`; the way that always works."""
        return self.fetch(stream, window)

    def traces(self, trace_ids: Sequence[str]) -> Iterator[Sequence[Record]]:  # noqa: ARG002  the source cannot
        """See `Remote.traces`; nothing, for an interface that has no such question."""
        return iter(())

    def count(self, window: Window) -> int | None:  # noqa: ARG002  the source cannot
        """See `Remote.count`."""
        return None

    def media(self, media_id: str) -> bytes | None:  # noqa: ARG002  the source keeps none
        """See `Remote.media`."""
        return None

    def download(self, url: str, *, of: str) -> bytes | None:
        """A file at an address that the server gave, asked for without our credentials.

        Returns:
            None where there is none any more, or it is larger than is kept.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            if origin not in self._stores:
                site = Site(
                    source=self._context.name, url=origin, fix="Pull again: addresses expire.", refusal=NotFound
                )
                manners = replace(self._manners, max_rate=None, max_page_mb=MAX_MEDIA_BYTES / 1_000_000)
                self._stores[origin] = Client(site, manners, environ=self._context.environ)
        try:
            return self._stores[origin].download(parts.path, parts.query, of=of)
        except (NotFound, TooLong):
            return None

    @property
    def lags(self) -> Lags:
        """See `Remote.lags`."""
        return Lags(
            settle=timedelta(minutes=self._asked.settle_minutes),
            lookback=timedelta(hours=self._asked.lookback_hours),
            scores_lookback=timedelta(days=self._asked.scores_lookback_days),
        )

    @property
    def at_once(self) -> int:
        """See `Remote.at_once`."""
        return self._asked.at_once

    @cached_property
    def client(self) -> Client:
        """The one client of this source."""
        return Client(self.site(), self._manners, environ=self._context.environ)

    @property
    def _manners(self) -> Manners:
        return Manners(
            at_once=self._asked.at_once,
            max_rate=self._asked.max_rate,
            timeout_s=self._asked.timeout_s,
            max_page_mb=self._asked.max_page_mb,
        )

    def connect(self) -> timedelta:
        """See `Remote.connect`; after the source's own probe."""
        return timedelta(seconds=self.client.skew_s)

    def close(self) -> None:
        """See `Remote.close`."""
        if "client" in self.__dict__:
            self.client.close()
        for store in self._stores.values():
            store.close()
        if "_landing" in self.__dict__:
            self._landing.close()

    def landing(self) -> Landing:
        """See `Remote.landing`: one for each address and project that the source was ever pointed at."""
        return self._landing

    @cached_property
    def _landing(self) -> Landing:
        digest = digest_of(self.identity())[:8]
        return Landing(self._context.state / "landing" / f"{shard_prefix(self._context.name)}{digest}")

    def identity(self) -> str:
        """What records of another would not be mixed with: the address, and the project where it names one."""
        return self.site().url

    def shards(self, window: Window) -> Sequence[Shard]:  # noqa: ARG002  what is landed is listed whole
        """See `Source.shards`: one for each part that traces begin in."""
        prefix = shard_prefix(self._context.name)
        with closing(self.landing()) as landing:
            return [
                Shard(
                    f"{prefix}{unit.name}", unit.fingerprint, orjson.dumps([unit.name, unit.parts]).decode(), unit.size
                )
                for unit in landing.units()
            ]

    def read(self, shard: Shard, window: Window) -> Iterator[TraceRow | Rejected]:  # noqa: ARG002  see `shards`
        """See `Source.read`: folds what was landed."""
        name, parts = orjson.loads(shard.uri)
        with closing(self.landing()) as landing:
            for spans, scores in landing.grouped(name, parts):
                try:
                    outcome = self.fold(spans, scores)
                except (Unreadable, RecursionError) as error:
                    why = str(error) if isinstance(error, Unreadable) else "nested too deeply"
                    outcome = Rejected(f"{self._context.name}: a trace of {name}", why)
                if outcome is not None:
                    yield outcome
