"""How fast `llmci sanitize` is, beside stock Presidio in the same run; what a target is said to be stands beside it.

    python benchmarks/sanitize_speed.py [--data ../shared/data/pii] [--processes]

The texts are those of agent traces, templates and chat turns, each distinct one once. Speeds are MB of text per
second of one processor, measured as processor time, so that a shared machine distorts ratios least. "history"
is what chat logs look like: every call repeats the conversation so far. --processes also sanitizes 40,000 synthetic
traces in eight shards with one process and with two (wall time: it says something on an idle machine only).
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from llmci.adapters.recognizers.presidio import PresidioRecognizer
from llmci.adapters.recognizers.secrets import SecretsRecognizer
from llmci.config import parse
from llmci.core.grouping.threads import one_thread
from llmci.core.privacy.batch import Session, learn_sessions, sanitize_batch
from llmci.core.privacy.detect import Unreadable
from llmci.core.privacy.jsontext import pieces_of
from llmci.domain.text import RawBatch
from llmci.domain.trace import TRACE
from llmci.seams import Context, Leaf, Silent
from llmci.wiring.explain import spans_of
from llmci.wiring.privacy import privacy_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from llmci.core.privacy.redact import Redactor

KEY = {"LLMCI_PRIVACY_KEY": "benchmark"}
SETS = {"taubench_airline": 5_306, "presidio_generated_large": 2_109, "multidogo": 4_000}
WORST = {
    "repeated dots": "a.",
    "floats": "0.123456, ",
    "hex": "3f2a9c1e8b7d6a5f",
    "base64": "TG9yZW0gaXBzdW0gZG9sb3I",
    "UUIDs": "123e4567-e89b-42d3-a456-426614174000\n",
    "CSV numbers": "48210,93127,55012,1,0,77\n",
}
WARM = ("my bank account is 123456789012, Mia Li", "call 212-867-5309", "iban DE89 3704 0044 0532 0130 00, ip 10.2.3.4")
_MEASURED = """
import json, resource, subprocess, sys, time
started = time.monotonic()
command = [sys.argv[1], "-m", "llmci", "sanitize", "-q", "--spans-only", "in.jsonl", "-o", "out.jsonl"]
subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""
_NOON = datetime(2026, 1, 1, tzinfo=UTC)


def a_redactor(locale: str = "en") -> Redactor:
    """With the default configuration for a language, its engines loaded."""
    config = parse(f"project: benchmark\nsanitize:\n  locales: [{locale}]", Path("llmci.yaml"))
    redactor = privacy_of(config, KEY).redactor
    for text in WARM:
        redactor.detector.look(text, None, None)
    return redactor


def timed(work: Callable[[], object]) -> float:
    """Processor seconds, with nothing but the work in them."""
    gc.collect()
    gc.disable()
    started = time.process_time()
    work()
    seconds = time.process_time() - started
    gc.enable()
    return seconds


def texts_of(data: Path) -> list[str]:
    found: dict[str, None] = {}
    for name, most in SETS.items():
        found.update(
            dict.fromkeys(pq.read_table(data / f"{name}.parquet", columns=["text"]).column(0).to_pylist()[:most])
        )
    return list(found)


def line(what: str, measured: str, target: str) -> None:
    print(f"{what:34} {measured:44} target {target}")


def unique_text(texts: list[str], stock: Callable[[str], object]) -> None:
    size = sum(map(len, texts)) / 1e6
    sample = texts[:: max(1, len(texts) // 1000)]
    stock(WARM[0])
    theirs = sum(map(len, sample)) / 1e6 / timed(lambda: [stock(text) for text in sample])
    redactor = a_redactor()
    records = [{"id": index, "text": text} for index, text in enumerate(texts)]
    full = size / timed(lambda: spans_of(records, redactor, Silent()))
    leaves = list(dict.fromkeys(Leaf(piece.text, piece.key) for text in texts for piece in pieces_of(text, None)))
    context = Context(name="benchmark", root=Path(), state=Path(), environ={}, shelf=lambda _: None)  # type: ignore[arg-type, return-value]
    patterns = [
        PresidioRecognizer(PresidioRecognizer.Options(), context),
        SecretsRecognizer(SecretsRecognizer.Options(), context),
    ]
    for recognizer in patterns:
        recognizer.find([Leaf(text) for text in WARM])
    only = size / timed(lambda: [recognizer.find(leaves) for recognizer in patterns])
    line("stock Presidio, distinct texts", f"{theirs:.2f} MB/s of {size:.2f} MB, sampled", "-")
    line("full engine, distinct texts", f"{full:.2f} MB/s, {full / theirs:.1f} times Presidio", ">= 2 MB/s")
    line("Presidio's patterns and secrets", f"{only:.2f} MB/s, {only / theirs:.1f} times Presidio", ">= 10 MB/s")


def history(data: Path) -> list[dict[str, Any]]:
    """Traces of which each repeats its conversation so far."""
    records = pq.read_table(data / "taubench_airline.parquet").to_pylist()
    rows = []
    for group, messages in itertools.groupby(records, key=lambda r: r["group"]):
        said = [(("user", "assistant")[i % 2], m["text"]) for i, m in enumerate(messages)]
        rows += [a_row(f"{group}-{turn}", str(group), said[:turn], said[turn][1]) for turn in range(1, len(said))]
    return rows


def a_row(trace_id: str, session: str, said: list[tuple[str, str]], answer: str) -> dict[str, Any]:
    def message(role: str, text: str) -> dict[str, Any]:
        return {"role": role, "parts": [{"type": "text", "text": text}]}

    return {
        "schema_version": 1, "source": "b", "source_kind": "jsonl", "trace_id": trace_id, "content_hash": trace_id,
        "pulled_at": _NOON, "complete": True, "missing": [], "status": "ok", "start": _NOON, "session_id": session,
        "input": {"kind": "messages", "messages": [message(*pair) for pair in said]},
        "output": {"kind": "messages", "messages": [message("assistant", answer)]}, "replay_kind": "chat",
    }  # fmt: skip


def repeated(rows: list[dict[str, Any]]) -> None:
    said = [part["text"] for row in rows for m in row["input"]["messages"] for part in m["parts"]]
    size, distinct = sum(map(len, said)) / 1e6, sum(map(len, set(said))) / 1e6
    batches = [RawBatch(pa.RecordBatch.from_pylist(rows[i : i + 256], schema=TRACE)) for i in range(0, len(rows), 256)]
    redactor = a_redactor()
    sessions = {row["session_id"]: Session() for row in rows}
    held = []

    def work() -> None:
        for batch in batches:
            learn_sessions(batch, redactor, sessions)
        for batch in batches:
            held.extend(sanitize_batch(batch, redactor, sessions).quarantined)

    speed = size / timed(work)
    line("history", f"{speed:.1f} MB/s of {size:.1f} MB, {distinct:.2f} distinct; {len(held)} held", ">= 40 MB/s")


def worst() -> None:
    detector = a_redactor().detector
    for what, piece in WORST.items():
        speeds = []
        for length in (50_000, 100_000):
            text = piece * (length // len(piece))
            looked = []
            seconds = timed(lambda text=text, looked=looked: looked.append(detector.look(text, None, None)))
            speeds.append(len(text) / 1e6 / seconds)
        why = f", held back: {looked[0].why}" if isinstance(looked[0], Unreadable) else ""
        line(f"worst: {what}", f"{speeds[1]:.2f} MB/s (of half the length {speeds[0]:.2f}){why}", ">= 1 MB/s, linear")


def cold_start() -> None:
    """The first result of a process that has just been started, and the most memory that it took."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "llmci.yaml").write_text("project: benchmark\n")
        record = {"id": 1, "text": "I am Mia Li, call 212-867-5309, card 4111 1111 1111 1111"}
        (directory / "in.jsonl").write_text(json.dumps(record))
        # By way of a small process: a child's peak counts that of the process it was forked from.
        told = subprocess.run(
            [sys.executable, "-S", "-c", _MEASURED, sys.executable],
            cwd=directory, env=os.environ | KEY | {"PYTHONPATH": str(Path(__file__).parents[1])}, stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
    wall, processor, peak = json.loads(told.stdout)
    line("cold start to the first result", f"{processor:.2f} s of processor, {wall:.2f} s of wall", "<= 0.6 s")
    line("memory of that", f"{peak / 1024:.0f} MB", "<= 250 MB")


def processes(traces: int = 40_000) -> None:
    """Synthetic traffic in eight shards with one process and with two: how much faster, and whether the bytes are the same."""
    import cluster

    cluster.adopt_orphans()
    seconds, written = {}, {}
    for workers in (1, 2):
        with tempfile.TemporaryDirectory() as name:
            root = cluster.a_project(Path(name) / "project", traces, files=8, size=1.0)
            cluster.child(root, "pull", "processes", "2")
            seconds[workers] = cluster.child(root, "sanitize", "processes", str(workers))["work"]
            clean = root / ".llmci" / "clean"
            written[workers] = {p.name: p.read_bytes() for p in sorted(clean.glob("*.parquet"))}
    same = "the same bytes" if written[1] == written[2] else "OTHER BYTES"
    line(
        "two processes against one",
        f"{seconds[1] / seconds[2]:.2f} times as fast, {traces / seconds[2]:.0f} traces/s, {same}; load {os.getloadavg()[0]:.1f}",
        ">= 1.85, same",
    )


def measure(data: Path, stock: Callable[[str], object], *, with_processes: bool) -> None:
    # As `llmci` itself has it, here and in workers: otherwise threads that wait for each other are measured as well.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    with one_thread():
        unique_text(texts_of(data), stock)
        repeated(history(data))
        worst()
        cold_start()
        if with_processes:
            processes()


def main(arguments: Sequence[str]) -> None:
    from sanitize import stock_presidio

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/pii"))
    parser.add_argument("--processes", action="store_true")
    told = parser.parse_args(arguments)
    measure(told.data, stock_presidio(), with_processes=told.processes)


if __name__ == "__main__":
    main(sys.argv[1:])
