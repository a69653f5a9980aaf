"""Rows of clean tables to the nouns of a case: messages, tools and documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.core.privacy.mint import vouched
from llmci.domain.case import Document, Message, Part, Tool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.domain.text import CleanBatch, CleanText


def message_of(row: Mapping[str, Any], batch: CleanBatch) -> Message:
    """A message; who spoke is the user where the row does not say it."""
    parts = tuple(_part(part, batch) for part in row.get("parts") or ())
    return Message(role=row.get("role") or "user", name=row.get("name"), parts=parts)


def tool_of(row: Mapping[str, Any], batch: CleanBatch) -> Tool:
    """A tool that was offered."""
    return Tool(
        name=row.get("name") or "",
        description=clean_text(row.get("description"), batch),
        parameters=clean_text(row.get("parameters"), batch),
    )


def document_of(row: Mapping[str, Any], batch: CleanBatch) -> Document:
    """A document that was retrieved."""
    return Document(
        id=row.get("id"),
        content=clean_text(row.get("content"), batch),
        score=row.get("score"),
        rank=row.get("rank"),
    )


def clean_text(text: str | None, batch: CleanBatch) -> CleanText | None:
    """A text of a row of this batch."""
    return None if text is None else vouched(text, batch)


def _part(row: Mapping[str, Any], batch: CleanBatch) -> Part:
    return Part(
        type=row.get("type") or "unknown",
        text=clean_text(row.get("text"), batch),
        uri=row.get("uri"),
        mime_type=row.get("mime_type"),
        tool_call_id=row.get("tool_call_id"),
        tool_name=row.get("tool_name"),
        tool_arguments=clean_text(row.get("tool_arguments"), batch),
        tool_result=clean_text(row.get("tool_result"), batch),
        is_error=row.get("is_error"),
        extra=clean_text(row.get("extra"), batch),
    )
