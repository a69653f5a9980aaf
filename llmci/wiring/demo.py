"""The whole loop on the bundled example: pull to report, once for a broken candidate and once for a better one."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import llmci
from llmci.config import load
from llmci.demo.directory import CONFIG, REPORTS, lay_out
from llmci.demo.survivors import survivors
from llmci.demo.traffic import traffic
from llmci.demo.writer import greet
from llmci.seams import Silent, Window
from llmci.wiring.bench import bench
from llmci.wiring.bench_plan import Ask
from llmci.wiring.evalset import build_version
from llmci.wiring.label import label
from llmci.wiring.pull import pull
from llmci.wiring.sanitize import sanitize
from llmci.wiring.stored_report import report_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llmci.config import Config
    from llmci.domain.evalset import EvalSet
    from llmci.domain.verdict import GateResult
    from llmci.seams import Progress

_SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One candidate's way through bench, gate and report."""

    candidate: str
    result: GateResult
    report: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOutcome:
    """What the demo did.

    Attributes:
        traces: Pulled.
        rejected: Lines of the log that could not be read.
        planted: How many values of personal data and secrets the log held.
        survivors: Files that still hold one of them after sanitizing; there must be none.
        cases: Of the eval set.
        seconds: Of each stage, in order.
    """

    traces: int
    rejected: int
    planted: int
    survivors: tuple[str, ...]
    cases: int
    broken: Trial
    better: Trial
    seconds: Mapping[str, float]


@dataclass(slots=True)
class _Stages:
    """Times the stages and tells of each when it is done."""

    tell: Callable[[str], None]
    seconds: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.monotonic)

    def done(self, stage: str, what: str) -> None:
        """A stage is done: say what it did and how long it took."""
        now = time.monotonic()
        self.seconds[stage] = round(now - self._since, 2)
        self._since = now
        self.tell(f"{stage:<9} {what} ({self.seconds[stage]:.1f} s)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loop:
    """The loop's surroundings."""

    directory: Path
    config: Config
    model: str | None
    environ: Mapping[str, str]
    progress: Progress
    now: datetime
    stages: _Stages


def demo(
    directory: Path,
    *,
    model: str | None,
    force: bool,
    environ: Mapping[str, str],
    now: datetime,
    tell: Callable[[str], None],
    progress: Progress | None = None,
) -> DemoOutcome:
    """Run the loop in a directory and leave everything there to look at.

    Args:
        directory: See `llmci.demo.directory.lay_out`.
        model: Writes the answers; None answers by extraction, without a key or a network.
        tell: Takes one line for each finished stage.

    Raises:
        UsageError: The directory is somebody else's, or the model or its key is not known.
        OutsideError: The model does not answer.
    """
    if model is not None:
        asyncio.run(greet(model, environ))
    stages = _Stages(tell)
    log = traffic(seed=_SEED, until=now)
    lay_out(directory, log.lines, model=model, force=force)
    stages.done("traffic", f"{len(log.lines):,} log lines of two weeks, answered by the baseline")
    loop = _Loop(
        directory=directory,
        config=load(directory / CONFIG),
        model=model,
        environ=_importable(environ),
        progress=progress or Silent(),
        now=now,
        stages=stages,
    )
    traces, rejected = _traces(loop)
    evalset = _evalset(loop)
    broken, better = _trial(loop, "broken"), _trial(loop, "better")
    left = survivors(log.planted, _places(loop.config, broken, better))
    stages.done(
        "check",
        f"{len(log.planted)} planted values looked for in all that was written; files that hold one: {len(left)}",
    )
    return DemoOutcome(
        traces=traces,
        rejected=rejected,
        planted=len(log.planted),
        survivors=tuple(left),
        cases=len(evalset.cases),
        broken=broken,
        better=better,
        seconds=stages.seconds,
    )


def _importable(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment in which a system's own process finds this very llmci, even in a source tree."""
    here = str(Path(llmci.__file__).resolve().parents[1])
    return {**environ, "PYTHONPATH": os.pathsep.join(filter(None, (here, environ.get("PYTHONPATH"))))}


def _traces(loop: _Loop) -> tuple[int, int]:
    pulled = pull(
        loop.config,
        sources=(),
        window=Window(),
        limit=None,
        environ=loop.environ,
        progress=loop.progress,
        now=loop.now,
    )
    loop.stages.done("pull", f"{pulled.traces:,} traces; {pulled.rejected} broken lines set aside with their reasons")
    cleaned = sanitize(loop.config, progress=loop.progress, environ=loop.environ, now=loop.now)
    loop.stages.done("sanitize", f"{sum(cleaned.counts.values()):,} findings replaced by surrogates")
    labelled = label(loop.config, now=loop.now, progress=loop.progress)
    loop.stages.done("label", f"{len(labelled.clusters)} clusters of similar questions")
    return pulled.traces, pulled.rejected


def _evalset(loop: _Loop) -> EvalSet:
    evalset = build_version(loop.config, now=loop.now, progress=loop.progress, environ=loop.environ).evalset
    loop.stages.done("build", f"eval set {evalset.name} v{evalset.version} with {len(evalset.cases)} cases")
    if loop.model is not None:
        loop.stages.tell(f"asking {loop.model} for {len(evalset.cases) * 3:,} answers: three systems, every case")
    return evalset


def _trial(loop: _Loop, candidate: str) -> Trial:
    outcome = bench(
        loop.config,
        # A cached answer has no latency; with a model, it saves money.
        Ask(baseline="baseline", candidate=candidate, cache=loop.model is not None),
        environ=loop.environ,
        progress=loop.progress,
        clock=lambda: datetime.now(UTC),
    )
    path = loop.directory / REPORTS[candidate]
    result = report_runs(loop.config, outcome.baseline, outcome.candidate, [path]).result
    loop.stages.done(candidate, f"benched live against the baseline: {result.outcome}")
    return Trial(candidate=candidate, result=result, report=path)


def _places(config: Config, *trials: Trial) -> list[Path]:
    """All that the loop leaves but the raw shelf, which is quarantine and private."""
    state = [place for place in config.state.iterdir() if place.name != "raw"]
    return [*state, config.root / config.evalset.directory, *(trial.report for trial in trials)]
