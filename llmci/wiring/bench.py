"""Systems, scorers, cache and journals put together for `llmci bench`."""

from __future__ import annotations

import asyncio
import contextlib
import platform
import re
import signal
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llmci import __version__
from llmci.adapters.stores.cache import SqliteCache
from llmci.adapters.stores.journal import FileJournal
from llmci.core.bench.digests import plan_digest
from llmci.core.canonical import digest_of
from llmci.errors import Interrupted
from llmci.pipeline.bench.job import BenchJob, Entrant
from llmci.pipeline.bench.stage import bench as run_stage
from llmci.wiring.bench_plan import prepare
from llmci.wiring.build import keep_from_git
from llmci.wiring.calibrations import judged_by
from llmci.wiring.runs import AGAINST, runs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from llmci.config import Config
    from llmci.core.privacy.replies import Cleaner
    from llmci.domain.case import Case
    from llmci.domain.run import Run
    from llmci.domain.text import CleanText
    from llmci.pipeline.bench.job import BenchResult
    from llmci.seams import Progress, System
    from llmci.wiring.bench_plan import Ask, Prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOutcome:
    """Two stored runs, and what they took."""

    baseline: Run
    candidate: Run
    result: BenchResult


def bench(
    config: Config,
    ask: Ask,
    *,
    environ: Mapping[str, str],
    progress: Progress,
    clock: Callable[[], datetime],
    prepared: Prepared | None = None,
) -> BenchOutcome:
    """Run baseline and candidate on the eval set and store both runs.

    Raises:
        Interrupted: The user stopped it; the journals are kept for `--resume`.
        UsageError: The configuration cannot work.
    """
    prepared = prepared or prepare(config, ask, environ)
    keep_from_git(config.state)
    with contextlib.ExitStack() as stack:
        job = BenchJob(
            evalset=prepared.evalset,
            cases=prepared.cases,
            settings=prepared.settings,
            scorers=prepared.scorers,
            cleaner=_cleaner(config, environ),
            policy=prepared.policy,
            cache=open_cache(config, ask, stack),
            retry_errors=ask.retry_errors,
            clock=clock,
            environment=_environment(prepared) | judged_by(prepared.scorers, config),
            progress=progress,
        )
        journals = [_journal(config, ask, prepared, system) for system in prepared.systems]
        # Kept until it is known that nothing in them is worth another try.
        for journal in journals:
            stack.callback(journal.close)
        result = _run(job, [_entrant(*pair, clock()) for pair in zip(prepared.systems, journals, strict=True)])
        baseline, candidate = result.runs
        candidate = replace(candidate, environment={**candidate.environment, AGAINST: baseline.run_id})
        store = runs_of(config)
        for run in (baseline, candidate):
            store.save(run)
        if not result.unfinished and result.halted is None:
            for journal in journals:
                journal.discard()
    return BenchOutcome(baseline=baseline, candidate=candidate, result=result)


def open_cache(config: Config, ask: Ask, stack: contextlib.ExitStack) -> SqliteCache | None:
    """The answer cache that was asked for, closed with `stack`; None without one."""
    if not ask.cache:
        return None
    cache = SqliteCache(config.state / "cache" / "answers.sqlite", fresh=ask.refresh)
    stack.callback(cache.close)
    return cache


def _run(job: BenchJob, entrants: Sequence[Entrant]) -> BenchResult:
    interrupted = Interrupted("interrupted; the answers so far are kept.", fix="Go on with `llmci bench --resume`.")
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


def _cleaner(config: Config, environ: Mapping[str, str]) -> Cleaner:
    """Made when the first answer has to be cleaned: recorded ones are clean, and recognizers load slowly."""
    made: list[Cleaner] = []

    def clean(texts: Sequence[str], case: Case) -> list[CleanText]:
        if not made:
            from llmci.wiring.sanitize import cleaner

            made.append(cleaner(config, environ))
        return made[0](texts, case)

    return clean


def _journal(config: Config, ask: Ask, prepared: Prepared, system: System) -> FileJournal:
    tries = [(case.case_id, repeat) for case in prepared.cases for repeat in range(prepared.settings.repeat)]
    metrics = [scorer.metric() for scorer in prepared.scorers]
    plan = plan_digest(system.spec(), metrics, digest_of(prepared.evalset.digest, prepared.policy), tries)
    return FileJournal(config.state / "journal", plan, resume=ask.resume or ask.retry_errors)


def _entrant(system: System, journal: FileJournal, now: datetime) -> Entrant:
    spec = system.spec()
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", spec.name)
    unique = digest_of(spec.digest, now.isoformat(), str(journal.path))[:6]
    return Entrant(run_id=f"{now:%Y%m%dT%H%M%S}-{name}-{unique}", system=system, journal=journal)


def _environment(prepared: Prepared) -> dict[str, str]:
    return {
        "llmci": __version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "seed": str(prepared.settings.seed),
        "sanitize_policy": prepared.policy,
    }
