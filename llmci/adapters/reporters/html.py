"""One HTML file that opens anywhere: readable without script, style or network, and all cases at hand with them.

All text is escaped by the template or is base64; the script puts it on the page as text and never as HTML.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from llmci.adapters.reporters.pages import pieces
from llmci.core.reporting.compose import view_of
from llmci.core.reporting.marks import CHANGES
from llmci.core.reporting.packing import Packing
from llmci.core.reporting.view import Change
from llmci.core.reporting.worddiff import side, word_diff
from llmci.seams import ReportOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from llmci.core.reporting.view import ReportView, SideView
    from llmci.core.reporting.worddiff import Runs
    from llmci.seams import ReportInput

STATIC_CASES = 50
_FIXES = 20
_WORD = re.compile(r"([^\s,;]+)")
# The others are folded.
_SLICES = 8
# The part without script shows the beginning of long answers; the list of all cases shows the rest.
_STATIC_TEXT = 4_000


class HtmlReporter:
    """See the module's docstring."""

    suffixes: ClassVar[tuple[str, ...]] = (".html", ".htm")

    def __init__(self, options: ReportOptions | None = None) -> None:
        self._options = options or ReportOptions()

    def render(self, report: ReportInput) -> bytes:
        """See `Reporter.render`; equal input gives equal bytes."""
        return b"".join(self.pieces(report))

    def pieces(self, report: ReportInput) -> Iterator[bytes]:
        """See `PiecewiseReporter.pieces`."""
        from markupsafe import Markup

        view = view_of(report, texts=self._options.texts)
        failures = view.having(Change.REGRESSED, Change.ERRORED)
        yield from pieces(
            "report.html.j2",
            script="report.js",
            view=view,
            name=self._options.name,
            marks=CHANGES,
            counts=[(CHANGES[change], count) for change, count in view.counts if count],
            methods=_methods(view),
            shown_slices=_SLICES,
            worst=[view.whole(case) for case in failures[:STATIC_CASES]],
            failures=len(failures),
            fixes=view.having(Change.IMPROVED)[:_FIXES],
            fixed=view.count(Change.IMPROVED),
            packing=Packing(view, int(self._options.max_mb * 1_000_000)),
            linked=_linker({case.case_id for case in view.cases}),
            compared=_compared,
            number=_number,
            beginning=_beginning,
            data=Markup,
        )


def _methods(view: ReportView) -> list[tuple[str, list[str]]]:
    """How the ranges were computed, and of which metrics."""
    found: dict[str, list[str]] = {}
    for row in view.gates:
        if row.interval:
            found.setdefault(row.method, []).append(row.metric)
    return list(found.items())


def _linker(ids: Collection[str]) -> Callable[[str], list[tuple[str, str | None]]]:
    """Cuts a sentence into texts, each with the id of the case that it names, if it names one."""
    return lambda text: [(part, part if part in ids else None) for part in _WORD.split(text) if part]


def _compared(baseline: SideView | None, candidate: SideView | None) -> tuple[Runs, Runs] | None:
    """What each of two answers shows of their word diff; None where there are not two answers."""
    if baseline is None or candidate is None or baseline.text is None or candidate.text is None:
        return None
    runs = word_diff(_beginning(baseline.text), _beginning(candidate.text))
    return side(runs, "gone"), side(runs, "new")


def _beginning(text: str) -> str:
    return text if len(text) <= _STATIC_TEXT else f"{text[:_STATIC_TEXT]} [...]"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
