"""`label` put together: the clean shelf, the stored grouping, and where labels go."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from llmci.adapters.stores.embeddings import KeptEmbeddings
from llmci.adapters.stores.groups import GroupsFile
from llmci.core.canonical import digest_of
from llmci.core.grouping.anomalies import Normal
from llmci.core.grouping.sample import InputSample
from llmci.core.grouping.threads import one_thread
from llmci.errors import OutsideError, UsageError
from llmci.files import sweep_unfinished
from llmci.pipeline.label.looking import fit, survey_shard
from llmci.pipeline.label.placing import ShardPlaces, place_shard
from llmci.pipeline.label.summary import (
    LabelSummary,
    label_fingerprint,
    manifest_of,
    moves,
    names_at_hand,
    run_digest,
    summarized,
    summary_of,
)
from llmci.pipeline.label.writing import ShardLabelled, ShardTask, hold_back, label_shard, shard_tasks
from llmci.seams import Silent, WorkerDied
from llmci.wiring.build import alone_at, build, shelf_of
from llmci.wiring.clean import clean_digest
from llmci.wiring.cluster_names import named
from llmci.wiring.credentials import for_workers
from llmci.wiring.engine import Crew, engine_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from llmci.adapters.stores.shelf import DirectoryShelf
    from llmci.config import Config
    from llmci.core.grouping.features import Embed
    from llmci.core.grouping.groups import Groups
    from llmci.seams import Embedder, Progress, Shelf

R = TypeVar("R")
# Below this, starting processes takes longer than they save.
_PARALLEL_TRACES = 20_000
_FITTED_WITH = ("clusters", "seed", "fit_sample", "embedder", "namer")


def label(
    config: Config,
    *,
    now: datetime,
    progress: Progress | None = None,
    recluster: bool = False,
    environ: Mapping[str, str] | None = None,
    budget: float | None = None,
) -> LabelSummary:
    """Label every trace of the clean shelf.

    The grouping is fitted once and kept; later windows join it, so that a label does not move
    unless `recluster` is asked for. Labels that are already right are left as they are.

    Args:
        recluster: Fit the groups again.
        budget: US dollars that naming them may take, where a model does that.

    Raises:
        PrivacyStop: The clean shelf does not check.
        UsageError: There is nothing to label, or the stored grouping does not fit the settings.
    """
    with alone_at(config, "label") as alone:
        if not alone:
            raise UsageError(
                f"another run is labelling {config.state}.", fix="Wait until it has ended, then label again."
            )
        return _label(config, progress or Silent(), now, environ or {}, recluster=recluster, budget=budget)


def _label(
    config: Config,
    progress: Progress,
    now: datetime,
    environ: Mapping[str, str],
    *,
    recluster: bool,
    budget: float | None,
) -> LabelSummary:
    clean, labels = shelf_of(config, "clean"), shelf_of(config, "labels")
    sweep_unfinished(labels.path)
    digest = clean_digest(clean)
    embed = embedder_of(config, environ)
    store = GroupsFile(labels.path / "groups.npz")
    kept = None if recluster else store.load()
    if kept and (at_hand := _at_hand(labels, clean, run_digest(digest, kept[0], config.label))):
        return at_hand
    sizes = [info.rows for info in clean.shards().values()]
    engine = engine_of(config, "label", environ, sizes, worth=_PARALLEL_TRACES)
    with Crew(engine, progress) as crew:
        run = _Run(config, clean, labels, crew, progress, for_workers(config, environ))
        sample, normal = run.survey()
        if kept:
            groups = _fitting(kept, config)
        else:
            with one_thread():
                groups = fit(sample, config.label, embed)
            groups = named(groups, sample.distinct(), config, environ, embed=embed, budget=budget, progress=progress)
            store.save(groups, _fitted_with(config))
        before = names_at_hand(labels) if recluster else {}
        made = run_digest(digest, groups, config.label)
        summary = replace(run.write(groups, normal, made), fitted=kept is None)
    if summary.held_back:
        progress.note(
            f"{sum(summary.held_back.values())} traces of {', '.join(sorted(summary.held_back))} have no labels: each of these "
            "shards ended its worker twice. Label again with more memory for each worker (fewer --workers)."
        )
    if before:
        summary = replace(summary, moved=moves(before, labels))
    labels.write_manifest(manifest_of(summary, clean_digest=digest, settings=config.label, now=now.isoformat()))
    return summary


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One shard's work, fit to be sent to another process; what may hold secrets is not shown in anybody's log."""

    config: Config = field(repr=False)
    shard_id: str
    environ: Mapping[str, str] = field(repr=False)
    groups: str = ""
    task: ShardTask | None = field(default=None, repr=False)


class _Run:
    """The three passes over the shards, one after the other: each needs what the one before found in all of them."""

    def __init__(
        self,
        config: Config,
        clean: DirectoryShelf,
        labels: DirectoryShelf,
        crew: Crew,
        progress: Progress,
        environ: Mapping[str, str],
    ) -> None:
        self._config, self._clean, self._labels = config, clean, labels
        self._crew, self._progress, self._environ = crew, progress, environ
        self._infos = clean.shards()
        self._held: set[str] = set()

    def survey(self) -> tuple[InputSample, Normal]:
        sample, normal = InputSample(self._config.label.fit_sample, self._config.label.seed), Normal()
        waiting: dict[str, tuple[InputSample, Normal]] = {}
        left = deque(sorted(self._infos))
        # In the order of the shelf, so that every engine gathers the same; what has been taken in is let go at once.
        for name, found in self._each("label: look", _survey, self._works()):
            waiting[name] = found
            while left and (left[0] in waiting or left[0] in self._held):
                _take_in(sample, normal, waiting.pop(left.popleft(), None))
        for name in left:
            _take_in(sample, normal, waiting.pop(name, None))
        return sample, normal

    def write(self, groups: Groups, normal: Normal, digest: str) -> LabelSummary:
        works = [replace(work, groups=digest) for work in self._works()]
        placed = dict(self._each("label: group", _place, works))
        if self._held:
            # Ranks and groups are of what is left: the labels are others than those of all traces.
            digest = digest_of(digest, sorted(self._held))
        tasks = list(shard_tasks(self._clean, placed, groups, normal, self._config.label, digest))
        writes = [replace(self._work(task.shard_id), groups=digest, task=task) for task in tasks]
        done = dict(self._each("label: write", _write, writes))
        for shard_id in self._labels.shards().keys() - self._infos.keys():
            self._labels.drop(shard_id)
        held = {shard_id: hold_back(self._clean, self._labels, shard_id) for shard_id in sorted(self._held)}
        return replace(summarized(tasks[0].shown, done, digest), held_back=held)

    def _works(self) -> list[_Work]:
        return [self._work(name) for name in self._infos if name not in self._held]

    def _work(self, shard_id: str) -> _Work:
        return _Work(config=self._config, shard_id=shard_id, environ=self._environ)

    def _each(self, stage: str, task: Callable[[_Work], R], works: Iterable[_Work]) -> Iterator[tuple[str, R]]:
        self._progress.begin(stage, sum(info.rows for info in self._infos.values()), "traces")
        for work, outcome in self._crew.each(task, works):
            if isinstance(outcome, WorkerDied):
                self._hold_back(work.shard_id)
            else:
                yield work.shard_id, outcome
            self._progress.advance(self._infos[work.shard_id].rows)
        self._progress.end()

    def _hold_back(self, shard_id: str) -> None:
        """Go on without a shard that ends its workers, unless too much is left out."""
        self._held.add(shard_id)
        held, traces = (sum(self._infos[name].rows for name in names) for names in (self._held, self._infos))
        most = self._config.sanitize.max_quarantine
        if held > most * traces:
            raise OutsideError(
                f"clean shard {shard_id} ended its worker twice: it was killed, or ran out of memory. {held} of {traces} traces "
                f"would have no labels; at most {most:.1%} may be held back.",
                fix="Give workers more memory (fewer --workers) and label again, or raise sanitize.max_quarantine.",
            )


def _take_in(sample: InputSample, normal: Normal, found: tuple[InputSample, Normal] | None) -> None:
    """Add what was gathered of a shard; nothing of one that was given up."""
    if found is not None:
        sample.merge(found[0])
        normal.merge(found[1])


def _survey(work: _Work) -> tuple[InputSample, Normal]:
    return survey_shard(shelf_of(work.config, "clean"), work.shard_id, work.config.label)


# Of this process: reading a grouping, or loading a model, takes longer than placing a few traces.
_read: dict[str, tuple[Groups, Embed | None]] = {}


def _groups(work: _Work) -> tuple[Groups, Embed | None]:
    if work.groups not in _read:
        loaded = GroupsFile(shelf_of(work.config, "labels").path / "groups.npz").load()
        if loaded is None:
            raise UsageError("the stored groups are gone.", fix="Run `llmci label` again.")
        _read.clear()
        _read[work.groups] = loaded[0], embedder_of(work.config, work.environ)
    return _read[work.groups]


def _place(work: _Work) -> ShardPlaces:
    with one_thread():
        return place_shard(shelf_of(work.config, "clean"), work.shard_id, *_groups(work))


def _write(work: _Work) -> ShardLabelled:
    if work.task is None:
        raise AssertionError
    groups, _ = _groups(work)
    return label_shard(shelf_of(work.config, "clean"), shelf_of(work.config, "labels"), work.task, groups)


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
    embedder = _embedder(config, {})
    # Vectors of two models cannot be compared, though both be called the same.
    model = {"embedder": _model(config, embedder)} if embedder is not None else {}
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


def embedder_of(config: Config, environ: Mapping[str, str]) -> Embed | None:
    """What makes vectors in place of n-grams, if the configuration names it; raises `UsageError` where it is not there."""
    embedder = _embedder(config, environ)
    if embedder is None:
        return None
    return KeptEmbeddings(embedder.embed, _model(config, embedder), config.state / "embeddings.sqlite").embed


def _embedder(config: Config, environ: Mapping[str, str]) -> Embedder | None:
    name = config.label.embedder
    if name is None:
        return None
    if name not in config.embedders:
        raise UsageError(
            f"{config.path}: label.embedder: there is no embedder called {name!r}.",
            fix=f"Define it under `embedders:`, or choose one of: {', '.join(config.embedders) or 'none is defined'}.",
        )
    found: Embedder = build("embedder", config.embedders[name], config, environ)
    return found


def _model(config: Config, embedder: Embedder) -> str:
    return f"{config.embedders[str(config.label.embedder)].kind} {embedder.identity}"
