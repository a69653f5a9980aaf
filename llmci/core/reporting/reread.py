"""A report in JSON read back, as far as a comment shows it; nothing in it is trusted."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmci.core.reporting.gates import gate_rows, slice_rows
from llmci.core.reporting.inert import one_line
from llmci.core.reporting.marks import OUTCOMES
from llmci.domain.place import Place
from llmci.domain.run import Metric
from llmci.domain.verdict import Difference, Outcome, Rule, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.core.reporting.view import GateRow, Mark, SliceRow

_SENTENCE, _NAME, _ID = 1_000, 80, 64
# Of cases that got worse; a comment names five.
_FAILURES = 5
# What a comment can show at all; a file that was made elsewhere may hold any number.
_GATES, _WORDS = 1_000, 10
_WORSE = ("regressed", "errored")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """What a stored report says.

    Attributes:
        counts: Cases by the name of their `Change`, in lower case, and all of them under "cases".
        cost: Of the baseline's and of the candidate's answers, in US dollars; None is unknown.
        failures: Ids of the first cases that got worse or no answer any more.
    """

    outcome: Outcome
    headline: str
    because: tuple[str, ...]
    notes: tuple[str, ...]
    findings: tuple[str, ...]
    unchanged: tuple[str, ...]
    baseline: str
    candidate: str
    evalset: str
    gates: tuple[GateRow, ...]
    slices: tuple[SliceRow, ...]
    counts: Mapping[str, int]
    cost: tuple[float | None, float | None]
    changed: tuple[Place, ...]
    failures: tuple[str, ...]

    @property
    def mark(self) -> Mark:
        """The outcome as people see it."""
        return OUTCOMES[self.outcome]

    @property
    def worse(self) -> int:
        """Cases that got worse, or no answer any more."""
        return sum(self.counts[name] for name in _WORSE)


def reread(document: Mapping[str, Any]) -> Reread:
    """Read a report that follows `report.schema.json`."""
    metrics = {metric.name: metric for metric in map(_metric, document["metrics"][:_GATES])}
    verdicts = [_verdict(verdict) for verdict in document["gates"][:_GATES]]
    evalset, baseline, candidate = document["evalset"], document["baseline"], document["candidate"]
    worse = (case["case_id"] for case in document["cases"] if case["change"] in _WORSE)
    return Reread(
        outcome=Outcome(document["outcome"]),
        headline=one_line(document["headline"], _SENTENCE),
        because=_sentences(document["because"]),
        notes=_sentences(document["notes"]),
        findings=_sentences([finding["text"] for finding in document.get("findings", [])]),
        unchanged=tuple(one_line(what, _NAME) for what in document.get("unchanged", [])[:_WORDS]),
        baseline=one_line(baseline["system"], _NAME),
        candidate=one_line(candidate["system"], _NAME),
        evalset=f"{one_line(evalset['name'], _NAME)} v{evalset['version']}",
        gates=gate_rows(verdicts, metrics),
        slices=slice_rows(verdicts, metrics),
        counts=document["counts"],
        cost=(baseline["cost_usd"], candidate["cost_usd"]),
        changed=tuple(_place(place) for place in document.get("changed", [])[:_WORDS]),
        failures=tuple(one_line(case_id, _ID) for case_id, _ in zip(worse, range(_FAILURES), strict=False)),
    )


def _sentences(texts: list[str]) -> tuple[str, ...]:
    return tuple(one_line(text, _SENTENCE) for text in texts[:_WORDS])


def _place(place: Mapping[str, Any]) -> Place:
    return Place(path=one_line(place["path"], 200), line=place["line"], what=one_line(place["what"], _NAME))


def _metric(metric: Mapping[str, Any]) -> Metric:
    known = {name: metric[name] for name in ("kind", "higher_is_better")}
    # A unit stands beside a number, where text is not expected to be foreign.
    unit = metric["unit"] if re.fullmatch(r"[A-Za-z]{1,12}", metric["unit"]) else "points"
    return Metric(name=_one_name(metric["name"]), digest="", unit=unit, **known)


def _verdict(verdict: Mapping[str, Any]) -> Verdict:
    # A name of several lines would end the row of the table that it stands in.
    rule = Rule(metric=_one_name(verdict["metric"]), role=verdict["role"], tolerance=verdict["tolerance"])
    part = verdict["slice"]
    return Verdict(
        rule=rule,
        outcome=Outcome(verdict["outcome"]),
        because=verdict["because"],
        gating=verdict["gating"],
        difference=_difference(verdict["difference"]),
        slice=(part[0], part[1]) if part else None,
    )


def _one_name(name: str) -> str:
    return name if len(name) <= _NAME and "\n" not in name else one_line(name, _NAME)


def _difference(found: Mapping[str, Any] | None) -> Difference | None:
    """The difference, with what JSON cannot say: null is an open end of the range."""
    if found is None:
        return None
    open_ends = {"estimate": math.nan, "low": -math.inf, "high": math.inf, "detectable": math.inf}
    told: dict[str, Any] = {
        name: open_ends.get(name) if found[name] is None else found[name] for name in Difference.__slots__
    }
    return Difference(**told)
