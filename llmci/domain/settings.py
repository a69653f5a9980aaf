"""What each stage is told: one frozen dataclass a stage, spelled as in `llmci.yaml`.

`llmci.config` fills them from the file; the stages take them as they are. Every default is
documented here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt, MinLen

# Read by pydantic where `llmci.config` validates these classes: unknown keys, NaN and infinity are mistakes.
_STRICT = {"extra": "forbid", "allow_inf_nan": False}

Count = Annotated[int, Ge(1)]
Share = Annotated[float, Ge(0), Le(1)]
Positive = Annotated[float, Gt(0)]
# What every random number generator takes.
Seed = Annotated[int, Ge(0), Lt(2**32)]

# Languages with patterns, or recognizers of Presidio's, of their own.
LOCALES = ("en", "es", "de", "fr", "it", "pl")

Operator = Literal["surrogate", "placeholder", "mask", "hash", "redact", "encrypt", "keep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SanitizeSettings:
    """How personal data and secrets are removed.

    Attributes:
        locales: Languages of the texts, of en, es, de, fr, it, pl: their labels, dates and national numbers are known.
        recognizers: Adapters that run, in order; each may have a block under `recognizers:`.
        operator: What takes the place of a finding, unless `policy` says otherwise for its type.
        policy: Entity type to operator. The default keeps what carries the task and names nobody:
            LOCATION (cities, countries), ORGANIZATION, NRP, DATE_TIME, URL.
        allow: Texts that are never personal data (exact, case-insensitive).
        deny: Texts that always are.
        min_score: Findings below it are ignored.
        max_quarantine: Share of traces that may be held back, here (above it nothing is written, exit 5) and by `label` (exit 4).
        strict: The second pass looks at every text, and holds traces back; see `max_residual`.
        max_residual: What the second pass may suspect in one trace before `strict` holds it back.
        canaries: Known values of each kind that are planted into copies of real messages to see how many
            are found; 0 plants none.
        max_leaf_chars: A longer text is held back rather than looked at in part.
        timeout_s: Longest that one text may take; a trace that holds it is held back.
        key_env: Environment variable with the secret that surrogates are derived from. Without it
            a key is made once and kept in `.llmci/`; the same key gives the same surrogates.
        vault_key_env: Environment variable with the secret that the operator `encrypt` seals values with.
    """

    __pydantic_config__ = _STRICT

    locales: tuple[str, ...] = ("en",)
    recognizers: tuple[str, ...] = ("structured", "presidio", "secrets")
    operator: Operator = "surrogate"
    policy: dict[str, Operator] = field(default_factory=dict)
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    min_score: Share = 0.4
    max_quarantine: Share = 0.02
    strict: bool = False
    max_residual: Annotated[int, Ge(0)] = 2
    canaries: Annotated[int, Ge(0)] = 30
    max_leaf_chars: Count = 2_000_000
    timeout_s: Positive = 30.0
    key_env: str = "LLMCI_PRIVACY_KEY"
    vault_key_env: str = "LLMCI_VAULT_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSettings:
    """How traces are grouped and flagged.

    Attributes:
        clusters: Number of clusters, or "auto" to have it chosen.
        seed: Of everything random.
        min_traces: A smaller cluster is shown as "other", with no example.
        min_users: The same for distinct users, where user ids are recorded.
        fit_sample: Clusters are fitted on at most so many distinct inputs; the rest join the
            nearest one.
        embedder: Name of an adapter of the seam `embedder`; None is character n-grams, no key.
        namer: Name of a model under `models:` that names clusters from sanitized examples; None names them by
            their words.
        slow_ms: A trace slower than this is flagged; None is what stands out of the window.
    """

    __pydantic_config__ = _STRICT

    clusters: Count | Literal["auto"] = "auto"
    seed: Seed = 7
    min_traces: Count = 5
    min_users: Count = 5
    fit_sample: Count = 10_000
    embedder: str | None = None
    namer: str | None = None
    slow_ms: Positive | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalsetSettings:
    """How an eval set is drawn from labelled traces.

    Attributes:
        name: Of the set; its versions live in `<directory>/<name>/`.
        directory: Where sets are kept: a directory, from the configuration's own, or a URI such as
            `s3://bucket/evalsets?region=eu-west-1`.
        size: Cases wanted.
        detect: Smallest drop to notice 9 times in 10, as a fraction; the size is then what that takes.
        discordance: Share of cases that differ between two runs of an unchanged system, for `detect`;
            `llmci gate --plan` tells it once there are runs.
        seed: Of the sampling.
        floor: Fewest cases of each cluster that is large enough to be shown.
        failures: Share of the set kept for failures and anomalies, beyond what chance brings.
        slices: Label name to where it is found in a trace: a column (`variant`, `environment`,
            `cluster`, `language`, ...), `metadata.<key>` or `tag:<prefix>`.
        dependence: Where the group of dependent cases is found, in the same spelling; the default
            is the conversation, the user and nearly the same input.
        key: Where the identity of a case is found; the same spelling. Traces of one key become one
            case, and recorded answers are matched by it. The default is the input itself.
        variant: Only traces of this variant become cases; None takes all.
        reference: Where the reference answer is found: `score:<name>` (corrections, expectations),
            `metadata.<key>`, `output` (production answers with good feedback only), or `judge:<name>`
            (production answers that this judge approved of, see `llmci label --judge`). Of a list, the
            first place that holds one counts.
        expectations: Expectation name to where it is found (`metadata.<key>` as JSON or text).
        agents: What becomes of an agent's trace. input: a case like any other, from what was asked. replay: also what
            its tools said (expectation `tool_results`) and what it called (`tool_calls`), for `tool_replay`. steps:
            each of its actions is a case: the conversation before it, and as `tool_calls` what it called next.
        rubric: What a judge should look for in cases without a reference; by default the rubric of the
            judge that `reference` names.
        hand_written: JSONL files of hand-written cases that are kept in every version.
        holdout: Share of the set kept for release gates only; a case never changes sides, unless the share does.
        traffic: Conversations of the traffic of which one input each is kept beside the cases, for `evalset drift`
            where the traces themselves are gone; 0 keeps none.
    """

    __pydantic_config__ = _STRICT

    name: str = "main"
    directory: str = "evalsets"
    size: Count = 300
    detect: Annotated[float, Gt(0), Lt(1)] | None = None
    discordance: Annotated[float, Gt(0), Lt(1)] = 0.1
    seed: Seed = 7
    floor: Annotated[int, Ge(0)] = 3
    failures: Share = 0.2
    slices: dict[str, str] = field(default_factory=lambda: {"cluster": "cluster"})
    dependence: str | None = None
    key: str | None = None
    variant: str | None = None
    reference: str | tuple[str, ...] | None = None
    expectations: dict[str, str] = field(default_factory=dict)
    agents: Literal["input", "replay", "steps"] = "input"
    rubric: str | None = None
    hand_written: tuple[str, ...] = ()
    holdout: Annotated[float, Ge(0), Lt(1)] = 0.0
    traffic: Annotated[int, Ge(0)] = 2_400

    @property
    def references(self) -> tuple[str, ...]:
        """The places where references are found, the most trusted first."""
        return (self.reference,) if isinstance(self.reference, str) else self.reference or ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchSettings:
    """How systems are run on an eval set.

    Attributes:
        baseline: Name of the system in production.
        candidate: Name of the system that would replace it.
        baseline_uri: Where `llmci promote` also keeps the baseline's scores and `llmci bench` finds them:
            `s3://`, `gs://` or `file://` and the path of a file.
        concurrency: Most calls in flight at once, for each system. Without it 20 for programs of yours;
            an endpoint is asked 20 at first (or this number), more while that goes well (at most 256), and half as
            many after a 429, a 5xx, a broken connection or a timeout.
        repeat: Tries of each case.
        timeout_s: Longest wait for one answer; longer is the system's fault.
        retries: Further tries after a fault that is not the system's (429, 500, a broken connection).
        budget_usd: Most that may be spent, judges included; None is no limit.
        max_infrastructure_failures: Share of cases, and of each reported slice, that may be lost to
            faults that are not the system's; above it the run is no evidence (exit 4).
        cache_days: Cached answers and verdicts that are older are asked for anew; None keeps them.
        max_answer_chars: A longer answer is the system's fault.
        seed: Order of the cases.
        sequential: Ask in batches, ask the gates after each, and stop as soon as all are decided. The
            order is drawn from the digests of set and candidate, and `seed` does not change it.
        extend: Where the cases run out before the planned number, ask each a second time.
        max_days_apart: Days that may lie between the runs of a comparison; more is not comparable.
        discordance: Share of cases that differ between two runs of an unchanged system; how many cases
            are planned hangs on it. A wrong guess costs calls or decisions, never a wrong verdict.
    """

    __pydantic_config__ = _STRICT

    baseline: str = "baseline"
    candidate: str = "candidate"
    baseline_uri: str | None = None
    concurrency: Count | None = None
    repeat: Count = 1
    timeout_s: Positive = 60.0
    retries: Annotated[int, Ge(0)] = 4
    budget_usd: Annotated[float, Ge(0)] | None = None
    max_infrastructure_failures: Share = 0.02
    cache_days: Positive | None = None
    max_answer_chars: Count = 1_000_000
    seed: Seed = 7
    sequential: bool = False
    extend: bool = False
    max_days_apart: Positive = 14.0
    discordance: Annotated[float, Gt(0), Lt(1)] = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionSettings:
    """One thing watched during a canary; see `llmci.domain.rollout.Criterion`."""

    __pydantic_config__ = _STRICT

    kind: Literal["score", "error", "flag", "judge", "cost", "tokens", "latency"]
    margin: Positive
    score: str | None = None
    flag: Literal["empty_answer", "refusal", "truncated", "loop", "tool_error", "fenced_json", "thumbs_down"] | None = (
        None
    )
    judge: str | None = None
    higher_is_better: bool = True
    base_rate: Annotated[float, Gt(0), Le(1)] = 0.1
    segment: str | None = None
    wait_minutes: Annotated[float, Ge(0)] = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSettings:
    """A step of exposure; see `llmci.domain.rollout.Stage`."""

    __pydantic_config__ = _STRICT

    share: Annotated[float, Gt(0), Le(1)]
    only: tuple[str, ...] = ()
    approver: str | None = None
    max_hours: Positive | None = None
    criteria: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CanarySettings:
    """How a candidate is exposed to live traffic.

    Attributes:
        control: Variant label of the baseline's traces.
        treatment: Variant label of the candidate's traces.
        shares: Share of traffic at each stage, ascending.
        stages: In place of `shares`, where a stage is for some segments only (`only`), or has its own `approver`,
            `max_hours` or `criteria` (names; all of them by default). Stages for segments come first.
        criteria: What is watched, by name.
        rollout: Block of the seam `rollout`: where the share is written; None only decides.
        approvers: Whose approval it takes to reach a share, by share.
        max_hours: Longest time at one share without a decision.
        when_overdue: What a check says when that time is over: hold, or roll back.
        unit: What counts once: each request, or each user with their first known value of each criterion.
        segment: Place in a trace that says which segment it is of, such as `metadata.platform`.
        segments: Values there that evidence is shown for, and that a criterion may be limited to.
        pair_by: Place in a trace with the id of the request, such as `metadata.request_id`: what both variants answered
            of mirrored traffic is compared in pairs (`canary check --shadow`).
        requests_per_hour: Expected traffic, for the plan.
        settle_seconds: How long it takes until every client has seen a share that was moved; traces of that time are
            of both shares, and do not count.
    """

    __pydantic_config__ = _STRICT

    control: str = "baseline"
    treatment: str = "candidate"
    shares: Annotated[tuple[Annotated[float, Gt(0), Le(1)], ...], MinLen(1)] = (0.01, 0.05, 0.25, 0.5, 1.0)
    stages: tuple[StageSettings, ...] = ()
    criteria: dict[str, CriterionSettings] = field(default_factory=dict)
    rollout: dict[str, object] | None = None
    approvers: dict[float, str] = field(default_factory=dict)
    max_hours: Positive | None = None
    when_overdue: Literal["hold", "roll back"] = "hold"
    unit: Literal["request", "user"] = "request"
    segment: str | None = None
    segments: tuple[str, ...] = ()
    pair_by: str | None = None
    requests_per_hour: Positive | None = None
    settle_seconds: Annotated[float, Ge(0)] = 30.0
    alpha: Annotated[float, Gt(0), Lt(0.5)] = 0.05
