"""`llmci bench`: baseline and candidate on the eval set, then the gate, then the reports."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmci.cli.exits import exit_code_of, fail_on_of, summary, verdict_word
from llmci.cli.options import (
    ConfigFlag,
    DryRunFlag,
    FailOnFlag,
    JsonFlag,
    LimitFlag,
    OutputFlag,
    QuietFlag,
    SeedFlag,
    open_config,
)
from llmci.cli.terminal import note, progress, safe_text, show, show_json
from llmci.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.config import Config
    from llmci.domain.verdict import GateResult
    from llmci.pipeline.bench.job import BenchResult
    from llmci.wiring.bench import BenchOutcome
    from llmci.wiring.bench_plan import Ask, Forecast


# Runs that are looked through for what answers cost before.
_PAST = 10
_GRAVEST = (ExitCode.REGRESSED, ExitCode.OUTSIDE_FAILED, ExitCode.NO_DECISION)


def bench(
    *,
    baseline: Annotated[str | None, typer.Option(help="System in production; by default bench.baseline.")] = None,
    candidate: Annotated[
        list[str] | None, typer.Option(help="System that would replace it; repeatable, each against the baseline.")
    ] = None,
    baseline_from: Annotated[
        str,
        typer.Option(
            help="Where the baseline comes from: auto (the first that fits), paired (ask it beside the candidate), "
            "committed (scores that `llmci promote` keeps), artifact, store, or a file or address of scores."
        ),
    ] = "auto",
    save_scores: Annotated[
        Path | None, typer.Option(help="Also write the candidate's scores, without texts, for a later --baseline-from.")
    ] = None,
    evalset: Annotated[str | None, typer.Option("--set", help="Eval set; by default evalset.name.")] = None,
    version: Annotated[int | None, typer.Option("--set-version", help="Its version; by default the current.")] = None,
    concurrency: Annotated[
        int | None, typer.Option("--max-concurrency", "-j", min=1, help="Calls in flight at once, for each system.")
    ] = None,
    repeat: Annotated[int | None, typer.Option(min=1, help="Tries of each case.")] = None,
    limit: LimitFlag = None,
    filters: Annotated[
        list[str] | None, typer.Option("--filter", help="Only cases with this slice label, as label=value; repeatable.")
    ] = None,
    shard: Annotated[
        str | None, typer.Option(help="Ask only this part of the cases, such as 2/4; `llmci merge` puts them together.")
    ] = None,
    holdout: Annotated[bool, typer.Option("--holdout", help="Also ask the cases kept for release gates.")] = False,
    budget: Annotated[float | None, typer.Option(min=0, help="Most US dollars that may be spent, judges too.")] = None,
    allow_unknown: Annotated[
        bool, typer.Option("--allow-unknown-cost", help="Make calls of unknown cost in spite of a budget.")
    ] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Neither use nor store cached answers.")] = False,
    refresh: Annotated[bool, typer.Option("--refresh-cache", help="Ask anew and store the answers.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an interrupted bench stopped.")] = False,
    retry_errors: Annotated[
        bool, typer.Option("--retry-errors", help="Like --resume, and ask again what failed.")
    ] = False,
    sequential: Annotated[
        bool | None,
        typer.Option("--sequential/--all-cases", help="Stop as soon as every gate is decided.", show_default=False),
    ] = None,
    extend: Annotated[
        bool | None, typer.Option("--extend", help="Ask the cases a second time if they are too few.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Also write answers and verdicts, sanitized, to a cassette in this directory.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Take them from there, ask nobody, need no key; what is missing exits 4.")
    ] = None,
    fail_on: FailOnFlag = None,
    output: OutputFlag = None,
    seed: SeedFlag = None,
    dry_run: DryRunFlag = False,
    config: ConfigFlag = None,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Run baseline and candidate on the eval set, then gate.

    Exits 0 if the candidate passed, 1 if it regressed, 3 without a decision, 4 without evidence.

    Example: llmci bench --candidate new-prompt --budget 5 -o report.html
    """
    from llmci.wiring.bench_plan import Ask

    ask = Ask(
        baseline=baseline,
        candidate=candidate[0] if candidate else None,
        others=tuple(candidate[1:]) if candidate else (),
        evalset=evalset,
        version=version,
        limit=limit,
        filters=filters_of(filters or []),
        holdout=holdout,
        shard=None if shard is None else shard_of(shard),
        concurrency=concurrency,
        repeat=repeat,
        budget=budget,
        seed=seed,
        sequential=sequential,
        extend=extend,
        cache=not no_cache,
        refresh=refresh,
        resume=resume,
        retry_errors=retry_errors,
        allow_unknown_cost=allow_unknown,
        record=record,
        replay=replay,
        baseline_from=baseline_from,
    )
    if record is not None and replay is not None:
        raise UsageError("--record and --replay exclude each other.", fix="Give one of them.")
    settings = open_config(config)
    if dry_run:
        _plan(settings, ask, as_json=as_json)
    else:
        places = output, save_scores
        raise typer.Exit(_bench(settings, ask, fail_on, places, quiet=quiet or as_json, as_json=as_json))


def filters_of(given: Sequence[str]) -> dict[str, str]:
    """Read `label=value` pairs; raises `UsageError`."""
    pairs = [item.partition("=") for item in given]
    for label, equals, _ in pairs:
        if not equals or not label:
            raise UsageError(f"--filter {label!r} is not label=value.", fix="Write it like --filter app=retail.")
    return {label: value for label, _, value in pairs}


def shard_of(given: str) -> tuple[int, int]:
    """Read `i/n`, counted from 1; raises `UsageError`."""
    found = re.fullmatch(r"(\d+)/(\d+)", given)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise UsageError(f"--shard {given!r} is not i/n.", fix="Write it like --shard 2/4, from 1/4 to 4/4.")
    return int(found[1]), int(found[2])


def _bench(
    config: Config,
    ask: Ask,
    fail_on: str | None,
    places: tuple[Sequence[Path] | None, Path | None],
    *,
    quiet: bool,
    as_json: bool,
) -> int:
    from llmci.wiring.baseline import keep_scores, with_covariates
    from llmci.wiring.bench import bench as run
    from llmci.wiring.bench_plan import prepare
    from llmci.wiring.stored_report import report_runs

    stops = fail_on_of(fail_on)
    if not config.gates:
        raise UsageError(f"{config.path}: there are no gates.", fix="Say what must not drop, under `gates:`.")
    prepared = prepare(config, ask, os.environ)
    outcome = run(
        config,
        ask,
        environ=os.environ,
        progress=progress(quiet=quiet),
        clock=lambda: datetime.now(UTC),
        prepared=prepared,
    )
    output, scores = places
    if scores is not None and outcome.candidate.complete:
        keep_scores(with_covariates(config, outcome.candidate), scores)
    several = len(outcome.candidates) > 1
    told: list[dict[str, object]] = []
    codes: list[ExitCode] = []
    results: list[GateResult] = []
    files: list[Path] = []
    for candidate in outcome.candidates:
        targets = _places(config, output, candidate.system.name) if several else output or ()
        done = report_runs(config, outcome.baseline, candidate, targets, evalset=prepared.evalset)
        codes.append(exit_code_of(done.result, stops))
        results.append(done.result)
        files += done.written
        told.append({"result": done.result, "candidate_run": candidate.run_id, "reports": done.written})
        if not as_json:
            if several:
                show(f"{safe_text(candidate.system.name)}:")
            show(summary(done.result, outcome.baseline.metrics))
    # The gravest of all: nothing is green unless every candidate is.
    code = next((code for code in _GRAVEST if code in codes), ExitCode.PASSED)
    if as_json:
        show_json({"exit_code": code, **({"candidates": told} if several else told[0]), **_facts(outcome)})
        return code
    _show(outcome, files)
    # Once more: after many gates the first line has left the screen.
    show(f"{verdict_word(results[codes.index(code)])}: exit code {code:d}")
    return code


def _places(config: Config, output: Sequence[Path] | None, name: str) -> list[Path]:
    """One report a candidate: its name goes into the file's."""
    given = output or [config.root / path for path in config.report]
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "-", name)
    return [path.with_name(f"{path.stem}-{safe}{path.suffix}") for path in given]


def _facts(outcome: BenchOutcome) -> dict[str, object]:
    result = outcome.result
    return {
        "baseline_run": outcome.baseline.run_id,
        "spent_usd": result.spent,
        "spent_on_judges_usd": result.spent_on_judges,
        "calls_of_unknown_cost": result.unknown_cost_calls,
        "calls": result.called,
        "reused": result.reused,
        "cached": result.cached,
        "verdicts_cached": result.verdicts_cached,
        "halted": result.halted,
        "looks": outcome.candidate.looks,
    }


def _show(outcome: BenchOutcome, written: Sequence[Path]) -> None:
    result = outcome.result
    show(f"calls: {result.called}, reused: {_reused(result)}; spent: {_spent(result)}")
    show(f"runs: {' '.join(run.run_id for run in (outcome.baseline, *outcome.candidates))}")
    for path in written:
        show(f"report: {safe_text(path)}")
    if result.halted == "budget":
        note("the budget was spent first: go on with --resume and a larger --budget.")
    elif result.unfinished:
        note("some answers failed: ask those again with --retry-errors.")


def _reused(result: BenchResult) -> str:
    cached = f" ({result.cached} from the cache)" if result.cached else ""
    verdicts = f", {result.verdicts_cached} verdicts" if result.verdicts_cached else ""
    return f"{result.reused} answers{cached}{verdicts}"


def _spent(result: BenchResult) -> str:
    judges = f", ${result.spent_on_judges:.4f} of it on judges" if result.spent_on_judges else ""
    unknown = f", and {result.unknown_cost_calls} calls of unknown cost" if result.unknown_cost_calls else ""
    return f"${result.spent:.4f}{judges}{unknown}"


def _plan(config: Config, ask: Ask, *, as_json: bool) -> None:
    from llmci.core.wording import listed
    from llmci.wiring.bench import open_cache
    from llmci.wiring.bench_plan import forecast, prepare
    from llmci.wiring.runs import runs_of

    prepared = prepare(config, ask, os.environ)
    stored = runs_of(config)
    with ExitStack() as stack:
        past = [stored.load(known) for known in stored.list()[:_PAST]]
        planned = forecast(prepared, open_cache(config, ask, stack), past)
    cost = None if any(item.cost is None for item in planned) else sum(item.cost or 0.0 for item in planned)
    if as_json:
        looks = prepared.schedule.looks if prepared.schedule.early else None
        show_json(
            {
                "cases": len(prepared.cases),
                "repeats": prepared.settings.repeat,
                "plan": planned,
                "cost": cost,
                "looks": looks,
            }
        )
        return
    show(f"{len(prepared.cases)} cases of {safe_text(prepared.evalset.name)} v{prepared.evalset.version}")
    if prepared.schedule.early:
        show(f"the gates are asked after {listed(map(str, prepared.schedule.looks), most=20)} cases")
    show(f"{'':17} {'calls':>8} {'cached':>8} {'tokens in':>11} {'out, most':>11} {'as before':>9} {'most':>10}")
    for item in planned:
        show(_line(item))
    show("cost: unknown" if cost is None else f"{'together, at most':17} {f'${cost:.4f}':>62}")


def _line(item: Forecast) -> str:
    tokens = [
        f"{count:>11,}" if count is not None else f"{'unknown':>11}"
        for count in (item.input_tokens, item.output_tokens)
    ]
    cost = f"${item.cost:.4f}" if item.cost is not None else "unknown"
    likely = f"${item.likely_cost:.4f}" if item.likely_cost is not None else "-"
    name = safe_text(item.name)[:17]
    return f"{name:17} {item.calls:>8,} {item.cached:>8,} {' '.join(tokens)} {likely:>9} {cost:>10}"
