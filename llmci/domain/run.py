"""A run: the answers of one system to one eval set, and their scores."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.domain.case import Document, Message
    from llmci.domain.system import SystemSpec
    from llmci.domain.text import CleanText

SCHEMA_NAME = "run/1"
# What a run says in its environment whose texts were not kept.
SCORES_ONLY = "scores_only"

Fault = Literal["system", "infrastructure"]
MetricKind = Literal["binary", "graded", "ratio", "latency"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one answer; `input` includes cached tokens; None where the system does not say."""

    input: int | None = None
    output: int | None = None
    cached: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The system answered.

    Attributes:
        repeat: 0 for the first try of the case, 1 for the second, ...
        text: Final answer.
        messages: Everything the system said, tool calls and results included, in order.
        documents: What it retrieved, best first; None where the system does not say.
        cost: US dollars; None is unknown, which is not 0.
        latency_ms: Measured around the call; None where it was not measured (recorded answers may
            carry the recorded one).
        request_digest: Digest of the rendered request; equal digests mean nothing changed.
        recorded_scores: Scores that came with a recorded answer, by name.
        cached: Whether the answer came from the cache.
    """

    case_id: str
    repeat: int
    text: CleanText
    messages: tuple[Message, ...] = ()
    documents: tuple[Document, ...] | None = None
    usage: Usage = field(default_factory=Usage)
    cost: float | None = None
    latency_ms: float | None = None
    ttft_ms: float | None = None
    request_digest: str | None = None
    recorded_scores: Mapping[str, float] = field(default_factory=dict)
    cached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """No answer: `why` in plain words without user text, and whose fault it is.

    A fault of the system counts as a wrong answer. A fault of the infrastructure is no evidence.
    """

    case_id: str
    repeat: int
    why: str
    fault: Fault
    latency_ms: float | None = None


Answer = Answered | Unanswered


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What a scorer's numbers mean.

    Attributes:
        name: As in the configuration and in every report.
        kind: binary (0 or 1), graded (within `low`..`high`), ratio (cost, tokens: compared as a
            percentage of the baseline), latency (compared by exceedance).
        low: Smallest possible value; unused for ratio and latency.
        high: Largest possible value; unused for ratio and latency.
        higher_is_better: False for cost, tokens, latency, refusals, ...
        digest: SHA-256 of all that can change the number (scorer version, options, judge).
        judge: Model that decides, where one does.
        unit: "points" for scores, "USD", "tokens", "ms".
    """

    name: str
    kind: MetricKind
    digest: str
    low: float = 0.0
    high: float = 1.0
    higher_is_better: bool = True
    judge: str | None = None
    unit: str = "points"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A number with its reason; `error` marks the 0 that an unanswered case earns its system.

    `cost` is what the judge took, in US dollars; None is unknown.
    """

    case_id: str
    repeat: int
    metric: str
    value: float
    reason: CleanText | None = None
    error: str | None = None
    cost: float | None = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unscored:
    """No number could be given, and why (never user text).

    Attributes:
        fault: Whose it is; "case" where the case holds nothing that this scorer could compare with,
            such as no reference: the metric is then taken over the other cases.
        cost: As in `Scored`.
    """

    case_id: str
    repeat: int
    metric: str
    why: str
    fault: Fault | Literal["case"]
    cost: float | None = 0.0


Score = Scored | Unscored


@dataclass(frozen=True, slots=True, kw_only=True)
class PastScores:
    """What an earlier run scored under one metric: means over the tries, by case id."""

    run_id: str
    system: str
    finished_at: str
    metric: str
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariate:
    """What earlier runs scored under one metric, less what this run did: how hard a case is without it.

    Attributes:
        runs: Ids of the earlier runs.
        values: Their mean minus this run's score, in the metric's own unit, by case id; of cases that were
            not asked this time, too.
    """

    metric: str
    runs: tuple[str, ...]
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """When the gates were asked, as it was planned before the first answer.

    Attributes:
        planned: Cases asked by each look, ascending; the last is the most that would be asked. Beyond
            the number of cases in the order, the cases are asked a second time.
        taken: How many looks were taken until the gates were decided; at least 1.
        order: Digest of the order in which cases were asked.
    """

    planned: tuple[int, ...]
    taken: int
    order: str

    @property
    def asked(self) -> int:
        """Cases that the gates may look at: so many at the beginning of `Run.case_ids`."""
        return self.planned[self.taken - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The answers of one system to one set, scored.

    Two runs compare only if `evalset_digest` and the digests of `metrics` agree and both hold the
    same cases.

    Attributes:
        case_ids: The cases that were planned, in order; every one has an answer or a reason. Where the
            gates were asked early, in the order of asking, and after those that they looked at the
            ones that must pass.
        cost: US dollars over all calls of the system; None as soon as one call's cost is unknown.
        judge_cost: The same for judges.
        complete: False for a run that was stopped early (budget, interrupt).
        environment: Versions and settings worth knowing, such as llmci, python, model prices.
        looks: When the gates were asked; None where all cases were asked first.
        covariates: What earlier runs scored, where this run is a baseline that was not asked again.
    """

    run_id: str
    system: SystemSpec
    evalset_name: str
    evalset_version: int
    evalset_digest: str
    case_ids: tuple[str, ...]
    repeats: int
    metrics: tuple[Metric, ...]
    answers: tuple[Answer, ...]
    scores: tuple[Score, ...]
    cost: float | None
    judge_cost: float | None
    complete: bool
    started_at: str
    finished_at: str
    environment: Mapping[str, str] = field(default_factory=dict)
    looks: Looks | None = None
    covariates: tuple[Covariate, ...] = ()
