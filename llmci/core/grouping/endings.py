"""How a model's message ended, by the words of its provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CUT_OFF = frozenset(
    {"length", "max_tokens", "max_output_tokens", "model_length", "incomplete", "model_context_window_exceeded"}
)
_BLOCKED = frozenset(
    {
        "refusal",
        "content_filter",
        "content_filtered",
        "guardrail_intervened",
        "safety",
        "image_safety",
        "prohibited_content",
        "blocklist",
        "spii",
        "recitation",
        "error_toxic",
    }
)


def was_cut_off(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the last of these messages was ended by a limit of tokens."""
    return _last(messages) in _CUT_OFF


def was_blocked(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the last of these messages was ended by the provider's filter, or the model's refusal."""
    return _last(messages) in _BLOCKED


def _last(messages: Sequence[Mapping[str, Any]]) -> str:
    return (messages[-1].get("finish_reason") or "").lower() if messages else ""
