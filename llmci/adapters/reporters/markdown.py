"""Markdown for a pull request's comment and a job's summary: one look tells what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from llmci.core.reporting.compose import view_of
from llmci.core.reporting.marks import CHANGES
from llmci.core.reporting.markup import alert, document, fenced, inline, marker, table
from llmci.core.reporting.verdict_tables import changed_list, gate_table, noticed, slice_table
from llmci.core.reporting.view import Change
from llmci.seams import ReportOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.core.reporting.view import CaseView, ReportView, SideView
    from llmci.seams import ReportInput

_FAILURES = 5
_EXCERPT = 600


class MarkdownReporter:
    """A comment that starts with a hidden marker, so that the next run finds and replaces it."""

    suffixes: ClassVar[tuple[str, ...]] = (".md",)

    def __init__(self, options: ReportOptions | None = None) -> None:
        self._options = options or ReportOptions()

    def render(self, report: ReportInput) -> bytes:
        """See `Reporter.render`; at most `markup.MOST_CHARS` characters."""
        view = view_of(report, texts=self._options.texts)
        first, *blocks = _blocks(view)
        return document([f"{marker(self._options.name)}\n{first}", *blocks], foot=_foot(view)).encode()


def _blocks(view: ReportView) -> list[str]:
    """The blocks of the comment, the most telling first; one that does not fit is left out whole."""
    failures = view.having(Change.REGRESSED, Change.ERRORED)
    return [
        _verdict(view),
        gate_table(view.gates),
        _counts(view),
        changed_list(view.findings, view.unchanged),
        _spending(view),
        slice_table(view.slices),
        f"**New failures: {len(failures):,}**" if failures else "",
        *(_failure(view.whole(case), view) for case in failures[:_FAILURES]),
        _rest(failures),
        "\n".join(f"- {inline(note)}" for note in view.notes[:10]),
    ]


def _verdict(view: ReportView) -> str:
    word = f"**{view.word}:** " if view.word else ""
    sentence = f"{view.mark.emoji} {word}{inline(view.headline)}"
    return alert(view.mark.tone, sentence, [inline(reason) for reason in view.because[:10]])


def _counts(view: ReportView) -> str:
    worse = view.count(Change.REGRESSED) + view.count(Change.ERRORED)
    same = view.count(Change.UNCHANGED) + view.count(Change.FAILING)
    words = f"{view.count(Change.IMPROVED):,} answers got better, {worse:,} got worse, {same:,} unchanged."
    if unscored := view.count(Change.UNSCORED):
        words += f" {unscored:,} could not be scored."
    return "\n".join(filter(None, (words, noticed(view.gates))))


def _spending(view: ReportView) -> str:
    wanted = ("cost of all answers", "cost per answer", "latency, median", "latency, 95th percentile")
    rows = [row for row in view.spending if row.name in wanted]
    return table(
        ("spent", "baseline", "candidate", "change"),
        [(row.name, row.baseline, row.candidate, row.change) for row in rows],
        most=len(rows),
    )


def _failure(case: CaseView, view: ReportView) -> str:
    mark = CHANGES[case.change]
    title = inline(case.title or case.key or "")
    lines = [f"<details><summary>{mark.emoji} <code>{inline(case.case_id)}</code> {title}</summary>", ""]
    for name, side in (
        (view.baseline, case.tries[0].baseline if case.tries else None),
        (view.candidate, case.tries[0].candidate if case.tries else None),
    ):
        lines += [f"{inline(name)} said:", "", fenced(_said(side)), "", *_reasons(side)]
    lines += [f"In the report: <code>#case-{inline(quote(case.case_id))}</code>", "", "</details>"]
    return "\n".join(lines)


def _reasons(side: SideView | None) -> list[str]:
    """Why each metric said what it did; a failed answer has its reason already."""
    if side is None or side.why is not None or not side.reasons:
        return []
    return [*(f"- {inline(metric)}: {inline(reason[:_EXCERPT])}" for metric, reason in side.reasons.items()), ""]


def _said(side: SideView | None) -> str:
    if side is None:
        return "(not asked)"
    if side.text is None:
        return f"({side.why or 'text left out'})"
    return side.text if len(side.text) <= _EXCERPT else f"{side.text[:_EXCERPT]} [...]"


def _rest(failures: Sequence[CaseView]) -> str:
    rest = len(failures) - _FAILURES
    return f"{rest:,} more got worse: see the report." if rest > 0 else ""


def _foot(view: ReportView) -> str:
    return f"<sub>{inline(view.candidate)} against {inline(view.baseline)} on {inline(view.evalset)}</sub>"
