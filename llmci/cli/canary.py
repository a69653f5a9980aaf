"""`llmci canary plan | check`: expose a candidate step by step, on evidence."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from llmci.cli.options import ConfigFlag, JsonFlag, QuietFlag, SinceFlag, SourcesArgument, open_config, window_of
from llmci.cli.terminal import note, progress, safe_text, show, show_json
from llmci.errors import ExitCode

if TYPE_CHECKING:
    from llmci.domain.rollout import Decision

app = typer.Typer(
    help="Decide from live traffic whether a candidate gets more of it.",
    epilog="Example: llmci canary check prod --since 24h",
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


@app.command()
def plan(*, config: ConfigFlag = None, as_json: JsonFlag = False) -> None:
    """Show the stages and the traffic that each needs.

    Example: llmci canary plan
    """
    from llmci.wiring.canary import plan_of, stage_table

    settings = open_config(config)
    agreed, rows = plan_of(settings), stage_table(settings)
    if as_json:
        show_json({"plan": agreed, "stages": rows})
        return
    show(f"{safe_text(agreed.treatment)} against {safe_text(agreed.control)}")
    show(f"{'share':>6}  {'criterion':24} {'requests':>9} {'hours':>7}")
    for row in rows:
        hours = f"{row['hours']:.1f}" if row["hours"] is not None else "?"
        show(f"{row['share']:>6.0%}  {safe_text(row['criterion']):24} {row['requests']:>9} {hours:>7}")
    show("requests: of the candidate, until a worsening by the margin is expected to be noticed.")


@app.command()
def check(
    sources: SourcesArgument = None,
    *,
    since: SinceFlag = None,
    share: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="The candidate's share of traffic now, if no rollout is configured."),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write the new share; a larger one only with --allow-expand.")
    ] = False,
    allow_expand: Annotated[
        bool, typer.Option("--allow-expand", help="Let --apply raise the share by one stage.")
    ] = False,
    config: ConfigFlag = None,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Decide from live traffic: expand, hold or roll back.

    Exit codes: 0 expand or done, 1 roll back, 3 hold, 4 no evidence.

    Example: llmci canary check prod --since 24h --apply
    """
    from llmci.wiring import canary

    settings = open_config(config)
    environ = dict(os.environ)
    decision = canary.check(
        settings,
        sources=sources or [],
        window=window_of(since, None, datetime.now(UTC)),
        share=share,
        environ=environ,
        progress=progress(quiet=quiet or as_json),
    )
    written = canary.apply(settings, decision, environ, allow_expand=allow_expand) if apply else None
    if as_json:
        show_json({"decision": decision, "written_share": written})
    else:
        _show(decision, written)
    raise typer.Exit(_EXIT[decision.action])


def _show(decision: Decision, written: float | None) -> None:
    show(f"{decision.action}: {safe_text(decision.because)}")
    show(f"{'criterion':24} {'control':>12} {'candidate':>12} {'requests':>15}")
    for item in decision.evidence:
        control = "unknown" if item.control_mean is None else f"{item.control_mean:.4g}"
        treatment = "unknown" if item.treatment_mean is None else f"{item.treatment_mean:.4g}"
        requests = f"{item.control_units}/{item.treatment_units}"
        show(f"{safe_text(item.criterion.name):24} {control:>12} {treatment:>12} {requests:>15}")
    for line in decision.notes:
        note(safe_text(line))
    if written is not None:
        show(f"share of traffic: {decision.share:.0%} → {written:.0%}")
    elif decision.next_share != decision.share:
        show(f"next share of traffic: {decision.next_share:.0%} (not written)")
