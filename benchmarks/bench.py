"""`llmci bench` beside other runners on one local server: CPU, wall time, memory, and how honest its latencies are.

Run: python benchmarks/bench.py [--cases 1000] [--wait 0.05] [--peers DIR] [--memory] [--latency] [--litellm]

DIR holds what is to be compared, each in a place of its own; what is not there is left out:
  DIR/promptfoo   npm install promptfoo
  DIR/inspect     python -m venv; pip install inspect-ai openai
  DIR/deepeval    python -m venv; pip install deepeval openai

CPU is user and system time of the whole process tree. Wall time and CPU both suffer on a busy
machine: compare rows of one run with each other.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent / "benching"
sys.path.insert(0, str(HERE))

from project import make  # noqa: E402

# An installed package has its bytecode, peers' as well as ours: none of them is to be compiled again each time.
_SOURCE_ONLY = "PYTHONDONTWRITEBYTECODE"
DEEPEVAL_CASES = 200
CONCURRENCY = 100


@dataclass(frozen=True)
class Taken:
    """What a command took."""

    wall: float
    cpu: float
    peak_mb: float
    out: str


def run(command: list[str], root: Path, url: str, **environ: str) -> Taken:
    """Run a command to its end; 0, 1 and 3 are verdicts, anything else stops."""
    keys = {"KEY": "k", "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": url}
    quiet = {"PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1", "DEEPEVAL_TELEMETRY_OPT_OUT": "YES"}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    # GNU time is not everywhere; the child's own peak is asked of a fresh interpreter.
    watch = "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]); usage = resource.getrusage(resource.RUSAGE_CHILDREN); sys.stderr.write(f'\\npeak {usage.ru_maxrss}\\n'); sys.exit(code)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", watch, *command],
        cwd=root,
        env={name: value for name, value in {**os.environ, **keys, **quiet, **environ}.items() if name != _SOURCE_ONLY},
        capture_output=True,
        text=True,
        check=False,
    )
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1, 3):
        sys.exit(f"{command[:3]} left with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Taken(wall, cpu, int(done.stderr.rsplit("peak ", 1)[1]) / 1024, done.stdout)


def llmci(root: Path, url: str, *flags: str) -> Taken:
    command = [sys.executable, "-m", "llmci", "bench", "--candidate", "baseline", "-q", *flags]
    return run(command, root, url, PYTHONPATH=str(HERE.parents[1]))


def row(name: str, taken: Taken, note: str = "") -> Taken:
    print(f"{name:32} {taken.wall:8.2f} {taken.cpu:8.2f} {taken.peak_mb:8.0f}  {note}", flush=True)
    return taken


def speed(root: Path, url: str, cases: int, peers: Path | None) -> None:
    print(f"{cases:,} calls, {CONCURRENCY} at once; load of the machine: {os.getloadavg()[0]:.1f}")
    print(f"{'':32} {'wall s':>8} {'CPU s':>8} {'peak MB':>8}")
    bare = row(
        "bare aiohttp client",
        run([sys.executable, str(HERE / "bare.py"), url, str(cases), str(CONCURRENCY)], root, url),
    )
    most = ("-j", str(CONCURRENCY))
    llmci(root, url, *most, "-n", "1", "--no-cache")  # writes the bytecode
    start = row("llmci, one case", llmci(root, url, *most, "-n", "1", "--no-cache"), "its start-up, gate and reports")
    cold = row("llmci, cold", llmci(root, url, *most), "cached and journaled")
    idle = row("llmci, one case, warm", llmci(root, url, *most, "-n", "1"), "its start-up without a call")
    warm = row("llmci, warm", llmci(root, url, *most), "all from the cache")
    taped = row("llmci, cold, recorded", llmci(root, url, *most, "--refresh-cache", "--record", "tape"))
    if peers is not None:
        beside(root, url, peers)
    print()
    promised("cold, CPU seconds", cold.cpu, 2.0)
    promised("cold, wall time beside the bare client", cold.wall / bare.wall, 1.3, "x")
    promised("cold, less start-up, beside the bare client", (cold.wall - start.wall) / bare.wall, 1.3, "x")
    promised("CPU a call, cache, pace and cassette included", 1000 * (taped.cpu - start.cpu) / cases, 1.0, " ms")
    promised("warm, CPU seconds over start-up", warm.cpu - idle.cpu, 0.5)


def promised(what: str, measured: float, promise: float, unit: str = "") -> None:
    verdict = "kept" if measured <= promise else "NOT KEPT"
    print(f"{what:48} {measured:7.2f}{unit}   promised {promise:g}{unit}: {verdict}")


def beside(root: Path, url: str, peers: Path) -> None:
    if (program := peers / "promptfoo" / "node_modules" / ".bin" / "promptfoo").exists():
        config = {
            "prompts": ["{{question}}"],
            "providers": [{"id": "openai:chat:gpt-4o-mini", "config": {"apiBaseUrl": url, "apiKey": "k"}}],
            "tests": [
                {"vars": json.loads(line), "assert": [{"type": "contains", "value": "Lyon"}]}
                for line in (root / "questions.jsonl").read_text().splitlines()
            ],
        }
        (root / "promptfooconfig.json").write_text(json.dumps(config))
        command = [
            str(program),
            "eval",
            "-c",
            "promptfooconfig.json",
            "-j",
            str(CONCURRENCY),
            "--no-table",
            "--no-progress-bar",
            "-o",
            "out.json",
        ]
        home = {"PROMPTFOO_CONFIG_DIR": str(root / "promptfoo")}
        row("promptfoo, cold", run(command, root, url, **home))
        row("promptfoo, warm", run(command, root, url, **home))
    if (program := peers / "inspect" / "bin" / "inspect").exists():
        (root / "task.py").write_text(INSPECT)
        command = [
            str(program),
            "eval",
            "task.py",
            "--model",
            "openai/gpt-4o-mini",
            "--max-connections",
            str(CONCURRENCY),
            "--max-samples",
            str(CONCURRENCY),
            "--display",
            "none",
        ]
        row("Inspect, cold", run(command, root, url))
    if (program := peers / "deepeval" / "bin" / "deepeval").exists():
        (root / "test_deepeval.py").write_text(DEEPEVAL % DEEPEVAL_CASES)
        taken = run(
            [str(program), "test", "run", "test_deepeval.py"], root, url, PATH=f"{program.parent}:{os.environ['PATH']}"
        )
        row(f"DeepEval, {DEEPEVAL_CASES} cases", taken, "one after the other, which is all that `test run` does")


INSPECT = """
from inspect_ai import Task, task
from inspect_ai.dataset import FieldSpec, Sample, json_dataset
from inspect_ai.scorer import includes
from inspect_ai.solver import generate

@task
def questions():
    data = json_dataset("questions.jsonl", lambda row: Sample(input=row["question"], target="Lyon"))
    return Task(dataset=data, solver=generate(), scorer=includes())
"""
DEEPEVAL = """
import json, pytest
from deepeval import assert_test
from deepeval.metrics import BaseMetric
from deepeval.test_case import LLMTestCase
from openai import OpenAI

client = OpenAI()
questions = [json.loads(line)["question"] for line in open("questions.jsonl")][:%d]

class Contains(BaseMetric):
    threshold, async_mode = 1.0, False
    def measure(self, case, *rest, **more):
        self.score = float("Lyon" in case.actual_output)
        self.success = self.score >= 1.0
        return self.score
    async def a_measure(self, case, *rest, **more):
        return self.measure(case)
    def is_successful(self):
        return self.success
    @property
    def __name__(self):
        return "contains"

@pytest.mark.parametrize("question", questions)
def test_question(question):
    reply = client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": question}])
    assert_test(LLMTestCase(input=question, actual_output=reply.choices[0].message.content), [Contains()])
"""


def through_litellm(root: Path, url: str, cases: int) -> None:
    """What llmci adds to a call through litellm: CPU of many calls less that of one, beside the same of bare litellm."""
    bare, most = [sys.executable, str(HERE / "bare_litellm.py"), url], ("-j", str(CONCURRENCY), "--refresh-cache")
    flags = ("--baseline", "library", "--candidate", "library", *most)
    one = row("bare litellm, one call", run([*bare, "1", "1"], root, url))
    many = row(f"bare litellm, {cases:,} calls", run([*bare, str(cases), str(CONCURRENCY)], root, url))
    start = row("llmci through litellm, one case", llmci(root, url, *flags, "-n", "1"))
    all_ = row(f"llmci through litellm, {cases:,}", llmci(root, url, *flags))
    theirs, ours = (1000 * (n.cpu - o.cpu) / (cases - 1) for n, o in ((many, one), (all_, start)))
    print(f"\nCPU a call: bare litellm {theirs:.2f} ms, llmci through litellm {ours:.2f} ms")
    promised("CPU a call over bare litellm", ours - theirs, 1.0, " ms")


def memory(root: Path, url: str) -> None:
    small = row("llmci, 1,000 cases", llmci(root, url, "-j", str(CONCURRENCY), "-n", "1000", "--no-cache"))
    large = row("llmci, 10,000 cases", llmci(root, url, "-j", str(CONCURRENCY), "--no-cache"))
    print()
    promised("peak memory of 10,000 cases", large.peak_mb, 250, " MB")
    print(f"{'':48} {large.peak_mb - small.peak_mb:7.0f} MB more than 1,000 cases")


def latency(root: Path, url: str) -> None:
    """Latencies of a server that takes 1.000 s, as a stored run tells them."""
    import pyarrow.parquet as pq

    for name, flags in (("directly", ()), ("through litellm", ("--baseline", "library", "--candidate", "library"))):
        taken = llmci(root, url, "-j", "256", "--no-cache", *flags)
        newest = max((root / ".llmci" / "runs").iterdir(), key=lambda path: path.stat().st_mtime)
        times = pq.ParquetFile(newest / "answers.parquet").read().column("latency_ms").to_pylist()
        known = sorted(time for time in times if time is not None)
        told = (
            f"median {known[len(known) // 2]:.0f} ms, 95 % below {known[int(0.95 * len(known))]:.0f} ms"
            if known
            else "none told"
        )
        row(f"256 at once, {name}", taken, f"{told}; refused: {len(times) - len(known)} of {len(times)}")
        if known and not flags:
            promised("median latency of a 1.000 s server", known[len(known) // 2] / 1000, 1.05, " s")
            promised("its 95th percentile", known[int(0.95 * len(known))] / 1000, 1.05, " s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--wait", type=float, default=0.05)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--latency", action="store_true")
    parser.add_argument("--litellm", action="store_true")
    asked = parser.parse_args()
    cases = 10_000 if asked.memory else asked.cases
    wait = 1.0 if asked.latency else asked.wait
    server = subprocess.Popen(
        [sys.executable, str(HERE / "server.py"), str(wait)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None  # noqa: S101
    url = server.stdout.readline().strip()
    try:
        with tempfile.TemporaryDirectory() as name:
            root = Path(name) / "project"
            make(root, url, cases)
            if asked.memory:
                memory(root, url)
            elif asked.latency:
                latency(root, url)
            elif asked.litellm:
                through_litellm(root, url, cases)
            else:
                speed(root, url, cases, asked.peers and asked.peers.resolve())
    finally:
        server.communicate("")


if __name__ == "__main__":
    main()
