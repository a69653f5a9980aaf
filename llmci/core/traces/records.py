"""One record of a file, with its mapping, to one row of `trace/1`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from llmci.core.traces.digest import record_digest
from llmci.core.traces.mapping import guessed
from llmci.core.traces.messages import messages_of
from llmci.core.traces.money import reported_cost
from llmci.core.traces.paths import picked
from llmci.core.traces.payloads import has_content, last_said, of_messages, payload_of, split_conversation, text_in
from llmci.core.traces.replay import replay_of
from llmci.core.traces.scalars import decoded, float_of, int_of, json_text, list_of, text_of, time_of
from llmci.core.traces.status import status_of
from llmci.core.traces.usage import tokens_of, usage_of
from llmci.domain.trace import SCHEMA_VERSION

if TYPE_CHECKING:
    from datetime import datetime

    from llmci.core.traces.mapping import Plan
    from llmci.core.traces.parts import Row
    from llmci.domain.trace import TraceRow

_TEXTS = (
    "session_id",
    "user_id",
    "name",
    "environment",
    "release",
    "version",
    "variant",
    "prompt_name",
    "prompt_version",
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record was read: name and kind of the source."""

    source: str
    kind: str


def row_of(record: dict[str, Any], plan: Plan | None, origin: Origin) -> TraceRow:
    """Normalise one record; without a plan the columns' names are guessed.

    Raises:
        Unreadable: It cannot become a trace; the text says why and holds nothing of the record.
    """
    plan = plan or guessed(tuple(record))
    found = {name: picked(record, pick) for name, pick in plan.fields}
    asked, answered, lacks = _payloads(found)
    documents = [
        document for rank, item in enumerate(list_of(found.get("documents"))) if (document := document_of(item, rank))
    ]
    usage = usage_of(
        found.get("usage"), input_tokens=found.get("input_tokens"), output_tokens=found.get("output_tokens")
    )
    kind, missing = replay_of(asked=asked, answered=answered, documents=documents, lacks=lacks)
    status, error_type, error = status_of(found.get("status"), found.get("error"))
    return {
        "schema_version": SCHEMA_VERSION,
        "source": origin.source,
        "source_kind": origin.kind,
        "trace_id": text_of(found.get("trace_id")) or record_digest(record)[:32],
        "complete": True,
        "missing": missing,
        **{name: text_of(found.get(name)) for name in _TEXTS},
        "turn": _small(found.get("turn")),
        "tags": [text for item in list_of(found.get("tags")) if (text := text_of(item))],
        "metadata": _metadata(record, plan),
        **_times(found),
        "status": status,
        "error_type": error_type,
        "error": error,
        "input": asked,
        "output": answered,
        "request": _request(found),
        "replay_kind": kind,
        "documents": documents,
        "usage": usage,
        "cost": reported_cost(found.get("cost"), tokens_of(usage)),
        "scores": _scores(record, plan),
        "steps": [],
    }


_Found = dict[str, Any]


def _payloads(found: _Found) -> tuple[Row, Row, list[str]]:
    """Input, output, and what is missing of them."""
    conversation = _instructed(messages_of(found.get("messages")), found.get("system"))
    given = payload_of(found.get("input"), role="user")
    answered = payload_of(found.get("output"), role="assistant")
    if not conversation:
        return _with_system(given, found.get("system")), answered, []
    before, after = split_conversation(conversation) if _is_whole(conversation, answered) else (conversation, [])
    answered = of_messages(after) if after else answered
    if any(message["role"] == "user" for message in before):
        return _beside(of_messages(before), given), answered, []
    # Nobody said anything: what the mapping calls the input stands for it.
    asked = {**given, "messages": before or None} if has_content(given) else of_messages(before)
    return asked, answered, ["user_message"]


def _beside(asked: Row, given: Row) -> Row:
    """Messages, and the mapped input where it says something else (a ticket that a conversation is about)."""
    text = given.get("text")
    return asked if text is None or text == text_in(asked, "user") else {**asked, "text": text}


def _instructed(messages: list[Row], system: object) -> list[Row]:
    """Messages after the instructions that were logged beside them, unless they begin with their own."""
    if system is None or not messages or messages[0]["role"] in ("system", "developer"):
        return messages
    return [*messages_of(system, role="system"), *messages]


def _with_system(given: Row, system: object) -> Row:
    if system is None or not has_content(given):
        return given
    asked = given.get("messages") or messages_of(given.get("text") or given.get("json"))
    return of_messages(_instructed(asked, system))


def _is_whole(conversation: list[Row], answered: Row) -> bool:
    """Whether messages hold the answer too, rather than only what was asked."""
    if answered["kind"] == "none" or conversation[-1]["role"] == "assistant":
        return True
    said = last_said(conversation, "assistant")
    return said is not None and said == text_in(answered, "assistant")


def _request(found: _Found) -> Row | None:
    tools = [tool for item in list_of(found.get("tools")) if (tool := tool_of(item))]
    params = found.get("params")
    row = {
        "dialect": text_of(found.get("dialect")),
        "provider": text_of(found.get("provider")),
        "model": text_of(found.get("model")),
        "response_model": text_of(found.get("response_model")),
        "tool_choice": text_of(found.get("tool_choice")),
        "response_format": text_of(found.get("response_format")),
        "params": None if params is None else text_of(params),
        "tools": tools or None,
    }
    return row if any(value is not None for value in row.values()) else None


def tool_of(item: object) -> Row | None:
    """A tool's definition, in any provider's form, as a `TOOL` row."""
    item = decoded(item)
    if not isinstance(item, dict):
        return None
    function = item.get("function")
    inner: dict[str, Any] = function if isinstance(function, dict) else item
    parameters = next(
        (
            inner[key]
            for key in ("parameters", "input_schema", "inputSchema", "json_schema")
            if inner.get(key) is not None
        ),
        None,
    )
    name = text_of(inner.get("name"))
    if name is None:
        return None
    return {
        "type": text_of(item.get("type")) or "function",
        "name": name,
        "description": text_of(inner.get("description")),
        "parameters": None if parameters is None else text_of(parameters),
    }


def document_of(item: object, rank: int) -> Row | None:
    """A retrieved passage, in any form, as a `DOCUMENT` row; `rank` counts from 0, best first."""
    item = decoded(item)
    if isinstance(item, dict) and isinstance(item.get("document"), dict):
        item = {**{key: value for key, value in item.items() if key != "document"}, **item["document"]}
    if not isinstance(item, dict):
        return None if item is None else {"content": text_of(item), "rank": rank}
    rest = dict(item)
    row: Row = {"rank": rank}
    for name, keys in _DOCUMENT_KEYS.items():
        key = next((key for key in keys if rest.get(key) is not None), None)
        if key is not None:
            row[name] = float_of(rest.pop(key)) if name == "score" else text_of(rest.pop(key))
    return {**row, "metadata": json_text(rest)} if rest else row


_DOCUMENT_KEYS = {
    "id": ("id", "document_id", "doc_id", "_id"),
    "content": ("content", "page_content", "text", "pageContent", "body"),
    "score": ("score", "relevance_score", "similarity"),
    "uri": ("uri", "url", "source", "href"),
}


def _metadata(record: dict[str, Any], plan: Plan) -> str | None:
    found = {key: value for key, pick in plan.metadata if (value := picked(record, pick)) is not None}
    for key in plan.rest:
        value = decoded(record.get(key))
        if key == "metadata" and isinstance(value, dict):
            found.update(value)
        elif value is not None and value != "" and key != "scores":
            found[key] = value
    return json_text(found) if found else None


def _scores(record: dict[str, Any], plan: Plan) -> list[Row]:
    scores = [
        score for name, pick in plan.scores if (score := score_of(name, picked(record, pick), annotator=pick.annotator))
    ]
    if "scores" in plan.rest and isinstance(given := decoded(record.get("scores")), dict):
        scores += [score for name, value in given.items() if (score := score_of(str(name), value, annotator="api"))]
    return scores


def score_of(name: str, value: object, *, annotator: str) -> Row | None:
    """A score as a `SCORE` row: numbers and booleans in `num`, words in `text`."""
    said: Row = {}
    if isinstance(value, dict):
        said = _said_of(value)
        value = next((value[key] for key in ("value", "score", "num") if value.get(key) is not None), value)
    if value is None or value == "":
        return None
    row: Row = {"name": name, "annotator": annotator, "target": "trace", **said}
    if isinstance(value, bool) or (isinstance(value, str) and value.lower() in ("true", "false")):
        return {**row, "type": "boolean", "num": float(str(value).lower() == "true")}
    number = None if isinstance(value, list) else float_of(value)
    if number is not None:
        return {**row, "type": "numeric", "num": number}
    return {**row, "type": "categorical", "text": text_of(value)}


_ANNOTATORS = {"end_user", "human", "llm", "code", "api"}


def _said_of(score: dict[str, Any]) -> Row:
    """Who gave a score, when and why, where that stands beside its value."""
    row: Row = {name: text for name in ("id", "author", "comment") if (text := text_of(score.get(name)))}
    if (annotator := score.get("annotator")) in _ANNOTATORS:
        row["annotator"] = annotator
    if (given := time_of(score.get("timestamp", score.get("created_at")))) is not None:
        row["timestamp"] = given
    return row


def _times(found: _Found) -> Row:
    start, end = time_of(found.get("start")), time_of(found.get("end"))
    latency = float_of(found.get("latency_ms"))
    if latency is None and (seconds := float_of(found.get("latency_s"))) is not None:
        latency = seconds * 1000
    if latency is None and start and end:
        latency = (end - start) / timedelta(milliseconds=1)
    if latency is not None and latency < 0:
        latency = None
    return {
        "start": start,
        "end": end or _end(start, latency),
        "latency_ms": latency,
        "ttft_ms": float_of(found.get("ttft_ms")),
    }


def _end(start: datetime | None, latency_ms: float | None) -> datetime | None:
    try:
        return start + timedelta(milliseconds=latency_ms) if start and latency_ms is not None else None
    except OverflowError:
        return None


def _small(value: object) -> int | None:
    number = int_of(value)
    return number if number is not None and abs(number) < 2**31 else None
