"""What tokens cost, from the table that litellm carries; read from its file, without importing litellm."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.adapters.models.options import Prices
    from llmci.domain.run import Usage

Entry = dict[str, Any]

PROXY = "litellm_proxy"

_FILE = "model_prices_and_context_window_backup.json"
# Of US dollars: finer than any price. The same price spelled in two ways is to be the same cost.
_DIGITS = 12
_INPUT, _OUTPUT, _CACHED = "input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost"


def entry_of(provider: str, model: str) -> Entry | None:
    """What litellm's table says of a model; None if it does not know it.

    Args:
        provider: In litellm's spelling, such as `openai`.
        model: Without the provider before it.
    """
    table = _table()
    if found := table.get(f"{provider}/{model}"):
        return found
    found = table.get(model)
    # A proxy may have the models of any provider.
    return found if found and provider in (found.get("litellm_provider"), PROXY) else None


def cost_of(entry: Mapping[str, Any], usage: Usage, tier: str | None = None) -> float | None:
    """US dollars of a chat reply, as litellm computes them; None where tokens or prices are unknown.

    Cached tokens have their own price, and long prompts another for every kind of token.

    Args:
        entry: Of `entry_of`.
        tier: Service tier that the reply names: `flex` and `priority` have prices of their own.
    """
    if usage.input is None or usage.output is None or entry.get(_INPUT) is None or entry.get(_OUTPUT) is None:
        return None
    suffix = f"_{tier}" if tier in ("flex", "priority") else ""
    long = _threshold(entry, usage.input)

    def price(name: str) -> float | None:
        names = [f"{name}{long}{suffix}", f"{name}{long}", f"{name}{suffix}", name]
        return next((entry[name] for name in names if isinstance(entry.get(name), (int, float))), None)

    paid, written = price(_INPUT), price(_OUTPUT)
    assert paid is not None  # noqa: S101  looked up above
    assert written is not None  # noqa: S101  looked up above
    again = price(_CACHED)
    cached = min(usage.cached or 0, usage.input)
    cost = (usage.input - cached) * paid + cached * (paid if again is None else again) + usage.output * written
    return round(cost, _DIGITS)


def highest(entry: Mapping[str, Any]) -> tuple[float, float] | None:
    """The dearest that a token of the request and one of the reply can be, in US dollars; None where that is unknown."""
    found = [
        max(
            (
                price
                for name, price in entry.items()
                if name.startswith(f"{side}_cost_per_") and isinstance(price, float | int)
            ),
            default=None,
        )
        for side in ("input", "output")
    ]
    return None if found[0] is None or found[1] is None else (found[0], found[1])


def stated_cost(prices: Prices, usage: Usage) -> float | None:
    """US dollars by the prices of the configuration."""
    if usage.input is None or usage.output is None:
        return None
    return round((usage.input * prices.input + usage.output * prices.output) / 1e6, _DIGITS)


def _threshold(entry: Mapping[str, Any], tokens: int) -> str:
    """Such as `_above_200k_tokens`, where the prompt is longer than that."""
    limits = {
        name.removeprefix(_INPUT): float(name.removeprefix(f"{_INPUT}_above_").removesuffix("k_tokens")) * 1000
        for name in entry
        if name.startswith(f"{_INPUT}_above_") and name.endswith("k_tokens")
    }
    passed = [(limit, name) for name, limit in limits.items() if tokens > limit]
    return max(passed)[1] if passed else ""


@cache
def _table() -> dict[str, Entry]:
    spec = find_spec("litellm")
    if spec is None or not spec.submodule_search_locations:
        return {}
    path = Path(spec.submodule_search_locations[0]) / _FILE
    try:
        table: dict[str, Entry] = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        # Another release of litellm may keep it elsewhere: prices are then unknown, which is said.
        return {}
    return table
