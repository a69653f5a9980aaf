"""Langfuse's public interface on this machine, from its published OpenAPI specification, with the ways it has in practice.

Written from `fern/apis/server/definition/{observations,scores}.yml` and `legacy/*.yml` of langfuse/langfuse
and from the handlers behind them; the vendor's own SDKs read it in `tests/real/test_langfuse_sdks.py`.
"""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from builders import NOON
from scripted_server import Asked, Said

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PUBLIC, SECRET = "pk-lf-1", "sk-lf-1"
BUCKET = "/bucket/media/"
ENVIRON = {"LANGFUSE_PUBLIC_KEY": PUBLIC, "LANGFUSE_SECRET_KEY": SECRET}
_GROUPS = {
    "core": ("id", "traceId", "startTime", "endTime", "projectId", "parentObservationId", "type"),
    "basic": ("name", "level", "statusMessage", "version", "environment", "bookmarked", "public", "userId", "sessionId", "isRootObservation"),
    "time": ("completionStartTime", "createdAt", "updatedAt"),
    "io": ("input", "output"),
    "metadata": ("metadata",),
    # On the wire it is `model`, although the specification says `providedModelName`.
    "model": ("model", "internalModelId", "modelParameters"),
    "usage": ("usageDetails", "costDetails", "totalCost", "usagePricingTierName"),
    "prompt": ("promptId", "promptName", "promptVersion"),
    "metrics": ("latency", "timeToFirstToken"),
    "trace_context": ("tags", "release", "traceName"),
}  # fmt: skip
_SCORE_CORE = (
    "id",
    "projectId",
    "name",
    "value",
    "dataType",
    "source",
    "timestamp",
    "environment",
    "createdAt",
    "updatedAt",
)
_SCORE_GROUPS = {"details": ("comment", "configId", "metadata"), "subject": ("subject",), "annotation": ("authorUserId", "queueId")}  # fmt: skip


def text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def observation(trace_id: str, span_id: str, start: datetime, **changes: Any) -> dict[str, Any]:
    """A row as `/v2/observations` has it, all groups; `seconds` long."""
    seconds = changes.pop("seconds", 1.5)
    parent = changes.get("parentObservationId")
    return {
        "id": span_id,
        "traceId": trace_id,
        "startTime": text(start),
        "endTime": text(start + timedelta(seconds=seconds)),
        "projectId": "prj",
        "parentObservationId": None,
        "type": "GENERATION",
        "name": "answer",
        "level": "DEFAULT",
        "statusMessage": "",
        "version": None,
        "environment": "production",
        "bookmarked": False,
        "public": False,
        "userId": "u-81",
        "sessionId": "s-5",
        "isRootObservation": parent is None,
        "completionStartTime": None,
        "createdAt": text(start + timedelta(seconds=5)),
        "updatedAt": text(start + timedelta(seconds=5)),
        "input": '[{"role":"user","content":"Where is parcel 778?"}]',
        "output": '{"role":"assistant","content":"In Lyon."}',
        "metadata": {},
        "model": "gpt-4o-mini-2024-07-18",
        "internalModelId": None,
        "modelParameters": '{"temperature":0.2}',
        "usageDetails": {"input": 210, "output": 18, "total": 228},
        "costDetails": {"input": 0.0000315, "output": 0.0000108, "total": 0.0000423},
        "totalCost": 0.0000423,
        "usagePricingTierName": None,
        "promptId": None,
        "promptName": None,
        "promptVersion": None,
        "latency": seconds,
        "timeToFirstToken": None,
        "tags": ["prod"],
        "release": "web-4.2",
        "traceName": "support",
        **changes,
    }


def score(score_id: str, trace_id: str, at: datetime, **changes: Any) -> dict[str, Any]:
    """A row as `/v3/scores` has it, all groups."""
    return {
        "id": score_id,
        "projectId": "prj",
        "name": "thumbs",
        "value": 0,
        "dataType": "NUMERIC",
        "source": "API",
        "timestamp": text(at),
        "environment": "production",
        "createdAt": text(at),
        "updatedAt": text(at),
        "comment": None,
        "configId": None,
        "metadata": {},
        "subject": {"kind": "trace", "id": trace_id},
        "authorUserId": None,
        "queueId": None,
        **changes,
    }


@dataclass
class Langfuse:
    """What the server holds and how it behaves; give `answer` to `scripted_server.serving`.

    Attributes:
        era: 4 has `/v2/observations` and `/v3/scores`; 3 has `/traces`, `/observations` and `/v2/scores`.
        traces: Of the older interface.
        files: Uploaded media by id: type and content.
        interposed: Looks at every request first; what it gives is the answer.
        most: Rows that one answer to a window may cost; more is a 422, as an overloaded ClickHouse gives, or `strained`.
        cursors: False never gives a cursor.
    """

    observations: list[dict[str, Any]] = field(default_factory=list)
    scores: list[dict[str, Any]] = field(default_factory=list)
    traces: list[dict[str, Any]] = field(default_factory=list)
    era: int = 4
    interposed: Callable[[Asked], Said | None] = lambda _: None
    most: int | None = None
    strained: int = 422
    page: int = 1000
    cursors: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    counts: bool = True
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    # What a window held when its first page was asked for.
    _read: dict[tuple[str | None, ...], list[dict[str, Any]]] = field(default_factory=dict)

    def answer(self, asked: Asked) -> Said:
        if said := self.interposed(asked):
            return said
        if asked.path.startswith(BUCKET):
            return self._bucket(asked)
        token = base64.b64encode(f"{PUBLIC}:{SECRET}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {token}":
            return self._wrong(401, "Invalid credentials. Confirm that you've configured the correct host.")
        routes: dict[str, Callable[[Asked], Said]] = {
            "/api/public/v2/scores": self._old_scores,
            "/api/public/projects": self._projects,
        }
        if self.era >= 4:
            routes |= {
                "/api/public/v2/observations": self._observations,
                "/api/public/v3/scores": self._scores,
                "/api/public/v2/metrics": self._metrics,
            }
        if self.era <= 3:
            routes |= {
                "/api/public/traces": self._old_traces,
                "/api/public/observations": self._old_observations,
            }
            if asked.path.startswith("/api/public/traces/"):
                return self._old_trace(asked.path.rpartition("/")[2])
        if asked.path.startswith("/api/public/media/"):
            return self._media(asked)
        route = routes.get(asked.path)
        return route(asked) if route else self._wrong(404, "Not Found")

    def _wrong(self, status: int, message: str) -> Said:
        return Said(status, {"message": message, "error": message}, headers=self.headers)

    def _media(self, asked: Asked) -> Said:
        media_id = asked.path.rpartition("/")[2]
        if media_id not in self.files:
            return self._wrong(404, "Media asset not found or has not been uploaded yet")
        kind, content = self.files[media_id]
        url = f"http://{asked.headers['host']}{BUCKET}{media_id}?X-Amz-Signature={SECRET}"
        body = {"mediaId": media_id, "contentType": kind, "contentLength": len(content), "url": url}
        return Said(body={**body, "urlExpiry": text(NOON), "uploadedAt": text(NOON)}, headers=self.headers)

    def _bucket(self, asked: Asked) -> Said:
        """Another server as far as clients are concerned: it knows signed addresses, and nobody's keys."""
        if "authorization" in asked.headers or asked.params.get("X-Amz-Signature") != SECRET:
            return Said(400, b"<Error/>")
        found = self.files.get(asked.path.removeprefix(BUCKET))
        return Said(body=found[1]) if found else Said(403, b"<Error>AccessDenied</Error>")

    def _projects(self, _: Asked) -> Said:
        return Said(body={"data": [{"id": "prj", "name": "shop", "metadata": {}}]})

    def _observations(self, asked: Asked) -> Said:
        limit = int(asked.params.get("limit", 50))
        if limit > min(1000, self.page):
            return self._wrong(400, "Invalid request data")
        window = tuple(asked.params.get(key) for key in ("fromStartTime", "toStartTime", "traceId", "environment"))
        cursor = asked.params.get("cursor")
        if cursor is None:
            found = self._chosen(self.observations, asked, "startTime", "StartTime")
            if self.most is not None and "fromStartTime" in asked.params and len(found) > self.most:
                return self._wrong(self.strained, "Request timed out")
            self._read[window] = sorted(found, key=_position, reverse=True)
        found = self._read[window]
        first = 0 if cursor is None else _after(found, orjson.loads(base64.b64decode(cursor)))
        page, more = found[first : first + limit], len(found) > first + limit
        meta = {}
        if more and self.cursors:
            last = {
                "lastStartTimeTo": page[-1]["startTime"],
                "lastTraceId": page[-1]["traceId"],
                "lastId": page[-1]["id"],
            }
            meta = {"cursor": base64.b64encode(orjson.dumps(last)).decode()}
        groups = [name for name in asked.params.get("fields", "core,basic").split(",") if name in _GROUPS]
        keys = {key for name in ("core", *groups) for key in _GROUPS[name]}
        data = [_shown(row, keys, groups) for row in page]
        return Said(body={"data": data, "meta": meta}, headers=self.headers)

    def _scores(self, asked: Asked) -> Said:
        limit = int(asked.params.get("limit", 50))
        groups = [name for name in asked.params.get("fields", "").split(",") if name]
        if limit > 100 or any(name not in _SCORE_GROUPS for name in groups):
            return self._wrong(400, "Invalid request data")
        found = sorted(self._chosen(self.scores, asked, "timestamp", "Timestamp"), key=lambda row: (row["timestamp"], row["id"]), reverse=True)  # fmt: skip
        start = int(base64.urlsafe_b64decode(asked.params["cursor"])) if "cursor" in asked.params else 0
        page = found[start : start + limit]
        meta: dict[str, Any] = {"limit": limit}
        if start + limit < len(found):
            meta["cursor"] = base64.urlsafe_b64encode(str(start + limit).encode()).decode()
        keys = {*_SCORE_CORE, *(key for name in groups for key in _SCORE_GROUPS[name])}
        data = [{key: value for key, value in row.items() if key in keys} for row in page]
        return Said(body={"data": data, "meta": meta}, headers=self.headers)

    def _metrics(self, asked: Asked) -> Said:
        if not self.counts:
            return self._wrong(404, "Not Found")
        query = orjson.loads(asked.params["query"])
        within = [r for r in self.observations if query["fromTimestamp"] <= r["startTime"] < query["toTimestamp"]]
        return Said(body={"data": [{"count_count": str(len({(r["traceId"], r["id"]) for r in within}))}]})

    def _old_traces(self, asked: Asked) -> Said:
        found = sorted(
            self._chosen(self.traces, asked, "timestamp", "Timestamp"), key=lambda row: (row["timestamp"], row["id"])
        )
        keys = {"core", *asked.params.get("fields", "core,io,scores,observations,metrics").split(",")}
        hidden = {key for group, names in (("io", ("input", "output", "metadata")), ("metrics", ("latency", "totalCost"))) if group not in keys for key in names}  # fmt: skip
        return self._numbered([{k: v for k, v in row.items() if k not in hidden} for row in found], asked)

    def _old_trace(self, trace_id: str) -> Said:
        found = next((row for row in self.traces if row["id"] == trace_id), None)
        if found is None:
            return self._wrong(404, "Trace not found within authorized project")
        inside = [_before(row) for row in self.observations if row["traceId"] == trace_id]
        return Said(body={**found, "observations": inside, "scores": []})

    def _old_observations(self, asked: Asked) -> Said:
        found = self._chosen(self.observations, asked, "startTime", "StartTime")
        return self._numbered([_before(row) for row in sorted(found, key=_position, reverse=True)], asked)

    def _old_scores(self, asked: Asked) -> Said:
        found = self._chosen(self.scores, asked, "timestamp", "Timestamp")
        return self._numbered([_score_before(row) for row in found], asked)

    def _numbered(self, found: Sequence[Any], asked: Asked) -> Said:
        limit, page = int(asked.params.get("limit", 50)), int(asked.params.get("page", 1))
        if limit > 100:
            return self._wrong(400, "Invalid request data")
        meta = {"page": page, "limit": limit, "totalItems": len(found), "totalPages": -(-len(found) // limit)}
        return Said(body={"data": found[(page - 1) * limit : page * limit], "meta": meta}, headers=self.headers)

    def _chosen(self, rows: Sequence[dict[str, Any]], asked: Asked, column: str, name: str) -> list[dict[str, Any]]:
        since, until = asked.params.get(f"from{name}"), asked.params.get(f"to{name}")
        wanted = {key: asked.params[key] for key in ("traceId", "environment") if key in asked.params}
        return [
            row
            for row in rows
            if (since is None or row[column] >= since)
            and (until is None or row[column] < until)
            and all(row.get(key) == value for key, value in wanted.items())
        ]


def _after(rows: Sequence[Mapping[str, Any]], last: Mapping[str, Any]) -> int:
    """The first row behind the one that a cursor names."""
    position = (last["lastStartTimeTo"], zlib.crc32(last["lastTraceId"].encode()), last["lastId"])
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) // 2
        if _position(rows[middle]) < position:
            high = middle
        else:
            low = middle + 1
    return low


def _position(row: Mapping[str, Any]) -> tuple[str, int, str]:
    return row["startTime"], zlib.crc32(row["traceId"].encode()), row["id"]


def _shown(row: Mapping[str, Any], keys: set[str], groups: Sequence[str]) -> dict[str, Any]:
    shown = {key: value for key, value in row.items() if key in keys}
    if "metadata" in shown and "io" not in groups:
        shown["metadata"] = {key: str(value)[:200] for key, value in shown["metadata"].items()}
    return {**shown, "modelId": None, "inputPrice": None, "outputPrice": None, "totalPrice": None}


def _before(row: Mapping[str, Any]) -> dict[str, Any]:
    """An observation as `/observations` of v3 has it: payloads decoded, no trace context."""
    kept = {key: value for key, value in row.items() if key not in ("userId", "sessionId", "tags", "release", "traceName", "isRootObservation", "totalCost")}  # fmt: skip
    parsed = {key: _decoded(row[key]) for key in ("input", "output", "modelParameters")}
    counts = row["usageDetails"]
    usage = {"input": counts.get("input", 0), "output": counts.get("output", 0), "total": counts.get("total", 0), "unit": "TOKENS"}  # fmt: skip
    return {**kept, **parsed, "usage": usage, "calculatedTotalCost": row["totalCost"]}


def _score_before(row: Mapping[str, Any]) -> dict[str, Any]:
    subject = row.get("subject") or {}
    kept = {key: value for key, value in row.items() if key != "subject"}
    if row["dataType"] == "BOOLEAN":
        kept |= {"value": float(row["value"]), "stringValue": str(bool(row["value"]))}
    elif row["dataType"] in {"CATEGORICAL", "TEXT", "CORRECTION"}:
        kept |= {"value": 0, "stringValue": row["value"]}
    kind = subject.get("kind")
    return {
        **kept,
        "traceId": subject.get("id") if kind == "trace" else subject.get("traceId"),
        "observationId": subject.get("id") if kind == "observation" else None,
        "sessionId": subject.get("id") if kind == "session" else None,
    }


def trace_before(trace_id: str, at: datetime, **changes: Any) -> dict[str, Any]:
    """A row of `/traces` of v3."""
    return {
        "id": trace_id,
        "timestamp": text(at),
        "name": "support",
        "input": [{"role": "user", "content": "Where is parcel 778?"}],
        "output": {"role": "assistant", "content": "In Lyon."},
        "sessionId": "s-5",
        "userId": "u-81",
        "release": "web-4.2",
        "version": None,
        "metadata": {},
        "tags": ["prod"],
        "public": False,
        "environment": "production",
        "htmlPath": f"/project/prj/traces/{trace_id}",
        "latency": 1.5,
        "totalCost": 0.0000423,
        "createdAt": text(at),
        "updatedAt": text(at),
        **changes,
    }


def _decoded(value: Any) -> Any:
    try:
        return orjson.loads(value)
    except (orjson.JSONDecodeError, TypeError):
        return value
