"""Token counts of any provider to `USAGE`, where `input` includes cached tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.core.traces.paths import at, narrowed
from llmci.core.traces.scalars import decoded, int_of

if TYPE_CHECKING:
    from llmci.core.traces.parts import Row

_INPUT = "input_tokens | prompt_tokens | promptTokenCount | prompt_token_count | inputTokens | promptTokens | input"
_OUTPUT = (
    "output_tokens | completion_tokens | candidatesTokenCount | candidates_token_count | outputTokens"
    " | completionTokens | output"
)
_TOTAL = "total_tokens | totalTokenCount | total_token_count | totalTokens | total"
_CACHE_READ = (
    "cache_read_input_tokens | prompt_tokens_details.cached_tokens | input_tokens_details.cached_tokens"
    " | cachedContentTokenCount | cached_content_token_count | input_cached_tokens | input_token_details.cache_read"
    " | cacheReadInputTokens | cachedInputTokens | cache_read_tokens"
)
_CACHE_WRITE = (
    "cache_creation_input_tokens | input_cache_creation | input_token_details.cache_creation | cacheWriteInputTokens"
    " | cache_write_tokens"
)
_REASONING = (
    "completion_tokens_details.reasoning_tokens | output_tokens_details.reasoning_tokens | thoughtsTokenCount"
    " | thoughts_token_count | reasoningTokens"
    " | output_reasoning_tokens | output_token_details.reasoning"
)
# These providers' input counts leave cached tokens out.
_EXCLUDES_CACHE = (
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "input_cached_tokens",
    "input_cache_creation",
    "cacheReadInputTokens",
    "cacheWriteInputTokens",
)
_AUDIO_INPUT = "prompt_tokens_details.audio_tokens | input_token_details.audio | input_audio_tokens"
_AUDIO_OUTPUT = "completion_tokens_details.audio_tokens | output_token_details.audio | output_audio_tokens"
_PATHS = {
    "input": _INPUT,
    "output": _OUTPUT,
    "total": _TOTAL,
    "cache_read": _CACHE_READ,
    "cache_write": _CACHE_WRITE,
    "reasoning": _REASONING,
    "audio_input": _AUDIO_INPUT,
    "audio_output": _AUDIO_OUTPUT,
}
_FIELDS = ("input", "output", "total", "cache_read", "cache_write", "reasoning", "audio_input", "audio_output")


def usage_of(logged: object, *, input_tokens: object = None, output_tokens: object = None) -> Row | None:
    """A provider's usage object as a `USAGE` row; plain counts beside it win."""
    usage: Any = decoded(logged) if logged is not None else {}
    if not isinstance(usage, dict):
        usage = {}
    # A provider's counts always have the same names, and few of those that there are.
    keys = tuple(map(str, usage))
    told = {name: int_of(at(usage, there)) for name, path in _PATHS.items() if (there := narrowed(path, keys))}
    read, written, found = told.get("cache_read"), told.get("cache_write"), told.get("input")
    if found is not None and any(key in usage for key in _EXCLUDES_CACHE):
        found += (read or 0) + (written or 0)
    said, reasoning = told.get("output"), told.get("reasoning")
    # Gemini counts its thoughts beside what it said.
    if said is not None and reasoning and ("thoughtsTokenCount" in usage or "thoughts_token_count" in usage):
        said += reasoning
    return counted(
        input=_or(int_of(input_tokens), found),
        output=_or(int_of(output_tokens), said),
        total=told.get("total"),
        cache_read=read,
        cache_write=written,
        reasoning=reasoning,
        audio_input=told.get("audio_input") or None,
        audio_output=told.get("audio_output") or None,
    )


def counted(**counts: int | None) -> Row | None:
    """A `USAGE` row of these counts, with the total where both halves are known; None where nothing is."""
    found = {name: count for name, count in counts.items() if count is not None and count >= 0}
    cached = found.get("cache_read", 0) + found.get("cache_write", 0)
    # Whoever counted fewer tokens in all than came from the cache, left those out.
    if "input" in found and cached > found["input"]:
        found["input"] += cached
    if "input" in found and "output" in found:
        found["total"] = found["input"] + found["output"]
    return found or None


def tokens_of(usage: Row | None) -> int | None:
    """All tokens of a usage, or None."""
    return usage.get("total") if usage else None


def summed_usage(usages: list[Row | None]) -> Row | None:
    """Usage of several model calls; calls that did not report any are left out."""
    known = [usage for usage in usages if usage]
    totals = {name: [usage[name] for usage in known if name in usage] for name in _FIELDS}
    return {name: sum(counts) for name, counts in totals.items() if counts} or None


def _or(first: int | None, second: int | None) -> int | None:
    return second if first is None else first
