"""Arize Phoenix over its REST interface: spans in the order of their ids, and their annotations.

Paths and limits are those of its OpenAPI specification. Annotations can only be asked for by the ids of
spans or traces: the spans of a window are listed for them, and a window of scores is cut by when their
spans started.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from llmci.adapters.sources.remote.client import Site
from llmci.adapters.sources.remote.landed import LandedSource, RemoteOptions
from llmci.adapters.sources.remote.paging import by_cursor
from llmci.core.pulling.windows import spoken
from llmci.core.traces import phoenix as rows
from llmci.core.traces.records import Origin
from llmci.core.traces.scalars import text_of, time_of
from llmci.errors import NotFound
from llmci.seams import Record, Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from llmci.domain.trace import TraceRow
    from llmci.seams import Context, Rejected, Stream

_PAGE, _ANNOTATIONS_PAGE = 1000, 1000
# Ids a request: they stand in the address, which servers bound at 8 kB or more.
_IDS = 150


class PhoenixSource(LandedSource):
    """See `llmci.seams.Remote`."""

    class Options(RemoteOptions):
        """A project of Arize Phoenix.

        Attributes:
            url: The server's address. The default is PHOENIX_COLLECTOR_ENDPOINT of the environment,
                or else http://localhost:6006, as for Phoenix's own client.
            project: Name or id of the project. The default is PHOENIX_PROJECT_NAME of the environment, or else `default`.
            api_key_env: Environment variable with the key; a server without authentication needs none.
        """

        may_be_unset: ClassVar[frozenset[str]] = frozenset({"api_key_env"})

        url: str | None = None
        project: str | None = None
        api_key_env: str = "PHOENIX_API_KEY"

    def __init__(self, options: Options, context: Context) -> None:
        super().__init__(options, context)
        self._options = options

    def site(self) -> Site:
        """See `LandedSource.site`."""
        environ, name = self._context.environ, self._options.api_key_env
        key = environ.get(name, "").strip()
        return Site(
            source=self._context.name,
            url=(self._options.url or environ.get("PHOENIX_COLLECTOR_ENDPOINT") or "http://localhost:6006").strip(),
            headers={"Authorization": f"Bearer {key}"} if key else {},
            fix=f"Set {name} to a key of the server (Settings, API Keys), and `url:` or PHOENIX_COLLECTOR_ENDPOINT to its address.",
        )

    def identity(self) -> str:
        """See `LandedSource.identity`."""
        return f"{self.site().url} {self._project}"

    @property
    def _project(self) -> str:
        return self._options.project or self._context.environ.get("PHOENIX_PROJECT_NAME") or "default"

    @property
    def _path(self) -> str:
        return f"/v1/projects/{quote(self._project, safe='')}"

    def connect(self) -> timedelta:
        """See `Remote.connect`; tells a project that is not there from a server that is none."""
        try:
            self.client.get(f"{self._path}/spans", {"limit": 1}, of="a first look")
        except NotFound:
            known = self.client.get("/v1/projects", {"limit": 100}, of="its projects")
            names = [str(row.get("name")) for row in known.get("data") or ()] if isinstance(known, dict) else []
            fix = f"Set `project:` or PHOENIX_PROJECT_NAME to one of: {', '.join(names)}."
            why = f"there is no project {self._project!r}"
            raise self.client.stop(f"{self._path}/spans", "a first look", why, fix) from None
        return super().connect()

    def fetch(self, stream: Stream, window: Window) -> Iterator[Sequence[Record]]:
        """See `Remote.fetch`."""
        of = spoken(window.since, window.until)
        bounds = {"start_time": _text(window.since), "end_time": _text(window.until)}
        for page in self._spans(bounds, of):
            if stream == "spans":
                yield page
            else:
                yield from self._annotations(page, of)

    def traces(self, trace_ids: Sequence[str]) -> Iterator[Sequence[Record]]:
        """See `Remote.traces`."""
        for first in range(0, len(trace_ids), _IDS):
            yield from self._spans({"trace_id": trace_ids[first : first + _IDS]}, "the traces of late spans")

    def fold(
        self, spans: Sequence[Mapping[str, Any]], scores: Sequence[Mapping[str, Any]]
    ) -> TraceRow | Rejected | None:
        """See `LandedSource.fold`."""
        if not spans:
            return None
        return rows.trace_of(spans, scores, Origin(self._context.name, "phoenix"), variant=self._options.variant)

    def _spans(self, asked: Mapping[str, object], of: str) -> Iterator[Sequence[Record]]:
        # By id from the oldest on: a span that comes meanwhile does not shift the pages.
        told = {**asked, "sort": "id", "order": "asc"}
        return self._pages("/spans", told, of, _PAGE, self._span)

    def _annotations(self, spans: Sequence[Record], of: str) -> Iterator[Sequence[Record]]:
        """Those of these spans and of their traces."""
        by_id, by_trace = {span.key: span for span in spans}, {span.trace_id: span for span in spans}
        for path, name, known in (
            ("/span_annotations", "span_ids", by_id),
            ("/trace_annotations", "trace_ids", by_trace),
        ):
            ids, key = list(known), name.removesuffix("s")
            for first in range(0, len(ids), _IDS):

                def annotation(row: Mapping[str, Any], known: Mapping[str, Record] = known, key: str = key) -> Record:
                    about = known.get(str(row.get(key)))
                    trace_id, start = (about.trace_id, about.start) if about else ("", None)
                    return Record(trace_id, f"{key}:{row['id']}", _version(row), start, row)

                try:
                    yield from self._pages(path, {name: ids[first : first + _IDS]}, of, _ANNOTATIONS_PAGE, annotation)
                except NotFound:
                    if path == "/span_annotations":
                        raise
                    # Servers before 12 have none of traces.
                    return

    def _pages(
        self,
        path: str,
        asked: Mapping[str, object],
        of: str,
        limit: int,
        record: Any,  # noqa: ANN401  a row to a Record
    ) -> Iterator[Sequence[Record]]:
        where = f"{self._path}{path}"

        def ask(cursor: str | None, limit: int) -> tuple[list[Record], str | None]:
            said = self.client.get(where, {**asked, "limit": limit, "cursor": cursor}, of=of)
            data = said.get("data") if isinstance(said, dict) else None
            if not isinstance(data, list) or not all(isinstance(row, dict) and row.get("id") for row in data):
                fix = "Check that the address is that of a Phoenix server, not of a page before it."
                raise self.client.stop(where, of, "the answer is not a page of records with ids", fix)
            return [record(row) for row in data], text_of(said.get("next_cursor"))

        # Its last page may be full: it looks whether one more follows.
        return by_cursor(ask, limit=limit, client=self.client, path=where, of=of, full_page_ends=True)

    def _span(self, row: Mapping[str, Any]) -> Record:
        context = row.get("context")
        ids = context if isinstance(context, dict) else {}
        key = text_of(ids.get("span_id")) or str(row["id"])
        return Record(text_of(ids.get("trace_id")) or key, key, "", time_of(row.get("start_time")), row)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _version(row: Mapping[str, Any]) -> str:
    """When it was last changed, in a form that sorts."""
    moment = time_of(row.get("updated_at")) or time_of(row.get("created_at"))
    return "" if moment is None else f"{moment:%Y%m%dT%H%M%S.%f}"
