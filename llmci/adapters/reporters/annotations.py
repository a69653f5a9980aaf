"""Annotations of a GitHub job: what regressed, at the prompt or configuration that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from llmci.core.reporting.inert import one_line
from llmci.core.reporting.regressions import regressions
from llmci.core.reporting.workflow_commands import workflow_command
from llmci.domain.verdict import Outcome

if TYPE_CHECKING:
    from llmci.seams import ReportInput, ReportOptions

# GitHub shows ten of each level a step; the summary holds the rest.
MOST = 10
_SENTENCE = 1_000


class AnnotationsReporter:
    """Workflow commands, one a line, for a step to print; empty where there is nothing to say."""

    suffixes: ClassVar[tuple[str, ...]] = (".annotations",)

    def __init__(self, options: ReportOptions | None = None) -> None:
        """Take no heed of the options: there are no texts of cases in an annotation."""

    def render(self, report: ReportInput) -> bytes:
        """See `Reporter.render`."""
        return "".join(f"{line}\n" for line in _lines(report)[:MOST]).encode()


def _lines(report: ReportInput) -> list[str]:
    result = report.result
    where: dict[str, str | int] = {}
    if report.changed:
        where = {"file": report.changed[0].path, "line": report.changed[0].line}
    if result.outcome not in (Outcome.PASSED, Outcome.REGRESSED):
        return [workflow_command("warning", one_line(result.headline, _SENTENCE), **where, title="llmci")]
    return [
        workflow_command("error" if found.gating else "warning", found.because, **where, title=f"llmci: {found.title}")
        for found in regressions(result)
    ]
