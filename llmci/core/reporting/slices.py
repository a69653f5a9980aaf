"""Slices that no gate looked at, described from the cases: counts and means, no judgement."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from llmci.core.reporting import numbers
from llmci.core.reporting.view import Change, SliceRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from llmci.core.reporting.view import CaseView
    from llmci.domain.run import Metric

# A label with more values than this is an identifier rather than a slice.
_MOST_VALUES = 40


def described_slices(
    cases: Sequence[CaseView], metric: Metric | None, gated: Iterable[tuple[str, str]]
) -> tuple[SliceRow, ...]:
    """Rows for every slice of the cases that is not gated already, ranked by the score they lost."""
    if metric is None:
        return ()
    groups: dict[str, dict[str, list[CaseView]]] = defaultdict(lambda: defaultdict(list))
    for case in cases:
        for label, value in case.slices:
            groups[label][value].append(case)
    known = set(gated)
    rows = [
        _row(label, value, members, metric)
        for label, values in groups.items()
        if 1 < len(values) <= _MOST_VALUES
        for value, members in values.items()
        if (label, value) not in known
    ]
    return tuple(sorted(rows, key=lambda row: (-row.damage, row.label, row.value)))


def _row(label: str, value: str, members: Sequence[CaseView], metric: Metric) -> SliceRow:
    both = [
        (measured.baseline, measured.candidate)
        for case in members
        for measured in case.measured
        if measured.metric == metric.name and measured.baseline is not None and measured.candidate is not None
    ]
    before = sum(baseline for baseline, _ in both) / len(both) if both else None
    after = sum(candidate for _, candidate in both) / len(both) if both else None
    baseline, candidate = numbers.pair(metric, before, after)
    span = (metric.high - metric.low) or 1.0
    gain = 0.0 if before is None or after is None else (after - before) / span
    better = gain if metric.higher_is_better else -gain
    return SliceRow(
        label=label,
        value=value,
        metric=metric.name,
        cases=len(members),
        better=sum(case.change is Change.IMPROVED for case in members),
        worse=sum(case.change in (Change.REGRESSED, Change.ERRORED) for case in members),
        baseline=baseline,
        candidate=candidate,
        change=numbers.change(gain, metric.kind) if both else "-",
        plausible="-",
        because="described, not judged: no gate looks at it",
        mark=None,
        gating=False,
        damage=-better * len(both),
        interval=None,
    )
