"""Phoenix, MLflow and LangSmith on this machine, as far as they are pulled from, after their published specifications.

Phoenix: `openapi.json` of server 20.26. MLflow: `service.proto` of 3.17, and what a server of it says. The
real ones are filled and read in `tests/real/test_phoenix.py` and `tests/real/test_mlflow.py`. LangSmith: the
types that its SDK 0.15 generates from the OpenAPI specification; the SDK reads this server in
`tests/real/test_langsmith_sdk.py`.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from scripted_server import Asked, Said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Row = dict[str, Any]
KEY = "key-of-nobody"


def time_in(text: str | None, default: datetime) -> datetime:
    return default if text is None else datetime.fromisoformat(text)


_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@dataclass
class VendorServer:
    """Answers what `_said` does; `fault` goes first where it gives something."""

    fault: Callable[[Asked], Said | None] = lambda _: None

    def answer(self, asked: Asked) -> Said:
        if (said := self.fault(asked)) is not None:
            return said
        return self.said(asked)

    def said(self, asked: Asked) -> Said:
        raise NotImplementedError


# --- Phoenix


def phoenix_span(trace: str, span: str, start: datetime, **changes: Any) -> Row:
    return {
        "name": "chat",
        "context": {"trace_id": trace, "span_id": span},
        "span_kind": "LLM",
        "parent_id": None,
        "start_time": start.isoformat(),
        "end_time": start.isoformat(),
        "status_code": "UNSET",
        "status_message": "",
        "attributes": {"llm.model_name": "gpt-4o-mini", "input.value": "Where?", "output.value": "In Lyon."},
        "events": [],
        **changes,
    }


def annotation(name: str, about: dict[str, str], at: datetime, **changes: Any) -> Row:
    return {
        "id": base64.b64encode(f"SpanAnnotation:{name}:{about}".encode()).decode(),
        "created_at": at.isoformat(),
        "updated_at": at.isoformat(),
        "source": "API",
        "user_id": None,
        "name": name,
        "annotator_kind": "HUMAN",
        "result": {"label": None, "score": 1.0, "explanation": None},
        "metadata": {},
        "identifier": "",
        **about,
        **changes,
    }


@dataclass
class PhoenixServer(VendorServer):
    spans: list[Row] = field(default_factory=list)
    annotations: list[Row] = field(default_factory=list)
    project: str = "shop"

    def said(self, asked: Asked) -> Said:
        if asked.path == "/v1/projects":
            names = [{"name": name, "id": name, "description": None} for name in (self.project, "default")]
            return Said(body={"data": names, "next_cursor": None})
        root = f"/v1/projects/{self.project}"
        match asked.path.removeprefix(root):
            case "/spans":
                return self._spans(asked)
            case "/span_annotations":
                return self._annotations(asked, "span_id", 10_000)
            case "/trace_annotations":
                return self._annotations(asked, "trace_id", 10_000)
        return Said(404, b"Project with name nope not found")

    def _spans(self, asked: Asked) -> Said:
        since, until = time_in(asked.params.get("start_time"), _FIRST), time_in(asked.params.get("end_time"), _LAST)
        wanted = asked.lists.get("trace_id")
        found = [
            {"id": base64.b64encode(f"Span:{number}".encode()).decode(), **span}
            for number, span in enumerate(self.spans, 1)
            if since <= datetime.fromisoformat(span["start_time"]) < until
            and (wanted is None or span["context"]["trace_id"] in wanted)
        ]
        if asked.params.get("order", "desc") == "desc":
            found.reverse()
        return _paged(found, asked, 1000)

    def _annotations(self, asked: Asked, key: str, most: int) -> Said:
        ids = asked.lists.get(f"{key}s")
        if ids is None:
            return Said(422, b"At least one of span_ids or identifier must be supplied")
        return _paged([row for row in self.annotations if row.get(key) in ids], asked, most)


def _paged(rows: Sequence[Row], asked: Asked, most: int) -> Said:
    limit = int(asked.params.get("limit", 10))
    if not 0 < limit <= most:
        return Said(422, {"detail": "limit"})
    first = int(asked.params.get("cursor", 0))
    after = str(first + limit) if first + limit < len(rows) else None
    return Said(body={"data": rows[first : first + limit], "next_cursor": after})


# --- MLflow


def mlflow_trace(trace: str, start: datetime, *spans: Row, assessments: Sequence[Row] = (), **info: Any) -> Row:
    return {
        "trace_info": {
            "trace_id": trace,
            "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "1"}},
            "request_time": f"{start:%Y-%m-%dT%H:%M:%S}.{start.microsecond // 1000:03}Z",
            "execution_duration": "1.400s",
            "state": "OK",
            "trace_metadata": {"mlflow.trace.sizeBytes": "100"},
            "tags": {"mlflow.trace.spansLocation": "TRACKING_STORE"},
            "assessments": list(assessments),
            **info,
        },
        "spans": list(spans) or [mlflow_span(trace, 1, start)],
    }


def mlflow_span(trace: str, number: int, start: datetime, parent: int | None = None, **attributes: Any) -> Row:
    nano = int(start.timestamp() * 1000) * 1_000_000
    given = {"mlflow.spanType": "CHAT_MODEL", "mlflow.spanInputs": {"messages": [{"role": "user", "content": "Where?"}]}, "mlflow.spanOutputs": "In Lyon.", **attributes}  # fmt: skip
    span = {
        "trace_id": base64.b64encode(trace.encode()[:16].ljust(16)).decode(),
        "span_id": base64.b64encode(number.to_bytes(8)).decode(),
        "name": "chat",
        "start_time_unix_nano": nano,
        "end_time_unix_nano": nano + 1_400_000_000,
        "attributes": [{"key": key, "value": any_value(value)} for key, value in given.items() if value is not None],
        "status": {"code": "STATUS_CODE_OK"},
        # As it was before it was stored; a server does not give this.
        "given": {key: value for key, value in given.items() if value is not None},
    }
    return span if parent is None else {**span, "parent_span_id": base64.b64encode(parent.to_bytes(8)).decode()}


def any_value(value: Any) -> Row:  # noqa: PLR0911  one of each type
    match value:
        case bool():
            return {"bool_value": value}
        case str():
            return {"string_value": value}
        case int():
            return {"int_value": value}
        case float():
            return {"double_value": value}
        case list():
            return {"array_value": {"values": [any_value(item) for item in value]}}
        case dict():
            return {"kvlist_value": {"values": [{"key": key, "value": any_value(item)} for key, item in value.items()]}}
    return {}


@dataclass
class MlflowServer(VendorServer):
    traces: list[Row] = field(default_factory=list)
    experiments: dict[str, str] = field(default_factory=lambda: {"0": "Default", "1": "shop"})

    def said(self, asked: Asked) -> Said:  # noqa: PLR0911  one of each path
        match asked.method, asked.path:
            case "POST", "/api/2.0/mlflow/experiments/search":
                found = [{"experiment_id": key, "name": name} for key, name in self.experiments.items()]
                return Said(body={"experiments": found})
            case "POST", "/api/3.0/mlflow/traces/search":
                return self._search(asked.body)
            case "GET", "/api/3.0/mlflow/traces/batchGet":
                wanted = asked.lists["trace_ids"]
                found = [trace for trace in self.traces if trace["trace_info"]["trace_id"] in wanted and trace["spans"]]
                if any(
                    trace["trace_info"]["tags"].get("mlflow.trace.spansLocation") != "TRACKING_STORE" for trace in found
                ):
                    return Said(500, {"message": "Trace data not stored in tracking store"})
                return Said(body={"traces": found} if found else {})
            case "GET", "/ajax-api/2.0/mlflow/get-trace-artifact":
                return self._artifact(asked.params["request_id"])
            case "GET", path if path.startswith("/api/3.0/mlflow/traces/"):
                [info] = [
                    one["trace_info"] for one in self.traces if path.endswith(f"/{one['trace_info']['trace_id']}")
                ]
                return Said(body={"trace": {"trace_info": info}})
        return Said(404)

    def _artifact(self, trace_id: str) -> Said:
        [trace] = [one for one in self.traces if one["trace_info"]["trace_id"] == trace_id]
        if not trace["spans"]:
            return Said(404)
        texts = [
            {**span, "attributes": {key: orjson.dumps(value).decode() for key, value in span["given"].items()}}
            for span in trace["spans"]
        ]
        return Said(body={"spans": texts})

    def _search(self, body: Row) -> Said:
        limit = body.get("max_results", 100)
        places = {place["mlflow_experiment"]["experiment_id"] for place in body["locations"]}
        if limit > 500:
            return Said(400, {"error_code": "INVALID_PARAMETER_VALUE"})
        infos = [trace["trace_info"] for trace in self.traces]
        for bound in filter(None, body.get("filter", "").split(" AND ")):
            name, sign, number = bound.split()
            assert name == "trace.timestamp_ms"
            at = [round(datetime.fromisoformat(info["request_time"]).timestamp() * 1000) for info in infos]
            keep = {">=": int(number).__le__, "<": int(number).__gt__}[sign]
            infos = [info for info, moment in zip(infos, at, strict=True) if keep(moment)]
        infos = [info for info in infos if info["trace_location"]["mlflow_experiment"]["experiment_id"] in places]
        infos.sort(key=lambda info: info["request_time"])
        token = body.get("page_token")
        first = orjson.loads(base64.b64decode(token))["offset"] if token else 0
        after = base64.b64encode(orjson.dumps({"offset": first + limit})).decode()
        more = {"next_page_token": after} if first + limit < len(infos) else {}
        return Said(body={"traces": infos[first : first + limit], **more})


# --- LangSmith


def langsmith_run(trace: str, run: str, start: datetime, **changes: Any) -> Row:
    """A run with the names of the newer interface; every one that can be selected."""
    return {
        "id": run,
        "trace_id": trace,
        "name": "chat",
        "run_type": "LLM",
        "status": "SUCCESS",
        "start_time": start.isoformat(),
        "end_time": start.isoformat(),
        "inputs": {"messages": [{"role": "user", "content": "Where?"}]},
        "outputs": {"choices": [{"message": {"role": "assistant", "content": "In Lyon."}}]},
        "parent_run_ids": [],
        "tags": [],
        "metadata": {},
        "extra": {},
        **changes,
    }


def feedback(name: str, trace: str, run: str, at: datetime, **changes: Any) -> Row:
    return {
        "id": f"f-{name}",
        "key": name,
        "trace_id": trace,
        "run_id": run,
        "created_at": at.isoformat(),
        "modified_at": at.isoformat(),
        "score": None,
        "value": None,
        "comment": None,
        "correction": None,
        "feedback_source": {"type": "api"},
        "session_id": PROJECT,
        **changes,
    }


PROJECT = "0b5cb7d5-3b0b-4f62-9d9c-0f1fd0f1d3a1"
_OLD_NAMES = {"run_type", "status"}


@dataclass
class LangsmithServer(VendorServer):
    runs: list[Row] = field(default_factory=list)
    feedback: list[Row] = field(default_factory=list)
    old: bool = False
    prefix: str = ""
    now: datetime = _LAST

    def said(self, asked: Asked) -> Said:
        if asked.headers.get("x-api-key") != KEY:
            return Said(401, {"detail": "Invalid token"})
        if asked.path == "/api/v2/runs/query":
            return Said(404) if self.old else self._query(asked.body)
        match asked.path.removeprefix(self.prefix):
            case "/sessions":
                project = {"id": PROJECT, "name": "shop", "tenant_id": PROJECT, "reference_dataset_id": None}
                return Said(body=[project] if asked.params.get("name") == "shop" else [])
            case "/feedback":
                return self._feedback(asked)
            case "/runs/query":
                return self._old_query(asked.body)
        return Said(404)

    def _within(self, since: str | None, until: str | None) -> list[Row]:
        first, last = time_in(since, self.now), time_in(until, _LAST)
        found = [run for run in self.runs if first <= datetime.fromisoformat(run["start_time"]) < last]
        return sorted(found, key=lambda run: run["start_time"], reverse=True)

    def _query(self, body: Row) -> Said:
        limit = body.get("page_size", 100)
        if not 1 <= limit <= 1000 or body["project_ids"] != [PROJECT]:
            return Said(400)
        # Without these two there is the id of what ran in the last day, and nothing else.
        selects = [name.lower() for name in body.get("selects", ["ID"])]
        found = self._within(body.get("min_start_time"), body.get("max_start_time"))
        found = [run for run in found if body.get("trace_id") in (None, run["trace_id"])]
        first = int(body.get("cursor") or 0)
        items = [{name: run[name] for name in selects if name in run} for run in found[first : first + limit]]
        more = {"next_cursor": str(first + limit)} if first + limit < len(found) else {}
        return Said(body={"items": items, **more})

    def _old_query(self, body: Row) -> Said:
        limit = body.get("limit", 100)
        if limit > 100:
            return Said(400, {"detail": "Limit exceeds maximum allowed value of 100"})
        found = self._within(body.get("start_time"), body.get("end_time"))
        found = [run for run in found if body.get("trace") in (None, run["trace_id"])]
        first = int(body.get("cursor") or 0)
        rows = []
        for run in found[first : first + limit]:
            # In lower case, with the metadata in `extra`, the direct parent alone and times without a zone.
            old = {**run, **{name: run[name].lower() for name in _OLD_NAMES}}
            old |= {name: run[name].removesuffix("+00:00") for name in ("start_time", "end_time") if run.get(name)}
            old["extra"] = {**run["extra"], "metadata": run["metadata"]}
            old["parent_run_id"] = run["parent_run_ids"][-1] if run["parent_run_ids"] else None
            rows.append({name: old[name] for name in body["select"] if name in old})
        after = str(first + limit) if first + limit < len(found) else None
        return Said(body={"runs": rows, "cursors": {"next": after, "prev": None}})

    def _feedback(self, asked: Asked) -> Said:
        limit, offset = int(asked.params.get("limit", 100)), int(asked.params.get("offset", 0))
        if limit > 100 or asked.lists.get("session", [PROJECT]) != [PROJECT]:
            return Said(400)
        since, until = (
            time_in(asked.params.get("min_created_at"), _FIRST),
            time_in(asked.params.get("max_created_at"), _LAST),
        )
        wanted = asked.lists.get("run")
        found = [
            row
            for row in self.feedback
            if since <= datetime.fromisoformat(row["created_at"]) < until
            and (wanted is None or row["run_id"] in wanted)
        ]
        return Said(body=found[offset : offset + limit])
