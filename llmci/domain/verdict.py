"""Rules, differences and verdicts: what a gate asks, measures and says."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Role = Literal["primary", "guardrail", "must_pass", "watch"]
FailOn = Literal["any-drop", "beyond-margin"]
OnInconclusive = Literal["error", "pass", "fail", "extend"]


class Outcome(StrEnum):
    """What a gate can say."""

    PASSED = "passed"
    REGRESSED = "regressed"
    INCONCLUSIVE = "inconclusive"
    NOT_COMPARABLE = "not comparable"
    NO_EVIDENCE = "no evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A gate, as in the configuration.

    Attributes:
        metric: Name of the metric it watches.
        role: primary: must be shown not worse than `tolerance`. guardrail: fails only when shown
            worse. must_pass: cases marked so must not break. watch: reported, decides nothing.
        tolerance: Drop that is acceptable: a fraction of the metric's range for scores (0.05 = 5
            points), a fraction of the baseline for ratios (0.10 = 10 % dearer).
        alpha: One-sided error rate over the whole run.
        fail_on: any-drop: any proven drop fails. beyond-margin: only one larger than `tolerance`.
        slice_by: Slice labels that are reported (and gated, if `critical`) one value at a time.
        critical: Each slice can fail the run, like a guardrail; the multiplicity is paid for.
    """

    metric: str
    role: Role
    tolerance: float
    alpha: float = 0.05
    fail_on: FailOn = "any-drop"
    on_inconclusive: OnInconclusive = "error"
    slice_by: tuple[str, ...] = ()
    critical: bool = False
    min_cases: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Candidate minus baseline, in the direction where more is better.

    Attributes:
        estimate: In units of the metric's range (0.05 = 5 points), or of the baseline for ratios.
        low: Lower one-sided bound at the rule's confidence.
        high: Upper one-sided bound.
        baseline: Weighted mean of the baseline, in the metric's own unit; None if unknown.
        candidate: The same for the candidate.
        cases: Cases compared.
        groups: Independent groups among them.
        better: Cases whose score rose.
        worse: Cases whose score fell.
        unchanged: The rest.
        detectable: Smallest drop that would be noticed 9 times in 10 with these cases.
        method: Name and source of the method, for the report.
    """

    estimate: float
    low: float
    high: float
    baseline: float | None
    candidate: float | None
    cases: int
    groups: int
    better: int
    worse: int
    unchanged: int
    detectable: float
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one rule says of all cases, or of one slice.

    Attributes:
        slice: (label, value), or None for all cases.
        gating: Whether it can fail the run.
        because: One sentence in plain words; no p-values.
        needed_cases: Cases that would settle an inconclusive verdict; None if that is not known.
    """

    rule: Rule
    outcome: Outcome
    because: str
    gating: bool
    difference: Difference | None = None
    slice: tuple[str, str] | None = None
    needed_cases: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChange:
    """How one case fared under one metric: values in the metric's own unit, None where unscored."""

    case_id: str
    metric: str
    baseline: float | None
    candidate: float | None
    difference: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that explains a verdict and decides nothing.

    Attributes:
        kind: What it is about: new failures, new fixes, slice, format, refusals, length, language, ...
        text: One sentence; no text of an answer but a mark that many sanitized ones share.
        bad: Whether it is worse whatever the task is.
        baseline: Share of the baseline's answers, where it is about shares; the change elsewhere, where
            it is about a slice.
        candidate: The same for the candidate, or the change in that slice.
        slice: Where it happened, if one slice holds it.
        cases: Some to look at.
    """

    kind: str
    text: str
    bad: bool = False
    baseline: float | None = None
    candidate: float | None = None
    slice: tuple[str, str] | None = None
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """The verdict on a candidate.

    Attributes:
        verdicts: One for each rule, then one for each of its slices.
        headline: The verdict in one sentence.
        changes: Every case under every gated metric, worst first.
        findings: What changed about the answers, and where; the most telling first.
        unchanged: What was looked at and shows no change.
    """

    outcome: Outcome
    headline: str
    because: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    changes: tuple[CaseChange, ...]
    baseline_run: str
    candidate_run: str
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    unchanged: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
