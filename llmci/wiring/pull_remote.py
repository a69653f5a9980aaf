"""Sources behind a network: put together with their landing, before their traces are read from it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llmci import registry
from llmci.config import Block
from llmci.errors import LlmciError
from llmci.pipeline.land import Landed, land, missing
from llmci.wiring.build import build
from llmci.wiring.pull_plan import can_listen, failure_of, is_remote, needs_no_block

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from llmci.config import Config
    from llmci.core.pulling.windows import Span
    from llmci.pipeline.pull import SourceFailure
    from llmci.seams import Listener, Progress, Remote, Window


def with_implied(config: Config, names: Sequence[str], *, max_rate: float | None = None) -> Config:
    """The configuration, and a source for every name that has no block but is a kind that needs none.

    Such a source takes its address and credentials from the environment, or is sent its traces.
    """
    found: dict[str, Block] = {}
    for name in names:
        if name not in config.sources and name in registry.names("source") and needs_no_block(name):
            options: Any = registry.adapter("source", name).Options
            found[name] = Block(name=name, kind=name, options=options(), given={"kind": name})
    sources = {**config.sources, **found}
    if max_rate is not None:
        sources = {name: _at_rate(block, max_rate) for name, block in sources.items()}
    return replace(config, sources=sources)


def _at_rate(block: Block, max_rate: float) -> Block:
    """A block with another `max_rate`; what is written of it stays, because the traces are the same."""
    if not is_remote(block.kind):
        return block
    return replace(block, options=block.options.model_copy(update={"max_rate": max_rate}))


def land_all(
    config: Config,
    names: Sequence[str],
    *,
    window: Window,
    environ: Mapping[str, str],
    progress: Progress,
    now: datetime,
) -> tuple[dict[str, Landed], list[SourceFailure]]:
    """Fetch what is missing of every remote source; what was landed of one that fails is kept and read.

    What was sent to sources that listen is landed, too.
    """
    landed: dict[str, Landed] = {}
    failures: list[SourceFailure] = []
    for name in names:
        block = config.sources[name]
        if can_listen(block.kind):
            listener: Listener = build("source", block, config, environ)
            listener.land()
    for name, source in _remotes(config, names, environ):
        progress.begin(f"fetch {name}", None, "records")
        try:
            landing = source.landing()
            landing.sweep()
            ahead = source.connect()
            landed[name] = land(source, landing, window, name=name, now=now + ahead, progress=progress)
        except LlmciError as error:
            failures.append(failure_of(name, error))
        finally:
            source.close()
            progress.end()
    return landed, failures


def stretches(
    config: Config, names: Sequence[str], *, window: Window, environ: Mapping[str, str], now: datetime
) -> dict[str, Sequence[Span]]:
    """The stretches of time that a pull would fetch of each remote source; asks nobody."""
    return {name: missing(source, source.landing(), window, now) for name, source in _remotes(config, names, environ)}


def _remotes(config: Config, names: Sequence[str], environ: Mapping[str, str]) -> Iterator[tuple[str, Remote]]:
    for name in names:
        block = config.sources[name]
        if is_remote(block.kind):
            yield name, build("source", block, config, environ)
