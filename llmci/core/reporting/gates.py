"""Verdicts to rows: the gates, and the slices ranked by damage."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from llmci.core.reporting import numbers
from llmci.core.reporting.inert import one_line, visible
from llmci.core.reporting.marks import OUTCOMES
from llmci.core.reporting.view import GateRow, Interval, SliceRow
from llmci.domain.run import Metric
from llmci.domain.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.domain.verdict import Difference, Verdict

_REASON = 600
_SHORTEST_REACH, _LONGEST_REACH = 1.5, 12.0
_ROLES = {"primary": "must not drop", "guardrail": "guardrail", "must_pass": "must pass", "watch": "watched only"}


def gate_rows(verdicts: Sequence[Verdict], metrics: Mapping[str, Metric]) -> tuple[GateRow, ...]:
    """One row for each rule on all cases, in the order of the configuration."""
    whole = [verdict for verdict in verdicts if verdict.slice is None]
    # Each on its own scale: points of a score and percents of a cost have none in common.
    return tuple(_gate_row(verdict, _metric(verdict, metrics), _reach([verdict])) for verdict in whole)


def slice_rows(verdicts: Sequence[Verdict], metrics: Mapping[str, Metric]) -> tuple[SliceRow, ...]:
    """One row for each slice that a gate looked at; proven drops first, then by damage."""
    sliced = [verdict for verdict in verdicts if verdict.slice is not None]
    reach = _reach(sliced)
    rows = [_slice_row(verdict, _metric(verdict, metrics), reach) for verdict in sliced]
    return tuple(
        sorted(rows, key=lambda row: (row.mark is not OUTCOMES[Outcome.REGRESSED], -row.damage, row.label, row.value))
    )


def _gate_row(verdict: Verdict, metric: Metric, reach: float) -> GateRow:
    found, rule = verdict.difference, verdict.rule
    baseline, candidate = numbers.pair(metric, found.baseline, found.candidate) if found else ("-", "-")
    return GateRow(
        metric=visible(rule.metric),
        role=_ROLES[rule.role],
        outcome=verdict.outcome,
        mark=OUTCOMES[verdict.outcome],
        baseline=baseline,
        candidate=candidate,
        change=_change(found, metric),
        plausible=_plausible(found, metric, rule.tolerance),
        tolerance=_tolerance(rule.tolerance, metric),
        because=one_line(verdict.because, _REASON),
        noticed=_noticed(found, metric),
        counts=f"{found.better:,} better, {found.worse:,} worse, {found.unchanged:,} unchanged" if found else "-",
        method=visible(found.method) if found else "-",
        gating=verdict.gating,
        interval=_interval(found, rule.tolerance, reach),
    )


def _slice_row(verdict: Verdict, metric: Metric, reach: float) -> SliceRow:
    found = verdict.difference
    label, value = verdict.slice or ("", "")
    baseline, candidate = numbers.pair(metric, found.baseline, found.candidate) if found else ("-", "-")
    return SliceRow(
        label=one_line(label, 60),
        value=one_line(value, 80),
        metric=visible(verdict.rule.metric),
        cases=found.cases if found else 0,
        better=found.better if found else 0,
        worse=found.worse if found else 0,
        baseline=baseline,
        candidate=candidate,
        change=_change(found, metric),
        plausible=_plausible(found, metric, verdict.rule.tolerance),
        because=one_line(verdict.because, _REASON),
        mark=OUTCOMES[verdict.outcome],
        gating=verdict.gating,
        damage=-found.estimate * found.cases if found else 0.0,
        interval=_interval(found, verdict.rule.tolerance, reach),
    )


def _metric(verdict: Verdict, metrics: Mapping[str, Metric]) -> Metric:
    """The rule's metric; a plain binary one where no run has it, so that the rest still shows."""
    name = verdict.rule.metric
    return metrics.get(name) or Metric(name=name, kind="binary", digest="")


def _natural(metric: Metric) -> int:
    """1 where a rising value is good news, -1 for costs and the like."""
    return 1 if metric.higher_is_better else -1


def _change(found: Difference | None, metric: Metric) -> str:
    return "-" if found is None else numbers.change(_natural(metric) * found.estimate, metric.kind)


def _plausible(found: Difference | None, metric: Metric, tolerance: float) -> str:
    if found is None:
        return "-"
    low, high = (found.low, found.high) if metric.higher_is_better else (-found.high, -found.low)
    return numbers.plausible(low, high, metric.kind, tolerance)


def _tolerance(tolerance: float, metric: Metric) -> str:
    return f"{'-' if metric.higher_is_better else '+'}{numbers.size(tolerance, metric.kind)}"


def _noticed(found: Difference | None, metric: Metric) -> str:
    if found is None:
        return ""
    loss = "drop" if metric.higher_is_better else "rise"
    if not found.detectable < 1:
        return f"With {found.cases:,} cases no {loss} would have been noticed reliably."
    return f"A {loss} of {numbers.size(found.detectable, metric.kind)} would have been noticed 9 times in 10."


def _reach(verdicts: Sequence[Verdict]) -> float:
    """Half the width of the plots of one table: enough for every interval, within reason."""
    ends = [
        abs(end) / verdict.rule.tolerance
        for verdict in verdicts
        if verdict.difference is not None
        for end in (verdict.difference.low, verdict.difference.high)
        if math.isfinite(end)
    ]
    return min(max([_SHORTEST_REACH, *(1.1 * end for end in ends)]), _LONGEST_REACH)


def _interval(found: Difference | None, tolerance: float, reach: float) -> Interval | None:
    if found is None:
        return None
    return Interval(
        low=found.low / tolerance, estimate=found.estimate / tolerance, high=found.high / tolerance, reach=reach
    )
