"""`llmci demo`: the whole loop on the bundled example, with a real regression to catch."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmci.cli.options import JsonFlag, QuietFlag
from llmci.cli.terminal import note, progress, safe_text, show, show_json
from llmci.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmci.domain.verdict import Difference, GateResult, Verdict
    from llmci.wiring.demo import DemoOutcome, Trial


def demo(
    *,
    directory: Annotated[Path, typer.Option("--directory", help="Where to work; made if it is not there.")] = Path(
        "llmci-demo"
    ),
    model: Annotated[
        str | None,
        typer.Option("--model", help="Let this model write the answers: any that litellm knows."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Use a directory with other files; replace those with the demo's names.")
    ] = False,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Run the whole loop on the bundled example, in under a minute.

    A question-answering system over the standard library's documentation, two weeks of its traffic, and
    two candidates: one breaks retrieval for some types of question, the other is better. Needs no key, no
    account and no network. Exits 0 if the broken one was caught and the better one passed.

    Example: llmci demo --directory ./llmci-demo
    """
    from llmci.wiring.demo import demo as run

    outcome = run(
        directory,
        model=model,
        force=force,
        environ=os.environ,
        now=datetime.now(UTC),
        tell=(lambda _: None) if quiet else (lambda line: note(safe_text(line))),
        progress=progress(quiet=quiet or model is None),
    )
    codes = {trial.candidate: _exit_code(trial.result) for trial in (outcome.broken, outcome.better)}
    as_told = codes == {"broken": ExitCode.REGRESSED, "better": ExitCode.PASSED} and not outcome.survivors
    if as_json:
        show_json(_document(outcome, codes, as_told=as_told))
    if not (as_json and quiet):
        (note if as_json else show)(safe_text("\n".join(_screen(outcome, codes))))
    if not as_told:
        note(
            "error: the demo did not behave as it should.\n  fix: report the screen above; its report holds no real data."
        )
    raise typer.Exit(ExitCode.PASSED if as_told else ExitCode.BUG)


def _exit_code(result: GateResult) -> ExitCode:
    from llmci.cli.exits import exit_code_of

    return exit_code_of(result)


def _screen(outcome: DemoOutcome, codes: Mapping[str, ExitCode]) -> list[str]:
    """Five lines: what happened, what broke, what CI would have seen, what passed, what to open."""
    hidden = f"{outcome.planted} planted personal data and secrets"
    left = (
        f"of {hidden} some are still in {len(outcome.survivors)} files"
        if outcome.survivors
        else f"all {hidden} are gone"
    )
    code, passed = int(codes["broken"]), "did not pass" if codes["better"] else "passed"
    return [
        f"Two weeks of traffic: {outcome.traces:,} traces; {left}; eval set of {outcome.cases} cases.",
        f"`broken` leaves names out of the index: {_said(outcome.broken)}.",
        f"CI would have seen exit code {code} for it{': the merge is blocked' if code else ''}.",
        f"`better` {passed}: {_said(outcome.better)}; exit code {int(codes['better'])}.",
        f"Open {outcome.broken.report} to see every question that broke, and how.",
    ]


def _said(trial: Trial) -> str:
    """The primary metric over all, and the slice that changed most."""
    overall = next((verdict for verdict in trial.result.verdicts if verdict.slice is None), None)
    worst = _worst(trial.result)
    parts = [_moved(verdict) for verdict in (overall, worst) if verdict is not None]
    return ", worst in ".join(parts) if parts else trial.result.headline


def _worst(result: GateResult) -> Verdict | None:
    """The slice that a gate proved worse, with the largest drop."""
    proved = [v for v in result.verdicts if v.slice and v.gating and v.difference and v.outcome == "regressed"]
    return min(proved, key=lambda verdict: verdict.difference.estimate if verdict.difference else 0.0, default=None)


def _moved(verdict: Verdict) -> str:
    name = f"{verdict.slice[0]}={verdict.slice[1]} " if verdict.slice else f"{verdict.rule.metric} "
    return name + (_numbers(verdict.difference) if verdict.difference else str(verdict.outcome))


def _numbers(difference: Difference) -> str:
    points = f"{difference.estimate * 100:+.1f} points"
    if difference.baseline is None or difference.candidate is None:
        return points
    return f"{difference.baseline:.1%} -> {difference.candidate:.1%} ({points})"


def _document(outcome: DemoOutcome, codes: Mapping[str, ExitCode], *, as_told: bool) -> dict[str, object]:
    return {
        "as_told": as_told,
        "traces": outcome.traces,
        "rejected": outcome.rejected,
        "planted": outcome.planted,
        "survivors": outcome.survivors,
        "cases": outcome.cases,
        "seconds": outcome.seconds,
        "candidates": {
            trial.candidate: {
                "exit_code": int(codes[trial.candidate]),
                "outcome": trial.result.outcome,
                "headline": trial.result.headline,
                "report": trial.report,
                "slices": [_slice(verdict) for verdict in trial.result.verdicts if verdict.slice],
            }
            for trial in (outcome.broken, outcome.better)
        },
    }


def _slice(verdict: Verdict) -> dict[str, object]:
    label, value = verdict.slice or ("", "")
    return {
        "metric": verdict.rule.metric,
        "slice": {label: value},
        "outcome": verdict.outcome,
        "points": verdict.difference.estimate * 100 if verdict.difference else None,
    }
