"""`llmci promote RUN|canary`: the candidate becomes the baseline."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import Annotated

import typer

from llmci.cli.options import ConfigFlag, DryRunFlag, JsonFlag, open_config
from llmci.cli.terminal import note, safe_text, show, show_json


def promote(
    run: Annotated[
        str,
        typer.Argument(help="The candidate's run, as `llmci bench` printed it, `latest`, or `canary` for the rollout."),
    ],
    *,
    against: Annotated[
        str | None,
        typer.Option(help="Run of the present baseline; by default the one of the same bench."),
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Promote although it did not pass, for this reason.")] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="Most failures to propose for the next eval set.")
    ] = 50,
    failures_only: Annotated[
        bool, typer.Option("--failures-only", help="Propose failures, and leave the baseline as it is.")
    ] = False,
    branch: Annotated[
        str | None, typer.Option("--branch", help="Commit what is written on a new git branch of this name.")
    ] = None,
    dry_run: DryRunFlag = False,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Make a run or a rollout that passed the new baseline.

    Changes to the eval set are proposed for review: failures of production and of the canary, cases that
    the candidate broke, failures that came again, and failures that have long passed.

    Example: llmci promote 20261120-120000-candidate
    """
    from llmci.wiring.promote import Asked
    from llmci.wiring.promote import promote as carry_out

    asked = Asked(
        against=against,
        reason=reason,
        most=limit,
        failures_only=failures_only,
        branch=branch,
        dry_run=dry_run,
    )
    done = carry_out(open_config(config), run, asked, now=datetime.now(UTC))
    if as_json:
        show_json({"promotion": done, "dry_run": dry_run})
        return
    if done.baseline_file is not None:
        verb = "would become" if dry_run else "is"
        show(f"{safe_text(done.what)} {verb} the baseline: {safe_text(done.headline)}")
        show(f"  baseline: {done.baseline_file}")
    if done.note is not None:
        note(safe_text(done.note))
    for change in done.proposed if dry_run else ():
        show(
            f"  {change.action:6} {change.case_id[:12]}  {safe_text(', '.join(change.reasons))}; {safe_text(change.seen_in)}"
        )
    if done.review_file is None:
        show("  no change to the eval set is proposed.")
        return
    show(f"  {len(done.proposed)} changes to review for the next eval set: {done.review_file}")
    show("  delete the lines you do not want; `llmci evalset build` takes the rest in.")
    if branch is None:
        show("  to have them reviewed as a pull request:")
        for command in done.commands:
            show(f"    {safe_text(shlex.join(command))}")
