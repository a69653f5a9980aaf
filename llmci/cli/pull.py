"""`llmci pull`: traces from where they are to the raw shelf."""

from __future__ import annotations

import os
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from llmci.cli.options import (
    ConfigFlag,
    DryRunFlag,
    JsonFlag,
    LimitFlag,
    PresetFlag,
    QuietFlag,
    SinceFlag,
    SourcesArgument,
    UntilFlag,
    open_config,
    window_of,
)
from llmci.cli.terminal import note, progress, safe_text, show, show_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.pipeline.pull import PullSummary, SourceFailure
    from llmci.wiring.pull_plan import Listed


def pull(
    sources: SourcesArgument = None,
    *,
    since: SinceFlag = None,
    until: UntilFlag = None,
    limit: LimitFlag = None,
    preset: PresetFlag = None,
    dry_run: DryRunFlag = False,
    config: ConfigFlag = None,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Pull traces from their sources onto the raw shelf.

    Only what is new or has changed is read. With --limit the traces are chosen by a hash of their id,
    so that the same ones are taken again.

    Example: llmci pull prod --since 7d
    """
    from llmci.wiring.pull import pull as pull_now
    from llmci.wiring.pull_plan import list_shards, with_preset

    now = datetime.now(UTC)
    checked, window = with_preset(open_config(config), sources or (), preset), window_of(since, until, now)
    if dry_run:
        listed, failures = list_shards(checked, sources=sources or (), window=window, environ=os.environ)
        _show_plan(listed, failures, as_json=as_json)
        raise typer.Exit(max((failure.exit_code for failure in failures), default=0))
    summary = pull_now(
        checked,
        sources=sources or (),
        window=window,
        limit=limit,
        environ=os.environ,
        progress=progress(quiet=quiet or as_json),
        now=now,
    )
    _show(summary, as_json=as_json)
    raise typer.Exit(summary.exit_code)


def _show_plan(listed: Sequence[Listed], failures: Sequence[SourceFailure], *, as_json: bool) -> None:
    _note_failures(failures)
    if as_json:
        shards = [{"source": item.source, **_plain(item)} for item in listed]
        show_json({"shards": shards, "failures": list(failures)})
        return
    for item in listed:
        show(safe_text(f"{item.source}  {item.shard.shard_id}  {item.shard.size or '?'} bytes  {item.shard.uri}"))


def _plain(item: Listed) -> Mapping[str, object]:
    return {"shard_id": item.shard.shard_id, "uri": item.shard.uri, "bytes": item.shard.size}


def _show(summary: PullSummary, *, as_json: bool) -> None:
    for rejected in summary.rejected_first:
        note(safe_text(f"rejected {rejected.where}: {rejected.why}"))
    if summary.rejected > len(summary.rejected_first):
        note(f"... {summary.rejected} rejected in all; the list is in .llmci/raw/rejected/")
    _note_failures(summary.failures)
    if as_json:
        show_json({**_fields(summary), "exit_code": summary.exit_code})
        return
    show(safe_text("\n".join(_lines(summary))))


def _fields(summary: PullSummary) -> Mapping[str, object]:
    return {item.name: getattr(summary, item.name) for item in fields(summary)}


def _note_failures(failures: Sequence[SourceFailure]) -> None:
    for failure in failures:
        note(safe_text(f"error: {failure.source}: {failure.message}\n  fix: {failure.fix}"))


def _lines(summary: PullSummary) -> list[str]:
    dropped = f", {summary.shards_dropped} dropped" if summary.shards_dropped else ""
    repeated = f", {summary.repeated} repeated and left out" if summary.repeated else ""
    shards = f"{summary.shards_read} shards read, {summary.shards_unchanged} unchanged{dropped}"
    lines = [
        f"{summary.traces} traces of {', '.join(summary.sources)} ({shards})",
        f"{summary.rejected} rejected{repeated}",
        f"replay: {_counts(summary.replay)}",
    ]
    if summary.missing:
        lines.append(f"without: {_counts(summary.missing)}")
    if any(summary.variants):
        lines.append(f"variants: {_counts(summary.variants)}")
    if summary.unknown_costs:
        lines.append(f"cost unknown: {summary.unknown_costs}")
    return lines


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name or '(none)'} {count}" for name, count in counts.items()) or "-"
