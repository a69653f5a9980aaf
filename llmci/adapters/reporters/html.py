"""One HTML file that opens anywhere: readable without script, style or network, and all cases at hand with them.

Everything in `page/` goes into the file. The content security policy allows exactly that script
and that style, by hash, and no request of any kind. All text is escaped by the template or is
base64; the script puts it on the page as text and never as HTML.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, ClassVar

from llmci.core.reporting.compose import view_of
from llmci.core.reporting.marks import CHANGES
from llmci.core.reporting.packing import packed
from llmci.core.reporting.plot import HEIGHT, WIDTH, across, plot_of
from llmci.core.reporting.view import Change
from llmci.core.reporting.worddiff import side, word_diff
from llmci.seams import ReportOptions

if TYPE_CHECKING:
    from llmci.core.reporting.view import SideView
    from llmci.core.reporting.worddiff import Runs
    from llmci.seams import ReportInput

STATIC_CASES = 50
_FIXES = 20
# The part without script shows the beginning of long answers; the list of all cases shows the rest.
_STATIC_TEXT = 4_000


class HtmlReporter:
    """See the module's docstring."""

    suffixes: ClassVar[tuple[str, ...]] = (".html", ".htm")

    def __init__(self, options: ReportOptions | None = None) -> None:
        self._options = options or ReportOptions()

    def render(self, report: ReportInput) -> bytes:
        """See `Reporter.render`; equal input gives equal bytes."""
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup

        view = view_of(report, texts=self._options.texts)
        style, script = _page("report.css"), _page("report.js")
        environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        failures = view.having(Change.REGRESSED, Change.ERRORED)
        html = environment.from_string(_page("report.html.j2")).render(
            view=view,
            name=self._options.name,
            marks=CHANGES,
            counts=[(CHANGES[change], count) for change, count in view.counts if count],
            worst=[view.whole(case) for case in failures[:STATIC_CASES]],
            failures=len(failures),
            fixes=view.having(Change.IMPROVED)[:_FIXES],
            fixed=view.count(Change.IMPROVED),
            packed=packed(view, int(self._options.max_mb * 1_000_000)),
            plot=plot_of,
            across=across,
            width=WIDTH,
            height=HEIGHT,
            compared=_compared,
            number=_number,
            beginning=_beginning,
            policy=f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
            "img-src data:; base-uri 'none'; form-action 'none'",
            style=Markup(style),  # noqa: S704  our own file
            script=Markup(script),  # noqa: S704  our own file
            data=Markup,
        )
        return html.encode()


def _page(name: str) -> str:
    return files("llmci.adapters.reporters").joinpath("page", name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


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
