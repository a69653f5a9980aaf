"""Every text of a `trace/1` row with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.domain.trace import TraceRow

# What llmci itself or a vendor's enumeration fills in, never a person's words.
TECHNICAL = frozenset(
    """
    schema_version source source_kind content_hash pulled_at source_updated_at complete missing turn start end
    latency_ms ttft_ms status replay_kind replay_step usage cost type role kind mime_type sha256 size dialect
    finish_reason seq depth num annotator timestamp updated_at currency origin is_error rank
    """.split()  # noqa: SIM905  words read more easily without quotes
)
# Who it was and in which conversation: a keyed hash takes their place, whatever they look like.
IDENTITIES = frozenset({"user_id", "session_id", "author"})
# What names a thing of the system: 1.2.3.4 is a release here, and ten digits are an id.
LABELS = frozenset(
    """
    trace_id root_span_id span_id parent_id tool_call_id target_id config_id environment release version variant
    prompt_name prompt_version provider model response_model tool_name tool_choice
    """.split()  # noqa: SIM905  words read more easily without quotes
)
# Columns whose name says nothing of the text in them.
_PLACES = frozenset(
    """
    text json content extra uri input output messages parts steps metadata attributes events tags name
    description parameters tool_arguments tool_result comment error reasoning trace_id root_span_id span_id
    parent_id id
    """.split()  # noqa: SIM905  words read more easily without quotes
)


class Text(NamedTuple):
    """A text of a row.

    Attributes:
        path: Where it stands, such as `input.messages[0].parts[0].text`.
        column: The field's name.
        role: Role of the message it belongs to.
    """

    path: str
    column: str
    role: str | None
    text: str

    @property
    def key(self) -> str | None:
        """The field's name, where that says something of the text in it."""
        return None if self.column in _PLACES else self.column


def texts_of(row: TraceRow) -> list[Text]:
    """Every text that may hold a person's words, in a fixed order."""
    found: list[Text] = []
    _collect(row, "", None, found)
    return found


def _collect(fields: Mapping[str, Any], before: str, role: str | None, found: list[Text]) -> None:
    # Most fields of most rows are empty: this is most of the work on traces that repeat each other.
    for name, value in fields.items():
        if not value or name in TECHNICAL:
            continue
        if isinstance(value, str):
            found.append(Text(f"{before}{name}", name, role, value))
        elif isinstance(value, dict):
            _collect(value, f"{before}{name}.", value.get("role") or role, found)
        elif isinstance(value, list):
            _collect_items(value, f"{before}{name}", name, role, found)


def _collect_items(items: list[Any], path: str, column: str, role: str | None, found: list[Text]) -> None:
    for index, item in enumerate(items):
        if isinstance(item, dict):
            _collect(item, f"{path}[{index}].", item.get("role") or role, found)
        elif isinstance(item, list):
            _collect_items(item, f"{path}[{index}]", column, role, found)
        elif isinstance(item, str) and item:
            found.append(Text(f"{path}[{index}]", column, role, item))
