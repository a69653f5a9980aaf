"""Markdown for a pull request's comment and a job's summary: one look tells what changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from llmci.core.reporting.compose import view_of
from llmci.core.reporting.marks import CHANGES
from llmci.core.reporting.view import Change
from llmci.seams import ReportOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.core.reporting.view import CaseView, GateRow, ReportView, SideView, SliceRow
    from llmci.seams import ReportInput

# A comment on GitHub holds 65,536 characters; what is longer is refused.
MOST_CHARS = 60_000
_FAILURES, _SLICES, _GATES = 5, 8, 40
_EXCERPT = 600
_ALERTS = {"good": "TIP", "bad": "CAUTION", "unsure": "WARNING"}
# Where Markdown would see emphasis, code, a link, an image, HTML, a table or mathematics.
_MEANING = re.compile(r"[\\`*\[\]<>!|~&$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
# What GitHub links in the finished text (an entity would not stop it), broken by a joiner that nobody sees.
_LINKED = re.compile(r"[@#]|(?<=\w)(?=://)|(?<=www)(?=\.)|(?<=GH)(?=-)", re.IGNORECASE)
_JOINER = "\u2060"


class MarkdownReporter:
    """A comment that starts with a hidden marker, so that the next run finds and replaces it."""

    suffixes: ClassVar[tuple[str, ...]] = (".md",)

    def __init__(self, options: ReportOptions | None = None) -> None:
        self._options = options or ReportOptions()

    def render(self, report: ReportInput) -> bytes:
        """See `Reporter.render`; at most `MOST_CHARS` characters."""
        view = view_of(report, texts=self._options.texts)
        return _fitting(_blocks(view, self._options.name)).encode()


def inline(text: str) -> str:
    """Foreign text inside a line: nothing in it is Markdown, a mention, a link or an image."""
    broken = _LINKED.sub(lambda match: f"{match[0]}{_JOINER}", text)
    return _MEANING.sub(lambda match: f"&#{ord(match[0])};", broken)


def fenced(text: str) -> str:
    """Foreign text as a block that it cannot close."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _blocks(view: ReportView, name: str) -> list[str]:
    """The blocks of the comment, the most telling first; one that does not fit is left out whole."""
    failures = view.having(Change.REGRESSED, Change.ERRORED)
    blocks = [
        _verdict(view, name),
        _gates(view.gates),
        _counts(view),
        _spending(view),
        _slices([row for row in view.slices if row.damage > 0][:_SLICES]),
        f"**New failures: {len(failures):,}**" if failures else "",
        *(_failure(case, view) for case in failures[:_FAILURES]),
        _rest(failures),
        _foot(view),
    ]
    return [block for block in blocks if block]


def _fitting(blocks: Sequence[str]) -> str:
    kept: list[str] = []
    room = MOST_CHARS - 200
    for block in blocks:
        if len(block) + 2 > room:
            kept.append("_Cut here: the report holds the rest._")
            break
        kept.append(block)
        room -= len(block) + 2
    return "\n\n".join(kept) + "\n"


def _verdict(view: ReportView, name: str) -> str:
    marker = re.sub(r"[^A-Za-z0-9._-]", "-", name)
    lines = [
        f"<!-- llmci:{marker} -->",
        f"> [!{_ALERTS.get(view.mark.tone, 'NOTE')}]",
        f"> {view.mark.emoji} {f'**{view.word}:** ' if view.word else ''}{inline(view.headline)}",
    ]
    lines += [f"> - {inline(reason)}" for reason in view.because[:10]]
    return "\n".join(lines)


def _gates(rows: Sequence[GateRow]) -> str:
    if not rows:
        return ""
    return _table(
        ("gate", "baseline", "candidate", "change (plausible range)", "tolerance", ""),
        [
            (
                inline(row.metric),
                row.baseline,
                row.candidate,
                f"{row.change} ({row.plausible})" if row.interval else row.change,
                row.tolerance,
                f"{row.mark.emoji} {row.mark.word}{'' if row.gating else ', cannot fail the run'}",
            )
            for row in rows
        ],
        most=_GATES,
    )


def _slices(rows: Sequence[SliceRow]) -> str:
    if not rows:
        return ""
    table = _table(
        ("worst slices", "cases", "better / worse", "baseline", "candidate", "change (plausible range)", ""),
        [
            (
                inline(f"{row.label}: {row.value}"),
                f"{row.cases:,}",
                f"{row.better:,} / {row.worse:,}",
                row.baseline,
                row.candidate,
                f"{row.change} ({row.plausible})" if row.interval else row.change,
                f"{row.mark.emoji} {row.mark.word}" if row.mark else "described only",
            )
            for row in rows
        ],
        most=_SLICES,
    )
    return f"**Where it got worse**\n\n{table}"


def _counts(view: ReportView) -> str:
    worse = view.count(Change.REGRESSED) + view.count(Change.ERRORED)
    same = view.count(Change.UNCHANGED) + view.count(Change.FAILING)
    words = f"{view.count(Change.IMPROVED):,} answers got better, {worse:,} got worse, {same:,} unchanged."
    if unscored := view.count(Change.UNSCORED):
        words += f" {unscored:,} could not be scored."
    noticed = [f"{inline(row.metric)}: {row.noticed}" for row in view.gates if row.noticed and row.gating]
    return "\n".join([words, *(f"- {line}" for line in noticed)]) if noticed else words


def _spending(view: ReportView) -> str:
    wanted = ("cost of all answers", "cost per answer", "latency, median", "latency, 95th percentile")
    rows = [row for row in view.spending if row.name in wanted]
    return _table(
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
        lines += [f"{inline(name)} said:", "", fenced(_said(side)), ""]
    lines += [f"In the report: <code>#case-{inline(quote(case.case_id))}</code>", "", "</details>"]
    return "\n".join(lines)


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
    notes = "".join(f"- {inline(note)}\n" for note in view.notes[:10])
    facts = f"<sub>{inline(view.candidate)} against {inline(view.baseline)} on {inline(view.evalset)}</sub>"
    return f"{notes}\n{facts}" if notes else facts


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, most: int) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows[:most]]
    if rest := len(rows[most:]):
        lines.append(f"| {rest:,} more in the report |")
    return "\n".join(lines)
