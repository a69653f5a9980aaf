"""From a reply, as a system gave it, to the clean texts of an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from llmci.core.privacy.mint import sanitized
from llmci.domain.case import Case, Document, Message, Part
from llmci.domain.text import CleanText

if TYPE_CHECKING:
    from collections.abc import Mapping

# Sanitizes the texts of one answer. What already stands in the case's own clean text stays as it is.
Cleaner = Callable[[Sequence[str], Case], list[CleanText]]

# Names and ids are what the model made up, so they are texts like any other.
_PART_TEXTS = ("text", "tool_name", "tool_call_id", "tool_arguments", "tool_result", "extra", "uri")


@dataclass(frozen=True, slots=True)
class CleanSaid:
    """What a system said, sanitized."""

    text: CleanText
    messages: tuple[Message, ...]
    documents: tuple[Document, ...] | None


def unclean(text: str) -> CleanText:
    """Put a text of a reply where a clean one will stand.

    A `llmci.seams.Reply` holds messages and documents that still have to be sanitized. They have the
    shape of clean ones, so here the type says more than is true, until `clean_said` has replaced
    every text.
    """
    return cast("CleanText", text)


def well_formed(text: str) -> str:
    """Replace lone surrogates: they come out of JSON escapes and fit into no file."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def clean_said(
    text: str,
    messages: Sequence[Message],
    documents: Sequence[Document] | None,
    clean: Callable[[Sequence[str]], Sequence[str]],
) -> CleanSaid:
    """Send every text of a reply through `clean`, each distinct text once, and put it back in its place."""
    raw = texts_said(text, messages, documents)
    minted = {before: sanitized(after) for before, after in zip(raw, clean(raw), strict=True)}
    return CleanSaid(
        minted[text],
        tuple(_clean_message(message, minted) for message in messages),
        None if documents is None else tuple(_clean_document(document, minted) for document in documents),
    )


def texts_said(text: str, messages: Sequence[Message], documents: Sequence[Document] | None) -> list[str]:
    """Every text of a reply, each once."""
    texts = {text: None}
    for message in messages:
        texts |= {message.name: None} if message.name else {}
        texts |= {value: None for part in message.parts for value in _texts_of(part).values()}
    texts |= {said: None for document in documents or () for said in (document.id, document.content) if said}
    return list(texts)


def _texts_of(part: Part) -> dict[str, str]:
    return {name: value for name in _PART_TEXTS if (value := getattr(part, name))}


def _clean_message(message: Message, minted: Mapping[str, CleanText]) -> Message:
    parts = tuple(_cleaned(part, minted) for part in message.parts)
    return replace(message, parts=parts, name=minted[message.name] if message.name else None)


def _cleaned(part: Part, minted: Mapping[str, CleanText]) -> Part:
    found: dict[str, Any] = {name: minted[value] for name, value in _texts_of(part).items()}
    return replace(part, **found)


def _clean_document(document: Document, minted: Mapping[str, CleanText]) -> Document:
    found: dict[str, Any] = {name: minted[value] for name in ("id", "content") if (value := getattr(document, name))}
    return replace(document, **found)
