"""`llmci canary plan | start | check | stop | report | serve | simulate | kayenta`: expose a candidate step by step, on evidence."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmci.cli.options import (
    ConfigFlag,
    JsonFlag,
    QuietFlag,
    SeedFlag,
    SinceFlag,
    SourcesArgument,
    open_config,
    window_of,
)
from llmci.cli.terminal import note, progress, safe_text, show, show_json
from llmci.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmci.domain.rollout import Decision, Evidence, Exposure

app = typer.Typer(
    help="Decide from live traffic whether a candidate gets more of it.",
    epilog="Example: llmci canary check prod --apply",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_EXIT = {
    "expand": ExitCode.PASSED,
    "done": ExitCode.PASSED,
    "roll back": ExitCode.REGRESSED,
    "hold": ExitCode.NO_DECISION,
    "no evidence": ExitCode.OUTSIDE_FAILED,
}


PulledFlag = Annotated[
    bool, typer.Option("--pulled", help="Read what `llmci pull` brought, by columns, rather than the sources.")
]
ByFlag = Annotated[str | None, typer.Option("--by", help="Who decides; goes into the log.")]


@app.command()
def plan(
    *,
    agree: Annotated[
        bool, typer.Option("--agree", help="Record the plan: a later check refuses if its terms have changed.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Markdown file to write the plan to, for a review.")
    ] = None,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Show the stages and the traffic that each needs.

    Example: llmci canary plan -o canary.md
    """
    from llmci.wiring import exposure
    from llmci.wiring.canary import plan_of, stage_table, write_plan

    settings = open_config(config)
    agreed, rows = plan_of(settings), stage_table(settings)
    digest = exposure.agree(settings, agreed, at=datetime.now(UTC)) if agree else exposure.digest_of_plan(agreed)
    if output is not None:
        write_plan(settings, output)
    if as_json:
        show_json({"plan": agreed, "stages": rows, "digest": digest, "recorded": agree})
        return
    show(f"{safe_text(agreed.treatment)} against {safe_text(agreed.control)}")
    show(f"{'share':>6}  {'criterion':24} {'requests':>9} {'hours':>7}")
    for row in rows:
        hours = f"{row['hours']:.1f}" if row["hours"] is not None else "?"
        only = f" of {', '.join(row['only'])}" if row["only"] else ""
        show(f"{row['share']:>6.0%}  {safe_text(row['criterion'] + only):24} {row['requests']:>9} {hours:>7}")
    show("requests: of the candidate, until a worsening by the margin is expected to be noticed.")
    for stage in agreed.stages:
        if stage.approver is not None:
            show(f"{safe_text(stage.exposure.words())} takes the approval of {safe_text(stage.approver)}.")
    if output is not None:
        show(f"  {output}")
    if agree:
        show(f"recorded: {digest[:12]}")


@app.command()
def start(*, by: ByFlag = None, config: ConfigFlag = None, as_json: JsonFlag = False) -> None:
    """Give the candidate its first share of traffic; record the plan.

    Example: llmci canary start --by anna
    """
    from llmci.wiring import exposure
    from llmci.wiring.canary import plan_of

    settings, now = open_config(config), datetime.now(UTC)
    agreed = plan_of(settings)
    stage = agreed.stages[0]
    if stage.approver is not None and by != stage.approver:
        raise UsageError(
            f"{stage.exposure.words()} takes the approval of {stage.approver}.",
            fix=f"Let them say --by {stage.approver}.",
        )
    exposure.agree(settings, agreed, at=now)
    first = stage.exposure
    before = exposure.move(settings, agreed, dict(os.environ), first, "the canary starts.", by=by, at=now)
    _moved(before, first, as_json=as_json)


@app.command()
def stop(
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why; goes into the log.")],
    by: ByFlag = None,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Take all traffic from the candidate, whatever the evidence.

    Example: llmci canary stop --reason "support asked for it"
    """
    from llmci.domain.rollout import Exposure
    from llmci.wiring import exposure
    from llmci.wiring.canary import plan_of

    settings, nobody = open_config(config), Exposure(0.0)
    before = exposure.move(settings, plan_of(settings), dict(os.environ), nobody, reason, by=by, at=datetime.now(UTC))
    _moved(before, nobody, as_json=as_json)


def _moved(before: Exposure, after: Exposure, *, as_json: bool) -> None:
    if as_json:
        show_json({"from": before.share, "to": after.share, "only": after.only})
    else:
        show(f"share of traffic: {safe_text(before.words())} → {safe_text(after.words())}")


@app.command()
def check(
    sources: SourcesArgument = None,
    *,
    since: SinceFlag = None,
    share: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="The candidate's share of traffic now, if no rollout is configured."),
    ] = None,
    pulled: PulledFlag = False,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Traffic is mirrored: compare both answers to each request, in pairs.")
    ] = False,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write the new share; a larger one only with --allow-expand.")
    ] = False,
    allow_expand: Annotated[
        bool, typer.Option("--allow-expand", help="Let --apply raise the share by one stage.")
    ] = False,
    approved_by: Annotated[
        str | None, typer.Option("--approved-by", help="Who approves the next stage, where the plan asks for it.")
    ] = None,
    config: ConfigFlag = None,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Decide from live traffic: expand, hold or roll back.

    Exit codes: 0 expand or done, 1 roll back, 3 hold, 4 no evidence.

    Example: llmci canary check prod --apply
    """
    from llmci.wiring import canary, exposure

    settings, now = open_config(config), datetime.now(UTC)
    environ = dict(os.environ)
    decision = canary.check(
        settings,
        canary.Asked(tuple(sources or ()), window_of(since, None, now), share, pulled=pulled, shadow=shadow),
        environ=environ,
        progress=progress(quiet=quiet or as_json),
        now=now,
    )
    written = (
        exposure.apply(
            settings,
            canary.plan_of(settings),
            decision,
            environ,
            allow_expand=allow_expand,
            approved_by=approved_by,
            # Reading takes a while, and the next check begins where the share was moved.
            at=datetime.now(UTC),
        )
        if apply
        else None
    )
    if as_json:
        show_json({"decision": decision, "written_share": None if written is None else written.share})
    else:
        _show(decision, written)
    raise typer.Exit(_EXIT[decision.action])


@app.command()
def report(
    sources: SourcesArgument = None,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="HTML file to write.")] = Path("rollout.html"),
    since: SinceFlag = None,
    share: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="The candidate's share of traffic now, if no rollout is configured."),
    ] = None,
    pulled: PulledFlag = False,
    config: ConfigFlag = None,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Write a page of the rollout: exposure, evidence, decisions.

    It needs no script and no network. Whatever it says, the exit code is 0 once it is written.

    Example: llmci canary report prod -o rollout.html
    """
    from llmci.wiring.canary import Asked
    from llmci.wiring.rollout_report import report as write

    now = datetime.now(UTC)
    decision = write(
        open_config(config),
        output,
        Asked(tuple(sources or ()), window_of(since, None, now), share, pulled=pulled),
        environ=dict(os.environ),
        progress=progress(quiet=quiet or as_json),
        now=now,
    )
    if as_json:
        show_json({"decision": decision, "report": output})
    else:
        show(f"{decision.action}: {safe_text(decision.because)}")
        show(f"  {output}")


@app.command()
def serve(
    sources: SourcesArgument = None,
    *,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen at; other than this machine's own needs LLMCI_TOKEN.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = 8642,
    apply: Annotated[bool, typer.Option("--apply", help="Write the new share, as `check --apply` does.")] = False,
    allow_expand: Annotated[
        bool, typer.Option("--allow-expand", help="Let --apply raise the share by one stage.")
    ] = False,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Answer deployers over HTTP: each request is a check.

    POST /check is 200 for expand or done, 425 hold, 412 roll back, 424 no evidence, 503 where nothing could be
    decided. GET /decision is 200 with the decision as JSON. GET /healthz asks nothing. Ctrl-C ends it.

    Example: llmci canary serve prod --port 8642
    """
    from llmci.wiring.serve import service

    with service(
        open_config(config),
        sources=sources or [],
        address=(host, port),
        environ=dict(os.environ),
        apply=apply,
        allow_expand=allow_expand,
        clock=lambda: datetime.now(UTC),
    ) as answering:
        where = f"http://{host}:{answering.server_address[1]}"
        if as_json:
            show_json({"url": where})
        else:
            show(f"listening at {where}")
        answering.serve_forever()


@app.command()
def simulate(
    sources: SourcesArgument = None,
    *,
    since: SinceFlag = None,
    runs: Annotated[int, typer.Option("--runs", min=1, help="Rollouts of each kind of candidate.")] = 100,
    requests: Annotated[
        int, typer.Option("--requests", min=1000, help="Longest rollout; recorded traffic is repeated to get there.")
    ] = 60_000,
    every: Annotated[int, typer.Option("--every", min=1, help="Look after so many requests of the candidate.")] = 50,
    seed: SeedFlag = None,
    config: ConfigFlag = None,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Try the plan on recorded or made-up traffic.

    With sources, their recorded traffic plays the control; without, traffic is made up that swings twenty-fold over
    the day. Candidates are unchanged, worse by each margin, and much worse.

    Example: llmci canary simulate prod --since 7d
    """
    from llmci.wiring.simulate import Trial, simulate_plan

    fates, per_hour = simulate_plan(
        open_config(config),
        Trial(runs=runs, requests=requests, every=every, seed=7 if seed is None else seed),
        sources=sources or None,
        window=window_of(since, None, datetime.now(UTC)),
        environ=dict(os.environ),
        progress=progress(quiet=quiet or as_json),
    )
    if as_json:
        show_json({"fates": fates, "requests_per_hour": per_hour, "runs": runs})
        return
    show(
        f"{'candidate':36} {'rolled back':>11} {'completed':>9} {'going on':>8} {'hours':>6} {'exposed':>8} {'users':>7}"
    )
    for fate in fates:
        shares = f"{fate.rolled_back:>11.0%} {fate.completed:>9.0%} {fate.still_going:>8.0%}"
        users = "?" if fate.users is None else f"{fate.users:,.0f}"
        hours = f"{fate.requests / per_hour:.3g}"
        show(f"{safe_text(fate.truth)[:36]:36} {shares} {hours:>6} {fate.exposed:>8,.0f} {users:>7}")
    show(
        f"{runs} rollouts each; hours at {per_hour:.4g} requests an hour; exposed: requests that the candidate answered, and of"
        " about how many users (medians)."
    )


@app.command()
def kayenta(
    pairs: Annotated[Path, typer.Argument(help="JSON list of metric set pairs, as Kayenta's API gives them.")],
    *,
    canary_config: Annotated[
        Path | None, typer.Option("--canary-config", help="Kayenta's canary configuration; by default its defaults.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say what Kayenta's judge would, for comparison.

    Exit codes: 0 all pass, 1 a metric is high or low, 4 a metric has no data.

    Example: llmci canary kayenta pairs.json --canary-config canary.json
    """
    from llmci.wiring.kayenta import kayenta_verdicts

    verdicts = kayenta_verdicts(pairs, canary_config)
    said = {item["verdict"] for item in verdicts}
    if as_json:
        show_json({"metrics": verdicts})
    else:
        for item in verdicts:
            show(f"{item['verdict']:7} {safe_text(item['metric'])}{' (critical)' if item['critical'] else ''}")
    if said & {"High", "Low"}:
        raise typer.Exit(ExitCode.REGRESSED)
    raise typer.Exit(ExitCode.OUTSIDE_FAILED if "Nodata" in said or not verdicts else ExitCode.PASSED)


def _show(decision: Decision, written: Exposure | None) -> None:
    show(f"{decision.action}: {safe_text(decision.because)}")
    show(f"{'criterion':24} {'control':>12} {'candidate':>12} {'requests':>15}")
    _show_evidence("", decision.evidence)
    for name, evidence in decision.segments:
        _show_evidence(f"{name}: ", evidence)
    for line in decision.notes:
        note(safe_text(line))
    if written is not None:
        show(f"share of traffic: {safe_text(decision.present.words())} → {safe_text(written.words())}")
    elif not decision.following.same(decision.present):
        show(f"next share of traffic: {safe_text(decision.following.words())} (not written)")


def _show_evidence(segment: str, evidence: Iterable[Evidence]) -> None:
    for item in evidence:
        control = "unknown" if item.control_mean is None else f"{item.control_mean:.4g}"
        treatment = "unknown" if item.treatment_mean is None else f"{item.treatment_mean:.4g}"
        requests = f"{item.control_units}/{item.treatment_units}"
        show(f"{safe_text(segment + item.criterion.name):24} {control:>12} {treatment:>12} {requests:>15}")
