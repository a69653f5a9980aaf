"""MLflow 3 over its REST interface: traces are searched by time, then got whole in batches.

Search pages are offsets, so that a trace that comes meanwhile would shift them: only windows that have
settled are asked for, from the oldest on. Assessments stand in the search's answer, which has no spans.
Spans are in the tracking store, or in the artifact store: there a trace is a request, as in MLflow's own
interface for the browser.
"""

from __future__ import annotations

import base64
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from llmci.adapters.sources.remote.client import Site
from llmci.adapters.sources.remote.landed import LandedSource, RemoteOptions
from llmci.adapters.sources.remote.paging import by_cursor
from llmci.core.pulling.windows import spoken
from llmci.core.traces import mlflow as rows
from llmci.core.traces.records import Origin
from llmci.core.traces.scalars import text_of, time_of
from llmci.errors import NotFound, OutsideError, TooMuch, UsageError
from llmci.seams import Record, Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import timedelta

    from llmci.domain.trace import TraceRow
    from llmci.seams import Context, Rejected, Stream

_SEARCH, _GET, _EXPERIMENTS = (
    "/api/3.0/mlflow/traces/search",
    "/api/3.0/mlflow/traces/batchGet",
    "/api/2.0/mlflow/experiments/search",
)
_ONE, _ARTIFACT = "/api/3.0/mlflow/traces/", "/ajax-api/2.0/mlflow/get-trace-artifact"
_PAGE, _AT_ONCE = 500, 50
# Where the spans of a trace are; traces without the tag are of the artifact store.
_PLACE, _IN_BATCHES = "mlflow.trace.spansLocation", ("TRACKING_STORE", "ARCHIVE_REPO")
# Places that one search may name.
_MOST_EXPERIMENTS = 100


class MlflowSource(LandedSource):
    """See `llmci.seams.Remote`."""

    class Options(RemoteOptions):
        """Experiments of an MLflow tracking server, version 3 or later.

        Attributes:
            url: The server's address. The default is MLFLOW_TRACKING_URI of the environment.
            experiments: Names or ids. The default is MLFLOW_EXPERIMENT_NAME or MLFLOW_EXPERIMENT_ID
                of the environment, or else every experiment that is not deleted.
            token_env: Environment variable with a bearer token.
            username_env: Environment variable with a user, where the server asks for one.
            password_env: Environment variable with that user's password.
        """

        may_be_unset: ClassVar[frozenset[str]] = frozenset({"token_env", "username_env", "password_env"})

        url: str | None = None
        experiments: tuple[str, ...] = ()
        token_env: str = "MLFLOW_TRACKING_TOKEN"  # noqa: S105  a name
        username_env: str = "MLFLOW_TRACKING_USERNAME"
        password_env: str = "MLFLOW_TRACKING_PASSWORD"  # noqa: S105  a name

    def __init__(self, options: Options, context: Context) -> None:
        super().__init__(options, context)
        self._options = options

    def site(self) -> Site:
        """See `LandedSource.site`."""
        environ, options = self._context.environ, self._options
        url = (options.url or environ.get("MLFLOW_TRACKING_URI") or "").strip()
        if not url.startswith(("http://", "https://")):
            raise UsageError(
                f"source {self._context.name!r}: there is no address of an MLflow server.",
                fix="Set `url:` or MLFLOW_TRACKING_URI to it, such as http://localhost:5000.",
            )
        token, user = environ.get(options.token_env, "").strip(), environ.get(options.username_env, "").strip()
        headers = {}
        if token:
            headers = {"Authorization": f"Bearer {token}"}
        elif user:
            pair = f"{user}:{environ.get(options.password_env, '').strip()}"
            headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        return Site(
            source=self._context.name,
            url=url,
            headers=headers,
            fix=f"Set {options.token_env}, or {options.username_env} and {options.password_env}, to what the server takes.",
        )

    def identity(self) -> str:
        """See `LandedSource.identity`."""
        return f"{self.site().url} {','.join(self._named)}"

    @property
    def _named(self) -> tuple[str, ...]:
        environ = self._context.environ
        named = environ.get("MLFLOW_EXPERIMENT_NAME") or environ.get("MLFLOW_EXPERIMENT_ID")
        return self._options.experiments or ((named,) if named else ())

    def connect(self) -> timedelta:
        """See `Remote.connect`."""
        self._search({"max_results": 1}, "a first look")
        return super().connect()

    def fetch(self, stream: Stream, window: Window) -> Iterator[Sequence[Record]]:
        """See `Remote.fetch`."""
        of = spoken(window.since, window.until)
        for infos in self._infos(window, of):
            if stream == "scores":
                yield [_score(info, said) for info in infos for said in info.get("assessments") or ()]
            else:
                yield from self._whole(infos, of)

    def survey(self, stream: Stream, window: Window) -> Iterator[Sequence[Record]]:
        """See `Remote.survey`: what the search says of traces, without their spans."""
        if stream == "scores":
            yield from self.fetch(stream, window)
            return
        for infos in self._infos(window, spoken(window.since, window.until)):
            yield [_trace(info, None) for info in infos]

    def traces(self, trace_ids: Sequence[str]) -> Iterator[Sequence[Record]]:
        """See `Remote.traces`."""
        infos = []
        for trace_id in trace_ids:
            said = self.client.get(f"{_ONE}{quote(trace_id, safe='')}", of="a trace that has changed")
            trace = said.get("trace") if isinstance(said, dict) else None
            if isinstance(trace, dict) and isinstance(trace.get("trace_info"), dict):
                infos.append(trace["trace_info"])
        yield from self._whole(infos, "traces that have changed")

    def fold(
        self, spans: Sequence[Mapping[str, Any]], scores: Sequence[Mapping[str, Any]]
    ) -> TraceRow | Rejected | None:
        """See `LandedSource.fold`."""
        if not spans:
            return None
        return rows.trace_of(spans[-1], scores, Origin(self._context.name, "mlflow"), variant=self._options.variant)

    @cached_property
    def _locations(self) -> list[Mapping[str, Any]]:
        """The experiments, as a search names them."""
        known: dict[str, str] = {}

        def ask(cursor: str | None, limit: int) -> tuple[list[Any], str | None]:
            said = self._posted(_EXPERIMENTS, {"max_results": limit, "page_token": cursor}, "its experiments")
            found = said.get("experiments") or []
            return found, text_of(said.get("next_page_token"))

        pages = by_cursor(
            ask, limit=1000, client=self.client, path=_EXPERIMENTS, of="its experiments", full_page_ends=True
        )
        for row in (row for page in pages for row in page):
            known[str(row.get("experiment_id"))] = str(row.get("name"))
        ids = {name: key for key, name in known.items()}
        for name in self._named:
            if name not in ids and name not in known:
                fix = f"Set `experiments:` or MLFLOW_EXPERIMENT_NAME to one of: {', '.join(sorted(ids)[:20])}."
                raise self.client.stop(_EXPERIMENTS, "its experiments", f"there is no experiment {name!r}", fix)
        wanted = [ids.get(name, name) for name in self._named] or list(known)
        if len(wanted) > _MOST_EXPERIMENTS:
            fix = f"Name at most {_MOST_EXPERIMENTS} with `experiments:`."
            raise self.client.stop(_EXPERIMENTS, "its experiments", f"it has {len(wanted)} experiments", fix)
        return [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": key}} for key in wanted]

    def _infos(self, window: Window, of: str) -> Iterator[list[Mapping[str, Any]]]:
        """Pages of what the search says of the traces of a window."""
        bounds = [
            f"trace.timestamp_ms {sign} {round(moment.timestamp() * 1000)}"
            for sign, moment in ((">=", window.since), ("<", window.until))
            if moment is not None
        ]
        seen: set[str] = set()

        def ask(cursor: str | None, limit: int) -> tuple[list[Mapping[str, Any]], str | None]:
            asked = {
                "filter": " AND ".join(bounds),
                "order_by": ["timestamp_ms ASC"],
                "max_results": limit,
                "page_token": cursor,
            }
            said = self._search(asked, of)
            found = said.get("traces") or []
            if not isinstance(found, list) or not all(isinstance(row, dict) and row.get("trace_id") for row in found):
                fix = "Check that the address is that of an MLflow server, not of a page before it."
                raise self.client.stop(_SEARCH, of, "the answer is not a page of traces with ids", fix)
            return found, text_of(said.get("next_page_token"))

        for page in by_cursor(ask, limit=_PAGE, client=self.client, path=_SEARCH, of=of, full_page_ends=True):
            if not seen.isdisjoint(str(info["trace_id"]) for info in page):
                why = "traces came or went while its pages were read, so that some may be missing"
                raise self.client.stop(
                    _SEARCH, of, why, "Pull again, or raise `settle_minutes` of the source.", TooMuch
                )
            seen.update(str(info["trace_id"]) for info in page)
            yield list(page)

    def _whole(self, infos: Sequence[Mapping[str, Any]], of: str) -> Iterator[Sequence[Record]]:
        """Traces with their spans; one whose spans the server does not give stands for itself, without them."""
        batched = [info for info in infos if (info.get("tags") or {}).get(_PLACE) in _IN_BATCHES]
        size, left = _AT_ONCE, list(batched)
        while left:
            asked = [str(info["trace_id"]) for info in left[:size]]
            try:
                said = self.client.get(_GET, {"trace_ids": asked}, of=of)
            except TooMuch:
                if size == 1:
                    raise
                size = max(1, size // 4)
                continue
            found = said.get("traces") if isinstance(said, dict) else None
            spans = {trace["trace_info"]["trace_id"]: trace.get("spans") for trace in found or ()}
            yield [_trace(info, spans.get(info["trace_id"]) or []) for info in left[:size]]
            left = left[size:]
        known = {info["trace_id"] for info in batched}
        for info in infos:
            if info["trace_id"] not in known:
                yield [_trace(info, self._artifact(str(info["trace_id"]), of))]

    def _artifact(self, trace_id: str, of: str) -> list[Mapping[str, Any]]:
        """The spans of a trace in the artifact store; none where they are gone, or damaged, which MLflow answers with 500."""
        try:
            said = self.client.get(_ARTIFACT, {"request_id": trace_id}, of=of)
        except TooMuch:
            raise
        except NotFound:
            return []
        except OutsideError:
            # A server that answers other questions has trouble with this trace alone.
            self._search({"max_results": 1}, of)
            return []
        spans = said.get("spans") if isinstance(said, dict) else None
        return spans if isinstance(spans, list) else []

    def _search(self, asked: Mapping[str, Any], of: str) -> Mapping[str, Any]:
        try:
            return self._posted(_SEARCH, {"locations": self._locations, **asked}, of)
        except NotFound:
            fix = "Use MLflow 3 or later, and check the address: `url:` or MLFLOW_TRACKING_URI."
            raise self.client.stop(_SEARCH, of, "the server has no traces of MLflow 3", fix) from None

    def _posted(self, path: str, asked: Mapping[str, Any], of: str) -> Mapping[str, Any]:
        said = self.client.post(path, {key: value for key, value in asked.items() if value is not None}, of=of)
        return said if isinstance(said, dict) else {}


def _trace(info: Mapping[str, Any], spans: Sequence[Mapping[str, Any]] | None) -> Record:
    start = time_of(info.get("request_time"))
    logged = info.get("trace_metadata")
    size = str((logged if isinstance(logged, dict) else {}).get("mlflow.trace.sizeBytes") or "0")
    # A trace grows until it has ended, and only its size tells that spans came late.
    version = f"{info.get('state') != 'IN_PROGRESS':d}:{size:0>15}" if spans is None or spans else ""
    trace = None if spans is None else {"trace_info": info, "spans": spans}
    return Record(str(info["trace_id"]), str(info["trace_id"]), version, start, trace)


def _score(info: Mapping[str, Any], said: Mapping[str, Any]) -> Record:
    """An assessment, cut by when its trace started: that is what a search can be asked for."""
    changed = time_of(said.get("last_update_time")) or time_of(said.get("create_time"))
    version = "" if changed is None else f"{changed:%Y%m%dT%H%M%S.%f}"
    # One that was replaced says so without being changed.
    version += f":{said.get('valid') is False:d}"
    trace_id = str(info["trace_id"])
    return Record(trace_id, str(said.get("assessment_id")), version, time_of(info.get("request_time")), said)
