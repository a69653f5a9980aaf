"""Two versions of a set to what changed between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.core.evalsets.digests import content_digest
from llmci.domain.evalset import EvalSetDiff

if TYPE_CHECKING:
    from llmci.domain.evalset import EvalSet

# A smaller change of a weight is rounding.
_SAME_WEIGHT = 1e-9


def diff(before: EvalSet, after: EvalSet) -> EvalSetDiff:
    """Compare by case id and digest of content; strata come with their share in each version."""
    old = {case.case_id: case for case in before.cases}
    new = {case.case_id: case for case in after.cases}
    both = sorted(old.keys() & new.keys())
    shares_before = {stratum.name: stratum.share for stratum in before.strata}
    shares_after = {stratum.name: stratum.share for stratum in after.strata}
    return EvalSetDiff(
        before=before.version,
        after=after.version,
        added=tuple(sorted(new.keys() - old.keys())),
        retired=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(case_id for case_id in both if content_digest(old[case_id]) != content_digest(new[case_id])),
        reweighted=tuple(c for c in both if abs(old[c].weight - new[c].weight) > _SAME_WEIGHT),
        strata=tuple(
            (name, shares_before.get(name, 0.0), shares_after.get(name, 0.0))
            for name in sorted(shares_before.keys() | shares_after.keys())
        ),
    )
