"""Pulling observations from a Langfuse on this machine: speed beside the vendor's own SDK, and memory.

    python benchmarks/pull_langfuse.py --observations 100000 --sdk /path/to/venv/bin/python
    python benchmarks/pull_langfuse.py --observations 1000000

The server has no limit, makes its pages as they are asked for, and runs in a process of its own. Five
observations are a trace: a root, a retriever, two model calls whose conversation grows, and a tool.
The SDK (langfuse 4 or 5 in the environment given by --sdk) reads the same pages and keeps nothing.
"""

from __future__ import annotations

import argparse
import gzip
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

ROOT = Path(__file__).resolve().parent.parent
END = datetime(2026, 11, 20, 12, tzinfo=UTC)
SPAN = timedelta(days=7)
FIELDS = "core,basic,time,io,metadata,model,usage,prompt,metrics,trace_context"
SDK = """
import sys, time
from datetime import datetime
from langfuse.api import LangfuseAPI
url, since, until, fields = sys.argv[1:5]
client = LangfuseAPI(base_url=url, username="pk", password="sk", x_langfuse_sdk_name="x", x_langfuse_sdk_version="1", x_langfuse_public_key="pk")
cursor, rows, started = None, 0, time.perf_counter()
while True:
    page = client.observations.get_many(limit=1000, cursor=cursor, fields=fields,
        from_start_time=datetime.fromisoformat(since), to_start_time=datetime.fromisoformat(until))
    rows += len(page.data)
    cursor = page.meta.cursor
    if cursor is None:
        break
print(rows, time.perf_counter() - started)
"""


def a_row(number: int, total: int) -> dict[str, Any]:
    trace, step = divmod(number, 5)
    start = END - SPAN + SPAN * number / total
    history = [{"role": "system", "content": "You help people find their parcels, and say where they are. " * 4}]
    for turn in range(1 + step // 2):
        history += [{"role": "user", "content": f"Where is parcel {number} now, and when does it come? " * 3},
                    {"role": "assistant", "content": f"Parcel {turn} is in Lyon. "}]  # fmt: skip
    model = step in (2, 4)
    return {
        "id": f"{number:016x}", "traceId": f"{trace:032x}", "startTime": stamp(start), "endTime": stamp(start + timedelta(seconds=1)),
        "projectId": "prj", "parentObservationId": None if step == 0 else f"{trace * 5:016x}",
        "type": ("SPAN", "RETRIEVER", "GENERATION", "TOOL", "GENERATION")[step], "name": "step", "level": "DEFAULT", "statusMessage": "",
        "environment": "production", "userId": f"u-{trace % 999}", "sessionId": f"s-{trace % 9999}", "isRootObservation": step == 0,
        "createdAt": stamp(start), "updatedAt": stamp(start), "metadata": {"variant": "canary" if trace % 9 == 0 else "stable", "note": "x" * 150},
        "input": orjson.dumps(history[:-1]).decode() if model else orjson.dumps({"question": f"Where is parcel {number}? " * 8}).decode(),
        "output": orjson.dumps({"role": "assistant", "content": f"Parcel {number} is in Lyon. " * 12}).decode() if model else "It is there. " * 30,
        "model": "gpt-4o-mini" if model else None, "modelParameters": '{"temperature":0.2}' if model else None,
        "usageDetails": {"input": 210, "output": 18, "total": 228} if model else {}, "costDetails": {"input": 3e-5, "output": 1e-5} if model else {},
        "totalCost": 4e-5 if model else 0, "promptName": None, "promptVersion": None, "latency": 1.0, "timeToFirstToken": None,
        "tags": ["prod"], "release": "web-4", "traceName": "turn", "modelId": None, "inputPrice": None, "outputPrice": None, "totalPrice": None,
    }  # fmt: skip


def stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    total = 0

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if parts.path.endswith("/v2/observations"):
            self.send(self.page(asked))
        elif parts.path.endswith("/v3/scores"):
            self.send({"data": [], "meta": {"limit": 100}})
        else:
            self.send({"message": "Not Found"}, 404)

    def page(self, asked: dict[str, str]) -> dict[str, Any]:
        def index(text: str) -> int:
            return -(-(datetime.fromisoformat(text) - END + SPAN) * self.total // SPAN)

        first = max(0, index(asked["fromStartTime"])) if "fromStartTime" in asked else 0
        last = min(self.total, index(asked["toStartTime"])) if "toStartTime" in asked else self.total
        at = int(asked.get("cursor", first))
        until = min(last, at + int(asked.get("limit", 50)))
        meta = {"cursor": str(until)} if until < last else {}
        return {"data": [a_row(number, self.total) for number in range(at, until)], "meta": meta}

    def send(self, body: object, status: int = 200) -> None:
        content = orjson.dumps(body)
        self.send_response(status)
        if "gzip" in (self.headers.get("accept-encoding") or ""):
            content = gzip.compress(content, 1)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def serve(total: int, port: multiprocessing.Queue[int]) -> None:
    Handler.total = total
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    port.put(server.server_address[1])
    server.serve_forever()


def peak_of(process: int, found: list[list[int]], spent: dict[int, float], done: threading.Event) -> None:
    """Memory in bytes of a process and its children, sampled, and the CPU seconds of each of them.

    What processes share counts in parts (PSS), so that the sum is what the machine has to have.
    """
    import psutil

    parent = psutil.Process(process)
    while not done.wait(0.2):
        sizes = []
        for one in [parent, *parent.children(recursive=True)]:
            try:
                sizes.append(one.memory_full_info().pss)
                used = one.cpu_times()
                spent[one.pid] = used.user + used.system
            except psutil.Error:
                continue
        found.append(sizes)


def cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def pull(url: str) -> tuple[float, float, float, list[int], int]:
    """Seconds of fetching and of all, CPU seconds, bytes of each process when they were most, traces."""
    code = (
        "import sys; from llmci.cli.main import main; "
        f"sys.argv = ['llmci', 'pull', 'langfuse', '--since', '{END - SPAN:%Y-%m-%dT%H:%M:%SZ}', '--until', '{END:%Y-%m-%dT%H:%M:%SZ}', '--json', '--quiet']; main()"
    )
    with tempfile.TemporaryDirectory() as directory:
        environ = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "LANGFUSE_HOST": url,
            "LANGFUSE_PUBLIC_KEY": "pk",
            "LANGFUSE_SECRET_KEY": "sk",
        }
        started = time.perf_counter()
        child = subprocess.Popen([sys.executable, "-c", code], cwd=directory, env=environ, stdout=subprocess.PIPE)
        peaks: list[list[int]] = []
        spent: dict[int, float] = {}
        done = threading.Event()
        watcher = threading.Thread(target=peak_of, args=(child.pid, peaks, spent, done))
        watcher.start()
        said, _ = child.communicate()
        seconds = time.perf_counter() - started
        done.set()
        watcher.join()
    summary = orjson.loads(said)
    return summary["fetched"]["seconds"], seconds, sum(spent.values()), max(peaks, key=sum), summary["traces"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--observations", type=int, default=100_000)
    parser.add_argument("--sdk", help="Python of an environment with langfuse 4 or 5")
    told = parser.parse_args()
    port: multiprocessing.Queue[int] = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(told.observations, port), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{port.get()}"
    size = len(orjson.dumps([a_row(number, told.observations) for number in range(1000)])) / 1000
    print(f"{told.observations} observations of {size:.0f} bytes; {os.cpu_count()} processors, one taken by the server")
    fetching, seconds, cpu, peak, traces = pull(url)
    rate = told.observations / seconds
    print(f"llmci: {rate:,.0f} observations/s from the server to Parquet ({traces} traces, {seconds:.1f} s, of it fetching {fetching:.1f} s: {told.observations / fetching:,.0f}/s)")  # fmt: skip
    print(
        f"llmci: {told.observations / cpu:,.0f} observations a CPU second, from the wire to Parquet ({cpu:.1f} CPU seconds in all)"
    )
    each = ", ".join(f"{size / 1e6:,.0f}" for size in peak)
    print(f"llmci: peak memory {sum(peak) / 1e6:,.0f} MB, of its processes {each}")
    if told.sdk:
        command = [told.sdk, "-c", SDK, url, (END - SPAN).isoformat(), END.isoformat(), FIELDS]
        before = cpu_of_children()
        rows, spent = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        print(f"SDK: {int(rows) / float(spent):,.0f} observations/s from the server into objects ({rows} rows, {float(spent):.1f} s); llmci / SDK: {told.observations / fetching / (int(rows) / float(spent)):.1f} for fetching, {rate / (int(rows) / float(spent)):.1f} to Parquet")  # fmt: skip
        print(f"SDK: {int(rows) / (cpu_of_children() - before):,.0f} observations a CPU second")
    server.terminate()


if __name__ == "__main__":
    main()
