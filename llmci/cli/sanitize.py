"""`llmci sanitize`: raw traces to clean ones."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
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
    open_config_if_any,
)
from llmci.cli.terminal import note, progress, safe_text, show, show_json
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.config import Config
    from llmci.pipeline.sanitize import Plan, SanitizeSummary
    from llmci.wiring.explain import Explained


def sanitize(
    *,
    explain: Annotated[
        str | None,
        typer.Option(metavar="TRACE_ID", help="Show what is found in one trace, as masked shapes; write nothing."),
    ] = None,
    spans_only: Annotated[
        Path | None,
        typer.Option("--spans-only", help="JSON Lines of id, text and group: only find spans, and write them to -o."),
    ] = None,
    reveal: Annotated[
        Path | None,
        typer.Option(
            help="A text (- for standard input): print it with the originals of the operator `encrypt` put back.",
            allow_dash=True,
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where --spans-only writes.")] = None,
    locale: Annotated[
        list[str] | None,
        typer.Option(
            help="Language of the texts (en, es, de, fr, it, pl), once for each; instead of sanitize.locales."
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="Hold back traces in which the second pass suspects more than max_residual values."
        ),
    ] = False,
    engine: EngineFlag = None,
    workers: WorkersFlag = None,
    scheduler: SchedulerFlag = None,
    dry_run: DryRunFlag = False,
    config: ConfigFlag = None,
    json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Remove personal data and secrets from pulled traces.

    Traces that cannot be made clean are held back; when they are too many, nothing is written and
    the command leaves with 5.

    Example: llmci sanitize
    """
    checked = _in_locales(open_config(config) if spans_only is None else open_config_if_any(config), locale)
    if strict:
        checked = replace(checked, sanitize=replace(checked.sanitize, strict=True))
    if explain is not None:
        _explain(checked, explain, as_json=json)
        return
    if spans_only is not None:
        _write_spans(checked, spans_only, output, as_json=json, quiet=quiet)
        return
    if reveal is not None:
        _reveal(checked, reveal, as_json=json)
        return
    from llmci.wiring import sanitize as wiring
    from llmci.wiring.engine import with_engine

    if dry_run:
        _show_plan(wiring.planned(checked, os.environ), as_json=json)
        return
    checked = with_engine(checked, engine, workers=workers, scheduler=scheduler)
    summary = wiring.sanitize(checked, progress=progress(quiet=quiet), environ=os.environ, now=datetime.now(UTC))
    _show(summary, as_json=json)


def _in_locales(config: Config, locales: list[str] | None) -> Config:
    if not locales:
        return config
    return replace(config, sanitize=replace(config.sanitize, locales=tuple(dict.fromkeys(locales))))


def _explain(config: Config, trace_id: str, *, as_json: bool) -> None:
    from llmci.wiring.explain import explain

    found = explain(config, trace_id, environ=os.environ)
    if as_json:
        show_json({"trace_id": trace_id, "findings": found})
        return
    show(safe_text("\n".join(_lines_of(found)) or "nothing was found in this trace"))


def _lines_of(found: Sequence[Explained]) -> list[str]:
    return [f"{f.action:12}  {f.kind:14}  {f.score:4.2f}  {f.shape!r:24}  {f.path}  ({f.detector})" for f in found]


def _write_spans(config: Config, source: Path, output: Path | None, *, as_json: bool, quiet: bool) -> None:
    from llmci.wiring.explain import write_spans

    if output is None:
        raise UsageError("--spans-only needs a file to write to.", fix="Add -o spans.jsonl.")
    lines = write_spans(config, source, output, environ=os.environ, progress=progress(quiet=quiet))
    if as_json:
        show_json({"lines": lines, "output": output})
        return
    show(safe_text(f"spans of {lines} texts are in {output}"))


def _reveal(config: Config, source: Path, *, as_json: bool) -> None:
    from llmci.wiring.vault import reveal

    try:
        given = sys.stdin.read() if str(source) == "-" else source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{source}: cannot be read: {type(error).__name__}.", fix="Name a text file in UTF-8."
        ) from None
    text, unknown = reveal(config, given, os.environ)
    if unknown:
        note(f"{unknown} tokens are not in the vault of {config.state / 'clean'} and stay.")
    if as_json:
        show_json({"text": text, "unknown": unknown})
        return
    show(safe_text(text.rstrip("\n")))


def _show_plan(plan: Plan, *, as_json: bool) -> None:
    if as_json:
        show_json(plan)
        return
    show(safe_text("\n".join(f"sanitize {shard_id}" for shard_id in plan.stale) or "nothing to do"))


def _show(summary: SanitizeSummary, *, as_json: bool) -> None:
    for held in summary.quarantined_first:
        note(safe_text(f"held back {held.where}: {held.why}"))
    if summary.quarantined > len(summary.quarantined_first):
        note(f"... {summary.quarantined} held back in all; the list is in .llmci/clean/rejected/")
    if as_json:
        show_json(summary)
        return
    show(
        safe_text(
            f"{summary.traces} clean traces ({summary.shards} shards sanitized, {summary.shards_unchanged} unchanged)\n"
            f"{summary.quarantined} held back\n"
            f"removed: {', '.join(f'{kind} {count}' for kind, count in summary.counts.items()) or 'nothing'}\n"
            f"canaries: {_canaries(summary)}\n"
            f"second pass suspects: {', '.join(f'{kind} {count}' for kind, count in summary.suspected.items()) or 'nothing'}"
            " (shapes in .llmci/sanitize.json)\n"
            f"audit: nothing that was found is left; manifest {summary.digest[:12]}, key {summary.key_fingerprint}"
        )
    )


def _canaries(summary: SanitizeSummary) -> str:
    """The kinds that were missed, and what so many can prove of the others."""
    if not summary.canaries:
        return "none planted"
    planted, removed = sum(c.planted for c in summary.canaries), sum(c.removed for c in summary.canaries)
    missed = ", ".join(
        f"{c.kind} {c.removed} of {c.planted} (at least {c.low:.1%} with 95 % confidence)"
        for c in summary.canaries
        if c.removed < c.planted
    )
    return f"{removed} of {planted} found{f'; missed of {missed}' if missed else ''}"
