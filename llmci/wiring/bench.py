"""Systems, scorers, cache and journals put together for `llmci bench`."""

from __future__ import annotations

import asyncio
import contextlib
import platform
import re
import signal
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from llmci import __version__
from llmci.adapters.stores.cache import SqliteCache
from llmci.adapters.stores.cassette import DirectoryCassette
from llmci.adapters.stores.journal import FileJournal
from llmci.core.bench.digests import plan_digest
from llmci.core.canonical import digest_of
from llmci.core.gating.conclude import settled
from llmci.core.gating.origin import BASELINE_FROM, PAIRED
from llmci.errors import Interrupted
from llmci.pipeline.bench.job import BenchJob, Entrant
from llmci.pipeline.bench.stage import bench as run_stage
from llmci.pipeline.gate import UNSAID, gate
from llmci.wiring.bench_plan import prepare
from llmci.wiring.build import keep_from_git
from llmci.wiring.cache import cache_path
from llmci.wiring.calibrations import judged_by
from llmci.wiring.gate import shared_rules
from llmci.wiring.runs import AGAINST, CANDIDATES, SHARD, runs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from llmci.config import Config
    from llmci.core.privacy.answers import AnswerCleaner
    from llmci.domain.case import Case
    from llmci.domain.run import Run
    from llmci.domain.text import CleanText
    from llmci.pipeline.bench.job import BenchResult
    from llmci.seams import Progress, System
    from llmci.wiring.bench_plan import Ask, Prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOutcome:
    """The stored runs, and what they took."""

    baseline: Run
    candidates: tuple[Run, ...]
    result: BenchResult

    @property
    def candidate(self) -> Run:
        """The first candidate."""
        return self.candidates[0]


def bench(
    config: Config,
    ask: Ask,
    *,
    environ: Mapping[str, str],
    progress: Progress,
    clock: Callable[[], datetime],
    prepared: Prepared | None = None,
) -> BenchOutcome:
    """Run baseline and candidates on the eval set and store all runs.

    Raises:
        Interrupted: The user stopped it; the journals are kept for `--resume`.
        UsageError: The configuration cannot work.
    """
    prepared = prepared or prepare(config, ask, environ)
    keep_from_git(config.state)
    with contextlib.ExitStack() as stack:
        cleaner = LateCleaner(config, environ)
        job = BenchJob(
            evalset=prepared.evalset,
            cases=prepared.cases,
            settings=prepared.settings,
            scorers=prepared.scorers,
            cleaner=cleaner,
            search_ahead=cleaner.ahead,
            policy=prepared.policy,
            cache=open_cache(config, ask, stack),
            tape=_cassette(ask),
            allow_unknown_cost=ask.allow_unknown_cost,
            retry_errors=ask.retry_errors,
            clock=clock,
            environment=_environment(prepared, ask) | judged_by(prepared.scorers, config),
            progress=progress,
            deciding=_deciding(config),
            known=prepared.found.run if prepared.found else None,
            schedule=prepared.schedule,
            decided=lambda runs: _decided(config, prepared, runs),
        )
        journals = [_journal(config, ask, prepared, system) for system in prepared.systems]
        # Kept until it is known that nothing in them is worth another try.
        for journal in journals:
            stack.callback(journal.close)
        result = run_job(job, [_entrant(*pair, clock()) for pair in zip(prepared.systems, journals, strict=True)])
        found = prepared.found
        baseline, *others = _beside(prepared, result.runs)
        remembered = {AGAINST: baseline.run_id, BASELINE_FROM: PAIRED if found is None else found.source}
        remembered |= {CANDIDATES: str(len(others))} if len(others) > 1 else {}
        candidates = tuple(replace(run, environment={**run.environment, **remembered}) for run in others)
        store = runs_of(config)
        # Scores from elsewhere may have been compared with before.
        known = found is not None and baseline.run_id in store.list()
        for run in candidates if known else (baseline, *candidates):
            store.save(run)
        if not result.unfinished and result.halted is None:
            for journal in journals:
                journal.discard()
    return BenchOutcome(baseline=baseline, candidates=candidates, result=result)


def open_cache(config: Config, ask: Ask, stack: contextlib.ExitStack) -> SqliteCache | None:
    """The answer cache that was asked for, closed with `stack`; None without one."""
    if not ask.cache or ask.replay is not None:
        return None
    cache = SqliteCache(cache_path(config), fresh=ask.refresh, max_days=config.bench.cache_days)
    stack.callback(cache.close)
    return cache


def _cassette(ask: Ask) -> DirectoryCassette | None:
    if ask.replay is not None:
        return DirectoryCassette(ask.replay, replays=True)
    return None if ask.record is None else DirectoryCassette(ask.record, replays=False)


def run_job(job: BenchJob, entrants: Sequence[Entrant], *, go_on: str = "llmci bench --resume") -> BenchResult:
    """Run the stage until it is over; raises `Interrupted` where the user stopped it, with the command that goes on."""
    interrupted = Interrupted("interrupted; the answers so far are kept.", fix=f"Go on with `{go_on}`.")
    try:
        result = asyncio.run(_interruptible(job, entrants))
    except asyncio.CancelledError:
        raise interrupted from None
    if result.halted == "interrupted":
        raise interrupted
    return result


async def _interruptible(job: BenchJob, entrants: Sequence[Entrant]) -> BenchResult:
    """The first Ctrl-C lets the calls in flight come home, the second ends them."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def asked_to_stop() -> None:
        if job.stop.why == "interrupted" and task is not None:
            task.cancel()
        job.halt("interrupted")

    for number in (signal.SIGINT, signal.SIGTERM):
        # Only the main thread may; elsewhere whoever owns it decides.
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, asked_to_stop)
    return await run_stage(job, entrants)


class LateCleaner:
    """Cleans answers; made when the first has to be cleaned: recorded ones are clean, and recognizers load slowly."""

    def __init__(self, config: Config, environ: Mapping[str, str]) -> None:
        self._config, self._environ = config, environ

    def __call__(self, texts: Sequence[str], case: Case) -> list[CleanText]:
        """See `llmci.core.privacy.answers.AnswerCleaner`."""
        return self._made(texts, case)

    def ahead(self, texts: Sequence[str]) -> None:
        """See `AnswerCleaner.ahead`."""
        self._made.ahead(texts)

    @cached_property
    def _made(self) -> AnswerCleaner:
        from llmci.wiring.privacy import cleaner

        return cleaner(self._config, self._environ)


def _deciding(config: Config) -> str | None:
    """The metric of the first primary gate, or of the first gate of all."""
    ordered = sorted(config.gates, key=lambda rule: rule.role != "primary")
    return ordered[0].metric if ordered else None


def _decided(config: Config, prepared: Prepared, runs: Sequence[Run]) -> bool:
    """Whether the gates need to see no more of any candidate."""
    most = prepared.settings.max_infrastructure_failures
    before, *others = _beside(prepared, runs)
    rules, _ = shared_rules(config.gates, len(others))
    results = (
        gate(before, after, prepared.evalset.cases, rules, max_infrastructure_failures=most, said=UNSAID)
        for after in others
    )
    return all(settled(result, rules, prepared.cases) for result in results)


def _beside(prepared: Prepared, asked: Sequence[Run]) -> Sequence[Run]:
    """The runs of the systems that were asked, after the baseline's where that one was not."""
    return asked if prepared.found is None else (prepared.found.beside(asked[0]), *asked)


def _journal(config: Config, ask: Ask, prepared: Prepared, system: System) -> FileJournal:
    schedule = prepared.schedule
    tries = sorted((case.case_id, repeat) for case, repeat in schedule.upto(len(schedule.looks) - 1))
    metrics = [scorer.metric() for scorer in prepared.scorers]
    # What is played must not overwrite what an interrupted bench has paid for.
    kind = ["replay"] if ask.replay is not None else []
    plan = plan_digest(system.spec(), metrics, digest_of(prepared.evalset.digest, prepared.policy, *kind), tries)
    return FileJournal(config.state / "journal", plan, resume=ask.resume or ask.retry_errors)


def _entrant(system: System, journal: FileJournal, now: datetime) -> Entrant:
    spec = system.spec()
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", spec.name)
    unique = digest_of(spec.digest, now.isoformat(), str(journal.path))[:6]
    return Entrant(run_id=f"{now:%Y%m%dT%H%M%S}-{name}-{unique}", system=system, journal=journal)


def _environment(prepared: Prepared, ask: Ask) -> dict[str, str]:
    return {
        **({"replayed": ask.replay.name} if ask.replay is not None else {}),
        **({SHARD: f"{ask.shard[0]}/{ask.shard[1]}"} if ask.shard is not None else {}),
        "llmci": __version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "seed": str(prepared.settings.seed),
        "sanitize_policy": prepared.policy,
    }
