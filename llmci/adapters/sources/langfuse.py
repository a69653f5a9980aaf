"""Langfuse over its public interface: v4 (`/v2/observations`, `/v3/scores`), and v3 and before.

Which one a server has is found out by asking. Paths, parameters and limits are those of its OpenAPI
specification; where the wire differs from it, `llmci.core.traces.langfuse` says so.
"""

from __future__ import annotations

import base64
import contextlib
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from llmci.adapters.sources.remote.client import Site
from llmci.adapters.sources.remote.landed import LandedSource, RemoteOptions
from llmci.adapters.sources.remote.paging import by_cursor, by_number
from llmci.core.pulling.windows import spoken
from llmci.core.traces import langfuse as rows
from llmci.core.traces.langfuse_media import media_in, with_media
from llmci.core.traces.langfuse_scores import scored_trace
from llmci.core.traces.records import Origin
from llmci.core.traces.scalars import text_of, time_of
from llmci.errors import NotFound, UsageError
from llmci.seams import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from llmci.domain.trace import TraceRow
    from llmci.seams import Context, Rejected, Stream, Window

_OBSERVATIONS, _SCORES, _COUNTS = "/api/public/v2/observations", "/api/public/v3/scores", "/api/public/v2/metrics"
_MEDIA = "/api/public/media"
_OLD_TRACES, _OLD_OBSERVATIONS, _OLD_SCORES = (
    "/api/public/traces",
    "/api/public/observations",
    "/api/public/v2/scores",
)
# Without `io` there is neither input nor output; with `io` the metadata comes whole.
_FIELDS = "core,basic,time,io,metadata,model,usage,prompt,metrics,trace_context"
_CHEAP = "core,time"
_PAGE, _SCORES_PAGE, _OLD_PAGE = 1000, 100, 100


class LangfuseSource(LandedSource):
    """See `llmci.seams.Remote`."""

    class Options(RemoteOptions):
        """A project of Langfuse, cloud or self-hosted.

        Attributes:
            host: Its address. The default is LANGFUSE_HOST or LANGFUSE_BASE_URL of the
                environment, or else the cloud of the European Union.
            public_key_env: Environment variable with the public key.
            secret_key_env: Environment variable with the secret key.
            environment: Only observations of this environment, such as production; the default is all.
        """

        host: str | None = None
        public_key_env: str = "LANGFUSE_PUBLIC_KEY"
        secret_key_env: str = "LANGFUSE_SECRET_KEY"  # noqa: S105  a name
        environment: str | None = None

    streams: ClassVar[tuple[Stream, ...]] = ("spans", "scores")

    def __init__(self, options: Options, context: Context) -> None:
        super().__init__(options, context)
        self._options = options
        self._old = self._old_scores = False

    def site(self) -> Site:
        """See `LandedSource.site`."""
        environ, options = self._context.environ, self._options
        public, secret = environ.get(options.public_key_env), environ.get(options.secret_key_env)
        if not public or not secret:
            raise UsageError(
                f"source {self._context.name!r}: {options.public_key_env} and {options.secret_key_env} are not both set.",
                fix="Set them to a key pair of the project (Settings, API Keys), and LANGFUSE_HOST to its address.",
            )
        token = base64.b64encode(f"{public.strip()}:{secret.strip()}".encode()).decode()
        return Site(
            source=self._context.name,
            url=self._host(),
            headers={"Authorization": f"Basic {token}"},
            fix=f"Check {options.public_key_env} and {options.secret_key_env}, and that the keys are of this host: each region has its own.",
        )

    def identity(self) -> str:
        """See `LandedSource.identity`."""
        return f"{self._host()} {self._context.environ.get(self._options.public_key_env)} {self._options.environment}"

    def _host(self) -> str:
        environ = self._context.environ
        found = self._options.host or environ.get("LANGFUSE_HOST") or environ.get("LANGFUSE_BASE_URL")
        return (found or "https://cloud.langfuse.com").strip().rstrip("/")

    def connect(self) -> timedelta:
        """See `Remote.connect`: asks for one record of the newer interface, else of the older one."""
        try:
            self.client.get(_OBSERVATIONS, {"limit": 1, "fields": "core"}, of="a first look")
        except NotFound:
            self._old = True
            self.client.get(_OLD_TRACES, {"limit": 1, "page": 1, "fields": "core"}, of="a first look")
        try:
            self.client.get(_SCORES, {"limit": 1}, of="a first look")
        except NotFound:
            self._old_scores = True
        return super().connect()

    def fetch(self, stream: Stream, window: Window) -> Iterator[Sequence[Record]]:
        """See `Remote.fetch`."""
        if stream == "scores":
            yield from self._scores(window)
        elif self._old:
            yield from self._old_rows(_OLD_TRACES, window, {"fields": "core,io,metrics", "orderBy": "timestamp.asc"})
            yield from self._old_rows(_OLD_OBSERVATIONS, window, {})
        else:
            yield from self._observations(_FIELDS, _between(window, "StartTime"), spoken(window.since, window.until))

    def survey(self, stream: Stream, window: Window) -> Iterator[Sequence[Record]]:
        """See `Remote.survey`: without payloads where the interface can leave them out."""
        if stream == "scores" or self._old:
            return self.fetch(stream, window)
        return self._observations(_CHEAP, _between(window, "StartTime"), spoken(window.since, window.until))

    def traces(self, trace_ids: Sequence[str]) -> Iterator[Sequence[Record]]:
        """See `Remote.traces`."""
        for trace_id in trace_ids:
            if self._old:
                with contextlib.suppress(NotFound):
                    yield self._old_trace(trace_id)
            else:
                yield from self._observations(_FIELDS, {"traceId": trace_id}, "one trace")

    def count(self, window: Window) -> int | None:
        """See `Remote.count`; None before v4, and where the server does not count."""
        if self._old or window.since is None or window.until is None:
            return None
        import orjson

        environment = self._options.environment
        query = {
            "view": "observations",
            "metrics": [{"measure": "count", "aggregation": "count"}],
            "filters": []
            if environment is None
            else [{"column": "environment", "operator": "=", "value": environment, "type": "string"}],
            "fromTimestamp": _text(window.since),
            "toTimestamp": _text(window.until),
        }
        try:
            said = self.client.get(_COUNTS, {"query": orjson.dumps(query).decode()}, of="a count")
        except NotFound:
            return None
        found = said.get("data") if isinstance(said, dict) else None
        first = found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}
        numbers = [int(value) for value in first.values() if str(value).isdigit()]
        return numbers[0] if len(numbers) == 1 else None

    def media(self, media_id: str) -> bytes | None:
        """See `Remote.media`: the server gives a signed address of its bucket."""
        of = "a media file"
        try:
            said = self.client.get(f"{_MEDIA}/{quote(media_id, safe='')}", of=of)
        except NotFound:
            return None
        url = text_of(said.get("url")) if isinstance(said, dict) else None
        if url is None:
            raise self.client.stop(_MEDIA, of, "the answer names no address", "Check the server's version.")
        return self.download(url, of=of)

    def fold(
        self, spans: Sequence[Mapping[str, Any]], scores: Sequence[Mapping[str, Any]]
    ) -> TraceRow | Rejected | None:
        """See `LandedSource.fold`."""
        if not spans:
            return None
        origin = Origin(self._context.name, "langfuse")
        found = [with_media(row, self.landing().media) for row in spans]
        return rows.trace_of(found, scores, origin, variant=self._options.variant)

    def _observations(self, fields: str, asked: Mapping[str, object], of: str) -> Iterator[Sequence[Record]]:
        cheap = fields == _CHEAP

        def ask(cursor: str | None, limit: int) -> tuple[list[Record], str | None]:
            told = {
                **asked,
                "environment": self._options.environment,
                "fields": fields,
                "limit": limit,
                "cursor": cursor,
            }
            found, meta = self._page(_OBSERVATIONS, told, of)
            return [_span(row, keep=not cheap) for row in found], text_of(meta.get("cursor"))

        return by_cursor(ask, limit=_PAGE, client=self.client, path=_OBSERVATIONS, of=of)

    def _scores(self, window: Window) -> Iterator[Sequence[Record]]:
        if self._old_scores:
            yield from self._old_rows(_OLD_SCORES, window, {"fields": "score"})
            return
        of = f"scores of {spoken(window.since, window.until)}"

        def ask(cursor: str | None, limit: int) -> tuple[list[Record], str | None]:
            told = {**_between(window, "Timestamp"), "fields": "details,subject,annotation", "limit": limit}
            found, meta = self._page(_SCORES, {**told, "cursor": cursor}, of)
            return [_score(row) for row in found], text_of(meta.get("cursor"))

        yield from by_cursor(ask, limit=_SCORES_PAGE, client=self.client, path=_SCORES, of=of)

    def _old_rows(self, path: str, window: Window, asked: Mapping[str, object]) -> Iterator[Sequence[Record]]:
        """Pages of the interface of v3 and before; it says how many rows there are."""
        of = spoken(window.since, window.until)
        bounds = _between(window, "StartTime" if path == _OLD_OBSERVATIONS else "Timestamp")
        read, said = 0, 0
        record = _score if path == _OLD_SCORES else _span if path == _OLD_OBSERVATIONS else _trace

        def ask(page: int, limit: int) -> tuple[list[Record], int]:
            nonlocal said
            told = {**bounds, "environment": self._options.environment, **asked, "limit": limit, "page": page}
            found, meta = self._page(path, told, of)
            said = int(meta.get("totalItems") or 0)
            return [record(row) for row in found], int(meta.get("totalPages") or 0)

        for rows_ in by_number(ask, limit=_OLD_PAGE, client=self.client, path=path, of=of):
            read += len(rows_)
            yield rows_
        if read < said:
            why = f"it counts {said} rows and gave {read}"
            raise self.client.stop(path, of, why, "Pull again; what was pulled of other windows is kept.")

    def _old_trace(self, trace_id: str) -> list[Record]:
        """A trace with its observations, in one answer; only for the few that were missed."""
        said = self.client.get(f"{_OLD_TRACES}/{quote(trace_id, safe='')}", of="one trace")
        if not isinstance(said, dict) or not said.get("id"):
            raise self.client.stop(_OLD_TRACES, "one trace", "the answer is not a trace", "Check the server's version.")
        inner = said.pop("observations", None)
        said.pop("scores", None)
        observations = (
            [row for row in inner if isinstance(row, dict) and row.get("id")] if isinstance(inner, list) else []
        )
        return [_trace(said), *(_span(row) for row in observations)]

    def _page(
        self, path: str, told: Mapping[str, object], of: str
    ) -> tuple[list[Mapping[str, Any]], Mapping[str, Any]]:
        said = self.client.get(path, told, of=of)
        data = said.get("data") if isinstance(said, dict) else None
        if not isinstance(data, list) or not all(isinstance(row, dict) and row.get("id") for row in data):
            fix = "Check that the address is that of a Langfuse server, not of a page before it."
            raise self.client.stop(path, of, "the answer is not a page of records with ids", fix)
        meta = said.get("meta")
        return data, meta if isinstance(meta, dict) else {}


def _between(window: Window, name: str) -> dict[str, object]:
    return {
        f"from{name}": None if window.since is None else _text(window.since),
        f"to{name}": None if window.until is None else _text(window.until),
    }


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _span(row: Mapping[str, Any], *, keep: bool = True) -> Record:
    trace_id = text_of(row.get("traceId")) or str(row["id"])
    start = time_of(row.get("startTime"))
    return Record(trace_id, str(row["id"]), _version(row), start, row if keep else None, media_in(row))


def _trace(row: Mapping[str, Any]) -> Record:
    # The key of a trace is none of an observation, even where both have one id.
    return Record(
        str(row["id"]), f"trace:{row['id']}", _version(row), time_of(row.get("timestamp")), row, media_in(row)
    )


def _score(row: Mapping[str, Any]) -> Record:
    return Record(scored_trace(row), str(row["id"]), _version(row), time_of(row.get("timestamp")), row)


def _version(row: Mapping[str, Any]) -> str:
    """When it was last changed, in a form that sorts."""
    moment = time_of(row.get("updatedAt")) or time_of(row.get("createdAt"))
    return "" if moment is None else f"{moment:%Y%m%dT%H%M%S.%f}"
