"""Spans that `tests/real/test_frameworks.py` received, the first two calls of each, into `instrumented.json`.

LLMCI_REAL=~/.cache/llmci-real python -m pytest tests/real/test_frameworks.py --basetemp=DIR
PYTHONPATH=. python tests/core/dialects/make_instrumented.py DIR
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from llmci.adapters.sources.framed import exports_of
from llmci.core.traces.otlp import span_of, spans_in

HERE = Path(__file__).parent
# Those that needed something that the others did not.
WANTED = (
    "anthropic/openinference",
    "autogen/openinference",
    "crewai/openinference",
    "haystack/openinference",
    "haystack/own",
    "langgraph/langfuse",
    "langgraph/openinference",
    "litellm/langfuse",
    "litellm/openinference",
    "llamaindex/openinference",
    "llamaindex/openllmetry",
    "mistral/openinference",
    "openai/langfuse",
    "openai/openllmetry_stream",
    "openai_agents/logfire",
    "openai_agents/logfire_responses",
    "pydantic_ai/own",
)
LONG = 6000


def main() -> None:
    found = {}
    for told in sorted(Path(sys.argv[1]).glob("*/calls.json")):
        kept = json.loads(told.read_text())
        if kept["run"] not in WANTED:
            continue
        with (told.parent / "traces.bin").open("rb") as file:
            exports = [export.value for export in exports_of(file, 64_000_000)]
        spans = [span_of(*one) for export in exports for one in spans_in(export)]
        begun = {}
        for span in sorted(spans, key=lambda span: span.start):
            begun.setdefault(span.trace_id, []).append(span)
        # The first question: one trace of two calls, or two traces of a call each.
        traces = [one for one in begun.values() if len(one) > 1 or len(begun) == len(kept["calls"])]
        chosen = traces[: 2 if len(traces) == len(kept["calls"]) else 1]
        found[kept["run"]] = {"calls": kept["calls"][:2], "spans": [row(span) for one in chosen for span in one]}
    lines = [f"{json.dumps(run)}: {json.dumps(found[run])}" for run in sorted(found)]
    (HERE / "instrumented.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def row(span):
    attributes = {
        key: value for key, value in span.attributes.items() if not (isinstance(value, str) and len(value) > LONG)
    }
    return {
        "context": {"trace_id": span.trace_id, "span_id": span.span_id},
        "parent_id": span.parent_id,
        "name": span.name,
        "start_time": span.start.isoformat(),
        "end_time": span.end.isoformat(),
        "attributes": attributes,
        "events": [{"name": event.name, "attributes": event.attributes} for event in span.events],
    }


if __name__ == "__main__":
    main()
