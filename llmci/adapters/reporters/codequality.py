"""GitLab's Code Quality JSON: what regressed, in the merge request at the prompt or configuration that changed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from llmci.core.reporting.inert import one_line
from llmci.core.reporting.regressions import Regression, regressions
from llmci.domain.place import Place
from llmci.domain.verdict import Outcome

if TYPE_CHECKING:
    from llmci.seams import ReportInput, ReportOptions

_SENTENCE = 600
# GitLab wants a place; where nothing of the project changed, this is where the gates stand.
_ELSEWHERE = Place(path="llmci.yaml", line=1, what="gates")


class CodeQualityReporter:
    """One finding for each metric or slice that regressed."""

    suffixes: ClassVar[tuple[str, ...]] = (".codequality",)

    def __init__(self, options: ReportOptions | None = None) -> None:
        """Take no heed of the options: there are no texts of cases in a finding."""

    def render(self, report: ReportInput) -> bytes:
        """See `Reporter.render`."""
        place = report.changed[0] if report.changed else _ELSEWHERE
        findings = [_finding(regression, place) for regression in regressions(report.result)]
        if report.result.outcome not in (Outcome.PASSED, Outcome.REGRESSED):
            # A run without a verdict is not a clean one.
            undecided = Regression(
                metric="verdict", title="no verdict", because=one_line(report.result.headline, _SENTENCE), gating=True
            )
            findings.append(_finding(undecided, place))
        return orjson.dumps(findings, option=orjson.OPT_INDENT_2) + b"\n"


def _finding(regression: Regression, place: Place) -> dict[str, Any]:
    # The same finding of the next commit has the same fingerprint, so that GitLab tells new from known.
    fingerprint = hashlib.sha256(f"{regression.title}\n{place.path}".encode()).hexdigest()
    return {
        "description": f"{regression.title}: {regression.because}",
        "check_name": f"llmci/{regression.metric}",
        "fingerprint": fingerprint,
        "severity": "critical" if regression.gating else "minor",
        "location": {"path": place.path, "lines": {"begin": place.line}},
    }
