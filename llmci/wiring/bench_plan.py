"""What a bench would do: set, cases, systems and scorers, and what they will take, before anything is asked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from llmci.core.bench.digests import answer_key
from llmci.core.bench.tries import chosen
from llmci.core.canonical import digest_of
from llmci.errors import PrivacyStop, UsageError
from llmci.seams import PairScorer
from llmci.wiring.build import build
from llmci.wiring.calibrations import digests_of, require_calibrated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llmci.config import Config
    from llmci.domain.case import Case
    from llmci.domain.evalset import EvalSet
    from llmci.domain.settings import BenchSettings
    from llmci.seams import AnswerCache, Estimate, Scorer, System


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked for beyond the configuration; None takes the configuration's word.

    Attributes:
        baseline: Name of a system.
        candidate: Name of a system.
        version: Of the eval set.
        limit: A seeded sample of at most so many cases.
        filters: Slice label to the value that it must have.
        holdout: Also ask the cases that are kept for release gates.
        cache: Use answers that are there already, and store new ones.
        refresh: Ask anew, and store the answers.
        resume: Take up what an interrupted bench left.
        retry_errors: The same, and ask again what failed.
    """

    baseline: str | None = None
    candidate: str | None = None
    evalset: str | None = None
    version: int | None = None
    limit: int | None = None
    filters: Mapping[str, str] = field(default_factory=dict)
    holdout: bool = False
    concurrency: int | None = None
    repeat: int | None = None
    budget: float | None = None
    seed: int | None = None
    cache: bool = True
    refresh: bool = False
    resume: bool = False
    retry_errors: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Everything that a bench needs. `policy` is the digest of how answers are sanitized."""

    evalset: EvalSet
    cases: tuple[Case, ...]
    settings: BenchSettings
    systems: tuple[System, System]
    scorers: tuple[Scorer, ...]
    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What one system or judge will take; None is unknown.

    Attributes:
        calls: Calls that will be made.
        cached: Answers that are there already.
        input_tokens: About so many, together.
        output_tokens: At most so many, together.
        cost: At most so many US dollars, together.
    """

    name: str
    calls: int
    cached: int
    input_tokens: int | None
    output_tokens: int | None
    cost: float | None


def prepare(config: Config, ask: Ask, environ: Mapping[str, str], *, evalset: EvalSet | None = None) -> Prepared:
    """Find set, cases, systems and scorers; calls nobody.

    Raises:
        UsageError: Something that is named is not there.
        PrivacyStop: The set holds production text that no sanitize manifest vouches for.
    """
    settings = _settings(config.bench, ask)
    evalset = evalset or _evalset(config, ask)
    if evalset.sanitize_digest is None and any(case.origin.kind != "hand" for case in evalset.cases):
        raise PrivacyStop(
            f"the eval set {evalset.name} v{evalset.version} holds production text that nobody vouches for.",
            fix="Build it again with `llmci evalset build`, from sanitized traces.",
        )
    cases = chosen(evalset.cases, filters=ask.filters, limit=ask.limit, seed=settings.seed, holdout=ask.holdout)
    if not config.scorers:
        raise UsageError(f"{config.path}: there are no scorers.", fix="Add at least one under `scorers:`.")
    systems = _system(config, settings.baseline, environ), _system(config, settings.candidate, environ)
    scorers = tuple(build("scorer", block, config, environ) for block in config.scorers.values())
    for scorer in scorers:
        if isinstance(scorer, PairScorer):
            scorer.against(systems[0].spec().digest)
    require_calibrated(config, config.gates, {scorer.metric().name: digests_of(scorer) for scorer in scorers})
    return Prepared(
        evalset=evalset,
        cases=cases,
        settings=settings,
        systems=systems,
        scorers=scorers,
        policy=digest_of(config.sanitize, {name: block.given for name, block in config.recognizers.items()}),
    )


def forecast(prepared: Prepared, cache: AnswerCache | None) -> list[Forecast]:
    """What the bench will take, system by system, then judge by judge."""
    repeats = range(prepared.settings.repeat)
    found = []
    for system in prepared.systems:
        spec = system.spec()
        usable = cache if spec.cacheable else None
        asked = [
            case
            for case in prepared.cases
            for repeat in repeats
            if usable is None
            or usable.answer(answer_key(spec, system.request_digest(case), case, repeat, prepared.policy)) is None
        ]
        total = len(prepared.cases) * len(repeats)
        found.append(_forecast(spec.name, (system.estimate(case) for case in asked), cached=total - len(asked)))
    for scorer in prepared.scorers:
        if scorer.metric().judge is not None:
            judged = [case for case in prepared.cases for _ in repeats for _ in prepared.systems]
            found.append(_forecast(scorer.metric().name, (scorer.estimate(case) for case in judged), cached=0))
    return found


def _forecast(name: str, estimates: Iterable[Estimate], *, cached: int) -> Forecast:
    given = list(estimates)
    inputs = [item.input_tokens for item in given]
    outputs = [item.output_tokens for item in given]
    costs = [item.worst_cost for item in given]
    return Forecast(
        name=name,
        calls=len(given),
        cached=cached,
        input_tokens=None if None in inputs else sum(filter(None, inputs)),
        output_tokens=None if None in outputs else sum(filter(None, outputs)),
        cost=None if None in costs else sum(filter(None, costs)),
    )


def _settings(settings: BenchSettings, ask: Ask) -> BenchSettings:
    given: dict[str, Any] = {
        "baseline": ask.baseline,
        "candidate": ask.candidate,
        "concurrency": ask.concurrency,
        "repeat": ask.repeat,
        "budget_usd": ask.budget,
        "seed": ask.seed,
    }
    return replace(settings, **{name: value for name, value in given.items() if value is not None})


def _evalset(config: Config, ask: Ask) -> EvalSet:
    from llmci.wiring.evalset import store

    evalset: EvalSet = store(config).load(ask.evalset or config.evalset.name, ask.version)
    return evalset


def _system(config: Config, name: str, environ: Mapping[str, str]) -> System:
    block = config.systems.get(name)
    if block is None:
        known = ", ".join(config.systems) or "none"
        raise UsageError(f"there is no system called {name!r} in {config.path}.", fix=f"Systems there: {known}.")
    if block.kind == "recorded" and block.options.key is None and config.evalset.key is not None:
        # The same place where the eval set found the identity of its cases.
        block = replace(block, options=block.options.model_copy(update={"key": config.evalset.key}))
    system: System = build("system", block, config, environ)
    return system
