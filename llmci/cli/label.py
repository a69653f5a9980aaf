"""`llmci label`: clean traces get a cluster, an anomaly rank and flags."""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from llmci.cli.options import (
    ConfigFlag,
    DryRunFlag,
    EngineFlag,
    JsonFlag,
    QuietFlag,
    SchedulerFlag,
    WorkersFlag,
    open_config,
)
from llmci.cli.terminal import note, progress, safe_text, show, show_json
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.pipeline.label.summary import LabelSummary
    from llmci.wiring.judge_labels import JudgedWindow, Opinions

_SHOWN = 20
_SUSPECTS = 5


def label(
    *,
    recluster: Annotated[
        bool, typer.Option("--recluster", help="Fit the groups again; labels of earlier traces may move.")
    ] = False,
    judge: Annotated[
        list[str] | None,
        typer.Option("--judge", help="Have this judge, a scorer, grade a sample of the answers; repeatable."),
    ] = None,
    suspect: Annotated[
        str | None,
        typer.Option(
            "--suspect", help="Have the model of this judge name the step at which failed agent traces went wrong."
        ),
    ] = None,
    sample: Annotated[int, typer.Option("--sample", min=1, help="Traces that each judge looks at, at most.")] = 200,
    budget: Annotated[
        float | None,
        typer.Option(min=0, help="Most US dollars that models may spend: judges together, and names of clusters."),
    ] = None,
    allow_unknown: Annotated[
        bool, typer.Option("--allow-unknown-cost", help="Make calls of unknown cost in spite of a budget.")
    ] = False,
    dry_run: DryRunFlag = False,
    engine: EngineFlag = None,
    workers: WorkersFlag = None,
    scheduler: SchedulerFlag = None,
    config: ConfigFlag = None,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Group clean traces, rank anomalies, flag what stands out.

    The groups are fitted once; later traces join the group that is nearest. With --judge or --suspect models grade a sample, through the
    scorers of llmci.yaml; what they have said once is not asked again. --dry-run then says what it would take.

    Example: llmci label --judge helpful --budget 2
    """
    from llmci.wiring.engine import with_engine
    from llmci.wiring.judge_labels import judge_labels, plan
    from llmci.wiring.judge_work import Judging
    from llmci.wiring.label import label as run

    settings = with_engine(open_config(config), engine, workers=workers, scheduler=scheduler)
    asked = Judging(
        judges=tuple(judge or ()),
        suspect=suspect,
        sample=sample,
        budget=budget,
        allow_unknown_cost=allow_unknown,
    )
    if dry_run:
        if not (judge or suspect):
            raise UsageError("--dry-run says what judges would take.", fix="Name one with --judge or --suspect.")
        planned = plan(settings, asked, os.environ)
        if as_json:
            show_json(planned)
        else:
            show("\n".join(_planned(each) for each in planned.judges))
        return
    shown = progress(quiet=quiet or as_json)
    summary = run(
        settings, now=datetime.now(UTC), progress=shown, recluster=recluster, environ=os.environ, budget=budget
    )
    judged = None
    if judge or suspect:
        if not as_json:
            show(_in_words(summary))
        judged = judge_labels(settings, asked, os.environ, progress=shown, clock=lambda: datetime.now(UTC))
    if as_json:
        show_json({**asdict(summary), **({"judged": judged} if judged is not None else {})})
    elif judged is None:
        show(_in_words(summary))
    else:
        show("\n".join(["", *(_judged(each) for each in judged.judges), _spent(judged)]))
        if judged.halted == "budget":
            note("the budget was spent first: run it again with a larger one; what was said is not asked again.")


def _planned(found: Opinions) -> str:
    cost = "at a cost that nobody knows" if found.cost is None else f"at most ${found.cost:.4f}"
    return f"{safe_text(found.judge)}: {found.chosen} traces chosen, {found.judged} judged before, {found.asked} calls, {cost}"


def _judged(found: Opinions) -> str:
    line = f"{safe_text(found.judge)}: {found.judged} of {found.chosen} traces judged"
    if found.approved is not None and found.interval is not None:
        low, high = found.interval
        line += f"; approves of {found.approved:.0%} of the answers ({low:.0%} to {high:.0%}); {safe_text(found.trust)}"
    return line


def _spent(judged: JudgedWindow) -> str:
    return f"spent: ${judged.spent:.4f}" + (f"; {judged.cached} verdicts from the cache" if judged.cached else "")


def _in_words(summary: LabelSummary) -> str:
    """The largest clusters, and the flags."""
    from llmci.core.wording import count

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
            f"{traces:>8}  {traces / summary.traces:>6.1%}  other ({count(len(hidden), 'group')} too small to be shown)"
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
    lines += ["", f"{count(summary.traces, 'trace')} {how} in {count(len(shown), 'cluster')}; {groups}."]
    return "\n".join(lines)


def _went(former: str, now: Mapping[str, int]) -> str:
    """The cluster that holds most of a former one, and how much of it."""
    name, traces = next(iter(now.items()))
    return f"{safe_text(former)} → {safe_text(name)} ({traces / sum(now.values()):.0%})"
