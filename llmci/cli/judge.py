"""`llmci judge check`: how far a judge agrees with people, and what it may therefore be used for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmci.cli.options import ConfigFlag, JsonFlag, QuietFlag, open_config
from llmci.cli.terminal import progress, safe_text, show, show_json
from llmci.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from llmci.core.judging.trust import Trust
    from llmci.core.stats.agreement import Estimate
    from llmci.core.stats.ppi import Corrected
    from llmci.pipeline.judge_check import Checked

app = typer.Typer(
    help="Calibrate judges.",
    epilog="Example: llmci judge check verdicts.jsonl --human reward --judge verdict",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _root() -> None:
    """Calibrate judges against people."""


@app.command()
def check(
    file: Annotated[Path | None, typer.Argument(help="Verdicts beside labels: .jsonl, .csv or .parquet.")] = None,
    *,
    human: Annotated[str | None, typer.Option(help="Column with people's verdicts.")] = None,
    judge: Annotated[str | None, typer.Option(help="Column with the judge's verdicts, or its whole opinions.")] = None,
    answer: Annotated[str | None, typer.Option(help="Column with the answers, to see whether length sways it.")] = None,
    by: Annotated[str | None, typer.Option(help="Column to group by: one verdict for each of its values.")] = None,
    scorer: Annotated[
        str | None,
        typer.Option(help="Instead of a file: a judge of llmci.yaml, asked about the eval set's references."),
    ] = None,
    passing: Annotated[list[str] | None, typer.Option("--pass", help="Word that means pass; repeatable.")] = None,
    failing: Annotated[list[str] | None, typer.Option("--fail", help="Word that means fail; repeatable.")] = None,
    cut: Annotated[float | None, typer.Option(help="A grade of at least so much is a pass.")] = None,
    config: ConfigFlag = None,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Compare a judge's verdicts with people's.

    Exits 0 if the judge may gate, and 3 if it may only watch or is refused.

    Example: llmci judge check verdicts.jsonl --human label --judge verdict
    """
    from llmci.core.judging.labels import FAIL_WORDS, PASS_WORDS, Menu
    from llmci.core.judging.trust import Use
    from llmci.pipeline.judge_check import Columns
    from llmci.wiring.judge import check_configured, check_file

    menu = Menu(passing=passing or PASS_WORDS, failing=failing or FAIL_WORDS, cut=cut)
    if scorer is not None:
        checked = check_configured(
            open_config(config), scorer, menu, environ=os.environ, progress=progress(quiet=quiet or as_json)
        )
    elif file is None or human is None or judge is None:
        raise UsageError(
            "it is not said what to check.", fix="Give FILE with --human and --judge, or a judge with --scorer."
        )
    else:
        checked = check_file(file, Columns(human=human, judge=judge, answer=answer, by=by), menu)
    may_gate = all(trust.use is Use.GATE for trust in checked.groups.values())
    code = ExitCode.PASSED if may_gate else ExitCode.NO_DECISION
    if as_json:
        told = {"groups": checked.groups, "passing": checked.passing, "unlabelled": checked.unlabelled}
        show_json({"exit_code": code, **told, "cost": checked.cost})
    else:
        _show(checked)
    raise typer.Exit(code)


def _show(checked: Checked) -> None:
    show(
        f"{'':24} {'labels':>7} {'agree':>16} {'kappa':>18} {'catches good':>14} {'catches bad':>13} {'unreadable':>11}"
    )
    for name, trust in checked.groups.items():
        show(_line(name, trust))
        show(f"  {trust.use}")
        for reason in trust.because:
            show(f"    - {reason}")
        if trust.length is not None:
            show(f"  {_length(trust)}")
        if name in checked.passing:
            show(f"  {_passing(checked.passing[name])}")
    if checked.unlabelled:
        show(f"{checked.unlabelled} without a person's verdict say nothing of the judge")


def _line(name: str, trust: Trust) -> str:
    found = trust.found
    agree = _share(found.agreement) if found else "-"
    kappa = f"{found.kappa.value:.2f} ({found.kappa.low:.2f} to {found.kappa.high:.2f})" if found else "-"
    good = _point(found.sensitivity if found else None)
    bad = _point(found.specificity if found else None)
    lost = f"{trust.unparsable.value:.1%}"
    return f"{safe_text(name)[:24]:24} {trust.labels:>7} {agree:>16} {kappa:>18} {good:>14} {bad:>13} {lost:>11}"


def _share(found: Estimate) -> str:
    return f"{found.value:.0%} ({found.low:.0%} to {found.high:.0%})"


def _point(found: Estimate | None) -> str:
    return "unknown" if found is None else f"{found.value:.0%} of {found.of}"


def _passing(found: Corrected) -> str:
    low, high = max(0.0, found.low), min(1.0, found.high)
    return (
        f"people would pass {found.value:.0%} of all that it judged ({low:.0%} to {high:.0%}); its verdicts and your"
        f" labels together say as much as {found.worth:.0f} labels"
    )


def _length(trust: Trust) -> str:
    length = trust.length
    if length is None or length.judge is None or length.human is None:
        return "length: unknown, for all were passed or none"
    return (
        f"a passed answer is longer than a failed one {length.judge:.0%} of the time (by people's verdicts"
        f" {length.human:.0%}); passing the longer half would agree {length.longer_wins:.0%}"
    )
