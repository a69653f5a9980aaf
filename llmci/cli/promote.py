"""`llmci promote RUN`: the candidate becomes the baseline."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from llmci.cli.options import ConfigFlag, DryRunFlag, JsonFlag, open_config
from llmci.cli.terminal import safe_text, show, show_json


def promote(
    run: Annotated[str, typer.Argument(help="The candidate's run, as `llmci bench` printed it, or `latest`.")],
    *,
    against: Annotated[
        str | None,
        typer.Option(help="Run of the present baseline; by default the one of the same bench."),
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Promote although it did not pass, for this reason.")] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="Most failures to propose for the next eval set.")
    ] = 50,
    dry_run: DryRunFlag = False,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Make a run that passed the new baseline.

    Production traces that failed are proposed for the next eval set.

    Example: llmci promote 20261120-120000-candidate
    """
    from llmci.wiring.promote import promote as carry_out

    done = carry_out(
        open_config(config), run, against=against, reason=reason, most=limit, now=datetime.now(UTC), dry_run=dry_run
    )
    if as_json:
        show_json({"promotion": done, "dry_run": dry_run})
        return
    verb = "would become" if dry_run else "is"
    show(f"{safe_text(done.result.candidate_run)} {verb} the baseline: {safe_text(done.result.headline)}")
    show(f"  baseline: {done.baseline_file}")
    if done.review_file is not None:
        show(f"  {len(done.proposed)} failures to review for the next eval set: {done.review_file}")
        show("  delete the lines you do not want; `llmci evalset build` takes the rest in.")
