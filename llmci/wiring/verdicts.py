"""What judges said, written into the labels of the traces that they judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from llmci.adapters.scorers.suspect import SuspectScorer
from llmci.domain.label import LABEL
from llmci.domain.run import Scored
from llmci.errors import UsageError
from llmci.wiring.build import alone_at, shelf_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.config import Config
    from llmci.domain.run import Score
    from llmci.wiring.judge_work import Work


def write_verdicts(config: Config, work: Work, scores: Sequence[Score]) -> None:
    """Put verdicts into the labels, shard by shard; each appears whole or not at all."""
    import pyarrow as pa

    said = {work.traces[score.case_id][0]: score for score in scores if isinstance(score, Scored) and not score.error}
    with alone_at(config, "label") as alone:
        if not alone:
            raise UsageError(
                f"another run is labelling {config.state}.",
                fix="Wait until it has ended, then run the command again: what was asked costs nothing again.",
            )
        labels = shelf_of(config, "labels")
        for shard_id, info in labels.shards().items():
            ids = {name for batch in labels.read(shard_id, ("trace_id",)) for name in batch["trace_id"].to_pylist()}
            if ids.isdisjoint(said):
                continue
            batches = [batch.to_pylist() for batch in labels.read(shard_id)]
            with labels.writer(shard_id, info.fingerprint) as writer:
                for rows in batches:
                    told = [_with(row, work, said[row["trace_id"]]) if row["trace_id"] in said else row for row in rows]
                    writer.write(pa.RecordBatch.from_pylist(told, schema=LABEL))


def _with(row: dict[str, Any], work: Work, score: Scored) -> dict[str, Any]:
    metric, of = work.scorer.metric(), work.traces[score.case_id][1]
    why = _words(score.reason)
    if isinstance(work.scorer, SuspectScorer):
        step = int(score.value)
        if step == 0:
            return row
        name = work.steps[score.case_id][step - 1].name
        return {**row, "suspect": {"step": step, "name": name, "why": why, "by": f"judge:{metric.name}", "of": of}}
    verdict = {
        "judge": metric.name,
        "model": metric.judge,
        "digest": metric.digest,
        "value": (score.value - metric.low) / (metric.high - metric.low),
        "reason": why,
        "of": of,
    }
    others = [other for other in row.get("verdicts") or () if other["judge"] != metric.name]
    return {**row, "verdicts": [*others, verdict]}


def _words(reason: str | None) -> str | None:
    """A judge's reason, out of the JSON that it may stand in."""
    try:
        said = orjson.loads(reason or "")
    except orjson.JSONDecodeError:
        return reason
    return str(said["reason"]) if isinstance(said, dict) and said.get("reason") else reason
