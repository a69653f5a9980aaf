"""Cases that must not break: decided one by one, with no statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llmci.core.gating.columns import bounded
from llmci.core.wording import count, listed
from llmci.domain.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from llmci.core.gating.frame import Frame
    from llmci.core.gating.pairs import Pairs
    from llmci.core.stats.arrays import BoolArray
    from llmci.domain.verdict import Rule


def must_pass(rule: Rule, pairs: Pairs, frame: Frame) -> Verdict:
    """Fail the run if a case that must pass is broken.

    A pass/fail case is broken when most tries of the candidate fail, whatever the baseline did; a
    graded one when it lies more than the tolerance below the baseline.
    """
    marked = np.array([case.must_pass for case in frame.cases], dtype=np.bool_)
    total = int(marked.sum())
    if total == 0:
        return _verdict(rule, Outcome.NO_EVIDENCE, "no case of the set is marked must_pass")
    silent = marked & ~np.isfinite(
        pairs.candidate if pairs.metric.kind == "binary" else pairs.candidate - pairs.baseline
    )
    broken = marked & ~silent & _broken(rule, pairs)
    if broken.any():
        names = listed([frame.cases[at].case_id for at in np.flatnonzero(broken)], most=3)
        kind = "case that must pass is broken" if broken.sum() == 1 else "cases that must pass are broken"
        return _verdict(rule, Outcome.REGRESSED, f"{int(broken.sum()):,} {kind}: {names}")
    if silent.any():
        missing = count(int(silent.sum()), "case")
        return _verdict(rule, Outcome.NO_EVIDENCE, f"{missing} of the {total:,} that must pass have no {rule.metric}")
    return _verdict(rule, Outcome.PASSED, f"none of the {count(total, 'case')} that must pass is broken")


def _broken(rule: Rule, pairs: Pairs) -> BoolArray:
    metric = pairs.metric
    direction = 1.0 if metric.higher_is_better else -1.0
    if metric.kind == "binary":
        middle = (metric.low + metric.high) / 2
        result: BoolArray = direction * (pairs.candidate - middle) < 0
        return result
    drop = direction * (pairs.baseline - pairs.candidate)
    allowed = rule.tolerance * ((metric.high - metric.low) if bounded(metric) else pairs.baseline)
    return drop > allowed


def _verdict(rule: Rule, outcome: Outcome, why: str) -> Verdict:
    return Verdict(rule=rule, outcome=outcome, because=why, gating=True)
