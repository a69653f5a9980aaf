"""What an endpoint says of its rate limits, in the headers of its answers."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from llmci.core.bench.retry_after import seconds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

# OpenAI, Azure, vLLM gateways and LiteLLM; then Anthropic. `{}` is what is counted.
_FORMS = (
    ("x-ratelimit-remaining-{}", "x-ratelimit-reset-{}"),
    ("anthropic-ratelimit-{}-remaining", "anthropic-ratelimit-{}-reset"),
)
_COUNTED = ("requests", "tokens")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)(?![a-z])")


def asked_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that a refusal asks to wait: `Retry-After-Ms` (Azure), then `Retry-After`.

    Args:
        headers: With any case of names that the mapping itself accepts; lower case is asked for.
        now: Seconds since 1970.
    """
    exact = headers.get("retry-after-ms")
    if exact is not None:
        try:
            return max(0.0, float(exact) / 1000)
        except ValueError:
            pass
    return seconds_of(headers.get("retry-after"), now)


def exhausted_for(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds until an exhausted limit is full again; None where something is left, or nothing is said."""
    waits = [
        _until(headers.get(reset.format(counted)), now)
        for remaining, reset in _FORMS
        for counted in _COUNTED
        if headers.get(remaining.format(counted), "").strip() in ("0", "-1")
    ]
    return max((wait for wait in waits if wait is not None), default=None)


def _until(reset: str | None, now: float) -> float | None:
    """`6m0s`, `20ms`, a number of seconds, or a moment in ISO 8601."""
    if reset is None:
        return None
    try:
        return max(0.0, float(reset))
    except ValueError:
        pass
    if found := _DURATION.findall(reset):
        return sum(float(number) * _UNITS[unit] for number, unit in found)
    try:
        return max(0.0, datetime.fromisoformat(reset).timestamp() - now)
    except ValueError:
        return None
