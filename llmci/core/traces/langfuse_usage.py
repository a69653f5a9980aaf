"""Tokens and cost of an observation of Langfuse, under all the names that they have had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmci.core.traces.money import reported_cost
from llmci.core.traces.scalars import decoded, float_of, int_of
from llmci.core.traces.usage import counted, tokens_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.core.traces.parts import Row

_INPUT_CACHED = (
    "input_cached_tokens",
    "cache_read_input_tokens",
    "input_cache_read",
    "input_cached",
    "cached_input_tokens",
)
_INPUT_WRITTEN = ("cache_creation_input_tokens", "input_cache_creation", "input_cache_write")
_REASONING = ("output_reasoning_tokens", "output_reasoning", "reasoning_tokens")
_AUDIO_IN, _AUDIO_OUT = ("input_audio_tokens", "input_audio"), ("output_audio_tokens", "output_audio")


def usage_in(row: Mapping[str, Any]) -> Row | None:
    """Token counts as `USAGE`.

    `usageDetails.input` leaves out what has a name of its own (`input_cached_tokens`, audio), and
    `output` likewise (reasoning), so that all names with "input" in them add up to what went in. A
    logger that sent the provider's numbers as they were counted those twice; the total tells.
    """
    details = decoded(row.get("usageDetails"))
    if not isinstance(details, dict) or not details:
        return _usage_before(row)
    counts = {str(key): int_of(value) or 0 for key, value in details.items()}
    went_in = [value for key, value in counts.items() if "input" in key]
    came_out = [value for key, value in counts.items() if "output" in key and "input" not in key]
    asked, answered, total = sum(went_in), sum(came_out), counts.get("total")
    if "input" in counts and "output" in counts and total == counts["input"] + counts["output"]:
        asked, answered = counts["input"], counts["output"]
    return counted(
        input=asked if went_in else None,
        output=answered if came_out else None,
        total=total,
        cache_read=_first_of(counts, _INPUT_CACHED),
        cache_write=_first_of(counts, _INPUT_WRITTEN),
        reasoning=_first_of(counts, _REASONING),
        audio_input=_first_of(counts, _AUDIO_IN),
        audio_output=_first_of(counts, _AUDIO_OUT),
    )


def _usage_before(row: Mapping[str, Any]) -> Row | None:
    """The object that was there before `usageDetails`."""
    usage = decoded(row.get("usage"))
    if not isinstance(usage, dict) or str(usage.get("unit") or "TOKENS").upper() != "TOKENS":
        return None
    found = {name: int_of(usage.get(name)) for name in ("input", "output", "total")}
    return counted(**found) if any(found.values()) else None


def _first_of(counts: Mapping[str, int], names: Sequence[str]) -> int | None:
    return next((counts[name] for name in names if name in counts), None)


def cost_in(row: Mapping[str, Any], usage: Row | None) -> Row | None:
    """What was logged or computed as the cost; see `money.reported_cost`."""
    details = decoded(row.get("costDetails"))
    if not isinstance(details, dict) or not details:
        total = next(
            (row[name] for name in ("totalCost", "calculatedTotalCost") if row.get(name)), row.get("totalCost")
        )
        return None if total is None else reported_cost(total, tokens_of(usage))
    amounts = {str(key): float_of(value) or 0.0 for key, value in details.items()}
    paid_in = sum(value for key, value in amounts.items() if "input" in key)
    paid_out = sum(value for key, value in amounts.items() if "output" in key)
    total = next(
        (value for value in (row.get("totalCost"), row.get("calculatedTotalCost"), details.get("total")) if value),
        row.get("totalCost"),
    )
    return reported_cost(total, tokens_of(usage), input_cost=paid_in, output_cost=paid_out)
