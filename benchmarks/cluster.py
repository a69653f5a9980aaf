"""Engines side by side: the same bytes, overhead, what a second process brings, memory of a worker; and the paper plan.

Run: python benchmarks/cluster.py overhead|same|stages|loop [--rows N] [--traces N] [--size S] [--into figures.json]
     python benchmarks/cluster.py same --traces 1000000 --size 0.02 --in DIR
     python benchmarks/cluster.py loop --traces 10000000 --size 0.02 --in DIR
     python benchmarks/cluster.py plan figures.json --traces 1000000000 --workers 400

`overhead` copies rows through a shelf with each engine that is installed and gives CPU seconds of the whole process
tree, imports included. `same` compares every byte that pull, sanitize and label leave; a tenth of the traces are of
sessions that lie in three shards. `loop` takes traces from pull to an eval set, and gives traces a second, the memory of the
driver and of the largest worker, and bytes on disk. With `--in DIR` both keep their projects there, and the same command
goes on with what is missing. `stages` gives traces a second of each stage with one process and with two, bytes a trace on
each shelf, and the largest worker at two numbers of shards. `plan` computes a cluster from what was measured.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import hashlib
import importlib.util
import json
import math
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
from synthetic import write_traces

from llmci.adapters.stores.shelf import DirectoryShelf
from llmci.config import load
from llmci.seams import Silent, Window
from llmci.wiring.engine import Crew, engine_of, with_engine
from llmci.wiring.evalset import build_version
from llmci.wiring.label import label
from llmci.wiring.pull import pull
from llmci.wiring.sanitize import sanitize

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY = {"LLMCI_PRIVACY_KEY": "a key for benchmarks"}
SCHEMA = pa.schema([("number", pa.int64()), ("text", pa.string())])
STAGES = ("pull", "sanitize", "label")
CONFIG = """
sources:
  prod:
    kind: jsonl
    path: logs/*.jsonl
    fields: {trace_id: id, messages: messages, model: model, user_id: user, session_id: session, start: start}
"""


def copy_shard(work: tuple[str, str, str]) -> int:
    """A trivial stage: rows to Python, one column changed, and back."""
    source, target, shard_id = work
    rows = 0
    shelf = DirectoryShelf(Path(target), SCHEMA)
    with shelf.writer(shard_id, "x") as writer:
        for batch in DirectoryShelf(Path(source), SCHEMA).read(shard_id):
            changed = [{"number": row["number"] + 1, "text": row["text"].upper()} for row in batch.to_pylist()]
            writer.write(pa.RecordBatch.from_pylist(changed, schema=SCHEMA))
            rows += batch.num_rows
    return rows


def engines() -> list[str]:
    return ["inline", "processes", *(["dask"] if importlib.util.find_spec("distributed") else [])]


def child(root: Path, *words: str) -> dict[str, float]:
    """Run this file in a process of its own: CPU of its tree, seconds, and the largest process of it beside the driver."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, __file__, "_run", str(root), *words]
    # As `llmci` itself has it: threads of linear algebra would crowd the processes that work is spread over.
    environ = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ) as process, Watched(process.pid) as watched:
        output = process.communicate()[0]
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {process.returncode}")
    seconds = time.perf_counter() - started
    # What outlives the driver, such as the process that workers are copied from, is counted as well.
    while descendants(os.getpid()):
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu": cpu, "seconds": seconds, **watched.mb(), **json.loads(output)}


def adopt_orphans() -> None:
    """Become the parent of descendants whose parent ends (Linux), so that their CPU is counted here."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def descendants(of: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{of}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for one in map(int, task.read_text().split()):
                found += [one, *descendants(one)]
    return found


class Watched:
    """Asks now and then how much memory a driver and each process below it have had at most."""

    def __init__(self, driver: int) -> None:
        self._driver, self._peaks, self._over = driver, dict[int, float](), threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def mb(self) -> dict[str, float]:
        driver = self._peaks.pop(self._driver, 0.0)
        return {"driver_mb": driver, "worker_mb": max(self._peaks.values(), default=driver)}

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            for one in (self._driver, *descendants(self._driver)):
                with contextlib.suppress(OSError, IndexError, ValueError):
                    peak = Path(f"/proc/{one}/status").read_text().split("VmHWM:")[1].split()[0]
                    self._peaks[one] = max(self._peaks.get(one, 0.0), int(peak) / 1024)


class Told(Silent):
    """Progress to standard error, with the time, about once a minute."""

    def begin(self, stage: str, total: int | None, unit: object, *, budget: float | None = None) -> None:
        del unit, budget
        self._stage, self._total, self._done, self._said = stage, total, 0, time.monotonic()

    def advance(self, done: int = 1, *, cost: float | None = None) -> None:
        del cost
        self._done += done
        if time.monotonic() - self._said > 60:
            self._said = time.monotonic()
            say(f"{self._stage}: {self._done:,} of {self._total or 0:,}")


def say(words: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {words}", file=sys.stderr, flush=True)


def run_child(root: Path, stage: str, engine: str, workers: int) -> None:
    config = with_engine(
        load(root / "llmci.yaml"), engine, workers=None if engine == "inline" else workers, scheduler=None
    )
    started = time.perf_counter()
    if stage == "copy":
        works = [(str(root / "source"), str(root / f"copy-{engine}"), f"s{n:03}") for n in range(16)]
        with Crew(engine_of(config, "copy", {}, [], worth=0), Silent()) as crew:
            done = sum(rows for _, rows in crew.each(copy_shard, works) if isinstance(rows, int))
    elif stage == "pull":
        told: dict[str, Any] = {"sources": (), "window": Window(), "limit": None, "environ": KEY, "now": NOON}
        done = pull(config, **told, progress=Told()).traces
    elif stage == "sanitize":
        done = sanitize(config, progress=Told(), environ=KEY, now=NOON).traces
    elif stage == "label":
        done = label(config, now=NOON, environ=KEY, progress=Told()).traces
    else:
        evalset = build_version(config, now=NOON, environ=KEY, progress=Told()).evalset
        done = int(str(evalset.parameters["traces"]))
    took = time.perf_counter() - started
    print(json.dumps({"rows": done, "work": took}))


def a_project(root: Path, traces: int, files: int, size: float, logs: Path | None = None) -> Path:
    """A project over log files, written here or by an earlier call at `logs`."""
    root.mkdir(parents=True, exist_ok=True)
    if logs is None:
        write_logs(root / "logs", traces, files, size)
    elif not (root / "logs").exists():
        (root / "logs").symlink_to(logs)
    (root / "llmci.yaml").write_text(CONFIG)
    return root


def write_logs(folder: Path, traces: int, files: int, size: float) -> Path:
    """Log files cut by time; sessions of three traces, one after the other but for a tenth, which are a third of all apart."""
    if folder.exists():
        return folder
    unfinished = folder.with_suffix(".tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    write_traces(unfinished / "all", traces, seed=7, size=size)
    apart = max(1, traces // 30)
    with contextlib.ExitStack() as stack, (unfinished / "all").open() as lines:
        parts = [stack.enter_context((unfinished / f"{file:03}.jsonl").open("w")) for file in range(files)]
        for number, line in enumerate(lines):
            session = f"s{number // 3}" if number % 10 else f"long-{number // 10 % apart}"
            parts[number * files // traces].write(f'{line[:-2]}, "session": "{session}"}}\n')
    (unfinished / "all").unlink()
    unfinished.rename(folder)
    return folder


def overhead(folder: Path, rows: int) -> dict[str, Any]:
    (folder / "llmci.yaml").write_text("{}")
    shelf = DirectoryShelf(folder / "source", SCHEMA)
    for shard in range(16):
        with shelf.writer(f"s{shard:03}", "x") as writer:
            for start in range(0, rows // 16, 1000):
                numbers = list(range(start, min(start + 1000, rows // 16)))
                columns = {"number": numbers, "text": [f"row {n} of {shard}" for n in numbers]}
                writer.write(pa.RecordBatch.from_pydict(columns, schema=SCHEMA))
    found = {engine: child(folder, "copy", engine, "2")["cpu"] for engine in engines()}
    most = {"processes": 1.5, "dask": 2.2}
    for engine, cpu in found.items():
        asked = f", at most {most[engine]} asked for" if engine in most else ""
        print(f"{engine:10} {cpu:6.1f} CPU s for {rows} rows ({cpu / found['inline']:.2f} x serial{asked})", flush=True)
    return {"rows": rows, "cpu_s": found}


def same(folder: Path, traces: int, size: float) -> dict[str, Any]:
    folder = folder / f"{traces}-{size}"
    logs = write_logs(folder / "logs", traces, max(8, traces // 25_000), size)
    digests = {}
    for engine in engines():
        root = a_project(folder / engine, traces, 0, size, logs)
        done = {stage: once(root, stage, engine) for stage in STAGES}
        took = {stage: round(one["work"], 1) for stage, one in done.items()}
        held = {stage: round(one["worker_mb"]) for stage, one in done.items()}
        digests[engine] = digest_of(root)
        print(f"{engine:10} {digests[engine][:16]}  seconds {took}, largest worker in MB {held}", flush=True)
    print("every byte is the same" if len(set(digests.values())) == 1 else "THE BYTES DIFFER")
    return {"traces": traces, "size": size, "same": len(set(digests.values())) == 1, "engines": list(digests)}


def loop(folder: Path, traces: int, size: float) -> dict[str, Any]:
    folder = folder / f"loop-{traces}-{size}"
    root = a_project(folder, traces, max(8, traces // 25_000), size)
    found = {stage: once(root, stage, "processes") for stage in (*STAGES, "build")}
    for stage, one in found.items():
        rate = (
            "what was left when it was run again"
            if one.get("resumed")
            else f"{one['rows'] / one['work']:,.0f} traces/s"
        )
        print(
            f"{stage:9} {one['rows']:,.0f} traces in {one['work']:,.0f} s ({rate}), "
            f"{one['cpu']:,.0f} CPU s, driver {one['driver_mb']:.0f} MB, largest worker {one['worker_mb']:.0f} MB",
            flush=True,
        )
    on_disk = sum(path.stat().st_size for path in (root / ".llmci").rglob("*") if path.is_file())
    print(f"on disk   {on_disk / 1e9:.2f} GB")
    return {"traces": traces, "size": size, "stages": found, "bytes": on_disk}


def once(root: Path, stage: str, engine: str) -> dict[str, float]:
    """Run a stage unless it was run to its end before; of one that was stopped, only the last part is timed."""
    done, begun = root / f"{stage}.json", root / f"{stage}.begun"
    if not done.exists():
        resumed = begun.exists()
        begun.touch()
        say(f"{engine}: {stage}")
        told = json.dumps(child(root, stage, engine, "2") | {"resumed": resumed})
        done.write_text(told)
        say(f"{engine}: {stage}: {told}")
    return dict(json.loads(done.read_text()))


def digest_of(root: Path) -> str:
    """Of every byte on the shelves."""
    hashed = hashlib.sha256()
    for shelf in ("raw", "clean", "labels"):
        for path in sorted((root / ".llmci" / shelf).rglob("*")):
            if path.is_file() and path.suffix != ".npz":
                # `label` writes the time of its end; so does nothing else.
                hashed.update(path.name.encode() + path.read_bytes())
    return hashed.hexdigest()


def stages(folder: Path, traces: int, size: float) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, engine, workers, share in (
        ("1", "processes", 1, 1),
        ("2", "processes", 2, 1),
        ("quarter", "processes", 2, 4),
    ):
        # A quarter of the traces in a quarter of the shards: a worker is to hold no more for four times as many.
        root = a_project(folder / name, traces // share, 8 // share, size)
        found[name] = {stage: child(root, stage, engine, str(workers)) for stage in STAGES}
        for stage, one in found[name].items():
            print(
                f"{name:8} {stage:9} {one['rows'] / one['work']:8.0f} traces/s  largest worker {one['worker_mb']:.0f} MB",
                flush=True,
            )
    state = folder / "2" / ".llmci"
    # What is there once for all shards, such as the groups of `label` (tens of MB), does not grow with the traces.
    size = {
        s: sum(p.stat().st_size for p in (state / s).rglob("prod-*") if p.is_file()) / traces
        for s in ("raw", "clean", "labels")
    }
    gain = found["1"]["sanitize"]["work"] / found["2"]["sanitize"]["work"]
    print(f"sanitize with 2 processes: {gain:.2f} x one (at least 1.85 asked for)")
    print("bytes a trace: " + ", ".join(f"{shelf} {value:.0f}" for shelf, value in size.items()))
    cpu = {stage: one["cpu"] / one["rows"] for stage, one in found["1"].items()}
    worker = {stage: one["worker_mb"] for stage, one in found["2"].items()}
    fewer = {stage: one["worker_mb"] for stage, one in found["quarter"].items()}
    return {"traces": traces, "cpu_s_a_trace": cpu, "bytes_a_trace": size, "gain_of_two": gain, "worker_mb": worker, "worker_mb_at_a_quarter": fewer}  # fmt: skip


# Assumptions of the plan that are prices and habits rather than measurements; all are printed with it.
SHARD_TRACES = 100_000
DOLLARS_A_CORE_HOUR = 0.05
DOLLARS_A_TB_MONTH = 23.0
REQUESTS_A_SHARD = {"put": 12, "get": 14}
DOLLARS_A_1000 = {"put": 0.005, "get": 0.0004}
# What `label` brings to the driver for each trace: latency and cost (4 each), cluster, novelty and twin (4 each), rank (4).
DRIVER_BYTES = {
    "pull: id of each trace": 8,
    # 8 for each session of each shard, in sessions of three traces; 16 for each name or address of each shard.
    "sanitize: sessions": 8 / 3,
    "sanitize: surrogates, with one new value in three traces": 16 / 3,
    "label: latency, cost, cluster, novelty, twin, rank": 24,
    # Measured with 300,000: about a hundred for its columns, and copies of them while shards are put together.
    "build, for each distinct input": 300,
}


def plan(figures: dict[str, Any], traces: int, workers: int) -> None:
    measured = figures["stages"]
    shards = math.ceil(traces / SHARD_TRACES)
    print(f"{traces:,} traces in {shards:,} shards of {SHARD_TRACES:,}, {workers} workers of one core\n")
    print("| stage | CPU a trace, measured | core hours | hours with all workers |\n|---|---|---|---|")
    hours = 0.0
    for stage, cpu in measured["cpu_s_a_trace"].items():
        core = cpu * traces / 3600
        hours += core
        waves = math.ceil(shards / workers)
        print(f"| {stage} | {cpu * 1e3:.2f} ms | {core:,.0f} | {waves * SHARD_TRACES * cpu / 3600:.1f} |")
    size = {shelf: value * traces / 1e12 for shelf, value in measured["bytes_a_trace"].items()}
    requests = sum(shards * REQUESTS_A_SHARD[kind] * DOLLARS_A_1000[kind] / 1000 for kind in REQUESTS_A_SHARD)
    stored = ", ".join(f"{shelf} {value:.2f} TB" for shelf, value in size.items())
    print(
        f"\n- compute: {hours:,.0f} core hours, ${hours * DOLLARS_A_CORE_HOUR:,.0f} at ${DOLLARS_A_CORE_HOUR} a core hour"
    )
    print(
        f"- stored: {stored}; ${sum(size.values()) * DOLLARS_A_TB_MONTH:,.0f} a month at ${DOLLARS_A_TB_MONTH:.0f} a TB"
    )
    print(f"- requests to the store: ${requests:,.2f}")
    worker = max(measured["worker_mb"].values())
    print(f"- memory of a worker: {worker:,.0f} MB measured at {measured['traces'] // 8:,} traces a shard")
    for what, per_trace in DRIVER_BYTES.items():
        print(f"- memory of the driver, {what}: {per_trace:.1f} bytes a trace, {per_trace * traces / 1e9:,.1f} GB")
    costly = max(measured["cpu_s_a_trace"], key=measured["cpu_s_a_trace"].__getitem__)
    share = measured["cpu_s_a_trace"][costly] / sum(measured["cpu_s_a_trace"].values())
    print(
        f"- first bottleneck: {costly}, {share:.0%} of all CPU; it has no limit but workers, up to one for each shard"
    )
    print("- next: the memory of the driver in `label`; then the store, which every stage reads and writes whole")


def main() -> None:
    if sys.argv[1:2] == ["_run"]:
        run_child(Path(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5]))
        return
    adopt_orphans()
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=["overhead", "same", "stages", "loop", "plan"])
    parser.add_argument("figures", nargs="?", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--traces", type=int, default=50_000)
    parser.add_argument("--size", type=float, default=1.0, help="length of the texts, 1.0 for 1,500 characters a trace")
    parser.add_argument("--workers", type=int, default=400)
    parser.add_argument(
        "--in", dest="folder", type=Path, help="where `same` and `loop` keep what they have done, and go on"
    )
    parser.add_argument("--into", type=Path, help="JSON to add the figures to")
    asked = parser.parse_args()
    if asked.what == "plan":
        plan(json.loads(asked.figures.read_text()), asked.traces, asked.workers)
        return
    load_average = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} processors, load {load_average}")
    with contextlib.ExitStack() as stack:
        folder = asked.folder or stack.enter_context(tempfile.TemporaryDirectory())
        if asked.what == "overhead":
            found = overhead(Path(folder), asked.rows)
        else:
            found = {"same": same, "stages": stages, "loop": loop}[asked.what](Path(folder), asked.traces, asked.size)
    if asked.into:
        before = json.loads(asked.into.read_text()) if asked.into.exists() else {}
        asked.into.write_text(json.dumps({**before, asked.what: {**found, "load": load_average}}, indent=1))


if __name__ == "__main__":
    main()
