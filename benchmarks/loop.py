"""The whole loop on synthetic traces, stage by stage: traces/s, MB/s and peak memory.

Run: python benchmarks/loop.py [traces]
Default 100,000 traces of 2 KB whose system prompts repeat thirty-fold. Each stage is the command a
user would run, in its own process; peak memory is the sum over its process tree.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from synthetic import write_traces

CONFIG = """
project: synthetic
sources:
  traces:
    kind: jsonl
    path: traces.jsonl
    fields: {trace_id: id, messages: messages, model: model, user_id: user, start: start}
evalset: {name: synthetic, size: 300}
systems:
  baseline: {kind: python, callable: "app.py:answer"}
  candidate: {kind: python, callable: "app.py:answer", config: {shout: true}}
scorers:
  length: {kind: regex, pattern: "."}
gates:
  - {metric: length, role: primary, tolerance: 5pt}
"""
APP = """
def answer(request):
    text = request["question"][:200]
    return text.upper() if request["config"].get("shout") else text
"""
STAGES = ("pull", "sanitize", "label", "evalset build", "bench")


def peak_memory(process: subprocess.Popen[bytes], into: list[int]) -> None:
    """Sample the process tree until it ends; `into` receives the largest sum of resident bytes."""
    root = psutil.Process(process.pid)
    while process.poll() is None:
        total = 0
        for member in (root, *root.children(recursive=True)):
            try:
                total += member.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        into.append(total)
        time.sleep(0.1)


def run(stage: str, directory: Path) -> tuple[float, int, int]:
    """Run one command; seconds, peak bytes, exit code."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "llmci", *stage.split(), "--json"]
    with (directory / "log.txt").open("ab") as log:
        process = subprocess.Popen(command, cwd=directory, stdout=log, stderr=log)
        samples: list[int] = [0]
        watcher = threading.Thread(target=peak_memory, args=(process, samples))
        watcher.start()
        code = process.wait()
        watcher.join()
    return time.perf_counter() - started, max(samples), code


def main() -> None:
    traces = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        write_traces(directory / "traces.jsonl", traces, seed=7)
        megabytes = (directory / "traces.jsonl").stat().st_size / 1e6
        (directory / "llmci.yaml").write_text(CONFIG)
        (directory / "app.py").write_text(APP)
        print(f"{traces} traces, {megabytes:.0f} MB")
        print(f"{'stage':14} {'seconds':>8} {'traces/s':>9} {'MB/s':>7} {'peak MB':>8} {'exit':>5}")
        for stage in STAGES:
            seconds, peak, code = run(stage, directory)
            rates = f"{traces / seconds:9.0f} {megabytes / seconds:7.1f}" if stage != "bench" else f"{'':9} {'':7}"
            print(f"{stage:14} {seconds:8.1f} {rates} {peak / 1e6:8.0f} {code:5d}")
            if code not in (0, 3):
                print((directory / "log.txt").read_text()[-2000:])
                sys.exit(1)


if __name__ == "__main__":
    main()
