"""A stored run becomes the baseline; its evidence goes into the audit log, new failures into a review list."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import orjson

from llmci.adapters.stores.objects import write_object
from llmci.adapters.stores.scores import scores_document
from llmci.files import write_bytes, write_json
from llmci.pipeline.promote import baseline_record, proposals
from llmci.wiring.acts import audit_of
from llmci.wiring.baseline import committed_file
from llmci.wiring.build import shelf_of
from llmci.wiring.evalset import REVIEW, directory_of, store
from llmci.wiring.gate import gate_runs
from llmci.wiring.runs import baseline_run, candidate_run

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from llmci.config import Config
    from llmci.domain.verdict import GateResult
    from llmci.pipeline.promote import Proposal


@dataclass(frozen=True, slots=True)
class Promotion:
    """What `promote` did.

    Attributes:
        baseline_file: The file that now names the new baseline.
        review_file: Failures proposed for the next version of the set; None where there are none.
    """

    result: GateResult
    baseline_file: Path
    review_file: Path | None
    proposed: tuple[Proposal, ...]


def promote(
    config: Config, run_id: str, *, against: str | None, reason: str | None, most: int, now: datetime, dry_run: bool
) -> Promotion:
    """Make a run's system the baseline, on the evidence of its comparison with the present one.

    Raises:
        NoDecisionError: It did not pass, and no reason was given.
        UsageError: One of the runs is not there.
    """
    candidate = candidate_run(config, run_id)
    result = gate_runs(config, baseline_run(config, candidate, against), candidate)
    record = baseline_record(result, candidate, now=now.isoformat(), reason=reason)
    cases = store(config).load(candidate.evalset_name, candidate.evalset_version).cases
    labels = (row for batch in shelf_of(config, "labels").batches() for row in batch.to_pylist())
    proposed = proposals(labels, cases, most=most)
    directory = directory_of(config, candidate.evalset_name)
    review = directory / REVIEW if proposed else None
    if not dry_run:
        if review is not None:
            write_bytes(review, b"".join(orjson.dumps(asdict(item)) + b"\n" for item in proposed))
        write_json(directory / "baseline.json", record)
        if candidate.complete:
            scores = scores_document(candidate)
            write_bytes(committed_file(config, candidate.evalset_name), scores)
            if config.bench.baseline_uri:
                write_object(config.bench.baseline_uri, scores)
        facts = {key: record[key] for key in ("run", "evalset", "verdict", "reason")}
        audit_of(config).append("promote", facts, at=now.isoformat())
    return Promotion(result, directory / "baseline.json", review, tuple(proposed))
