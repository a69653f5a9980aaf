"""A gate's verdict to report files, for stored runs and for the results of other runners."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.seams import ReportInput, ReportOptions
from llmci.wiring.report import write_reports
from llmci.wiring.stored_report import report_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from llmci.domain.verdict import GateResult
    from llmci.wiring.gate import Contest


def report_contest(contest: Contest, result: GateResult, outputs: Sequence[Path]) -> list[Path]:
    """Write reports on a verdict; those on result files show ids and numbers and no text, for nothing sanitized it.

    Raises:
        UsageError: An output has no reporter, or cannot be written.
    """
    if not outputs:
        return []
    config, runs = contest.config, (contest.baseline, contest.candidate)
    if config is not None:
        return write_reports(config, report_of(config, result, *runs), outputs)
    report = ReportInput(result=result, baseline=runs[0], candidate=runs[1], evalset=None)
    return write_reports(None, report, outputs, ReportOptions(texts=False))
