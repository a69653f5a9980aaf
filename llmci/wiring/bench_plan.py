"""What a bench would do: set, cases, systems and scorers, and what they will take, before anything is asked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from llmci.core.bench.digests import answer_key, pair_key, score_key
from llmci.core.bench.history import Usual
from llmci.core.bench.schedule import at_once, in_looks
from llmci.core.bench.tries import chosen, part
from llmci.core.canonical import digest_of
from llmci.errors import PrivacyStop, UsageError
from llmci.seams import PairScorer
from llmci.wiring.baseline import AUTO, Wanted, find, is_paired
from llmci.wiring.build import build
from llmci.wiring.calibrations import digests_of, require_calibrated
from llmci.wiring.gate import shared_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from llmci.config import Config
    from llmci.core.bench.schedule import Schedule
    from llmci.domain.case import Case
    from llmci.domain.evalset import EvalSet
    from llmci.domain.run import Answered, Run
    from llmci.domain.settings import BenchSettings
    from llmci.seams import AnswerCache, Estimate, Scorer, System
    from llmci.wiring.baseline import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked for beyond the configuration; None takes the configuration's word.

    Attributes:
        baseline: Name of a system.
        candidate: Name of a system.
        others: Further candidates, each against the baseline.
        version: Of the eval set.
        limit: A seeded sample of at most so many cases.
        filters: Slice label to the value that it must have.
        holdout: Also ask the cases that are kept for release gates.
        shard: Which part of the cases, and of how many, counted from 1.
        cache: Use answers that are there already, and store new ones.
        refresh: Ask anew, and store the answers.
        resume: Take up what an interrupted bench left.
        retry_errors: The same, and ask again what failed.
        sequential: Stop as soon as every gate is decided.
        extend: Ask the cases a second time where they are too few.
        allow_unknown_cost: Keep the budget for calls of known cost, and let the others through.
        record: Directory of a cassette to be recorded.
        replay: Directory of a cassette to be played: nobody is asked.
    """

    baseline: str | None = None
    candidate: str | None = None
    others: tuple[str, ...] = ()
    evalset: str | None = None
    version: int | None = None
    limit: int | None = None
    filters: Mapping[str, str] = field(default_factory=dict)
    holdout: bool = False
    concurrency: int | None = None
    repeat: int | None = None
    budget: float | None = None
    sequential: bool | None = None
    extend: bool | None = None
    seed: int | None = None
    shard: tuple[int, int] | None = None
    cache: bool = True
    refresh: bool = False
    resume: bool = False
    retry_errors: bool = False
    allow_unknown_cost: bool = False
    record: Path | None = None
    replay: Path | None = None
    baseline_from: str = AUTO


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Everything that a bench needs.

    Attributes:
        systems: The baseline, if it is asked, then the candidates.
        policy: Digest of how answers are sanitized.
        found: The baseline, if it is not asked.
    """

    evalset: EvalSet
    cases: tuple[Case, ...]
    settings: BenchSettings
    systems: tuple[System, ...]
    scorers: tuple[Scorer, ...]
    policy: str
    found: Found | None = None
    schedule: Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What one system or judge will take; None is unknown.

    Attributes:
        calls: Calls that will be made.
        cached: Answers that are there already.
        input_tokens: About so many, together.
        output_tokens: At most so many, together.
        cost: At most so many US dollars, together.
        likely_cost: What they would take if they cost what they did last time.
    """

    name: str
    calls: int
    cached: int
    input_tokens: int | None
    output_tokens: int | None
    cost: float | None
    likely_cost: float | None = None


def prepare(config: Config, ask: Ask, environ: Mapping[str, str], *, evalset: EvalSet | None = None) -> Prepared:
    """Find set, cases, systems and scorers; calls nobody.

    Raises:
        UsageError: Something that is named is not there.
        PrivacyStop: The set holds production text that no sanitize manifest vouches for.
        NoDecisionError: The baseline is not to be asked, and no scores of it can be compared with.
    """
    settings = _settings(config.bench, ask)
    evalset = evalset or _evalset(config, ask)
    if evalset.sanitize_digest is None and any(case.origin.kind != "hand" for case in evalset.cases):
        raise PrivacyStop(
            f"the eval set {evalset.name} v{evalset.version} holds production text that nobody vouches for.",
            fix="Build it again with `llmci evalset build`, from sanitized traces.",
        )
    cases = chosen(evalset.cases, filters=ask.filters, limit=ask.limit, seed=settings.seed, holdout=ask.holdout)
    if ask.shard is not None:
        cases = part(cases, *ask.shard)
    candidates = [settings.candidate, *ask.others]
    if len(set(candidates)) < len(candidates):
        raise UsageError("a candidate is named twice.", fix="Name each candidate once.")
    if not config.scorers:
        raise UsageError(f"{config.path}: there are no scorers.", fix="Add at least one under `scorers:`.")
    paired = is_paired(config, ask.baseline_from, settings.baseline)
    if not paired and ask.shard is not None:
        raise UsageError("a shard asks its baseline, too.", fix="Keep its system in the configuration.")
    names = [settings.baseline, *candidates] if paired else candidates
    systems = tuple(_system(config, name, environ) for name in names)
    scorers = tuple(build("scorer", block, config, environ) for block in config.scorers.values())
    for scorer in scorers:
        if isinstance(scorer, PairScorer) and paired:
            scorer.against(systems[0].spec().digest)
    require_calibrated(config, config.gates, {scorer.metric().name: digests_of(scorer) for scorer in scorers})
    wanted = Wanted(evalset=evalset, cases=cases, scorers=scorers, settings=settings, now=datetime.now(UTC))
    return Prepared(
        evalset=evalset,
        cases=cases,
        settings=settings,
        schedule=_schedule(
            config,
            ask,
            settings,
            cases,
            [evalset.digest, *(s.spec().digest for s in systems[len(systems) - len(candidates) :])],
        ),
        systems=systems,
        scorers=scorers,
        policy=digest_of(config.sanitize, {name: block.given for name, block in config.recognizers.items()}),
        found=None if paired else find(config, ask.baseline_from, wanted),
    )


def forecast(prepared: Prepared, cache: AnswerCache | None, past: Iterable[Run] = ()) -> list[Forecast]:
    """What the bench will take, system by system, then judge by judge.

    Args:
        cache: What is there already.
        past: Earlier runs, newest first, to tell from them what is likely.
    """
    usual = Usual(past)
    schedule = prepared.schedule
    tries = schedule.upto(len(schedule.looks) - 1)
    found, said, coming = [], [], set()
    for system in prepared.systems:
        spec = system.spec()
        usable = cache if spec.cacheable else None
        known, asked = {}, []
        for case, repeat in tries:
            key = answer_key(spec, system.request_digest(case), case, repeat, prepared.policy)
            answer = None if usable is None else usable.answer(key)
            if answer is not None:
                known[case.case_id, repeat] = answer
            elif usable is None or key not in coming:
                # An unchanged request of another system is asked once, for both.
                asked.append(case)
                coming.add(key)
        made = _forecast(spec.name, (system.estimate(case) for case in asked), cached=len(tries) - len(asked))
        found.append(replace(made, likely_cost=usual.answers(spec.name, len(asked))))
        said.append(known)
    for scorer in prepared.scorers:
        if scorer.metric().judge is not None:
            verdicts = [
                (case, _is_kept(cache, scorer, case, answers)) for case, *answers in _judged(scorer, tries, said)
            ]
            due = [case for case, kept in verdicts if not kept]
            made = _forecast(
                scorer.metric().name, (scorer.estimate(case) for case in due), cached=len(verdicts) - len(due)
            )
            found.append(replace(made, likely_cost=usual.verdicts(scorer.metric().name, len(due))))
    return found


def _judged(
    scorer: Scorer, tries: Sequence[tuple[Case, int]], said: Sequence[Mapping[tuple[str, int], Answered]]
) -> Iterator[tuple[Case, Answered | None, Answered | None]]:
    """What a judge will be shown: a case and an answer, or two beside each other; None where there is none yet."""
    baseline, *others = said
    for case, repeat in tries:
        at = case.case_id, repeat
        if isinstance(scorer, PairScorer):
            yield from ((case, known.get(at), baseline.get(at)) for known in others)
        else:
            yield from ((case, known.get(at), None) for known in said)


def _is_kept(cache: AnswerCache | None, scorer: Scorer, case: Case, answers: Sequence[Answered | None]) -> bool:
    """Whether the cache has that verdict."""
    answer, other = answers
    if cache is None or answer is None or (isinstance(scorer, PairScorer) and other is None):
        return False
    metric = scorer.metric()
    key = score_key(metric, case, answer) if other is None else pair_key(metric, case, answer, other)
    return cache.score(key) is not None


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
        "sequential": ask.sequential,
        "extend": ask.extend,
    }
    return replace(settings, **{name: value for name, value in given.items() if value is not None})


def _schedule(
    config: Config, ask: Ask, settings: BenchSettings, cases: Sequence[Case], seeds: Sequence[str]
) -> Schedule:
    """When the gates are asked. A rule that wants to be extended is as good as the setting."""
    extend = settings.extend or any(rule.on_inconclusive == "extend" for rule in config.gates)
    if not (settings.sequential or extend):
        return at_once(cases, tries=settings.repeat, seed=settings.seed)
    if ask.shard is not None:
        raise UsageError(
            "a shard cannot tell when the gates of the whole bench are decided.",
            fix="Leave out --shard, or take all cases with --all-cases.",
        )
    return in_looks(
        cases,
        shared_rules(config.gates, 1 + len(ask.others))[0],
        tries=settings.repeat,
        discordance=settings.discordance,
        extend=extend,
        sequential=settings.sequential,
        seeds=seeds,
    )


def _evalset(config: Config, ask: Ask) -> EvalSet:
    from llmci.wiring.evalset_store import store

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
