"""How many observations a second one core turns from decoded records into Parquet, and how much memory that takes.

    python benchmarks/normalise.py --observations 100000

An observation is one record of a log of requests (a trace each), one span (five to a trace: an
agent, two model calls, a tool and a retriever, about 2.5 kB each), or one row of Langfuse's interface
(five to a trace as well, those of `pull_langfuse.py`). Decoding the JSON, normalising,
digesting, Arrow and Parquet (zstd) are all counted, in one process. On a machine that does other
work too, look at the CPU seconds.
"""

from __future__ import annotations

import argparse
import gc
import random
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from pull_langfuse import a_row

from llmci.core.traces import langfuse
from llmci.core.traces.digest import sealed
from llmci.core.traces.otlp import span_of
from llmci.core.traces.records import Origin, row_of
from llmci.core.traces.spans import trace_of
from llmci.domain.trace import TRACE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from llmci.domain.trace import TraceRow

BATCH = 512
ORIGIN = Origin("prod", "benchmark")
NOW = datetime(2026, 11, 20, tzinfo=UTC)
NOON = 1_795_176_000_000_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--observations", type=int, default=100_000)
    told = parser.parse_args()
    dice = random.Random(7)
    text = [" ".join(dice.choices(WORDS, k=60)) for _ in range(500)]
    kinds = (("records", _record, _rows_of_records, 1), ("spans", _spans, _rows_of_spans, 5), ("langfuse", _langfuse, _rows_of_langfuse, 5))  # fmt: skip
    for name, made, read, each in kinds:
        pages = [orjson.dumps([made(number * 10 + i, text) for i in range(10)]) for number in range(200)]
        _measure(name, pages, read, told.observations, each)


WORDS = [
    "where",
    "is",
    "my",
    "parcel",
    "it",
    "was",
    "to",
    "come",
    "on",
    "monday",
    "and",
    "the",
    "shop",
    "says",
    "it",
    "left",
    "lyon",
    "please",
    "look",
    "it",
    "up",
    "thanks",
]


def _measure(
    name: str, pages: list[bytes], read: Callable[[bytes], Iterator[TraceRow]], observations: int, each: int
) -> None:
    # As `llmci pull` does while it reads a shard.
    gc.disable()
    wall, cpu = time.perf_counter(), time.process_time()
    done, rows = 0, []
    with (
        tempfile.TemporaryDirectory() as folder,
        pq.ParquetWriter(Path(folder) / "t", TRACE, compression="zstd") as out,
    ):
        while done < observations:
            for row in read(pages[(done // each // 10) % len(pages)]):
                rows.append(sealed(row, NOW)[0])
                done += each
                if len(rows) >= BATCH:
                    out.write_batch(pa.RecordBatch.from_pylist(rows, schema=TRACE))
                    rows = []
        out.write_batch(pa.RecordBatch.from_pylist(rows, schema=TRACE))
    used, passed = time.process_time() - cpu, time.perf_counter() - wall
    size = sum(map(len, pages)) / (len(pages) * 10 * each)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name}: {done} observations of {size:.0f} bytes, {done / used:.0f} a CPU second ({done / passed:.0f}/s of wall time), "
        f"{done / each / used:.0f} traces a CPU second, peak {peak:.0f} MB"
    )


def _rows_of_records(page: bytes) -> Iterator[TraceRow]:
    for record in orjson.loads(page):
        yield row_of(record, None, ORIGIN)


def _rows_of_spans(page: bytes) -> Iterator[TraceRow]:
    for logged in orjson.loads(page):
        yield trace_of([span_of(span, {}) for span in logged], ORIGIN)


def _rows_of_langfuse(page: bytes) -> Iterator[TraceRow]:
    for observations in orjson.loads(page):
        yield langfuse.trace_of(observations, [], ORIGIN)


def _langfuse(number: int, _: list[str]) -> list[dict[str, Any]]:
    return [a_row(number * 5 + step, 10_000) for step in range(5)]


def _record(number: int, text: list[str]) -> dict[str, Any]:
    said = text[number % len(text)]
    return {
        "id": f"trace-{number}",
        "timestamp": "2026-11-20T10:00:00Z",
        "messages": [
            {"role": "system", "content": text[0]},
            {"role": "user", "content": said},
            {"role": "assistant", "content": said, "tool_calls": None},
        ],
        "model": "gpt-4o-mini",
        "variant": "canary",
        "user_id": f"u-{number % 99}",
        "latency_ms": 1311,
        "usage": {"prompt_tokens": 274, "completion_tokens": 18, "prompt_tokens_details": {"cached_tokens": 64}},
        "cost": 0.000047,
        "metadata": {"plan": "free", "app": "shop"},
    }


def _spans(number: int, text: list[str]) -> list[dict[str, Any]]:
    said = text[number % len(text)]
    call = {"type": "tool_call", "id": "call_9", "name": "track", "arguments": {"parcel": number}}
    asked = [
        {"role": "system", "parts": [{"type": "text", "content": text[0]}]},
        {"role": "user", "parts": [{"type": "text", "content": said}]},
    ]
    result = {"role": "tool", "parts": [{"type": "tool_call_response", "id": "call_9", "response": said}]}
    first = [{"role": "assistant", "parts": [call], "finish_reason": "tool_call"}]
    last = [{"role": "assistant", "parts": [{"type": "text", "content": said}], "finish_reason": "stop"}]
    model = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-mini", "gen_ai.usage.input_tokens": 274, "gen_ai.usage.output_tokens": 18, "gen_ai.request.temperature": 0.2}  # fmt: skip
    told: list[dict[str, Any]] = [
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.input.messages": _text(asked), "gen_ai.output.messages": _text(last), "session.id": "s", "user.id": "u"},
        {**model, "gen_ai.input.messages": _text(asked), "gen_ai.output.messages": _text(first)},
        {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "track", "gen_ai.tool.call.id": "call_9", "gen_ai.tool.call.arguments": '{"parcel":7}', "gen_ai.tool.call.result": said},
        {"openinference.span.kind": "RETRIEVER", "input.value": said, "retrieval.documents.0.document.content": said, "retrieval.documents.0.document.score": 0.5},
        {**model, "gen_ai.input.messages": _text([*asked, *first, result]), "gen_ai.output.messages": _text(last)},
    ]  # fmt: skip
    return [
        {
            "traceId": f"{number:032x}",
            "spanId": f"{index + 1:016x}",
            "parentSpanId": "" if index == 0 else f"{1:016x}",
            "name": str(attributes.get("gen_ai.operation.name", "search")),
            "startTimeUnixNano": str(NOON + index * 1_000_000),
            "endTimeUnixNano": str(NOON + (index + 5) * 1_000_000),
            "attributes": [
                {"key": key, "value": {"stringValue": value} if isinstance(value, str) else {"doubleValue": value}}
                for key, value in attributes.items()
            ],
            "status": {},
        }
        for index, attributes in enumerate(told)
    ]


def _text(messages: list[dict[str, Any]]) -> str:
    return orjson.dumps(messages).decode()


if __name__ == "__main__":
    main()
