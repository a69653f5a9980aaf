"""What a trace cost, and where that number is from; an unknown cost is None, never 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.core.traces.scalars import float_of

if TYPE_CHECKING:
    from llmci.core.traces.parts import Row


def reported_cost(
    total: object, tokens: int | None, *, input_cost: object = None, output_cost: object = None
) -> Row | None:
    """A logged cost in US dollars as a `COST` row.

    Loggers write 0 for a model whose price they do not know, so 0 is believed only where no token
    was used either.
    """
    amount, paid_in, paid_out = float_of(total), float_of(input_cost), float_of(output_cost)
    if amount is None and paid_in is not None and paid_out is not None:
        amount = paid_in + paid_out
    if amount is None or amount < 0 or (amount == 0 and tokens != 0):
        return None
    row: Row = {"total": amount, "currency": "USD", "origin": "reported"}
    if paid_in is not None and paid_out is not None:
        row |= {"input": paid_in, "output": paid_out}
    return row


def summed_cost(costs: list[Row | None]) -> Row | None:
    """Cost of several model calls; unknown as soon as one is."""
    known = [cost["total"] for cost in costs if cost is not None]
    if not known or len(known) < len(costs):
        return None
    return {"total": sum(known), "currency": "USD", "origin": "reported"}
