"""First pass: a sample of the inputs of a window, what is normal in it, and groups fitted on the sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmci.core.grouping.anomalies import Normal
from llmci.core.grouping.groups import Groups, fit_groups
from llmci.core.grouping.sample import InputSample
from llmci.core.grouping.texts import input_text

if TYPE_CHECKING:
    from llmci.core.grouping.features import Embed
    from llmci.domain.settings import LabelSettings
    from llmci.seams import Shelf

_COLUMNS = ("trace_id", "user_id", "input", "session_id", "start", "latency_ms", "cost", "scores", "output")


def survey_shard(clean: Shelf, shard_id: str, settings: LabelSettings) -> tuple[InputSample, Normal]:
    """A sample of the inputs of a shard, and what is normal in it; to be merged over shards."""
    sample, normal = InputSample(settings.fit_sample, settings.seed), Normal()
    for batch in clean.read(shard_id, _COLUMNS):
        for row in batch.to_pylist():
            sample.add(input_text(row["input"]), row["trace_id"], row["user_id"])
            normal.add(row)
    return sample, normal


def fit(sample: InputSample, settings: LabelSettings, embed: Embed | None) -> Groups:
    """Group the sample."""
    return fit_groups(
        sample.distinct(),
        clusters=settings.clusters,
        seed=settings.seed,
        min_traces=settings.min_traces,
        min_users=settings.min_users,
        embed=embed,
    )
