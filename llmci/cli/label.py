"""`llmci label`: clean traces get a cluster, an anomaly rank and flags."""

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
)
from llmci.cli.terminal import progress, safe_text, show, show_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.pipeline.label import LabelSummary

_SHOWN = 20
_SUSPECTS = 5


def label(
    *,
    recluster: Annotated[
        bool, typer.Option("--recluster", help="Fit the groups again; labels of earlier traces may move.")
    ] = False,
    engine: EngineFlag = None,
    workers: WorkersFlag = None,
    scheduler: SchedulerFlag = None,
    config: ConfigFlag = None,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Group clean traces, rank anomalies, flag what stands out.

    The groups are fitted once; later traces join the group that is nearest.

    Example: llmci label
    """
    from llmci.wiring.engine import with_engine
    from llmci.wiring.label import label as run

    summary = run(
        with_engine(open_config(config), engine, workers=workers, scheduler=scheduler),
        now=datetime.now(UTC),
        progress=progress(quiet=quiet or as_json),
        recluster=recluster,
        environ=os.environ,
    )
    if as_json:
        show_json(summary)
    else:
        show(_in_words(summary))


def _in_words(summary: LabelSummary) -> str:
    """The largest clusters, and the flags."""
    shown = [cluster for cluster in summary.clusters if cluster.shown]
    hidden = [cluster for cluster in summary.clusters if not cluster.shown and cluster.traces]
    lines = [f"{'traces':>8}  {'share':>6}  cluster"]
    largest = sorted(shown, key=lambda cluster: -cluster.traces)
    lines += [f"{c.traces:>8}  {c.share:>6.1%}  {safe_text(c.name)}" for c in largest[:_SHOWN]]
    if len(shown) > _SHOWN:
        lines.append(f"{'':>8}  {'':>6}  and {len(shown) - _SHOWN} more")
    if hidden:
        traces = sum(cluster.traces for cluster in hidden)
        lines.append(
            f"{traces:>8}  {traces / summary.traces:>6.1%}  other ({len(hidden)} groups too small to be shown)"
        )
    if summary.flags:
        lines += ["", "flagged: " + ", ".join(f"{flag} {count}" for flag, count in summary.flags.items())]
    if summary.suspects:
        most = list(summary.suspects.items())[:_SUSPECTS]
        lines += ["where failed agent traces likely went wrong: " + ", ".join(f"{safe_text(n)} {c}" for n, c in most)]
    if summary.moved:
        lines += ["", "where the former clusters went:"]
        lines += [
            f"{sum(now.values()):>8}  {_went(former, now)}" for former, now in list(summary.moved.items())[:_SHOWN]
        ]
    how = "already labelled" if summary.unchanged else "labelled"
    groups = "groups fitted now" if summary.fitted else "joined the groups there are"
    lines += ["", f"{summary.traces} traces {how} in {len(shown)} clusters; {groups}."]
    return "\n".join(lines)


def _went(former: str, now: Mapping[str, int]) -> str:
    """The cluster that holds most of a former one, and how much of it."""
    name, traces = next(iter(now.items()))
    return f"{safe_text(former)} → {safe_text(name)} ({traces / sum(now.values()):.0%})"
