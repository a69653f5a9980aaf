"""How fast `llmci pull` is, and how much memory it takes.

    python benchmarks/pull.py --traces 100000

Writes synthetic traces, pulls them with the command itself in a process of its own (normalising,
digesting, Parquet), once with all processors and once with one, and prints traces/s, MB/s and the
peak memory of the largest process. On a machine that does other work too, look at the CPU seconds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from synthetic import write_traces

CONFIG = "sources:\n  prod:\n    kind: jsonl\n    path: traces.jsonl\n"
# Runs the command and then says how many CPU seconds it took, and the memory of its largest process.
MEASURED = """
import resource, sys
from llmci.cli.main import main
try:
    main()
finally:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(one.ru_utime + one.ru_stime for one in used)
    sys.stderr.write(f"used {cpu} {max(one.ru_maxrss for one in used)}\\n")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=100_000)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        write_traces(root / "traces.jsonl", told.traces, seed=7)
        (root / "llmci.yaml").write_text(CONFIG)
        megabytes = (root / "traces.jsonl").stat().st_size / 1e6
        print(f"{told.traces} traces, {megabytes:.0f} MB of JSON Lines, {os.cpu_count()} processors")
        _report("first pull, all processors", root, told.traces, megabytes)
        _report("second pull, nothing changed", root, told.traces, megabytes)
        (root / ".llmci").rename(root / "before")
        _report("first pull, one processor", root, told.traces, megabytes, prefix=["taskset", "-c", "0"])


def _report(what: str, root: Path, traces: int, megabytes: float, prefix: list[str] | None = None) -> None:
    command = [*(prefix or []), sys.executable, "-c", MEASURED, "pull", "-q"]
    started = time.perf_counter()
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    done = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - started
    cpu, peak = (float(word) for word in done.stderr.rsplit("used ", 1)[1].split())
    speed = f"{traces / seconds:.0f} traces/s, {megabytes / seconds:.1f} MB/s"
    print(f"{what}: {seconds:.1f} s, {speed}, {traces / cpu:.0f} traces a CPU second, peak {peak / 1024:.0f} MB")


if __name__ == "__main__":
    main()
