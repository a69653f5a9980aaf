"""What `llmci evalset drift` kept, to shares of topics before and now, ready to draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.core.reporting import numbers
from llmci.core.reporting.bars import Bar, bounded
from llmci.core.reporting.inert import one_line
from llmci.core.reporting.stored import number, objects, whole
from llmci.core.stats.agreement import wilson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.domain.run import Run

_TEXT = 400
_MOST = 12
_SIDES = ("before", "now")
# Of the population stability index, as it is commonly read.
_SHIFTED = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftView:
    """How well the set represents the traffic, as it was measured last.

    Attributes:
        verdict: One sentence; where nothing was ever measured, how to.
        about: What was compared, and when; empty where nothing was.
        represented: None where an older llmci measured it.
        topics: Topics that the set does not know, the largest first.
        clusters: Shares before and in the window, the largest change first; `more` are not listed.
        tests: What the two tests say, and by how much the shares moved altogether.
    """

    verdict: str
    about: str = ""
    represented: Bar | None = None
    topics: tuple[Bar, ...] = ()
    clusters: tuple[Bar, ...] = ()
    more: int = 0
    tests: str = ""


def drift_view(run: Run, drift: Mapping[str, object] | None) -> DriftView | None:
    """What the report shows of it; None for a run on no stored set.

    Args:
        run: Of the candidate.
        drift: As `llmci.wiring.drift.remember` wrote it. Every part may be missing: an older version wrote less.
    """
    if drift is None:
        told = "No traffic was ever held against this set: llmci evalset drift does."
        return DriftView(verdict=told) if run.evalset_version else None
    rows = objects(drift.get("clusters"))
    most = max((_share(row.get(side))[1] for row in rows for side in _SIDES), default=0.0) or 1.0
    return DriftView(
        verdict=one_line(str(drift.get("verdict", "")), _TEXT),
        about=_about(drift),
        represented=_represented(drift),
        topics=_topics(drift),
        clusters=tuple(_cluster(row, min(1.0, most * 1.4)) for row in rows[:_MOST]),
        more=max(0, len(rows) - _MOST),
        tests=_tests(drift),
    )


def _about(drift: Mapping[str, object]) -> str:
    traces, before = drift.get("traces"), drift.get("traces_before")
    said = [f"{traces:,} traces" if isinstance(traces, int) else "traffic"]
    if isinstance(before, int):
        what = "inputs of the set itself" if drift.get("against") == "set" else "traces that the set was drawn from"
        said.append(f"held against {before:,} {what}")
    return f"{' '.join(said)}, {numbers.moment(str(drift.get('measured_at', '')))}"


def _represented(drift: Mapping[str, object]) -> Bar | None:
    share = drift.get("represented")
    if not isinstance(share, float | int):
        return None
    words = f"at most about {numbers.rate(share, 0)} of the window is like what the set was drawn from"
    return Bar(name="represented", words=words, low=bounded(share), value=bounded(share), high=bounded(share))


def _topics(drift: Mapping[str, object]) -> tuple[Bar, ...]:
    return tuple(_topic(topic, whole(drift.get("compared_now"))) for topic in objects(drift.get("new_topics"))[:_MOST])


def _topic(topic: Mapping[str, object], compared: int) -> Bar:
    inputs, share = whole(topic.get("inputs")), number(topic.get("share"))
    range_ = wilson(min(inputs, compared), compared)
    return Bar(
        name=one_line(str(topic.get("name", "")), 80),
        words=f"{numbers.rate(share)} of the window ({_range(range_.low, range_.high)}): {inputs:,} of the {compared:,} inputs compared",
        low=range_.low,
        value=bounded(share),
        high=range_.high,
    )


def _cluster(row: Mapping[str, object], scale: float) -> Bar:
    was, now = (_share(row.get(side)) for side in _SIDES)
    low, value, high = (bounded(at / scale) for at in now)
    before = bounded(was[0] / scale), bounded(was[1] / scale), bounded(was[2] / scale)
    words = " → ".join(f"{numbers.rate(share)} ({_range(least, most)})" for least, share, most in (was, now))
    return Bar(name=one_line(str(row.get("name", "")), 80), words=words, low=low, value=value, high=high, before=before)


def _share(estimate: object) -> tuple[float, float, float]:
    """A share between the ends of its interval; of what is not said it may be any."""
    told = estimate if isinstance(estimate, dict) else {"high": 1.0}
    return number(told.get("low")), number(told.get("value")), number(told.get("high"))


def _tests(drift: Mapping[str, object]) -> str:
    auc, psi = drift.get("classifier_auc"), drift.get("psi")
    if not isinstance(auc, float | int) or not isinstance(psi, float | int):
        return ""
    moved = "a shift, as it is commonly read" if psi > _SHIFTED else "no shift, as it is commonly read"
    return (
        f"A classifier tells old inputs from new ones with an AUC of {auc:.2f} (0.5 is not at all). "
        f"Stability index over the topics: {psi:.2f}, {moved}."
    )


def _range(low: float, high: float) -> str:
    return f"{numbers.rate(low)} … {numbers.rate(high)}"
