"""The labelled traces looked at shard by shard, wherever the engine works, for a set to be drawn from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from llmci.adapters.stores.labelled import LabelledShelf
from llmci.core.evalsets.agent_cases import columns_of
from llmci.core.evalsets.survey import Survey, merged, surveyed
from llmci.core.evalsets.traffic import TrafficSample
from llmci.errors import OutsideError
from llmci.seams import Window, WorkerDied
from llmci.wiring.build import shelf_of
from llmci.wiring.engine import Crew, engine_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from llmci.config import Config
    from llmci.core.evalsets.cases import LabelledTrace
    from llmci.core.evalsets.survey import Asked
    from llmci.domain.settings import EvalsetSettings
    from llmci.seams import Progress

# Fewer traces are looked at sooner than a second process has started.
_PARALLEL_TRACES = 50_000


@dataclass(frozen=True, slots=True)
class _Work:
    """One shard's work, fit to be sent to another process; what may hold secrets is not shown in anybody's log."""

    config: Config = field(repr=False)
    shard_id: str
    asked: Asked = field(repr=False)
    window: Window


def survey_of(
    config: Config, asked: Asked, progress: Progress, environ: Mapping[str, str], window: Window | None = None
) -> tuple[Survey, TrafficSample]:
    """Look at every labelled trace of a window; gives what cases there could be, and a sample of what was asked.

    Raises:
        OutsideError: A shard ended its worker twice: a set without its traffic would not be true to production.
        UsageError: A shard has no labels, or those of other traces.
    """
    traffic = LabelledShelf(shelf_of(config, "clean"), shelf_of(config, "labels"))
    rows = {shard_id: info.rows for shard_id, info in shelf_of(config, "clean").shards().items()}
    works = [_Work(config, shard_id, asked, window or Window()) for shard_id in traffic.shards()]
    engine = engine_of(config, "build", environ, list(rows.values()), worth=_PARALLEL_TRACES)
    found, sample = [], _sample(asked.settings)
    progress.begin("build", sum(rows[work.shard_id] for work in works), "traces")
    with Crew(engine, progress) as crew:
        for work, outcome in crew.each(_survey, works):
            if isinstance(outcome, WorkerDied):
                raise OutsideError(
                    f"clean shard {work.shard_id} ended its worker twice: it was killed, or ran out of memory.",
                    fix="Build again with more memory for each worker, such as fewer of them in `engine:`.",
                )
            survey, asked_there = outcome
            found.append(survey)
            sample.merge(asked_there)
            progress.advance(rows[work.shard_id])
    progress.end()
    return merged(found), sample


def taker(config: Config, settings: EvalsetSettings) -> Callable[[Collection[str]], Iterable[LabelledTrace]]:
    """What reads the labelled traces of given ids."""
    traffic = LabelledShelf(shelf_of(config, "clean"), shelf_of(config, "labels"))
    return lambda trace_ids: traffic.taken(trace_ids, columns_of(settings))


def _survey(work: _Work) -> tuple[Survey, TrafficSample]:
    traffic = LabelledShelf(shelf_of(work.config, "clean"), shelf_of(work.config, "labels"))
    found = traffic.shard(work.shard_id, columns_of(work.asked.settings))
    sample = _sample(work.asked.settings)
    held = (each for each in found if work.window.holds(each.trace["start"]))
    return surveyed(sample.noting(held), work.asked), sample


def _sample(settings: EvalsetSettings) -> TrafficSample:
    return TrafficSample(settings.traffic, settings.seed, settings.variant)
