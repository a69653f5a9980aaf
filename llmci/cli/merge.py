"""`llmci merge`: the shards of a bench to one verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from llmci.cli.exits import exit_code_of, fail_on_of, summary
from llmci.cli.options import ConfigFlag, FailOnFlag, JsonFlag, OutputFlag, open_config
from llmci.cli.terminal import safe_text, show, show_json


def merge(
    places: Annotated[list[Path], typer.Argument(help="The `.llmci` directories of the shards, or copies of them.")],
    *,
    fail_on: FailOnFlag = None,
    output: OutputFlag = None,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Put the shards of a bench together, then gate.

    The verdict is that of a bench that was never parted. Exits like `llmci bench`; 4 if a shard is missing.

    Example: llmci merge shard-1/.llmci shard-2/.llmci -o report.html
    """
    from llmci.wiring.merge import merge as run

    stops = fail_on_of(fail_on)
    made = run(open_config(config), places, output or ())
    result, written = made.reported.result, made.reported.written
    code = exit_code_of(result, stops)
    if as_json:
        ids = {"baseline_run": made.baseline.run_id, "candidate_run": made.candidate.run_id}
        show_json({"exit_code": code, "result": result, **ids, "reports": written})
    else:
        show(summary(result, made.baseline.metrics))
        show(f"runs: {made.baseline.run_id} {made.candidate.run_id}")
        for path in written:
            show(f"report: {safe_text(path)}")
    raise typer.Exit(code)
