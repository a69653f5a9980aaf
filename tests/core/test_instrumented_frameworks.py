"""Spans that frameworks sent, each beside what its model saw; `tests/real/test_frameworks.py` makes them anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from one_conversation import heard, span, spoken

from llmci.core.traces.folding import model_calls
from llmci.core.traces.litellm_spans import traces_in
from llmci.core.traces.payloads import text_in
from llmci.core.traces.records import Origin
from llmci.core.traces.spans import trace_of

SENT = json.loads((Path(__file__).parent / "dialects" / "instrumented.json").read_text(encoding="utf-8"))
# These do not record what was offered, or as the `repr` of an object.
WITHOUT_TOOLS = {
    "autogen/openinference",
    "haystack/openinference",
    "openai_agents/logfire",
    "openai_agents/logfire_responses",
}


def rows_of(run: str) -> list[dict[str, Any]]:
    spans = [span(logged) for logged in SENT[run]["spans"]]
    traces = [
        [one for one in spans if one.trace_id == trace_id] for trace_id in dict.fromkeys(one.trace_id for one in spans)
    ]
    return [trace_of(one, Origin("prod", "otlp")) for trace in traces for one in traces_in(trace)]


@pytest.mark.parametrize("run", sorted(SENT))
def test_model_calls_are_those_that_the_model_saw(run: str) -> None:
    calls = [step for row in rows_of(run) for step in model_calls(row["steps"]) if step["kind"] == "llm"]

    said = [spoken([*step["input"]["messages"], *step["output"]["messages"]]) for step in calls]

    assert [heard(call) for call in said] == [heard(call) for call in SENT[run]["calls"]]


@pytest.mark.parametrize("run", sorted(SENT))
def test_a_trace_is_what_was_asked_and_nothing_of_what_was_answered(run: str) -> None:
    rows = rows_of(run)

    assert text_in(rows[-1]["output"], "assistant") or rows[-1]["output"]["kind"] == "json"
    assert not any("It is in Lyon." in str(row["input"]) for row in rows)
    answered = rows[-1]["output"].get("messages") or []
    assert all(message["role"] in ("assistant", "tool") for message in answered)


@pytest.mark.parametrize("run", sorted(SENT.keys() - WITHOUT_TOOLS))
def test_the_tools_that_were_offered_are_kept_for_the_replay(run: str) -> None:
    request = rows_of(run)[0]["request"]

    assert [tool["name"] for tool in request["tools"]] == ["track"]
