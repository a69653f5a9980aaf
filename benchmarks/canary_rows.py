"""`llmci canary check --pulled` on many traces: seconds, rows a second, and memory, beside what is promised.

    python benchmarks/canary_rows.py --rows 1000000 10000000

Traces with four criteria are put on a raw shelf, which is not measured; then the command is run as a
process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from llmci.adapters.stores.shelf import DirectoryShelf
from llmci.domain.trace import TRACE

if TYPE_CHECKING:
    import resource

CONFIG = """
sources: {live: {kind: jsonl, path: none.jsonl}}
canary:
  criteria:
    errors: {kind: error, margin: 0.02, base_rate: 0.05}
    slow: {kind: latency, margin: 0.025, base_rate: 0.05}
    cost: {kind: cost, margin: 0.1}
    thumbs: {kind: score, score: thumbs, margin: 0.02}
"""
BATCH = 100_000


def main() -> None:
    told = argparse.ArgumentParser(description=__doc__)
    told.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    told.add_argument("--share", type=float, default=0.05)
    told.add_argument("--unit", choices=["request", "user"], default="request")
    asked = told.parse_args()
    print(f"{'rows':>12} {'seconds':>8} {'of CPU':>7} {'rows a second':>14} {'most memory':>12}  decision")
    memory = []
    for rows in asked.rows:
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            (root / "llmci.yaml").write_text(f"{CONFIG}  unit: {asked.unit}\n")
            filled(root, rows, asked.share)
            seconds, used, action = measured(root, asked.share)
        memory.append(used.ru_maxrss / 1024)
        print(
            f"{rows:>12,} {seconds:>8.1f} {used.ru_utime + used.ru_stime:>7.1f} {rows / seconds:>14,.0f}"
            f" {memory[-1]:>8,.0f} MiB  {action}"
        )
    print(f"promised: 10,000,000 rows in 60 s; memory that does not grow (here {memory[-1] / memory[0]:.2f} times)")


def measured(root: Path, share: float) -> tuple[float, resource.struct_rusage, str]:
    """Seconds, what the process used, and the decision."""
    command = [sys.executable, "-m", "llmci", "canary", "check", "--pulled", "--share", str(share), "--json"]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    began = time.monotonic()
    with (root / "said.json").open("w") as said:
        running = subprocess.Popen(command, cwd=root, env=environ, stdout=said)
        _, _, used = os.wait4(running.pid, 0)
    return time.monotonic() - began, used, json.loads((root / "said.json").read_text())["decision"]["action"]


def filled(root: Path, rows: int, share: float) -> None:
    chance = np.random.default_rng(7)
    shelf = DirectoryShelf(root / ".llmci" / "raw", TRACE, private=True)
    start = datetime(2026, 11, 1, tzinfo=UTC)
    for shard in range(0, rows, 10 * BATCH):
        with shelf.writer(f"live-{shard:09}", "benchmark") as writer:
            for first in range(shard, min(shard + 10 * BATCH, rows), BATCH):
                writer.write(batch(first, min(BATCH, rows - first), share, start, chance))


def batch(first: int, size: int, share: float, start: datetime, chance: np.random.Generator) -> pa.RecordBatch:
    numbers = np.arange(first, first + size)
    users = chance.integers(0, 1_000_000, size)
    given = {
        "trace_id": pa.array([f"{number:032x}" for number in numbers]),
        "source": pa.array(["live"] * size),
        "user_id": pa.array([f"u-{number}" for number in users]),
        "variant": pa.array(np.where(users < share * 1_000_000, "candidate", "baseline")),
        "start": pa.array(
            np.datetime64(start.replace(tzinfo=None), "us") + numbers * np.timedelta64(100_000, "us")
        ).cast(pa.timestamp("us", "UTC")),
        "status": pa.array(np.where(chance.random(size) < 0.05, "error", "ok")),
        "latency_ms": pa.array(chance.lognormal(6, 0.5, size)),
        "cost": pa.StructArray.from_arrays(
            [pa.nulls(size, pa.float64())] * 2
            + [pa.array(chance.lognormal(-6, 0.5, size))]
            + [pa.nulls(size, pa.string())] * 2,
            fields=list(TRACE.field("cost").type),
        ),
        "scores": thumbs(size, chance),
    }
    columns = [given.get(field.name, pa.nulls(size, field.type)) for field in TRACE]
    return pa.RecordBatch.from_arrays(
        [column.cast(field.type) for column, field in zip(columns, TRACE, strict=True)], schema=TRACE
    )


def thumbs(size: int, chance: np.random.Generator) -> pa.Array:
    """One score for a fifth of the traces."""
    said = chance.random(size) < 0.2
    count = int(said.sum())
    kind = TRACE.field("scores").type.value_type
    values = {"name": pa.array(["thumbs"] * count), "num": pa.array((chance.random(count) < 0.9).astype(float))}
    held = pa.StructArray.from_arrays([values.get(f.name, pa.nulls(count, f.type)) for f in kind], fields=list(kind))
    offsets = np.concatenate(([0], np.cumsum(said))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), held)


if __name__ == "__main__":
    main()
