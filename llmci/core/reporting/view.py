"""The view model that every report format shares: plain frozen data, every text harmless to show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llmci.core.reporting.drift import DriftView
    from llmci.core.reporting.judges import JudgeView
    from llmci.core.reporting.privacy import PrivacyView
    from llmci.core.reporting.spreads import SpreadRow
    from llmci.domain.verdict import Outcome


class Change(StrEnum):
    """How a case fared; in the order in which reports list cases and keep their texts."""

    REGRESSED = "worse"
    ERRORED = "no answer"
    IMPROVED = "better"
    FAILING = "still wrong"
    UNSCORED = "not scored"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """An outcome as people see it: never by colour alone.

    Attributes:
        word: Such as "regressed"; `sign` is one plain character, `emoji` its sibling for Markdown.
        tone: good, bad, unsure or none; styles hang on it.
    """

    word: str
    sign: str
    emoji: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A plausible range for a plot, in multiples of the tolerance; right of 0 is better.

    Attributes:
        reach: The plot shows -reach..reach.
    """

    low: float
    estimate: float
    high: float
    reach: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRow:
    """One rule on all cases, in words.

    Attributes:
        change: In the metric's natural direction: "+4 %" of a cost is dearer.
        noticed: What these cases could have shown, as a sentence.
        counts: Better, worse and unchanged cases.
        gating: Whether it can fail the run.
    """

    metric: str
    role: str
    outcome: Outcome
    mark: Mark
    baseline: str
    candidate: str
    change: str
    plausible: str
    tolerance: str
    because: str
    noticed: str
    counts: str
    method: str
    gating: bool
    interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceRow:
    """One value of a slice label under one metric.

    Attributes:
        mark: None where no gate looked at it: the row only describes.
        damage: Score lost, in cases' worth of the metric's range; negative is gain. Rows are ranked by it.
    """

    label: str
    value: str
    metric: str
    cases: int
    better: int
    worse: int
    baseline: str
    candidate: str
    change: str
    plausible: str
    because: str
    mark: Mark | None
    gating: bool
    damage: float
    interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnView:
    """One turn of a conversation: who, and (kind, text) pieces such as ("tool_call", "search {...}")."""

    role: str
    pieces: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreView:
    """A score of one answer; `value` is None where there is none, and `reason` says why."""

    metric: str
    value: float | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SideView:
    """One answer of one system; `why` stands where there is no answer."""

    text: str | None
    why: str | None = None
    turns: tuple[TurnView, ...] = ()
    documents: tuple[tuple[str, str], ...] = ()
    scores: tuple[ScoreView, ...] = ()
    latency_ms: float | None = None
    cost: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cached: bool = False

    @property
    def reasons(self) -> dict[str, str]:
        """Why each metric said what it did, where it gave a reason, by metric."""
        return {score.metric: score.reason for score in self.scores if score.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class TryView:
    """The same try of a case by both systems."""

    baseline: SideView | None
    candidate: SideView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A case under one metric: means over its tries, in the metric's own unit."""

    metric: str
    baseline: float | None
    candidate: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """One case with all that is known of it.

    Attributes:
        loss: Worst loss under a gated metric, as a fraction of its range; negative is gain.
        title: Its question on one line.
    """

    case_id: str
    change: Change
    loss: float
    title: str
    key: str | None
    weight: float | None
    slices: tuple[tuple[str, str], ...]
    must_pass: bool
    measured: tuple[Measured, ...]
    turns: tuple[TurnView, ...] = ()
    documents: tuple[tuple[str, str], ...] = ()
    reference: str | None = None
    rubric: str | None = None
    tries: tuple[TryView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendRow:
    """Cost, time or size of both systems; "unknown" is never 0."""

    name: str
    baseline: str
    candidate: str
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryView:
    """Earlier runs under the metric that stands beside a case, oldest first.

    Attributes:
        runs: When and which system, one a run.
        values: By case id, one mapping a run.
    """

    metric: str
    runs: tuple[tuple[str, str], ...]
    values: tuple[Mapping[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LookRow:
    """One look of a sequential bench; `cases` were or would have been asked by then."""

    look: int
    cases: int
    taken: bool
    better: int
    worse: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FactGroup:
    """Things worth knowing under one heading, as (term, words)."""

    title: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricView:
    """A metric's name and nature, for the formats that show single values."""

    name: str
    kind: str
    higher_is_better: bool
    low: float
    high: float
    unit: str
    judge: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """Everything a report shows.

    Attributes:
        headline: The verdict in one sentence; `because` are the reasons that it does not hold.
        findings: What changed about the answers, a sentence each; `unchanged` is what did not.
        cases: Worst first, in the order of `Change`; each without its texts and tries.
        whole: Gives one of them its texts and tries.
        counts: Cases by change.
        drift: None for runs on no stored set; likewise `privacy`, where nothing is known.
        looks: The path of a sequential bench.
        deciding: The metric whose values stand beside a case in lists.
        texts: False where texts were left out on request.
    """

    outcome: Outcome
    mark: Mark
    headline: str
    because: tuple[str, ...]
    notes: tuple[str, ...]
    findings: tuple[str, ...]
    unchanged: tuple[str, ...]
    baseline: str
    candidate: str
    finished_at: str
    evalset: str
    gates: tuple[GateRow, ...]
    slices: tuple[SliceRow, ...]
    spending: tuple[SpendRow, ...]
    spreads: tuple[SpreadRow, ...]
    facts: tuple[FactGroup, ...]
    drift: DriftView | None
    judges: tuple[JudgeView, ...]
    privacy: PrivacyView | None
    looks: tuple[LookRow, ...]
    history: HistoryView | None
    metrics: tuple[MetricView, ...]
    deciding: str | None
    cases: tuple[CaseView, ...]
    whole: Callable[[CaseView], CaseView]
    counts: tuple[tuple[Change, int], ...]
    texts: bool

    @property
    def word(self) -> str:
        """The outcome's word where the headline does not begin with it anyway."""
        return "" if self.headline.lower().startswith(self.mark.word) else self.mark.word

    def count(self, change: Change) -> int:
        """How many cases fared so."""
        return dict(self.counts).get(change, 0)

    def having(self, *changes: Change) -> tuple[CaseView, ...]:
        """The cases that fared so, worst first, without their texts."""
        return tuple(case for case in self.cases if case.change in changes)
