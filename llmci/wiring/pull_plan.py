"""What there is to pull: the sources that were asked for, their shards, and whose a shard on the shelf is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

from llmci import registry
from llmci.adapters.sources.files import shard_prefix
from llmci.core.canonical import digest_of
from llmci.core.traces.digest import NORMALISATION
from llmci.errors import LlmciError, UsageError
from llmci.pipeline.pull import SourceFailure
from llmci.wiring.build import build

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from llmci.config import Config
    from llmci.seams import Shard, Source, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A shard that a source lists.

    Attributes:
        fingerprint: Of its content and of all else that decides what becomes of it.
    """

    source: str
    shard: Shard
    fingerprint: str


def list_shards(
    config: Config, *, sources: Sequence[str], window: Window, environ: Mapping[str, str]
) -> tuple[list[Listed], list[SourceFailure]]:
    """Every shard that the sources list, for `--dry-run`, and the sources that cannot be listed."""
    return listed_of(config, named(config, sources), window, environ)


def named(config: Config, sources: Sequence[str]) -> list[str]:
    """The sources that are meant; all where none is named."""
    for name in sources:
        if name not in config.sources:
            known = ", ".join([*config.sources, *kinds_without_block()])
            raise UsageError(f"there is no source called {name!r}.", fix=f"Choose of: {known}.")
    if not config.sources:
        raise UsageError(
            f"{config.path}: there is no source.", fix="Add one under `sources:`, with `kind: jsonl` and `path:`."
        )
    return list(dict.fromkeys(sources)) or list(config.sources)


def kinds_without_block() -> list[str]:
    """Kinds of source that can be pulled without a block of their own."""
    return [kind for kind in registry.names("source") if needs_no_block(kind)]


def needs_no_block(kind: str) -> bool:
    """Whether a kind of source can do with what the environment says, or with what it is sent."""
    return lands(kind)


def lands(kind: str) -> bool:
    """Whether traces of a kind are kept in a landing before they are read."""
    return is_remote(kind) or can_listen(kind)


def can_listen(kind: str) -> bool:
    """Whether sources of a kind can be sent traces."""
    return hasattr(registry.adapter("source", kind), "receive")


def with_preset(config: Config, sources: Sequence[str], preset: str | None) -> Config:
    """The configuration with a preset, instead of a mapping, for the sources that are pulled.

    Raises:
        UsageError: There is no such preset, or one of the sources reads no files.
    """
    if preset is None:
        return config
    from llmci.core.traces.mapping import PresetName

    known = get_args(PresetName)
    if preset not in known:
        raise UsageError(f"there is no preset called {preset!r}.", fix=f"Choose of: {', '.join(known)}.")
    found = dict(config.sources)
    for name in named(config, sources):
        block = found[name]
        if not hasattr(block.options, "preset"):
            raise UsageError(
                f"source {name!r} is of kind {block.kind}, which has no presets.",
                fix="Name the sources that --preset is for.",
            )
        given = {**{key: value for key, value in block.given.items() if key != "fields"}, "preset": preset}
        options = block.options.model_copy(update={"preset": preset, "fields": None})
        found[name] = replace(block, options=options, given=given)
    return replace(config, sources=found)


def remote_kinds() -> list[str]:
    """Kinds of source that can be pulled without a block of their own, with what the environment says."""
    return [kind for kind in registry.names("source") if is_remote(kind)]


def is_remote(kind: str) -> bool:
    """Whether sources of a kind are landed before they are read."""
    return hasattr(registry.adapter("source", kind), "landing")


def listed_of(
    config: Config, names: Sequence[str], window: Window, environ: Mapping[str, str]
) -> tuple[list[Listed], list[SourceFailure]]:
    """Every shard of these sources, and the sources that cannot be listed."""
    listed: list[Listed] = []
    failures: list[SourceFailure] = []
    for name in names:
        block = config.sources[name]
        told = [block.given, NORMALISATION, *_bounds(block.kind, window)]
        try:
            source: Source = build("source", block, config, environ)
            listed += [
                Listed(source=name, shard=shard, fingerprint=digest_of(shard.fingerprint, *told))
                for shard in source.shards(window)
            ]
        except LlmciError as error:
            failures.append(failure_of(name, error))
    return listed, failures


def _bounds(kind: str, window: Window) -> tuple[object, ...]:
    """The window, as far as it decides what becomes of a shard: what is landed is read whole."""
    return () if is_remote(kind) else (window.since, window.until)


def owner(shard_id: str, names: Iterable[str]) -> str | None:
    """The source whose name a shard's id starts with; the longest, where several do."""
    return max((name for name in names if shard_id.startswith(shard_prefix(name))), key=len, default=None)


def goes(config: Config, shard_id: str, pulled: Sequence[str], failed: set[str]) -> bool:
    """Whether a shard is dropped once it is not listed any more.

    What was pulled by the name of a kind has no block that could have been taken away: it stays until
    that kind is pulled again.
    """
    owned_by = owner(shard_id, [*config.sources, *kinds_without_block()])
    if owned_by is None:
        return set(pulled) == set(config.sources)
    if owned_by not in pulled or owned_by in failed:
        return False
    return bool(registry.adapter("source", config.sources[owned_by].kind).lists_all)


def failure_of(source: str, error: LlmciError) -> SourceFailure:
    """A stop that concerns one source alone."""
    return SourceFailure(source=source, message=error.message, fix=error.fix, exit_code=error.exit_code)
