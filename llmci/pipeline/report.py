"""gate → **report**: a verdict and its two runs in, one document for every format that was asked for out."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from llmci.seams import PiecewiseReporter, ReportInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from llmci.core.judging.calibration import Calibration
    from llmci.domain.evalset import EvalSet
    from llmci.domain.run import PastScores, Run
    from llmci.domain.verdict import GateResult
    from llmci.seams import Reporter

Target = TypeVar("Target")


def report_on(
    result: GateResult,
    runs: tuple[Run, Run],
    evalset: EvalSet | None,
    sanitize_summary: Mapping[str, object] | None,
    *,
    drift: Mapping[str, object] | None = None,
    calibrations: Mapping[str, Sequence[Calibration]] | None = None,
    history: Sequence[PastScores] = (),
) -> ReportInput:
    """Put together what a report may show.

    Args:
        result: The verdict.
        runs: Of the baseline and of the candidate.
        evalset: Left out of the report if it is not the one that the candidate ran on: questions
            of another version beside these answers would mislead.
        sanitize_summary: What the sanitizer vouched for.
        drift: Left out if it is about another version of the set.
        calibrations: By metric, of its judges.
        history: Earlier runs; those on another set, and the two themselves, are left out.
    """
    baseline, candidate = runs
    about = (candidate.evalset_name, candidate.evalset_version)
    fits = drift is not None and (drift.get("evalset"), drift.get("version")) == about
    same = evalset is not None and evalset.digest == candidate.evalset_digest
    return ReportInput(
        result=result,
        baseline=baseline,
        candidate=candidate,
        evalset=evalset if same else None,
        sanitize_summary=sanitize_summary,
        drift=drift if fits else None,
        calibrations=calibrations or {},
        history=tuple(run for run in history if run.run_id not in (baseline.run_id, candidate.run_id)),
    )


def documents(report: ReportInput, reporters: Mapping[Target, Reporter]) -> Iterator[tuple[Target, Iterator[bytes]]]:
    """Render one document after the other, in pieces, so that no large one is ever held whole."""
    for target, reporter in reporters.items():
        yield target, _pieces(report, reporter)


def _pieces(report: ReportInput, reporter: Reporter) -> Iterator[bytes]:
    if isinstance(reporter, PiecewiseReporter):
        yield from reporter.pieces(report)
    else:
        yield reporter.render(report)
