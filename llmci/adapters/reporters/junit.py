"""JUnit XML, which every CI shows: a test for each gate, and one for each case that got worse."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from llmci.core.reporting.compose import view_of
from llmci.core.reporting.inert import visible
from llmci.core.reporting.view import Change
from llmci.domain.verdict import Outcome
from llmci.seams import ReportOptions

if TYPE_CHECKING:
    from llmci.core.reporting.view import CaseView, Mark, ReportView, SideView
    from llmci.seams import ReportInput

_EXCERPT = 4_000
_TOLERATED = "worse, but within what the gates tolerate"


class JunitReporter:
    """Agrees with the exit code: tests fail only where the verdict is that the candidate regressed."""

    suffixes: ClassVar[tuple[str, ...]] = (".xml",)

    def __init__(self, options: ReportOptions | None = None) -> None:
        self._options = options or ReportOptions()

    def render(self, report: ReportInput) -> bytes:
        """See `Reporter.render`."""
        view = view_of(report, texts=self._options.texts)
        root = Element("testsuites", name=visible(f"llmci {self._options.name}"))
        finished = visible(report.candidate.finished_at)
        _gate_suite(root, view, finished)
        _case_suite(root, view, finished)
        for counter in ("tests", "failures", "errors", "skipped"):
            root.set(counter, str(sum(int(suite.get(counter, "0")) for suite in root)))
        indent(root)
        document: str = tostring(root, encoding="unicode")
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{document}\n'.encode()


def _gate_suite(root: Element, view: ReportView, finished: str) -> None:
    suite = SubElement(root, "testsuite", name="llmci gates", timestamp=finished)
    for row in view.gates:
        numbers = f"{row.baseline} to {row.candidate}, {row.change} ({row.plausible}), tolerance {row.tolerance}"
        _gate_test(suite, row.metric, row.mark, gating=row.gating, because=f"{row.because} [{numbers}]")
    for part in view.slices:
        if part.mark is not None:
            name = f"{part.metric} [{part.label}: {part.value}]"
            _gate_test(suite, name, part.mark, gating=part.gating, because=part.because)
    if not view.gates:
        _gate_test(suite, "verdict", view.mark, gating=True, because=view.headline)
    _count(suite)


def _gate_test(suite: Element, name: str, mark: Mark, *, gating: bool, because: str) -> None:
    test = SubElement(suite, "testcase", classname="llmci.gate", name=name)
    if mark.tone == "good":
        return
    if not gating:
        SubElement(test, "skipped", message=f"{mark.word}, cannot fail the run: {because}")
    elif mark.tone == "bad":
        SubElement(test, "failure", message=because, type=mark.word)
    else:
        SubElement(test, "error", message=because, type=mark.word)


def _case_suite(root: Element, view: ReportView, finished: str) -> None:
    suite = SubElement(root, "testsuite", name="llmci cases", timestamp=finished)
    for case in map(view.whole, view.having(Change.REGRESSED, Change.ERRORED)):
        test = SubElement(suite, "testcase", classname="llmci.case", name=f"{case.case_id} {case.title}".strip())
        if view.outcome is Outcome.REGRESSED:
            SubElement(test, "failure", message=case.change, type=case.change).text = _told(case)
        else:
            SubElement(test, "skipped", message=_TOLERATED)
    _count(suite)


def _count(suite: Element) -> None:
    suite.set("tests", str(len(suite)))
    for counter, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(counter, str(sum(1 for _ in suite.iter(tag))))


def _told(case: CaseView) -> str:
    scores = [f"{m.metric}: {_number(m.baseline)} to {_number(m.candidate)}" for m in case.measured]
    said: list[str] = []
    for tried in case.tries[:1]:
        for name, side in (("baseline", tried.baseline), ("candidate", tried.candidate)):
            said += [f"{name}: {_said(side)}"] if side else []
            if side is not None and side.why is None:
                said += [f"{name}, {metric}: {reason[:_EXCERPT]}" for metric, reason in side.reasons.items()]
    return "\n".join([*scores, *said])


def _number(value: float | None) -> str:
    return "not scored" if value is None else f"{value:g}"


def _said(side: SideView) -> str:
    if side.text is None:
        return f"({side.why or 'text left out'})"
    return side.text if len(side.text) <= _EXCERPT else f"{side.text[:_EXCERPT]} [...]"
