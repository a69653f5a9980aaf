"""Which cases are asked, and in which order."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.domain.case import Case


def chosen(
    cases: Sequence[Case], *, filters: Mapping[str, str], limit: int | None, seed: int, holdout: bool = False
) -> tuple[Case, ...]:
    """The cases that a bench asks, in the order of the set.

    Args:
        filters: Slice label to the value that it must have.
        limit: Take a seeded sample of at most so many.
        holdout: Also ask the cases that are kept for release gates.

    Raises:
        UsageError: A label is not one of the set's, or no case is left.
    """
    known = sorted({label for case in cases for label in case.slices})
    if unknown := sorted(filters.keys() - set(known)):
        raise UsageError(
            f"no case has a slice label {unknown[0]!r}.", fix=f"Known labels: {', '.join(known) or 'none'}."
        )
    kept = [case for case in cases if (holdout or not case.holdout) and filters.items() <= case.slices.items()]
    if not kept:
        raise UsageError("no case is left to ask.", fix="Loosen --filter, or build a larger eval set.")
    if limit is not None and limit < len(kept):
        sample = {case.case_id for case in in_order(kept, seed)[:limit]}
        kept = [case for case in kept if case.case_id in sample]
    return tuple(kept)


def part(cases: Sequence[Case], number: int, of: int) -> tuple[Case, ...]:
    """One of several parts of the cases, counted from 1, in the order of the set; they are of one size, give or take one.

    Raises:
        UsageError: There are fewer cases than parts.
    """
    if len(cases) < of:
        raise UsageError(f"{len(cases)} cases cannot be parted into {of}.", fix="Take fewer shards.")
    mine = {case_id for at, case_id in enumerate(sorted(case.case_id for case in cases)) if at % of == number - 1}
    return tuple(case for case in cases if case.case_id in mine)


def in_order(cases: Sequence[Case], seed: int) -> list[Case]:
    """A seeded shuffle that does not depend on the order in which the set lists its cases."""
    ordered = sorted(cases, key=lambda case: case.case_id)
    Random(seed).shuffle(ordered)  # noqa: S311  order, not secrets
    return ordered
