"""A verdict and its runs to the view that every format shows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol

from llmci.core.reporting.cases import case_views, deciding_metrics
from llmci.core.reporting.drift import drift_view
from llmci.core.reporting.facts import fact_groups, set_name
from llmci.core.reporting.gates import gate_rows, slice_rows
from llmci.core.reporting.history import history_view
from llmci.core.reporting.inert import one_line
from llmci.core.reporting.judges import judge_views
from llmci.core.reporting.looks import look_rows
from llmci.core.reporting.marks import OUTCOMES
from llmci.core.reporting.numbers import moment
from llmci.core.reporting.privacy import privacy_view
from llmci.core.reporting.slices import described_slices
from llmci.core.reporting.spending import spending
from llmci.core.reporting.spreads import spreads
from llmci.core.reporting.view import Change, MetricView, ReportView

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.core.judging.calibration import Calibration
    from llmci.domain.evalset import EvalSet
    from llmci.domain.run import Metric, PastScores, Run
    from llmci.domain.verdict import GateResult

_SENTENCE = 1_000


class Material(Protocol):
    """What a report is made of; `llmci.seams.ReportInput` is one."""

    @property
    def result(self) -> GateResult:
        """The verdict."""

    @property
    def baseline(self) -> Run:
        """The run of the system in production."""

    @property
    def candidate(self) -> Run:
        """The run of the system that would replace it."""

    @property
    def evalset(self) -> EvalSet | None:
        """The set that both ran on, where it is at hand."""

    @property
    def sanitize_summary(self) -> Mapping[str, object] | None:
        """What the sanitizer vouched for."""

    @property
    def drift(self) -> Mapping[str, object] | None:
        """How well the set represents the traffic, as it was measured last."""

    @property
    def calibrations(self) -> Mapping[str, Sequence[Calibration]]:
        """By metric, how far its judges agree with people."""

    @property
    def history(self) -> Sequence[PastScores]:
        """What earlier runs on the same set scored."""


def view_of(material: Material, *, texts: bool = True) -> ReportView:
    """Put everything in words and in order; the same input gives the same view.

    Args:
        material: Verdict, runs and set.
        texts: False leaves out every question, answer, document and reason.
    """
    result, before, after = material.result, material.baseline, material.candidate
    metrics = {metric.name: metric for metric in (*before.metrics, *after.metrics)}
    deciding = deciding_metrics([verdict.rule for verdict in result.verdicts], metrics)
    cases_of_set = {case.case_id: case for case in material.evalset.cases} if material.evalset else {}
    cases, whole = case_views((before, after), cases_of_set, metrics, deciding, texts=texts)
    gated = slice_rows(result.verdicts, metrics)
    described = described_slices(cases, deciding[0] if deciding else None, {(row.label, row.value) for row in gated})
    tally = Counter(case.change for case in cases)
    return ReportView(
        outcome=result.outcome,
        mark=OUTCOMES[result.outcome],
        headline=one_line(result.headline, _SENTENCE),
        because=tuple(one_line(reason, _SENTENCE) for reason in result.because if reason not in result.headline),
        notes=tuple(one_line(note, _SENTENCE) for note in result.notes),
        findings=tuple(one_line(finding.text, _SENTENCE) for finding in result.findings),
        unchanged=tuple(one_line(what, 80) for what in result.unchanged),
        baseline=one_line(before.system.name, 80),
        candidate=one_line(after.system.name, 80),
        finished_at=moment(after.finished_at),
        evalset=set_name(after),
        gates=gate_rows(result.verdicts, metrics),
        slices=(*gated, *described),
        spending=spending(before, after),
        spreads=spreads(before, after),
        facts=fact_groups(before, after, material.evalset),
        drift=drift_view(after, material.drift),
        judges=judge_views(after, material.calibrations),
        privacy=privacy_view(material.sanitize_summary, material.evalset),
        looks=look_rows(after, cases),
        history=history_view(material.history, deciding[0] if deciding else None),
        metrics=tuple(_metric_view(metric) for metric in metrics.values()),
        deciding=deciding[0].name if deciding else None,
        cases=cases,
        whole=whole,
        counts=tuple((change, tally.get(change, 0)) for change in Change),
        texts=texts,
    )


def _metric_view(metric: Metric) -> MetricView:
    return MetricView(
        name=metric.name,
        kind=metric.kind,
        higher_is_better=metric.higher_is_better,
        low=metric.low,
        high=metric.high,
        unit=metric.unit,
        judge=metric.judge,
    )
