"""The shards of one bench, put together and gated like a bench that was never parted."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmci.adapters.stores.runs import DirectoryRuns
from llmci.core.bench.merging import merged
from llmci.core.canonical import digest_of
from llmci.errors import OutsideError, UsageError
from llmci.wiring.evalset_store import store
from llmci.wiring.runs import AGAINST, SHARD, runs_of
from llmci.wiring.stored_report import Reported, report_runs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from llmci.config import Config
    from llmci.domain.run import Run


@dataclass(frozen=True, slots=True)
class Merged:
    """One candidate with the baseline it ran against, and what the gates say."""

    baseline: Run
    candidate: Run
    reported: Reported


Pair = tuple["Run", "Run"]


def merge(config: Config, places: Sequence[Path], outputs: Sequence[Path]) -> Merged:
    """Put the shards together, store both runs, gate and report.

    Args:
        config: Of the project; its eval set and gates are those of the shards.
        places: Directories with stored runs: `.llmci`, or a copy of it or of its `runs`.
        outputs: As for `report_runs`.

    Raises:
        OutsideError: A shard is missing: its job failed, and the rest is no evidence.
        UsageError: There is no shard, there are shards of several candidates, or they do not belong together.
    """
    shards = _shards(places)
    count = int(next(iter(shards)).partition("/")[2])
    missing = [f"{number}/{count}" for number in range(1, count + 1) if f"{number}/{count}" not in shards]
    if missing:
        raise OutsideError(
            f"there is no run of the shard {', '.join(missing)}.", fix="Run it again, then merge all of them."
        )
    pairs = [shards[f"{number}/{count}"] for number in range(1, count + 1)]
    evalset = store(config).load(pairs[0][0].evalset_name, pairs[0][0].evalset_version)
    if evalset.digest != pairs[0][0].evalset_digest:
        raise UsageError("the eval set is not the one that was run.", fix="Merge on the commit that was benched.")
    order = [case.case_id for case in evalset.cases]
    baselines, candidates = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    environment = {name: value for name, value in candidates[0].environment.items() if name not in (SHARD, AGAINST)}
    environment["shards"] = str(count)
    baseline = merged(baselines, order, run_id=_name(baselines), environment=environment)
    environment[AGAINST] = baseline.run_id
    candidate = merged(candidates, order, run_id=_name(candidates), environment=environment)
    runs = runs_of(config)
    for run in (baseline, candidate):
        # Merged before: the same shards give the same run.
        if run.run_id not in runs.list():
            runs.save(run)
    return Merged(baseline, candidate, report_runs(config, baseline, candidate, outputs, evalset=evalset))


def _shards(places: Sequence[Path]) -> dict[str, Pair]:
    """Baseline and candidate of each shard; the newest where a shard was run several times."""
    found: defaultdict[str, dict[str, Pair]] = defaultdict(dict)
    for place in places:
        runs = DirectoryRuns(place / "runs" if (place / "runs").is_dir() else place)
        loaded = {run_id: runs.load(run_id) for run_id in reversed(runs.list())}
        for run in loaded.values():
            baseline = loaded.get(run.environment.get(AGAINST, ""))
            if SHARD in run.environment and baseline is not None:
                found[run.system.name][run.environment[SHARD]] = (baseline, run)
    if not found:
        raise UsageError("there is no run of a shard there.", fix="Run `llmci bench --shard 1/4` and so on first.")
    if len(found) > 1:
        raise UsageError(
            f"there are shards of several candidates: {', '.join(sorted(found))}.", fix="Merge one candidate at a time."
        )
    [shards] = found.values()
    if len({shard.partition("/")[2] for shard in shards}) > 1:
        raise UsageError("there are shards of several benches.", fix="Name only the directories of one bench.")
    return shards


def _name(parts: Sequence[Run]) -> str:
    """Of the newest part, and of all."""
    return f"{max(part.run_id for part in parts).rpartition('-')[0]}-{digest_of([part.run_id for part in parts])[:6]}"
