"""Calibrations of judges to figures with their ranges: how far a metric that a model decides can be believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.core.judging.trust import Use
from llmci.core.reporting import numbers
from llmci.core.reporting.bars import Bar, bounded
from llmci.core.reporting.inert import one_line
from llmci.core.reporting.stored import items, mapping
from llmci.core.reporting.view import Mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from llmci.core.judging.calibration import Calibration
    from llmci.domain.run import Metric, Run

# Key of a run's environment: how far the judge of a metric was to be trusted when it judged.
JUDGED = "judge of "
_TEXT = 400
_FIGURES = ("agreement", "kappa", "sensitivity", "specificity")
_MEANING = {
    "agreement": "same verdict as people",
    "kappa": "agreement beyond chance",
    "sensitivity": "of the good ones passed",
    "specificity": "of the bad ones failed",
    "consistency": "same verdict when asked again",
}
_MARKS = {
    Use.GATE: Mark(word="may gate", sign="✓", emoji="✅", tone="good"),
    Use.WATCH: Mark(word="may only watch", sign="?", emoji="⚪", tone="unsure"),
    Use.REFUSED: Mark(word="refused", sign="✕", emoji="❌", tone="bad"),
}
_UNKNOWN = Mark(word="not calibrated", sign="-", emoji="⚪", tone="none")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeView:
    """A metric that a model decides.

    Attributes:
        words: What the run says of the judge; the figures are those of its calibration as it is kept now.
        because: Why it may not be used for more.
        about: Which labels it was held against, and when; empty without a calibration.
        figures: Each over all labels, then by slice.
    """

    metric: str
    judge: str
    mark: Mark
    words: str
    because: tuple[str, ...] = ()
    about: str = ""
    figures: tuple[Bar, ...] = ()


def judge_views(run: Run, calibrations: Mapping[str, Sequence[Calibration]]) -> tuple[JudgeView, ...]:
    """Every metric of the run that a model decides, in the run's order.

    Args:
        run: Of the candidate.
        calibrations: By metric, one for each of its judges that was ever checked.
    """
    return tuple(
        view
        for metric in run.metrics
        if metric.judge
        for view in _views(metric, run.environment.get(JUDGED + metric.name, ""), calibrations.get(metric.name, ()))
    )


def _views(metric: Metric, said: str, calibrations: Sequence[Calibration]) -> Iterator[JudgeView]:
    name, judge = one_line(metric.name, 60), one_line(metric.judge or "", 80)
    words = one_line(said or "not calibrated", _TEXT)
    if not calibrations:
        yield JudgeView(metric=name, judge=judge, mark=_UNKNOWN, words=words)
    for found in calibrations:
        asked = "llmci asked it" if found.asked else "its verdicts came from a file"
        yield JudgeView(
            metric=name,
            judge=one_line(found.model, 80) or judge,
            mark=_MARKS[found.use],
            words=words,
            because=tuple(one_line(str(why), _TEXT) for why in items(found.figures.get("because"))),
            about=f"Held against {found.labels:,} verdicts of people on {numbers.moment(found.checked_at)}; {asked}.",
            figures=tuple(_bars(found.figures)),
        )


def _bars(figures: Mapping[str, object]) -> Iterator[Bar]:
    groups = {"": figures} | {one_line(str(name), 60): each for name, each in mapping(figures.get("slices")).items()}
    for figure in _FIGURES:
        for group, of in groups.items():
            yield from _bar(figure, group, mapping(mapping(of).get("found")).get(figure))
    yield from _bar("consistency", "", figures.get("consistency"))


def _bar(figure: str, group: str, given: object) -> Iterator[Bar]:
    """Its drawing goes from 0 to 1; a kappa below 0 stands at its left end."""
    found = mapping(given)
    value, low, high, of = (found.get(name) for name in ("value", "low", "high", "of"))
    if isinstance(value, float | int) and isinstance(low, float | int) and isinstance(high, float | int):
        yield Bar(
            name=figure,
            note=group or _MEANING[figure],
            words=f"{value:.2f} ({low:.2f} … {high:.2f}), from {of:,}" if isinstance(of, int) else f"{value:.2f}",
            low=bounded(low),
            value=bounded(value),
            high=bounded(high),
        )
