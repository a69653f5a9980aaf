"""The path of a sequential bench: what stood at each look at the gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.core.reporting.inert import visible
from llmci.core.reporting.view import Change, LookRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.core.reporting.view import CaseView
    from llmci.domain.run import Run

_WORSE = (Change.REGRESSED, Change.ERRORED)


def look_rows(candidate: Run, cases: Sequence[CaseView]) -> tuple[LookRow, ...]:
    """Every planned look with the changes among the cases asked by then; empty where all were asked first.

    Cases are counted as they stand at the end: a second try that came later is in it.
    """
    looks = candidate.looks
    if looks is None:
        return ()
    change = {case.case_id: case.change for case in cases}
    order = [change.get(visible(case_id)) for case_id in candidate.case_ids]
    rows = []
    for at, planned in enumerate(looks.planned, start=1):
        taken = at <= looks.taken
        seen = order[:planned] if taken else []
        rows.append(
            LookRow(
                look=at,
                cases=planned,
                taken=taken,
                better=sum(item is Change.IMPROVED for item in seen),
                worse=sum(item in _WORSE for item in seen),
            )
        )
    return tuple(rows)
