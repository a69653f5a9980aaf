"""`llmci evalset`: the versioned set, what is in it, and how far traffic has moved from it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from llmci.cli.evalset_told import (
    case_facts,
    example_of,
    facts_of,
    found_facts,
    line_of,
    say_faults,
    show_drift,
    show_needs,
    show_refreshed,
)
from llmci.cli.options import (
    ConfigFlag,
    EngineFlag,
    JsonFlag,
    QuietFlag,
    SchedulerFlag,
    SinceFlag,
    UntilFlag,
    WorkersFlag,
    open_config,
    window_of,
)
from llmci.cli.terminal import note, progress, safe_text, show, show_json
from llmci.errors import ExitCode

app = typer.Typer(
    help="Build, look at, compare and check eval sets.",
    epilog="Example: llmci evalset build",
    no_args_is_help=True,
    rich_markup_mode=None,
)

NameFlag = Annotated[str | None, typer.Option("--name", help="Of the set; by default evalset.name.")]
VersionFlag = Annotated[int | None, typer.Option("--version", help="By default the current one.")]


@app.command()
def build(
    *,
    engine: EngineFlag = None,
    workers: WorkersFlag = None,
    scheduler: SchedulerFlag = None,
    config: ConfigFlag = None,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Draw a new version from the labelled traces.

    The same traces and settings give the same set, and no second version of it.

    Example: llmci evalset build
    """
    from llmci.wiring.engine import with_engine
    from llmci.wiring.evalset import build_version, needs_of

    checked = with_engine(open_config(config), engine, workers=workers, scheduler=scheduler)
    built = build_version(checked, now=datetime.now(UTC), progress=progress(quiet=quiet or as_json), environ=os.environ)
    if as_json:
        show_json({"new": built.new, **facts_of(built.evalset), "needs": needs_of(checked, built.evalset)})
        return
    show(line_of(built.evalset) + ("" if built.new else "; nothing changed, so this is no new version"))
    for need in needs_of(checked, built.evalset):
        if need.slice is None and need.takes > need.cases:
            note(
                f"gate {safe_text(need.metric)}: a drop of {need.tolerance:.1%} takes about {need.takes} such cases to be noticed 9 times "
                f"in 10, and there are {need.cases}; `evalset show` says it of its slices, `evalset.detect` draws for a drop."
            )


@app.command()
def refresh(
    *,
    since: SinceFlag = None,
    until: UntilFlag = None,
    write: Annotated[
        bool, typer.Option("--write", help="Store it as a new version; otherwise it is only shown.")
    ] = False,
    engine: EngineFlag = None,
    workers: WorkersFlag = None,
    scheduler: SchedulerFlag = None,
    config: ConfigFlag = None,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Renew the set from newer traffic, and show what would change.

    Cases that still stand for the traffic stay, the others are retired; failures and anomalies come first. Nothing is written without
    --write. Exits 3 where the window holds no traffic.

    Example: llmci evalset refresh --since 7d
    """
    from llmci.wiring.engine import with_engine
    from llmci.wiring.refresh import refresh as run

    now = datetime.now(UTC)
    found = run(
        with_engine(open_config(config), engine, workers=workers, scheduler=scheduler),
        window=window_of(since, until, now),
        now=now,
        environ=os.environ,
        write=write,
        progress=progress(quiet=quiet or as_json),
    )
    if as_json:
        told = {"retired": found.retired, "added": found.added, "written": found.written, "new": found.new}
        show_json({**facts_of(found.evalset), "diff": found.diff, **told})
        return
    show_refreshed(found)


@app.command("list")
def list_sets(*, config: ConfigFlag = None, as_json: JsonFlag = False) -> None:
    """List all sets and their versions; a star marks the current one.

    A version that cannot be read is named with its fault, and the exit code is that of the fault.

    Example: llmci evalset list
    """
    from llmci.wiring.evalset import every_version

    found = every_version(open_config(config))
    if as_json:
        show_json([{**found_facts(each), "current": each.current} for each in found])
    for each in () if as_json else found:
        if each.evalset is not None:
            show(f"{'*' if each.current else ' '} {line_of(each.evalset)}")
    if not found and not as_json:
        note("there are no eval sets; make one with `llmci evalset build`.")
    say_faults(found)


@app.command("show")
def show_set(
    *,
    name: NameFlag = None,
    version: VersionFlag = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="Print at most so many cases, the heaviest first.")
    ] = 5,
    failures: Annotated[bool, typer.Option("--failures", help="Only cases made of failed traces.")] = False,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Show what a set holds, and what its gates take.

    Of agent traces that failed, it hints at the step that likely went wrong, as long as their labels are at hand. Cases of groups that are
    too small to be shown ("other") are listed without their text.

    Example: llmci evalset show --version 3
    """
    from llmci.wiring.evalset import needs_of, suspects
    from llmci.wiring.evalset_store import store

    checked = open_config(config)
    evalset = store(checked).load(name or checked.evalset.name, version)
    cases = [case for case in evalset.cases if case.origin.kind == "failure"] if failures else evalset.cases
    heaviest = sorted(cases, key=lambda case: -case.weight)[:limit]
    hints = suspects(checked, heaviest)
    if as_json:
        told = [{**case_facts(case), "suspect": hints.get(case.case_id)} for case in heaviest]
        needs = needs_of(checked, evalset)
        show_json({**facts_of(evalset), "strata": evalset.strata, "needs": needs, "cases": told})
        return
    show(f"{line_of(evalset)}\n\n{'share':>7}  {'traces':>8}  {'cases':>6}  cluster")
    for stratum in evalset.strata:
        show(f"{stratum.share:>7.1%}  {stratum.traces:>8}  {stratum.cases:>6}  {safe_text(stratum.name)}")
    show_needs(needs_of(checked, evalset))
    for case in heaviest:
        asked = " ".join(safe_text(example_of(case)).split())
        show(f"\n{case.case_id}  weight {case.weight:.4f}  {safe_text(case.stratum)}\n  {asked[:300]}")
        if hint := hints.get(case.case_id):
            show(f"  likely went wrong at {safe_text(hint)}")


@app.command()
def diff(
    before: Annotated[int, typer.Argument(help="The older version.")],
    after: Annotated[int, typer.Argument(help="The newer version.")],
    *,
    name: NameFlag = None,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Compare two versions: which cases came, went or changed.

    Example: llmci evalset diff 3 4
    """
    from llmci.core.evalsets.compare import diff as compare
    from llmci.wiring.evalset_store import store

    checked = open_config(config)
    sets, chosen = store(checked), name or checked.evalset.name
    found = compare(sets.load(chosen, before), sets.load(chosen, after))
    if as_json:
        show_json(found)
        return
    show(
        f"{safe_text(chosen)} v{before} to v{after}: {len(found.added)} added, {len(found.retired)} retired, "
        f"{len(found.changed)} changed, {len(found.reweighted)} weighed anew"
    )
    for mark, ids in (("+", found.added), ("-", found.retired)):
        for case_id in ids:
            show(f"{mark} {case_id}")
    for case_id, names in found.changed.items():
        show(f"~ {case_id}  {', '.join(names)}")
    for stratum, old, new in found.strata:
        if f"{old:.1%}" != f"{new:.1%}":
            show(f"  {old:>6.1%} to {new:>6.1%}  {safe_text(stratum)}")


@app.command()
def verify(
    *, name: NameFlag = None, version: VersionFlag = None, config: ConfigFlag = None, as_json: JsonFlag = False
) -> None:
    """Check every digest of a set; all versions by default.

    The chain of the audit log is checked, too. An edited or damaged version exits with 2, one that no sanitize manifest vouches for with 5; the
    others are checked all the same.

    Example: llmci evalset verify
    """
    from llmci.wiring.evalset import verified

    checked = open_config(config)
    found = verified(checked, name or checked.evalset.name, version, os.environ)
    if as_json:
        show_json([{**found_facts(each), "verified": each.error is None} for each in found])
    for each in () if as_json else found:
        if each.evalset is not None:
            show(f"ok  {line_of(each.evalset)}")
    say_faults(found)


@app.command()
def drift(
    *,
    since: SinceFlag = None,
    until: UntilFlag = None,
    version: VersionFlag = None,
    least: Annotated[
        float | None,
        typer.Option("--least", min=0.0, max=1.0, help="Leave with 1 also where less of the traffic is represented."),
    ] = None,
    gate: Annotated[
        bool, typer.Option("--gate", help="Leave with 1 where the traffic has moved beyond chance.")
    ] = False,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Say how well the set represents a window of traffic.

    Exits 0 whatever it finds, and with --gate or --least 1 where the set should be rebuilt.

    Example: llmci evalset drift --since 7d --gate
    """
    from llmci.wiring.drift import measure, remember

    settings, now = open_config(config), datetime.now(UTC)
    found = measure(settings, window=window_of(since, until, now), version=version, environ=os.environ)
    remember(settings, found, now)
    rebuild = (gate and found.drift.drifted) or (least is not None and found.drift.represented < least)
    if as_json:
        show_json(found)
    else:
        show_drift(found)
    if rebuild:
        raise typer.Exit(ExitCode.REGRESSED)


@app.command()
def export(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")],
    form: Annotated[
        str, typer.Option("--format", help="jsonl, csv, promptfoo, inspect, deepeval, ragas, langfuse or openai-evals.")
    ] = "jsonl",
    name: NameFlag = None,
    version: VersionFlag = None,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Write a set for another tool.

    Example: llmci evalset export -o tests.jsonl --format promptfoo
    """
    from llmci.wiring.evalset import export as write

    checked = open_config(config)
    cases = write(checked, output, form=form, name=name or checked.evalset.name, version=version)
    kept = sum(case.holdout for case in cases)
    if as_json:
        show_json({"cases": len(cases), "holdout": kept, "format": form, "file": output})
        return
    show(f"{len(cases)} cases written to {safe_text(output)}")
    if kept:
        note(f"{kept} of them are kept for release gates (`holdout`): leave them out where changes are judged or made.")


@app.command("import")
def import_cases(
    source: Annotated[
        Path, typer.Argument(help="JSONL, JSON, YAML or CSV; names of columns of other tools are known.")
    ],
    *,
    name: NameFlag = None,
    config: ConfigFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Make a new version of the cases of a file.

    The file is yours, and is taken for clean.

    Example: llmci evalset import goldens.json --name goldens
    """
    from llmci.wiring.evalset import import_file

    checked = open_config(config)
    built = import_file(checked, source, name=name or checked.evalset.name, now=datetime.now(UTC))
    if as_json:
        show_json({"new": built.new, **facts_of(built.evalset)})
        return
    show(line_of(built.evalset) + ("" if built.new else "; nothing changed, so this is no new version"))
