"""`llmci judge check`: how far a judge agrees with people, and what it may therefore be used for."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmci.cli.options import ConfigFlag, JsonFlag, QuietFlag, open_config
from llmci.cli.terminal import note, progress, safe_text, show, show_json
from llmci.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmci.core.judging.trust import Length, Position, Trust
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
    human: Annotated[
        list[str] | None, typer.Option(help="Column with people's verdicts; repeatable, and the majority counts.")
    ] = None,
    judge: Annotated[str | None, typer.Option(help="Column with the judge's verdicts, or its whole opinions.")] = None,
    answer: Annotated[
        list[str] | None,
        typer.Option(help="Column with the answers, to see whether length sways it; given twice for pairs."),
    ] = None,
    item: Annotated[
        str | None, typer.Option(help="Column that names what was judged, where rows judge the same again.")
    ] = None,
    pairs: Annotated[
        bool, typer.Option("--pairs", help="Verdicts say which of two answers is better: 1 or A, 2 or B, 0 or tie.")
    ] = False,
    swapped: Annotated[
        str | None, typer.Option(help="Column that says whether the judge was shown the second of the pair first.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Column to group by: one verdict for each of its values.")] = None,
    scorer: Annotated[
        str | None,
        typer.Option(
            help="A judge of llmci.yaml. Without a file it is asked about the eval set's references; with one, the"
            " verdicts there are its own. What is found is kept in judges/, to be committed."
        ),
    ] = None,
    passing: Annotated[list[str] | None, typer.Option("--pass", help="Word that means pass; repeatable.")] = None,
    failing: Annotated[list[str] | None, typer.Option("--fail", help="Word that means fail; repeatable.")] = None,
    cut: Annotated[float | None, typer.Option(help="A grade of at least so much is a pass.")] = None,
    repeat: Annotated[
        int, typer.Option(min=1, help="Times that a judge is asked about each, to see if it agrees with itself.")
    ] = 1,
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
    from llmci.wiring.judge import check_configured, check_file, kept

    menu = Menu(passing=passing or PASS_WORDS, failing=failing or FAIL_WORDS, cut=cut)
    settings = None if scorer is None else open_config(config)
    if file is not None and judge is not None:
        columns = Columns(
            human=tuple(human or ()),
            judge=judge,
            answers=tuple(answer or ()),
            by=by,
            item=item,
            pairs=pairs,
            swapped=swapped,
        )
        checked = check_file(file, columns, menu)
    elif file is None and settings is not None and scorer is not None:
        shown = progress(quiet=quiet or as_json)
        checked = check_configured(settings, scorer, menu, environ=os.environ, progress=shown, repeat=repeat)
    else:
        raise UsageError(
            "it is not said what to check.", fix="Give FILE with --human and --judge, or a judge with --scorer."
        )
    if settings is not None and scorer is not None:
        now = datetime.now(UTC)
        place = kept(settings, scorer, checked, asked=file is None, now=now, environ=os.environ)
        if not quiet:
            note(f"kept in {place}: commit it, so that CI knows this judge.")
    may_gate = all(trust.use is Use.GATE for trust in checked.groups.values())
    code = ExitCode.PASSED if may_gate else ExitCode.NO_DECISION
    if as_json:
        told = {
            "groups": checked.groups,
            "overall": checked.overall,
            "passing": checked.passing,
            "unlabelled": checked.unlabelled,
        }
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
        for line in _details(name, trust, checked):
            show(f"  {line}")
    if checked.unlabelled:
        show(f"{checked.unlabelled} without a person's verdict say nothing of the judge")


def _details(name: str, trust: Trust, checked: Checked) -> Iterator[str]:
    yield from (f"  - {reason}" for reason in trust.because)
    if trust.found is not None and trust.found.sensitivity and trust.found.specificity:
        good, bad = _share(trust.found.sensitivity), _share(trust.found.specificity)
        yield f"catches good {good}, catches bad {bad}"
    if trust.length is not None:
        yield _length(trust.length, pairs=trust.position is not None)
    if trust.position is not None:
        yield _position(trust.position)
    if trust.consistency is not None:
        yield f"asked again, it says the same about {_share(trust.consistency)} of {trust.consistency.of}"
    if name in checked.passing:
        yield _passing(checked.passing[name])


def _position(position: Position) -> str:
    told = f"of two it prefers the one shown first {_share(position.first)} of the time"
    if position.consistent is None:
        return f"{told}; nothing was judged in both orders"
    return (
        f"{told}; the other way round it says the same about {_share(position.consistent)} of {position.consistent.of}"
    )


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


def _length(length: Length, *, pairs: bool) -> str:
    if length.judge is None or length.human is None:
        return "length: unknown, for all were passed or none"
    what = "it prefers the longer answer" if pairs else "a passed answer is longer than a failed one"
    rule = "preferring the longer" if pairs else "passing the longer half"
    return (
        f"{what} {length.judge:.0%} of the time (by people's verdicts {length.human:.0%});"
        f" {rule} would agree {length.longer_wins:.0%}"
    )
