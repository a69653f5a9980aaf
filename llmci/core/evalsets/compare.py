"""Two versions of a set to what changed between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.core.evalsets.digests import content_digests
from llmci.domain.evalset import EvalSetDiff

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.evalset import EvalSet

# A smaller change of a weight is rounding.
_SAME_WEIGHT = 1e-9


def diff(before: EvalSet, after: EvalSet) -> EvalSetDiff:
    """Compare by case id and digests of content; strata come with their share in each version."""
    old = {case.case_id: case for case in before.cases}
    new = {case.case_id: case for case in after.cases}
    both = sorted(old.keys() & new.keys())
    changes = {case_id: _changes(old[case_id], new[case_id]) for case_id in both}
    shares_before = {stratum.name: stratum.share for stratum in before.strata}
    shares_after = {stratum.name: stratum.share for stratum in after.strata}
    return EvalSetDiff(
        before=before.version,
        after=after.version,
        added=tuple(sorted(new.keys() - old.keys())),
        retired=tuple(sorted(old.keys() - new.keys())),
        changed={case_id: names for case_id, names in changes.items() if names},
        reweighted=tuple(c for c in both if abs(old[c].weight - new[c].weight) > _SAME_WEIGHT),
        strata=tuple(
            (name, shares_before.get(name, 0.0), shares_after.get(name, 0.0))
            for name in sorted(shares_before.keys() | shares_after.keys())
        ),
    )


def _changes(before: Case, after: Case) -> tuple[str, ...]:
    old, new = content_digests(before), content_digests(after)
    return tuple(name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name))
