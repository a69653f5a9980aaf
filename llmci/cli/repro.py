"""`llmci repro RUN`: the fewest cases that show a regression, as a set to run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from llmci.cli.options import ConfigFlag, JsonFlag, open_config
from llmci.cli.terminal import safe_text, show, show_json


def repro(
    run: Annotated[
        str, typer.Argument(help="The candidate's run, as `llmci bench` printed it, or `latest`.")
    ] = "latest",
    baseline: Annotated[
        str | None,
        typer.Argument(
            help="Run to compare with; by default the baseline's newest on the same set.", show_default=False
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the cases go, as JSON Lines.")] = Path(
        "repro.jsonl"
    ),
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Write the fewest cases on which a regression still shows.

    The file is read by `llmci evalset import` and by `evalset.hand_written`. Leaves with 3 if no gate has proven a regression.

    Example: llmci repro latest -o repro.jsonl
    """
    from llmci.core.wording import count
    from llmci.wiring.repro import reproduce

    found = reproduce(open_config(config), run, baseline, output)
    if as_json:
        show_json(
            {"cases": found.case_ids, "of": found.of, "headline": found.result.headline, "written": found.written}
        )
        return
    show(f"{count(len(found.case_ids), 'case')} of {found.of:,} still show it: {safe_text(found.result.headline)}")
    for case_id in found.case_ids:
        changes = [change for change in found.result.changes if change.case_id == case_id]
        told = ", ".join(
            f"{change.metric} {_moved(change.baseline)} → {_moved(change.candidate)}" for change in changes
        )
        show(f"  {safe_text(case_id)}  {safe_text(told)}")
    show(f"written to {safe_text(found.written)}")


def _moved(value: float | None) -> str:
    return "unknown" if value is None else f"{value:g}"
