"""LangSmith: runs of `/api/v2/runs/query`, or of the older `/runs/query`, and feedback.

Two silences of its interface are answered here: without `selects` a run has nothing but its id, and
without `min_start_time` only the last day is looked at. Both are always sent.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from llmci.adapters.sources.remote.client import Site
from llmci.adapters.sources.remote.landed import LandedSource, RemoteOptions
from llmci.adapters.sources.remote.paging import by_cursor
from llmci.core.pulling.windows import spoken
from llmci.core.traces import langsmith as rows
from llmci.core.traces.records import Origin
from llmci.core.traces.scalars import text_of, time_of
from llmci.errors import NotFound, UsageError
from llmci.seams import Record, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from llmci.domain.trace import TraceRow
    from llmci.seams import Context, Rejected, Stream

_RUNS, _OLD_RUNS, _FEEDBACK, _PROJECTS = "/api/v2/runs/query", "/runs/query", "/feedback", "/sessions"
_SELECTS = [
    "ID",
    "NAME",
    "RUN_TYPE",
    "STATUS",
    "START_TIME",
    "END_TIME",
    "FIRST_TOKEN_TIME",
    "ERROR",
    "EXTRA",
    "METADATA",
    "INPUTS",
    "OUTPUTS",
    "PARENT_RUN_IDS",
    "TRACE_ID",
    "THREAD_ID",
    "TOTAL_TOKENS",
    "PROMPT_TOKENS",
    "COMPLETION_TOKENS",
    "TOTAL_COST",
    "PROMPT_COST",
    "COMPLETION_COST",
    "PROMPT_TOKEN_DETAILS",
    "COMPLETION_TOKEN_DETAILS",
    "TAGS",
    "ATTACHMENTS",
]
_CHEAP = ["ID", "TRACE_ID", "START_TIME", "END_TIME", "STATUS"]
_OLD_SELECT = [
    "id",
    "name",
    "run_type",
    "status",
    "start_time",
    "end_time",
    "first_token_time",
    "error",
    "extra",
    "inputs",
    "outputs",
    "parent_run_id",
    "trace_id",
    "total_tokens",
    "prompt_tokens",
    "completion_tokens",
    "total_cost",
    "prompt_cost",
    "completion_cost",
    "prompt_token_details",
    "completion_token_details",
    "tags",
]
_OLD_CHEAP = ["id", "trace_id", "start_time", "end_time", "status"]
_PAGE, _OLD_PAGE, _FEEDBACK_PAGE = 1000, 100, 100
# Before there was LangSmith: what is sent where no time is meant.
_BEGINNING = "2023-01-01T00:00:00Z"


class LangsmithSource(LandedSource):
    """See `llmci.seams.Remote`."""

    class Options(RemoteOptions):
        """A tracing project of LangSmith, cloud or self-hosted.

        Attributes:
            url: Its address. The default is LANGSMITH_ENDPOINT of the environment, or else the cloud
                of the United States, https://api.smith.langchain.com.
            project: Name of the project. The default is LANGSMITH_PROJECT of the environment, or else `default`.
            api_key_env: Environment variable with the key.
            workspace_env: Environment variable with the workspace's id, for keys of several workspaces.
        """

        may_be_unset: ClassVar[frozenset[str]] = frozenset({"workspace_env"})

        url: str | None = None
        project: str | None = None
        api_key_env: str = "LANGSMITH_API_KEY"
        workspace_env: str = "LANGSMITH_WORKSPACE_ID"

    def __init__(self, options: Options, context: Context) -> None:
        super().__init__(options, context)
        self._options = options
        self._old = False

    def site(self) -> Site:
        """See `LandedSource.site`."""
        environ, options = self._context.environ, self._options
        key, workspace = environ.get(options.api_key_env, "").strip(), environ.get(options.workspace_env, "").strip()
        if not key:
            raise UsageError(
                f"source {self._context.name!r}: {options.api_key_env} is not set.",
                fix="Set it to a key of the workspace (Settings, API Keys), and LANGSMITH_ENDPOINT to its address.",
            )
        return Site(
            source=self._context.name,
            url=self._address.removesuffix(self._prefix),
            headers={"X-Api-Key": key, **({"X-Tenant-Id": workspace} if workspace else {})},
            fix=f"Check {options.api_key_env}, that it is of this region ({self._address}), and {options.workspace_env}.",
        )

    def identity(self) -> str:
        """See `LandedSource.identity`."""
        workspace = self._context.environ.get(self._options.workspace_env)
        return f"{self._address} {workspace} {self._named}"

    @property
    def _address(self) -> str:
        environ = self._context.environ
        found = self._options.url or environ.get("LANGSMITH_ENDPOINT") or environ.get("LANGCHAIN_ENDPOINT")
        return (found or "https://api.smith.langchain.com").strip().rstrip("/")

    @property
    def _prefix(self) -> str:
        """What the older paths stand under; a self-hosted address has it, and the newer paths do not."""
        return next((suffix for suffix in ("/api/v1", "/api") if self._address.endswith(suffix)), "")

    @property
    def _named(self) -> str:
        environ = self._context.environ
        return (
            self._options.project or environ.get("LANGSMITH_PROJECT") or environ.get("LANGCHAIN_PROJECT") or "default"
        )

    @cached_property
    def _project(self) -> str:
        """The project's id."""
        path = f"{self._prefix}{_PROJECTS}"
        found = self.client.get(path, {"name": self._named, "limit": 1}, of="its project")
        first = found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}
        if not first.get("id"):
            fix = "Set `project:` or LANGSMITH_PROJECT to the name of a tracing project that this key may read."
            raise self.client.stop(path, "its project", f"there is no project {self._named!r}", fix)
        return str(first["id"])

    def connect(self) -> timedelta:
        """See `Remote.connect`: asks for one run of the newer interface, else of the older one."""
        project = {"project_ids": [self._project], "min_start_time": _BEGINNING, "selects": ["ID"], "page_size": 1}
        try:
            self.client.post(_RUNS, project, of="a first look")
        except NotFound:
            self._old = True
            asked = {"session": [self._project], "start_time": _BEGINNING, "select": ["id"], "limit": 1}
            self.client.post(f"{self._prefix}{_OLD_RUNS}", asked, of="a first look")
        return super().connect()

    def fetch(self, stream: Stream, window: Window) -> Iterator[Sequence[Record]]:
        """See `Remote.fetch`."""
        of = spoken(window.since, window.until)
        return self._feedback(window, of) if stream == "scores" else self._runs(window, of, {}, keep=True)

    def survey(self, stream: Stream, window: Window) -> Iterator[Sequence[Record]]:
        """See `Remote.survey`: without inputs and outputs."""
        if stream == "scores":
            return self.fetch(stream, window)
        return self._runs(window, spoken(window.since, window.until), {}, keep=False)

    def traces(self, trace_ids: Sequence[str]) -> Iterator[Sequence[Record]]:
        """See `Remote.traces`."""
        for trace_id in trace_ids:
            name = "trace" if self._old else "trace_id"
            yield from self._runs(Window(), "one trace", {name: trace_id}, keep=True)

    def fold(
        self, spans: Sequence[Mapping[str, Any]], scores: Sequence[Mapping[str, Any]]
    ) -> TraceRow | Rejected | None:
        """See `LandedSource.fold`."""
        if not spans:
            return None
        return rows.trace_of(spans, scores, Origin(self._context.name, "langsmith"), variant=self._options.variant)

    def _runs(self, window: Window, of: str, more: Mapping[str, object], *, keep: bool) -> Iterator[Sequence[Record]]:
        since, until = _text(window.since) or _BEGINNING, _text(window.until)
        path = f"{self._prefix}{_OLD_RUNS}" if self._old else _RUNS

        def ask(cursor: str | None, limit: int) -> tuple[list[Record], str | None]:
            if self._old:
                asked: dict[str, object] = {
                    "session": [self._project],
                    "start_time": since,
                    "end_time": until,
                    "select": _OLD_SELECT if keep else _OLD_CHEAP,
                    "limit": limit,
                }
            else:
                asked = {
                    "project_ids": [self._project],
                    "min_start_time": since,
                    "max_start_time": until,
                    "selects": _SELECTS if keep else _CHEAP,
                    "page_size": limit,
                }
            told = {**asked, **more, "cursor": cursor}
            said = self.client.post(path, {key: value for key, value in told.items() if value is not None}, of=of)
            if self._old:
                found, after = _at(said, "runs"), text_of((_at(said, "cursors") or {}).get("next"))
            else:
                found, after = _at(said, "items"), text_of(_at(said, "next_cursor"))
            return self._checked(found, path, of, lambda row: _run(row, keep=keep)), after

        page = _OLD_PAGE if self._old else _PAGE
        return by_cursor(ask, limit=page, client=self.client, path=path, of=of, full_page_ends=True)

    def _feedback(self, window: Window, of: str) -> Iterator[Sequence[Record]]:
        path = f"{self._prefix}{_FEEDBACK}"
        bounds = {"min_created_at": _text(window.since), "max_created_at": _text(window.until)}

        def ask(cursor: str | None, limit: int) -> tuple[list[Record], str | None]:
            offset = int(cursor or 0)
            told = {**bounds, "session": [self._project], "limit": limit, "offset": offset}
            found = self._checked(self.client.get(path, told, of=of), path, of, _score)
            return found, str(offset + limit) if len(found) == limit else None

        return by_cursor(
            ask, limit=_FEEDBACK_PAGE, client=self.client, path=path, of=f"feedback of {of}", full_page_ends=True
        )

    def _checked(
        self, found: object, path: str, of: str, record: Callable[[Mapping[str, Any]], Record]
    ) -> list[Record]:
        if not isinstance(found, list) or not all(isinstance(row, dict) and row.get("id") for row in found):
            fix = "Check that the address is that of LangSmith's interface, not of a page before it."
            raise self.client.stop(path, of, "the answer is not a page of records with ids", fix)
        return [record(row) for row in found]


def _at(said: object, key: str) -> Any:  # noqa: ANN401  JSON holds anything
    return said.get(key) if isinstance(said, dict) else None


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06}Z"


def _run(row: Mapping[str, Any], *, keep: bool) -> Record:
    # A run is written when it starts and when it ends; nothing says when it was changed.
    end = time_of(row.get("end_time"))
    version = "" if end is None else f"{end:%Y%m%dT%H%M%S.%f}"
    trace_id = text_of(row.get("trace_id")) or str(row["id"])
    return Record(trace_id, str(row["id"]), version, time_of(row.get("start_time")), row if keep else None)


def _score(row: Mapping[str, Any]) -> Record:
    changed = time_of(row.get("modified_at")) or time_of(row.get("created_at"))
    version = "" if changed is None else f"{changed:%Y%m%dT%H%M%S.%f}"
    trace_id = text_of(row.get("trace_id")) or text_of(row.get("run_id")) or ""
    return Record(trace_id, str(row["id"]), version, time_of(row.get("created_at")), row)
