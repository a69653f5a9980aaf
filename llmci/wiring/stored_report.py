"""Stored runs to reports: the gates are asked again, the eval set and the sanitizer's word are looked up."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.adapters.stores.runs import DirectoryRuns
from llmci.errors import UsageError
from llmci.pipeline.report import report_on
from llmci.wiring.build import shelf_of
from llmci.wiring.evalset import store
from llmci.wiring.gate import gate_runs
from llmci.wiring.report import write_reports

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from llmci.config import Config
    from llmci.domain.evalset import EvalSet
    from llmci.domain.run import Run
    from llmci.domain.verdict import GateResult
    from llmci.seams import ReportInput, ReportOptions, RunStore

LATEST = "latest"


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
        baseline: Id of the baseline's run; None takes its newest on the same eval set.
        outputs: Where to; the configuration's `report:` if there are none.
        options: See `write_reports`.

    Raises:
        UsageError: A run is not there, or an output has no reporter.
    """
    before, candidate = runs_to_compare(config, run, baseline)
    report = report_of(config, gate_runs(config, before, candidate), before, candidate)
    paths = outputs or [config.root / name for name in config.report]
    return Reported(report.result, write_reports(config, report, paths, options))


def runs_to_compare(config: Config, run: str, baseline: str | None) -> tuple[Run, Run]:
    """The runs of baseline and candidate; see `report_stored` for the names."""
    runs = DirectoryRuns(config.state / "runs")
    candidate = _latest(runs, config) if run == LATEST else runs.load(run)
    return runs.load(baseline) if baseline else _baseline_of(runs, candidate, config), candidate


def report_of(config: Config, result: GateResult, baseline: Run, candidate: Run) -> ReportInput:
    """A verdict with all that a report can say about it; what is not at hand is left out of the report."""
    return report_on(
        result, (baseline, candidate), _evalset_of(config, candidate), shelf_of(config, "clean").manifest()
    )


def _evalset_of(config: Config, run: Run) -> EvalSet | None:
    with contextlib.suppress(UsageError):
        return store(config).load(run.evalset_name, run.evalset_version)
    return None


def _latest(runs: RunStore, config: Config) -> Run:
    for run_id in runs.list():
        run = runs.load(run_id)
        if run.system.name != config.bench.baseline:
            return run
    raise UsageError("there is no run of a candidate yet.", fix="Make one with `llmci bench`.")


def _baseline_of(runs: RunStore, candidate: Run, config: Config) -> Run:
    for run_id in runs.list():
        run = runs.load(run_id)
        named = run.system.name == config.bench.baseline and run.run_id != candidate.run_id
        if named and run.evalset_digest == candidate.evalset_digest:
            return run
    raise UsageError(
        f"there is no run of {config.bench.baseline!r} on the eval set of {candidate.run_id!r}.",
        fix="Name the run to compare with: `llmci report RUN BASELINE_RUN`.",
    )
