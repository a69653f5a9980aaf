"""Scores of Langfuse, of its interfaces and of its export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.core.traces.records import score_of
from llmci.core.traces.scalars import float_of, text_of, time_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.core.traces.parts import Row

_ANNOTATORS = {"ANNOTATION": "human", "EVAL": "llm", "API": "api"}


def score_row(score: Mapping[str, Any]) -> Row | None:
    """A score of `/v3/scores`, `/v2/scores` or an export as a `SCORE` row; None where it says nothing."""
    name, kind = text_of(score.get("name")), str(score.get("dataType") or "").upper()
    value = score.get("value")
    if kind in ("CATEGORICAL", "TEXT", "CORRECTION"):
        # Before v3 the number of the category stands in `value`, and its name beside it.
        text = text_of(score.get("stringValue")) or (text_of(value) if isinstance(value, str) else None)
        found: Row | None = None if text is None else {"type": kind.lower(), "text": text}
    elif kind == "BOOLEAN":
        number = float_of(value)
        found = None if number is None else {"type": "boolean", "num": float(number != 0)}
    else:
        found = score_of(name or "score", value, annotator="api")
    if found is None:
        return None
    target, target_id = _target(score)
    metadata = score.get("metadata")
    return {
        **found,
        "id": text_of(score.get("id")),
        "name": name or "score",
        "annotator": _ANNOTATORS.get(str(score.get("source")), "api"),
        "author": text_of(score.get("authorUserId")),
        "comment": text_of(score.get("comment")),
        "target": target,
        "target_id": target_id,
        "timestamp": time_of(score.get("timestamp")),
        "updated_at": time_of(score.get("updatedAt")),
        "config_id": text_of(score.get("configId")),
        "metadata": None if metadata in (None, {}, "") else text_of(metadata),
    }


def scored_trace(score: Mapping[str, Any]) -> str:
    """The trace that a score is about; "" for a score of a session or an experiment."""
    subject = score.get("subject")
    if isinstance(subject, dict):
        kind = subject.get("kind")
        found = subject.get("id") if kind == "trace" else subject.get("traceId") if kind == "observation" else None
        return text_of(found) or ""
    return text_of(score.get("traceId")) or ""


def _target(score: Mapping[str, Any]) -> tuple[str, str | None]:
    subject = score.get("subject")
    if isinstance(subject, dict):
        return ("step" if subject.get("kind") == "observation" else "trace"), text_of(subject.get("id"))
    step = text_of(score.get("observationId"))
    return ("step", step) if step else ("trace", text_of(score.get("traceId")))
