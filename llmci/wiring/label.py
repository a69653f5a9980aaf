"""`label` put together: the clean shelf, the stored grouping, and where labels go."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from llmci.adapters.stores.embeddings import KeptEmbeddings
from llmci.adapters.stores.groups import GroupsFile
from llmci.errors import UsageError
from llmci.pipeline.label import (
    LabelRun,
    LabelSummary,
    fit,
    label_fingerprint,
    manifest_of,
    moves,
    names_at_hand,
    run_digest,
    summary_of,
    survey,
    write_labels,
)
from llmci.seams import Silent
from llmci.wiring.build import build, shelf_of
from llmci.wiring.clean import clean_digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from llmci.config import Config
    from llmci.core.grouping.groups import Embed, Groups
    from llmci.core.grouping.sample import InputSample
    from llmci.seams import Embedder, Progress, Shelf

_FITTED_WITH = ("clusters", "seed", "fit_sample", "embedder")


def label(
    config: Config,
    *,
    now: datetime,
    progress: Progress | None = None,
    recluster: bool = False,
    environ: Mapping[str, str] | None = None,
) -> LabelSummary:
    """Label every trace of the clean shelf.

    The grouping is fitted once and kept; later windows join it, so that a label does not move
    unless `recluster` is asked for. Labels that are already right are left as they are.

    Raises:
        PrivacyStop: The clean shelf does not check.
        UsageError: There is nothing to label, or the stored grouping does not fit the settings.
    """
    progress = progress or Silent()
    clean, labels = shelf_of(config, "clean"), shelf_of(config, "labels")
    digest = clean_digest(clean)
    embed = _embedder(config, environ or {})
    store = GroupsFile(labels.path / "groups.npz")
    kept = None if recluster else store.load()
    if kept and (at_hand := _at_hand(labels, clean, run_digest(digest, kept[0], config.label))):
        return at_hand
    sample, normal = survey(clean, config.label, progress)
    groups = _fitting(kept, config) if kept else _fit(store, config, sample, embed)
    run = LabelRun(
        groups=groups,
        normal=normal,
        settings=config.label,
        digest=run_digest(digest, groups, config.label),
        embed=embed,
    )
    before = names_at_hand(labels) if recluster else {}
    summary = replace(write_labels(clean, labels, run, progress), fitted=kept is None)
    if before:
        summary = replace(summary, moved=moves(before, labels))
    labels.write_manifest(manifest_of(summary, clean_digest=digest, settings=config.label, now=now.isoformat()))
    return summary


def _fit(store: GroupsFile, config: Config, sample: InputSample, embed: Embed | None) -> Groups:
    groups = fit(sample, config.label, embed)
    store.save(groups, _fitted_with(config))
    return groups


def _fitting(kept: tuple[Groups, Mapping[str, object]], config: Config) -> Groups:
    """The stored grouping, if it was fitted as the settings say."""
    groups, settings = kept
    wanted = _fitted_with(config)
    changed = [key for key in wanted if settings.get(key) != wanted[key]]
    if changed:
        raise UsageError(
            f"{config.path}: label.{changed[0]} is {wanted[changed[0]]!r}, but the stored groups were fitted with "
            f"{settings.get(changed[0])!r}.",
            fix="Fit them again with `llmci label --recluster`, which moves old labels, or change the setting back.",
        )
    return groups


def _fitted_with(config: Config) -> dict[str, object]:
    settings = asdict(config.label)
    name = config.label.embedder
    # Vectors of two models cannot be compared, though both be called the same.
    model = {"embedder": _model(config, name)} if name is not None and name in config.embedders else {}
    return {key: settings[key] for key in _FITTED_WITH} | model


def _at_hand(labels: Shelf, clean: Shelf, digest: str) -> LabelSummary | None:
    """What a former run found, if its labels are all there and of this very run."""
    manifest: Mapping[str, Any] | None = labels.manifest()
    written = {shard_id: info.fingerprint for shard_id, info in labels.shards().items()}
    wanted = {shard_id: label_fingerprint(digest, info.sha256) for shard_id, info in clean.shards().items()}
    if manifest is None or manifest.get("digest") != digest or written != wanted:
        return None
    try:
        return summary_of(manifest)
    except (KeyError, TypeError):
        return None


def _embedder(config: Config, environ: Mapping[str, str]) -> Embed | None:
    name = config.label.embedder
    if name is None:
        return None
    if name not in config.embedders:
        raise UsageError(
            f"{config.path}: label.embedder: there is no embedder called {name!r}.",
            fix=f"Define it under `embedders:`, or choose one of: {', '.join(config.embedders) or 'none is defined'}.",
        )
    embedder: Embedder = build("embedder", config.embedders[name], config, environ)
    return KeptEmbeddings(embedder.embed, _model(config, name), config.state / "embeddings.sqlite").embed


def _model(config: Config, name: str) -> str:
    """What decides a vector: how a model is reached, and how many texts at once, does not."""
    block = config.embedders[name]
    options = {key: getattr(block.options, key, None) for key in ("model", "base_url")}
    return " ".join([block.kind, *(value for value in options.values() if value)])
