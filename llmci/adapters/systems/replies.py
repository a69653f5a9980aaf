"""What a system of the user's own may give back, and what it means."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from llmci.core.bench.chat import documents_of, said
from llmci.domain.run import Usage
from llmci.seams import Failed, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

# The names of llmci, of OpenAI and of Anthropic for the same counts.
_INPUT = ("input", "prompt_tokens", "input_tokens")
_OUTPUT = ("output", "completion_tokens", "output_tokens")
_CACHED = ("cached", "cached_tokens", "cache_read_input_tokens")


def reply_of(value: object, latency_ms: float | None, *, timed_here: bool = True) -> Reply | Failed:
    """Read a text, or an object with `answer`, `documents`, `usage`, `cost` and `tool_calls`.

    Other keys are left alone. Anything else is the system's fault.

    Args:
        timed_here: Whether this process took the time, rather than the one that answered.
    """
    if value is None:
        return Failed("it returned nothing", "system")
    if isinstance(value, str):
        return Reply(text=value, usage=Usage(), latency_ms=latency_ms, timed_here=timed_here)
    if not isinstance(value, dict):
        return Failed(f"it returned a {type(value).__name__}, neither a text nor an object", "system")
    try:
        return _reply(value, latency_ms, timed_here=timed_here)
    except (TypeError, ValueError) as error:
        return Failed(f"it returned an object of the wrong shape: {error}", "system")


def _reply(value: Mapping[str, Any], latency_ms: float | None, *, timed_here: bool) -> Reply:
    calls = _list(value, "tool_calls") or []
    if not all(isinstance(call, dict) for call in calls):
        raise TypeError("a tool call is not an object")
    text = value.get("answer", "" if calls else None)
    if not isinstance(text, str):
        raise TypeError("`answer` is not a text" if "answer" in value else "`answer` is missing")
    return Reply(
        text=text,
        # A plain text needs no message beside it.
        messages=said(text, calls) if calls else (),
        documents=documents_of(_list(value, "documents")),
        usage=usage_of(value.get("usage")),
        cost=_cost(value.get("cost")),
        latency_ms=latency_ms,
        timed_here=timed_here,
    )


def usage_of(given: object) -> Usage:
    """Token counts in anybody's spelling; what is not a count is unknown."""
    if not isinstance(given, dict):
        return Usage()
    return Usage(input=_count(given, _INPUT), output=_count(given, _OUTPUT), cached=_count(given, _CACHED))


def _count(given: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    found = next((given[name] for name in names if given.get(name) is not None), None)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None


def _cost(given: object) -> float | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise TypeError("`cost` is not a number")
    if not math.isfinite(given) or given < 0:
        raise ValueError("`cost` is not an amount of money")
    return float(given)


def _list(value: Mapping[str, Any], name: str) -> list[Any] | None:
    given = value.get(name)
    if given is not None and not isinstance(given, list):
        raise TypeError(f"`{name}` is not a list")
    return given
