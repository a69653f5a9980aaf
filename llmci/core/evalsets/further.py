"""Cases that are in a set beside those that were drawn: written by hand, or kept because somebody reviewed them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from llmci.domain.evalset import Stratum

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.domain.case import Case


def with_further(
    cases: Sequence[Case], strata: Sequence[Stratum], further: Sequence[Case], name: str
) -> tuple[list[Case], tuple[Stratum, ...]]:
    """Add cases that were not drawn as a stratum of their own, each as heavy as the average case.

    One whose input was drawn from production too keeps the production weight, and what the user
    wrote of it counts.
    """
    others = {case.case_id: case for case in further}
    kept = [_merged(case, others.pop(case.case_id, None)) for case in cases]
    if not others:
        return kept, tuple(strata)
    share = len(others) / (len(others) + len(kept))
    kept = [replace(case, weight=case.weight * (1 - share)) for case in kept]
    kept += [replace(case, weight=share / len(others), stratum=name) for case in others.values()]
    own = Stratum(name=name, share=share, traces=0, cases=len(others))
    return kept, (*(replace(stratum, share=stratum.share * (1 - share)) for stratum in strata), own)


def _merged(case: Case, written: Case | None) -> Case:
    if written is None:
        return case
    known: Mapping[str, object] = {**case.expectations, **written.expectations}
    return replace(
        case,
        reference=written.reference or case.reference,
        reference_origin=written.reference_origin if written.reference else case.reference_origin,
        expectations=known,
        rubric=written.rubric or case.rubric,
        slices={**case.slices, **written.slices},
        must_pass=written.must_pass,
        holdout=case.holdout or written.holdout,
    )
