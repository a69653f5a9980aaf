"""Whether two runs may be compared at all; what stands in the way is named, never averaged away."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING

from llmci.core.wording import count, listed
from llmci.domain.run import Answered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.domain.case import Case
    from llmci.domain.run import Metric, Run

_DAY = 86_400.0


def obstacles(
    baseline: Run, candidate: Run, cases: Sequence[Case], max_days_apart: float = math.inf
) -> tuple[str, ...]:
    """What forbids a comparison of the two runs, as sentences; empty where nothing does.

    Args:
        baseline: Run of the system in production.
        candidate: Run of the system that would replace it.
        cases: The cases of the set.
        max_days_apart: Days that may lie between the runs, where both say when they were made.
    """
    known = {case.case_id for case in cases}
    return tuple(
        sentence
        for sentence in (
            _sets(baseline, candidate),
            _looks(baseline, candidate),
            _apart(baseline, candidate, max_days_apart),
            _unfinished(baseline, "baseline"),
            _unfinished(candidate, "candidate"),
            _repeated(baseline.case_ids, "the baseline run"),
            _repeated(candidate.case_ids, "the candidate run"),
            _repeated([case.case_id for case in cases], "the eval set"),
            _asked(baseline, candidate),
            _unknown(set(baseline.case_ids) - known),
        )
        if sentence
    )


def metric_obstacle(baseline: Run, candidate: Run, name: str) -> str | None:
    """What forbids a comparison of one metric, or None."""
    before, after = _metric(baseline, name), _metric(candidate, name)
    if before is None or after is None:
        missing = [who for who, metric in (("baseline", before), ("candidate", after)) if metric is None]
        return f"{name} was not measured in the {' and the '.join(missing)}"
    if before.judge != after.judge:
        return f"{name} was judged by {before.judge or 'no model'} before and by {after.judge or 'no model'} now"
    if (before.kind, before.low, before.high, before.higher_is_better, before.unit) != (
        after.kind,
        after.low,
        after.high,
        after.higher_is_better,
        after.unit,
    ):
        return f"{name} means different things in the two runs (kind, range or direction)"
    if before.digest != after.digest:
        return f"{name} was scored differently in the two runs (scorer {before.digest[:8]} and {after.digest[:8]})"
    return None


def nothing_changed(baseline: Run, candidate: Run) -> bool:
    """Whether both systems sent exactly the same requests, so that any difference is chance.

    Recorded answers are left out: their request was made by whatever recorded them.
    """
    if "recorded" in (baseline.system.kind, candidate.system.kind):
        return False
    before, after = _requests(baseline), _requests(candidate)
    return before is not None and before == after


def _requests(run: Run) -> dict[str, str] | None:
    """Digest of each case's request; None if a case has no answer or does not say."""
    digests: dict[str, str] = {}
    for answer in run.answers:
        if not isinstance(answer, Answered) or answer.request_digest is None:
            return None
        digests[answer.case_id] = answer.request_digest
    return digests if digests and len(digests) == len(run.case_ids) else None


def _metric(run: Run, name: str) -> Metric | None:
    return next((metric for metric in run.metrics if metric.name == name), None)


def _sets(baseline: Run, candidate: Run) -> str | None:
    if baseline.evalset_digest == candidate.evalset_digest:
        return None
    named = [f"{run.evalset_name} v{run.evalset_version}" for run in (baseline, candidate)]
    if named[0] == named[1]:
        return f"the eval sets differ in content, though both are called {named[0]}"
    return f"the eval sets differ: {named[0]} before, {named[1]} now"


def _looks(baseline: Run, candidate: Run) -> str | None:
    if baseline.looks == candidate.looks:
        return None
    return "the runs were stopped by different plans: their looks at the gates differ"


def _apart(baseline: Run, candidate: Run, most: float) -> str | None:
    """Two systems measured weeks apart are not paired: what else changed would count as the candidate's doing."""
    try:
        times = sorted(
            (datetime.fromisoformat(run.started_at), datetime.fromisoformat(run.finished_at))
            for run in (baseline, candidate)
        )
        days = (times[1][0] - times[0][1]).total_seconds() / _DAY
    except (ValueError, TypeError):
        return None
    if days <= most:
        return None
    return (
        f"the runs were made {days:,.0f} days apart, more than {most:g}: models behind a name, prices and data move "
        "meanwhile, and would be held for the candidate's doing. Measure both again, side by side"
    )


def _unfinished(run: Run, who: str) -> str | None:
    if run.complete:
        return None
    asked = len({answer.case_id for answer in run.answers})
    return f"the {who} run stopped early: {asked:,} of {count(len(run.case_ids), 'case')} were answered"


def _repeated(case_ids: Sequence[str], who: str) -> str | None:
    extra = len(case_ids) - len(set(case_ids))
    return f"{who} holds {count(extra, 'case')} twice" if extra else None


def _asked(baseline: Run, candidate: Run) -> str | None:
    before, after = set(baseline.case_ids), set(candidate.case_ids)
    parts = [
        f"{count(len(only), 'case')} only in the {who} ({listed(sorted(only), most=3)})"
        for only, who in ((before - after, "baseline"), (after - before, "candidate"))
        if only
    ]
    return f"the runs hold different cases: {', '.join(parts)}" if parts else None


def _unknown(strange: set[str]) -> str | None:
    if not strange:
        return None
    return f"{count(len(strange), 'case')} of the runs are not in the eval set ({listed(sorted(strange), most=3)})"
