"""Stored runs to reports: the gates are asked again, the eval set and the sanitizer's word are looked up."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.errors import UsageError
from llmci.pipeline.report import report_on
from llmci.wiring.calibrations import calibrations_of
from llmci.wiring.drift_seen import last_drift
from llmci.wiring.evalset_store import store
from llmci.wiring.gate import gate_runs
from llmci.wiring.report import write_reports
from llmci.wiring.runs import baseline_run, candidate_run, runs_of
from llmci.wiring.sanitize_report import sanitizing_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from llmci.config import Config
    from llmci.domain.evalset import EvalSet
    from llmci.domain.run import Run
    from llmci.domain.verdict import GateResult
    from llmci.seams import ReportInput, ReportOptions

# Earlier runs whose scores a report shows beside a case.
_PAST = 10


@dataclass(frozen=True, slots=True)
class Reported:
    """What was found and written."""

    result: GateResult
    written: Sequence[Path]


def report_stored(
    config: Config, run: str, baseline: str | None, outputs: Sequence[Path], options: ReportOptions | None = None
) -> Reported:
    """Ask the gates about two stored runs and write the reports.

    Args:
        config: Its gates are asked, so that a changed tolerance needs no new run.
        run: Id of the candidate's run, or `latest`.
        baseline: Id of the baseline's run; None takes the one of the same bench.
        outputs: Where to; the configuration's `report:` if there are none.
        options: See `write_reports`.

    Raises:
        UsageError: A run is not there, or an output has no reporter.
    """
    candidate = candidate_run(config, run)
    before = baseline_run(config, candidate, baseline)
    return report_runs(config, before, candidate, outputs, options)


def report_runs(
    config: Config,
    baseline: Run,
    candidate: Run,
    outputs: Sequence[Path] = (),
    options: ReportOptions | None = None,
    evalset: EvalSet | None = None,
) -> Reported:
    """Ask the gates about two runs and write the reports; what is not at hand is left out of them.

    The arguments are those of `report_stored`; `evalset` is loaded where it is not given.
    """
    result = gate_runs(config, baseline, candidate, evalset)
    paths = outputs or [config.root / name for name in config.report]
    report = report_of(config, result, baseline, candidate, evalset)
    return Reported(result, write_reports(config, report, paths, options))


def report_of(
    config: Config, result: GateResult, baseline: Run, candidate: Run, evalset: EvalSet | None = None
) -> ReportInput:
    """A verdict with all that a report can say about it; what is not at hand is left out of the report."""
    return report_on(
        result,
        (baseline, candidate),
        evalset or _evalset_of(config, candidate),
        sanitizing_of(config),
        drift=last_drift(config),
        calibrations=calibrations_of(config, candidate),
        history=runs_of(config).past(candidate, _PAST, but=(baseline.run_id, candidate.run_id)),
    )


def _evalset_of(config: Config, run: Run) -> EvalSet | None:
    with contextlib.suppress(UsageError):
        return store(config).load(run.evalset_name, run.evalset_version)
    return None
