"""`llmci report RUN`: a stored run as HTML, Markdown, JUnit, JSON, CSV or Parquet; `sanitize` as HTML."""

from __future__ import annotations

from typing import Annotated

import typer

from llmci.cli.options import ConfigFlag, JsonFlag, OutputFlag, open_config
from llmci.cli.terminal import safe_text, show, show_json


def report(
    run: Annotated[
        str,
        typer.Argument(
            help="The candidate's run, as `llmci bench` printed it, or `latest`; `sanitize` for a page on what the sanitizer did."
        ),
    ] = "latest",
    baseline: Annotated[
        str | None,
        typer.Argument(help="Run to compare with; by default the one of the same bench."),
    ] = None,
    output: OutputFlag = None,
    report_max_mb: Annotated[
        float, typer.Option(min=0.1, help="Most that the cases of an HTML report may take, in megabytes.")
    ] = 25.0,
    texts: Annotated[
        bool, typer.Option("--texts/--no-texts", help="Whether questions, answers and reasons are shown.")
    ] = True,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Write reports on a stored run, with today's gates.

    Nothing is run again and nothing is paid for. Leaves with 0 whatever the verdict is; `llmci gate` leaves with the verdict.

    The page of a rollout is `llmci canary report`'s.

    Example: llmci report latest -o report.html -o junit.xml
    """
    from llmci.seams import ReportOptions
    from llmci.wiring.stored_report import report_stored

    found = open_config(config)
    if run == "sanitize":
        from llmci.wiring.privacy_report import report_privacy

        view, paths = report_privacy(found, output or [])
        if as_json:
            show_json({"headline": view.headline, "warnings": view.warnings, "written": paths})
            return
        for line in (view.headline, *view.warnings, *(f"  {path}" for path in paths)):
            show(safe_text(line))
        return
    options = ReportOptions(name=found.project, max_mb=report_max_mb, texts=texts)
    done = report_stored(found, run, baseline, output or [], options)
    if as_json:
        show_json({"outcome": done.result.outcome, "headline": done.result.headline, "written": done.written})
        return
    show(f"{done.result.outcome}: {safe_text(done.result.headline)}")
    for path in done.written:
        show(f"  {path}")
