"""Where in a labelled trace a setting points: a column, `metadata.<key>`, `tag:<prefix>`, `score:<name>`, `output`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from llmci.core.grouping.texts import output_text
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.domain.trace import TraceRow

_COLUMNS = (
    "trace_id",
    "source",
    "session_id",
    "turn",
    "user_id",
    "name",
    "environment",
    "release",
    "version",
    "variant",
    "prompt_name",
    "prompt_version",
    "status",
    "replay_kind",
)
# Spelled as a user would, and where the label has it.
_LABELS = {"cluster": "cluster_name", "topic": "topic_name", "language": "language"}
# A longer value is text, not a name for a group.
_LONGEST_VALUE = 200


def check_place(place: str, setting: str) -> None:
    """Refuse a spelling that points nowhere.

    Raises:
        UsageError: Names the setting.
    """
    kind, _, rest = place.partition(":")
    dotted = place.removeprefix("metadata.")
    known = place in _COLUMNS or place in _LABELS or place in ("output", "flag", "model")
    if known or (kind in ("tag", "score") and rest) or (dotted and dotted != place):
        return
    raise UsageError(
        f"evalset.{setting}: {place!r} is no place in a trace.",
        fix=f"Use one of {', '.join((*_COLUMNS, *_LABELS, 'flag', 'model'))}, "
        "metadata.<key>, tag:<prefix>, score:<name> or output.",
    )


def found_at(place: str, trace: TraceRow, label: Mapping[str, Any]) -> Any:  # noqa: ANN401  metadata holds anything
    """The value there, or None. Metadata may be any JSON value; everything else is text or a number."""
    kind, _, rest = place.partition(":")
    if kind == "tag" and rest:
        return _tagged(trace.get("tags") or (), rest)
    if kind == "score" and rest:
        return _score(trace.get("scores") or (), rest)
    if place.startswith("metadata."):
        return _in_metadata(trace.get("metadata"), place.removeprefix("metadata."))
    return _named_place(place, trace, label)


def named_at(place: str, trace: TraceRow, label: Mapping[str, Any]) -> str | None:
    """The value there as a short name for a group or an identity; None where there is none."""
    value = found_at(place, trace, label)
    if value is None or isinstance(value, (dict, list)):
        return None
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text[:_LONGEST_VALUE] or None


def text_at(place: str, trace: TraceRow, label: Mapping[str, Any]) -> str | None:
    """The value there as text, structures as JSON; None where there is none."""
    value = found_at(place, trace, label)
    if value is None:
        return None
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def structure_at(place: str, trace: TraceRow, label: Mapping[str, Any]) -> object:
    """The value there; a list or an object that is written as JSON text is read."""
    value = found_at(place, trace, label)
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def _named_place(place: str, trace: TraceRow, label: Mapping[str, Any]) -> Any:  # noqa: ANN401  see `found_at`
    match place:
        case "cluster" | "topic" | "language":
            return label.get(_LABELS[place])
        case "flag":
            return next(iter(label.get("flags") or ()), "none")
        case "model":
            return (trace.get("request") or {}).get("model")
        case "output":
            return output_text(trace.get("output")) or None
        case _:
            return trace.get(place)


def _in_metadata(text: str | None, path: str) -> Any:  # noqa: ANN401  JSON holds anything
    try:
        value = orjson.loads(text or "null")
    except orjson.JSONDecodeError:
        return None
    if isinstance(value, dict) and path in value:
        return value[path]
    for step in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def _tagged(tags: Any, prefix: str) -> str | None:  # noqa: ANN401  a list of text
    for tag in tags:
        if tag.startswith(prefix):
            return str(tag[len(prefix) :].lstrip(":=/ ")) or str(tag)
    return None


def _score(scores: Any, name: str) -> Any:  # noqa: ANN401  text or a number
    """The latest score of that name; words before the number, for they may be a correction."""
    held = [score for score in scores if score.get("name") == name]
    if not held:
        return None
    last = max(held, key=lambda score: str(score.get("updated_at") or score.get("timestamp") or ""))
    return last["text"] if last.get("text") is not None else last.get("num")
