"""Judges of bench over production answers: which traces, what it takes, and their verdicts in the labels.

Asking, budget, cache and cleaning are bench's own: the answers at hand are benched like those of any system.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llmci.adapters.scorers.suspect import SuspectScorer
from llmci.adapters.systems.given import GivenReplies
from llmci.core.canonical import digest_of
from llmci.core.evalsets.cases import GOOD
from llmci.core.evalsets.sampling import worth
from llmci.core.stats.agreement import wilson
from llmci.domain.evalset import EvalSet
from llmci.domain.run import Unscored
from llmci.errors import OutsideError
from llmci.pipeline.bench.job import BenchJob, Entrant
from llmci.wiring.bench import LateCleaner, open_cache, run_job
from llmci.wiring.bench_plan import Ask
from llmci.wiring.build import keep_from_git, shelf_of
from llmci.wiring.calibrations import digests_of, load
from llmci.wiring.judge_work import Judging, Work, labels_of, works
from llmci.wiring.verdicts import write_verdicts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from llmci.config import Config
    from llmci.domain.run import Answer, Score
    from llmci.seams import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinions:
    """What one judge has said of a window.

    Attributes:
        chosen: Traces that it was to look at.
        judged: Those of them with a verdict, now or before.
        asked: Those that are asked about now.
        cost: US dollars at most, of a plan; None is unknown.
        approved: Share of the answers of the window that it approves of, estimated from the sample; None for suspects and plans.
        interval: Of that share, at 95 %.
        trust: What is known of the judge itself.
    """

    judge: str
    chosen: int
    judged: int
    asked: int
    cost: float | None = None
    approved: float | None = None
    interval: tuple[float, float] | None = None
    trust: str = "not calibrated"


@dataclass(frozen=True, slots=True)
class JudgedWindow:
    """What all of them said, and what it took."""

    judges: tuple[Opinions, ...]
    spent: float = 0.0
    cached: int = 0
    halted: str | None = None


def plan(config: Config, asked: Judging, environ: Mapping[str, str]) -> JudgedWindow:
    """What judging would take; calls nobody and writes nothing.

    Raises:
        PrivacyStop: The clean shelf does not check.
        UsageError: Traces are not labelled, or a judge is none.
    """
    return JudgedWindow(tuple(_planned(work) for work in works(config, asked, environ)))


def judge_labels(
    config: Config,
    asked: Judging,
    environ: Mapping[str, str],
    *,
    progress: Progress,
    clock: Callable[[], datetime],
) -> JudgedWindow:
    """Ask, and write the verdicts into the labels. What was said before is not asked again.

    Raises:
        Interrupted: The user stopped it; the verdicts so far are in the cache, and cost nothing again.
        OutsideError: No judge could be asked.
        PrivacyStop: The clean shelf does not check.
        UsageError: Traces are not labelled, or a judge is none.
    """
    keep_from_git(config.state)
    spent, cached, halted, found = 0.0, 0, None, []
    for work in works(config, asked, environ):
        limit = asked.budget if asked.budget is not None else config.bench.budget_usd
        left = None if limit is None else max(0.0, limit - spent)
        if work.cases and halted is None:
            with ExitStack() as stack:
                job = _job(config, work, environ, left, asked, progress, clock, stack)
                system = GivenReplies("production", work.replies, digest_of(sorted(work.traces.values())))
                result = run_job(
                    job, [Entrant(run_id="label", system=system, journal=_NoJournal())], go_on="llmci label --judge"
                )
            spent, cached, halted = spent + result.spent, cached + result.verdicts_cached, result.halted
            scores = result.runs[0].scores
            _check_some(work, scores)
            write_verdicts(config, work, scores)
        found.append(_said(config, work))
    return JudgedWindow(tuple(found), spent, cached, halted)


def _planned(work: Work) -> Opinions:
    costs = [work.scorer.estimate(case).worst_cost for case in work.cases.values()]
    return Opinions(
        judge=work.name,
        chosen=len(work.weights),
        judged=sum(work.held(label) for label in work.labels.values()),
        asked=len(work.cases),
        cost=None if None in costs else sum(cost or 0.0 for cost in costs),
    )


def _said(config: Config, work: Work) -> Opinions:
    labels = shelf_of(config, "labels")
    held = {
        label["trace_id"]: label
        for label in labels_of(labels, lambda label: label["trace_id"] in work.weights and work.held(label))
    }
    digests = digests_of(work.scorer)
    known = [load(config, digest) for digest in digests]
    told = Opinions(
        judge=work.name,
        chosen=len(work.weights),
        judged=len(held),
        asked=len(work.cases),
        trust="; ".join("not calibrated" if one is None else one.words for one in known),
    )
    if isinstance(work.scorer, SuspectScorer) or not held:
        return told
    values = {
        trace_id: next(v["value"] for v in label["verdicts"] if v["judge"] == work.name)
        for trace_id, label in held.items()
    }
    weights = {trace_id: work.weights[trace_id] for trace_id in values}
    share = sum(weights[name] for name, value in values.items() if value >= GOOD) / sum(weights.values())
    count = max(1, round(worth(weights.values())))
    interval = wilson(round(share * count), count)
    return replace(told, approved=share, interval=(interval.low, interval.high))


def _job(  # noqa: PLR0913, PLR0917  one job
    config: Config,
    work: Work,
    environ: Mapping[str, str],
    budget: float | None,
    asked: Judging,
    progress: Progress,
    clock: Callable[[], datetime],
    stack: ExitStack,
) -> BenchJob:
    cases = tuple(work.cases.values())
    evalset = EvalSet(
        name="labels",
        version=0,
        parent=None,
        digest=digest_of(sorted(work.cases)),
        schema_fingerprint="",
        sanitize_digest=None,
        created_at="",
        seed=config.label.seed,
        strata=(),
        cases=cases,
        parameters={},
    )
    return BenchJob(
        evalset=evalset,
        cases=cases,
        settings=replace(config.bench, repeat=1, budget_usd=budget, sequential=False, extend=False),
        scorers=(work.scorer,),
        cleaner=LateCleaner(config, environ),
        policy="",
        cache=open_cache(config, Ask(), stack),
        retry_errors=False,
        clock=clock,
        environment={},
        progress=progress,
        allow_unknown_cost=asked.allow_unknown_cost,
    )


def _check_some(work: Work, scores: Sequence[Score]) -> None:
    lost = [score for score in scores if isinstance(score, Unscored) and score.fault == "infrastructure"]
    if lost and len(lost) == len(scores):
        raise OutsideError(
            f"the judge {work.name} gave none of {len(lost)} verdicts: {lost[0].why}.",
            fix="See that it answers, and run the command again; verdicts that are there are not asked for again.",
        )


class _NoJournal:
    """Verdicts rest in the cache as they come."""

    def entries(self) -> list[Answer | Score]:
        return []

    def append(self, entry: Answer | Score) -> None:
        pass
