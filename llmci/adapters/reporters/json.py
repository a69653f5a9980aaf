"""JSON for programs: the verdict, every number unrounded, and how each case fared; no texts of cases."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from llmci.core.reporting.compose import view_of
from llmci.core.reporting.inert import visible
from llmci.core.reporting.view import Change
from llmci.seams import ReportOptions

if TYPE_CHECKING:
    from llmci.core.reporting.view import CaseView, ReportView
    from llmci.domain.run import Run
    from llmci.domain.verdict import Finding, Verdict
    from llmci.seams import ReportInput

# Raised when a reader of the older document could misread the newer; `report.schema.json` describes it.
SCHEMA = "llmci.report/1"


class JsonReporter:
    """One document, keys in a fixed order; numbers that are not finite, and what is unknown, are null."""

    suffixes: ClassVar[tuple[str, ...]] = (".json",)

    def __init__(self, options: ReportOptions | None = None) -> None:
        self._options = options or ReportOptions()

    def render(self, report: ReportInput) -> bytes:
        """See `Reporter.render`."""
        view = view_of(report, texts=False)
        document = {
            "schema": SCHEMA,
            "name": visible(self._options.name),
            "outcome": view.outcome,
            "headline": view.headline,
            "because": [visible(reason) for reason in report.result.because],
            "notes": view.notes,
            "findings": [_finding(finding) for finding in report.result.findings],
            "unchanged": view.unchanged,
            "looks": _looks(report.candidate),
            "finished_at": visible(report.candidate.finished_at),
            "evalset": _evalset(report.candidate),
            "baseline": _system(report.baseline),
            "candidate": _system(report.candidate),
            "changed": [
                {**asdict(place), "path": visible(place.path), "what": visible(place.what)} for place in report.changed
            ],
            "counts": _counts(view),
            "gates": [_verdict(verdict) for verdict in report.result.verdicts],
            "metrics": [asdict(metric) for metric in view.metrics],
            "cases": [_case(case) for case in view.cases],
        }
        return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"


def _counts(view: ReportView) -> dict[str, int]:
    return {"cases": len(view.cases)} | {change.name.lower(): view.count(change) for change in Change}


def _evalset(run: Run) -> dict[str, Any]:
    return {"name": visible(run.evalset_name), "version": run.evalset_version, "digest": run.evalset_digest}


def _system(run: Run) -> dict[str, Any]:
    return {
        "run": visible(run.run_id),
        "system": visible(run.system.name),
        "kind": visible(run.system.kind),
        "digest": run.system.digest,
        "cost_usd": run.cost,
        "judge_cost_usd": run.judge_cost,
        "complete": run.complete,
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    rule = verdict.rule
    return {
        "metric": visible(rule.metric),
        "role": rule.role,
        "slice": [visible(part) for part in verdict.slice] if verdict.slice else None,
        "outcome": verdict.outcome,
        "gating": verdict.gating,
        "tolerance": rule.tolerance,
        "because": visible(verdict.because),
        "needed_cases": verdict.needed_cases,
        "difference": asdict(verdict.difference) if verdict.difference else None,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    where = [visible(part) for part in finding.slice] if finding.slice else None
    return {**asdict(finding), "kind": visible(finding.kind), "text": visible(finding.text), "slice": where}


def _looks(run: Run) -> dict[str, Any] | None:
    looks = run.looks
    return None if looks is None else {"asked": looks.asked, "planned": looks.planned, "taken": looks.taken}


def _case(case: CaseView) -> dict[str, Any]:
    return {
        "case_id": case.case_id,
        "key": case.key,
        "change": case.change.name.lower(),
        "weight": case.weight,
        "slices": dict(case.slices),
        "scores": {m.metric: {"baseline": m.baseline, "candidate": m.candidate} for m in case.measured},
    }
