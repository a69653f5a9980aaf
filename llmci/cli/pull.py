"""`llmci pull`: traces from where they are to the raw shelf."""

from __future__ import annotations

import os
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmci.cli.options import (
    ConfigFlag,
    DryRunFlag,
    EngineFlag,
    JsonFlag,
    LimitFlag,
    MaxRateFlag,
    PresetFlag,
    QuietFlag,
    SampleFlag,
    SchedulerFlag,
    SinceFlag,
    SourcesArgument,
    UntilFlag,
    WorkersFlag,
    config_path,
    length_of,
    share_of,
    window_of,
)
from llmci.cli.terminal import note, progress, safe_text, show, show_json
from llmci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmci.config import Config
    from llmci.pipeline.pull import PullSummary, SourceFailure
    from llmci.seams import Progress
    from llmci.wiring.pull_plan import Listed

ListenFlag = Annotated[
    str | None,
    typer.Option("--listen", help="Receive OTLP/HTTP first, at this port or host:port (4318, 127.0.0.1:4318)."),
]
ForFlag = Annotated[str | None, typer.Option("--for", help="Listen so long: 90s, 10m, 6h; without it until Ctrl-C.")]


def pull(
    sources: SourcesArgument = None,
    *,
    since: SinceFlag = None,
    until: UntilFlag = None,
    limit: LimitFlag = None,
    preset: PresetFlag = None,
    sample: SampleFlag = None,
    max_rate: MaxRateFlag = None,
    listen: ListenFlag = None,
    for_: ForFlag = None,
    engine: EngineFlag = None,
    workers: WorkersFlag = None,
    scheduler: SchedulerFlag = None,
    dry_run: DryRunFlag = False,
    config: ConfigFlag = None,
    quiet: QuietFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Pull traces from their sources onto the raw shelf.

    Only what is new or has changed is read. With --limit and --sample the traces are chosen by a hash
    of their id, so that the same ones are taken again. A kind of source behind a network can be named
    without a block in the configuration; its address and keys are then those of the environment. With
    --listen an OpenTelemetry source first receives what is sent to it.

    Example: llmci pull langfuse --since 7d
    """
    from llmci.wiring.engine import with_engine
    from llmci.wiring.pull import pull as pull_now
    from llmci.wiring.pull_plan import list_shards, with_preset
    from llmci.wiring.pull_remote import stretches, with_implied

    now = datetime.now(UTC)
    checked, window = _configuration(config, sources or ()), window_of(since, until, now)
    checked = with_implied(checked, sources or (), max_rate=max_rate)
    checked = with_preset(checked, sources or (), preset)
    checked = with_engine(checked, engine, workers=workers, scheduler=scheduler)
    share = share_of(sample)
    if dry_run:
        listed, failures = list_shards(checked, sources=sources or (), window=window, environ=os.environ)
        failed = {failure.source for failure in failures}
        names = [name for name in sources or checked.sources if name not in failed]
        fetched = stretches(checked, names, window=window, environ=os.environ, now=now)
        _show_plan(listed, failures, fetched, as_json=as_json)
        raise typer.Exit(max((failure.exit_code for failure in failures), default=0))
    shown = progress(quiet=quiet or as_json)
    if listen is not None:
        _receive(checked, sources or (), listen, for_, shown)
    elif for_ is not None:
        raise UsageError("--for says how long to listen.", fix="Give --listen, too, or leave --for out.")
    summary = pull_now(
        checked,
        sources=sources or (),
        window=window,
        limit=limit,
        sample=share,
        environ=os.environ,
        progress=shown,
        now=now,
    )
    _show(summary, as_json=as_json)
    raise typer.Exit(summary.exit_code)


def _configuration(path: Path | None, names: Sequence[str]) -> Config:
    """The configuration; an empty one where there is none and what is named needs none."""
    from llmci.config import FILE_NAME, load, parse
    from llmci.wiring.pull_plan import kinds_without_block

    try:
        found = config_path(path)
    except UsageError:
        kinds = kinds_without_block()
        if unknown := next((name for name in names if name not in kinds), None):
            raise UsageError(
                f"there is no llmci.yaml, and {unknown!r} is nothing that can be pulled without one.",
                fix=f"Choose of: {', '.join(kinds)}; or run `llmci init`, and name the source there.",
            ) from None
        if not names:
            raise
        return parse("{}", Path.cwd() / FILE_NAME)
    return load(found)


def _receive(config: Config, sources: Sequence[str], address: str, length: str | None, shown: Progress) -> None:
    from llmci.wiring.listen import listen as listen_now

    lasting = None if length is None else length_of(length)
    if length is not None and not lasting:
        raise UsageError(f"{length!r} is no length of time.", fix="Write 90s, 10m or 6h.")
    seconds = None if lasting is None else lasting.total_seconds()
    received = listen_now(config, sources=sources, address=address, seconds=seconds, environ=os.environ, progress=shown)
    refused = f", {received.refused} refused" if received.refused else ""
    note(f"received {received.spans} spans in {received.requests} requests{refused}")


def _show_plan(
    listed: Sequence[Listed],
    failures: Sequence[SourceFailure],
    fetched: Mapping[str, Sequence[tuple[datetime, datetime]]],
    *,
    as_json: bool,
) -> None:
    _note_failures(failures)
    if as_json:
        shards = [{"source": item.source, **_plain(item)} for item in listed]
        stretches = [
            {"source": name, "since": since, "until": until}
            for name, spans in fetched.items()
            for since, until in spans
        ]
        show_json({"shards": shards, "fetch": stretches, "failures": list(failures)})
        return
    for name, spans in fetched.items():
        for since, until in spans:
            show(safe_text(f"{name}  fetch {since:%Y-%m-%d %H:%M:%S} to {until:%Y-%m-%d %H:%M:%S} UTC"))
        if not spans:
            show(safe_text(f"{name}  nothing to fetch; what was pulled is looked through for changes"))
    for item in listed:
        if item.source not in fetched:
            show(safe_text(f"{item.source}  {item.shard.shard_id}  {item.shard.size or '?'} bytes  {item.shard.uri}"))


def _plain(item: Listed) -> Mapping[str, object]:
    return {"shard_id": item.shard.shard_id, "uri": item.shard.uri, "bytes": item.shard.size}


def _show(summary: PullSummary, *, as_json: bool) -> None:
    for rejected in summary.rejected_first:
        note(safe_text(f"rejected {rejected.where}: {rejected.why}"))
    if summary.rejected > len(summary.rejected_first):
        note(f"... {summary.rejected} rejected in all; the list is in .llmci/raw/rejected/")
    _note_failures(summary.failures)
    for said in summary.notes:
        note(safe_text(f"note: {said}"))
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
    if lost := summary.replay.get("none"):
        lines.append(f"not replayable: {lost} of {summary.traces} ({_counts(summary.unreplayed)})")
    if found := summary.fetched:
        rate = f", {found.records / found.seconds:.0f}/s" if found.seconds else ""
        lines.insert(1, f"fetched {found.records} records in {found.windows} windows, {found.new} new{rate}")
    if summary.missing:
        lines.append(f"without: {_counts(summary.missing)}")
    if any(summary.variants):
        lines.append(f"variants: {_counts(summary.variants)}")
    if summary.unknown_costs:
        lines.append(f"cost unknown: {summary.unknown_costs}")
    return lines


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name or '(none)'} {count}" for name, count in counts.items()) or "-"
