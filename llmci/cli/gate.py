"""`llmci gate A B`: a verdict on two runs, or on two result files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmci.cli.exits import exit_code_of, fail_on_of, summary
from llmci.cli.options import ConfigFlag, FailOnFlag, JsonFlag, SeedFlag, open_config
from llmci.cli.terminal import safe_text, show, show_json
from llmci.errors import UsageError

if TYPE_CHECKING:
    from llmci.core.gating.plan import Price, Sight
    from llmci.core.gating.reading import Reading
    from llmci.core.gating.selftest import SelfTest
    from llmci.domain.verdict import Rule
    from llmci.wiring.gate import Contest

_DRAWS = 2000
_SEED = 7
# What a ratio named on the command line may rise.
_DEARER = 0.10


def gate(
    baseline: Annotated[str, typer.Argument(help="Run of the version in production: id, directory or result file.")],
    candidate: Annotated[str, typer.Argument(help="Run of the version that would replace it.")],
    config: ConfigFlag = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(help="Column of result files to gate on, or metric of runs; again for more.", show_default=False),
    ] = None,
    ratio: Annotated[
        list[str] | None,
        typer.Option(help="Column such as cost or tokens: a guardrail at +10 %.", show_default=False),
    ] = None,
    tolerance: Annotated[
        str | None,
        typer.Option(help="Drop that is acceptable: 5pt, or 0.05 of the range; by default 5pt.", show_default=False),
    ] = None,
    slice_by: Annotated[
        list[str] | None,
        typer.Option("--slice", help="Label whose values are reported one by one.", show_default=False),
    ] = None,
    critical: Annotated[bool, typer.Option("--critical", help="Each slice can fail the run.")] = False,
    id: Annotated[str, typer.Option(help="Column that names the case; results are paired by it.")] = "id",
    group: Annotated[
        str | None,
        typer.Option(help="Column of conversation, user or task: cases that depend on each other.", show_default=False),
    ] = None,
    weight: Annotated[
        str | None, typer.Option(help="Column with the case's share of production.", show_default=False)
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", help="Format of result files; by default seen by their content.", show_default=False),
    ] = None,
    range: Annotated[str, typer.Option(help="Smallest and largest possible score.")] = "0:1",
    lower_is_better: Annotated[
        bool, typer.Option("--lower-is-better", help="Scores of result files are better when low.")
    ] = False,
    answer: Annotated[
        str, typer.Option(help="Column of a table with the answer; only its form is looked at.")
    ] = "output",
    max_days_apart: Annotated[
        float | None,
        typer.Option(min=0, help="Days that may lie between the two results; by default 14.", show_default=False),
    ] = None,
    fail_on: FailOnFlag = None,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            help="Also write a report; repeatable. The suffix decides: .html .md .json .xml .csv .parquet.",
            show_default=False,
        ),
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Show which drops these cases would notice.")] = False,
    self_test: Annotated[
        bool, typer.Option("--self-test", help="Show how often these gates cry wolf on these cases.")
    ] = False,
    seed: SeedFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Compare two runs and leave with 1 if the candidate regressed.

    Runs are gated by llmci.yaml; result files by --metric and --tolerance: JSON Lines, CSV, Parquet, and what
    promptfoo, Inspect, DeepEval, OpenAI evals and Langfuse write.

    Exit codes: 0 passed, 1 regressed, 3 inconclusive or not comparable, 4 no evidence.

    Example: llmci gate baseline.jsonl candidate.jsonl --metric correct --tolerance 5pt
    """
    from llmci.core.gating.reading import Reading
    from llmci.wiring.gate import contest

    failing = fail_on_of(fail_on)
    if output and (plan or self_test):
        raise UsageError("-o: only a verdict is reported.", fix="Leave out --plan and --self-test, or use --json.")
    low, high = _ends(range)
    reading = Reading(
        id=id,
        metrics=tuple(metric or ()),
        ratios=tuple(ratio or ()),
        low=low,
        high=high,
        lower_is_better=lower_is_better,
        weight=weight,
        group=group,
        slices=tuple(slice_by or ()),
        answer=answer,
    )
    found = contest(
        baseline,
        candidate,
        config=lambda: open_config(config),
        reading=reading,
        rules=lambda read: _rules(read, tolerance or "5pt", critical=critical),
        by_flags=bool(metric or ratio or tolerance or slice_by or critical),
        form=form,
    )
    if max_days_apart is not None:
        found = replace(found, max_days=max_days_apart)
    if plan:
        _show_plan(found.plan(), found.prices(), as_json=as_json)
    elif self_test:
        _show_self_test(found.self_test(draws=_DRAWS, seed=_SEED if seed is None else seed), as_json=as_json)
    else:
        _show_verdict(found, failing, output or [], as_json=as_json)


def _rules(reading: Reading, tolerance: str, *, critical: bool) -> list[Rule]:
    """The rules that flags ask for: scores must not drop, costs must not run away."""
    from llmci.config import tolerance_of
    from llmci.domain.verdict import Rule

    try:
        allowed = float(str(tolerance_of(tolerance if tolerance[-1:] in "t%s" else float(tolerance))))
    except ValueError:
        allowed = 0.0
    if not 0 < allowed <= 1:
        raise UsageError(f"--tolerance: {safe_text(tolerance)!r} is no tolerance.", fix="Write 5pt, 5% or 0.05.")
    scores = [
        Rule(metric=name, role="primary", tolerance=allowed, slice_by=reading.slices, critical=critical)
        for name in reading.scores()
    ]
    return scores + [Rule(metric=name, role="guardrail", tolerance=_DEARER) for name in reading.ratios]


def _ends(text: str) -> tuple[float, float]:
    low, _, high = text.partition(":")
    try:
        ends = float(low), float(high)
    except ValueError:
        ends = 0.0, 0.0
    if not ends[0] < ends[1] < float("inf"):
        raise UsageError(f"--range: {safe_text(text)!r} is no range.", fix="Write the two ends, such as 1:5.")
    return ends


def _show_verdict(found: Contest, failing: frozenset[str], outputs: list[Path], *, as_json: bool) -> None:
    from llmci.wiring.gate_report import report_contest

    result = found.decide()
    code = exit_code_of(result, failing)
    written = report_contest(found, result, outputs)
    if as_json:
        show_json({"result": result, "exit_code": int(code), "written": written})
    else:
        show(summary(result, found.baseline.metrics))
        for path in written:
            show(f"  {safe_text(path)}")
    raise typer.Exit(code)


def _show_plan(seen: list[Sight], prices: list[Price], *, as_json: bool) -> None:
    if as_json:
        show_json({"plan": seen, "tolerances": prices})
        return
    from llmci.core.wording import money, percent

    show(f"{'gate':26} {'cases':>7} {'tolerance':>9} {'noticed':>8} {'ruled out':>9} {'9 in 10':>8} {'needed':>8}")
    for sight in seen:
        name = safe_text(f"  {sight.slice[1]}" if sight.slice else sight.metric)
        shares = ["-" if chance is None else f"{chance:.0%}" for chance in (sight.noticed, sight.ruled_out)]
        needed = "unknown" if sight.needed_cases is None else f"{sight.needed_cases:,}"
        show(
            f"{name[:26]:26} {sight.cases:>7,} {percent(sight.tolerance):>9} {shares[0]:>8} {shares[1]:>9} "
            f"{percent(sight.detectable):>8} {needed:>8}"
        )
    show("")
    show("noticed: chance to notice a drop of the tolerance.  ruled out: chance that an unchanged system passes.")
    show("9 in 10: smallest drop that is noticed 9 times in 10.  needed: cases that so notice the tolerance.")
    if prices:
        show("")
        show(
            "What a tolerance takes, so that a drop as large is noticed 9 times in 10; and the chance to notice it now:"
        )
        show(f"{'gate':26} {'tolerance':>9} {'now':>6} {'cases':>9} {'calls':>9} {'cost':>9}")
    for price in prices:
        cases, calls = ("unknown" if count is None else f"{count:,}" for count in (price.cases, price.calls))
        show(
            f"{safe_text(price.metric)[:26]:26} {percent(price.tolerance):>9} {price.noticed:>6.0%} {cases:>9} {calls:>9} "
            f"{money(price.cost):>9}"
        )


def _show_self_test(done: SelfTest, *, as_json: bool) -> None:
    if as_json:
        show_json({"self_test": done})
        return
    from llmci.core.wording import count, percent

    show(
        f"With baseline and candidate exchanged at random, {count(done.draws, 'time')}, nothing differs by construction.\n"
        f"These gates ({count(done.questions, 'question')} that can fail a run) cried wolf in {percent(done.rate)} of the "
        f"exchanges; {percent(done.allowed)} are allowed."
    )
