"""`llmci run`: the scheduled job."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from llmci.cli.options import (
    ConfigFlag,
    EngineFlag,
    JsonFlag,
    QuietFlag,
    SchedulerFlag,
    WorkersFlag,
    open_config,
    window_of,
)
from llmci.cli.terminal import progress, safe_text, show, show_json

if TYPE_CHECKING:
    from llmci.wiring.run import RunSummary


def run(
    config: ConfigFlag = None,
    *,
    since: Annotated[
        str | None, typer.Option("--since", help="Traces that started since then: 6h, 7d, 2w or an ISO time.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Traces that started before then, in the same spelling.")
    ] = None,
    engine: EngineFlag = None,
    workers: WorkersFlag = None,
    scheduler: SchedulerFlag = None,
    quiet: QuietFlag = False,
    json: JsonFlag = False,
) -> None:
    """Pull, sanitize, label, and build the eval set.

    Each stage does only what is new, and a job that was killed goes on where it stopped. A source
    that fails ends the job, for a set without its traffic would be a wrong one.

    Example: llmci run --since 7d
    """
    from llmci.wiring.engine import with_engine
    from llmci.wiring.run import run as run_all

    now = datetime.now(UTC)
    summary = run_all(
        with_engine(open_config(config), engine, workers=workers, scheduler=scheduler),
        window=window_of(since, until, now),
        environ=os.environ,
        progress=progress(quiet=quiet),
        now=now,
    )
    if json:
        show_json(_document(summary))
    else:
        show(safe_text(_in_words(summary)))


def _document(summary: RunSummary) -> dict[str, object]:
    evalset = summary.built.evalset
    built = {"name": evalset.name, "version": evalset.version, "digest": evalset.digest, "cases": len(evalset.cases)}
    return {
        "pull": summary.pull,
        "sanitize": summary.sanitize,
        "label": summary.label,
        "evalset": {**built, "new": summary.built.new},
    }


def _in_words(summary: RunSummary) -> str:
    evalset, new = summary.built.evalset, summary.built.new
    shown = sum(cluster.shown for cluster in summary.label.clusters)
    replaced = sum(summary.sanitize.counts.values())
    return "\n".join(
        [
            f"pull      {summary.pull.traces} traces, {summary.pull.rejected} rejected",
            f"sanitize  {summary.sanitize.traces} clean, {summary.sanitize.quarantined} held back, {replaced} findings replaced",
            f"label     {summary.label.traces} labelled, {shown} clusters",
            f"evalset   {evalset.name} v{evalset.version:04d}, {len(evalset.cases)} cases{'' if new else ' (as before)'}",
        ]
    )
