"""What stands out in a trace is flagged, and what does not is not."""

from __future__ import annotations

from typing import Any

import pytest
from builders import a_message, a_trace

from llmci.core.grouping.anomalies import Limits, Normal, feedback_of, flags_of, limits_of

PLAIN = Limits(slow_ms=None, expensive=None, ranges={})


def said(text: str, **message: Any) -> dict[str, Any]:
    return {"kind": "messages", "messages": [{**a_message("assistant", text), **message}]}


@pytest.mark.parametrize(
    ("columns", "flags"),
    [
        pytest.param({}, [], id="nothing"),
        pytest.param({"status": "error", "output": None}, ["error"], id="error"),
        pytest.param({"output": None}, ["empty_answer"], id="no-answer"),
        pytest.param({"output": said("  \n")}, ["empty_answer"], id="blank-answer"),
        pytest.param({"output": said("I'm sorry, but I cannot help with that.")}, ["refusal"], id="refusal"),
        pytest.param({"output": said("I can't assist with this request.")}, ["refusal"], id="short-refusal"),
        pytest.param({"output": said("Sorry for the delay, it is in Lyon.")}, [], id="polite"),
        pytest.param({"output": said("You cannot return it.")}, [], id="a-no-is-no-refusal"),
        pytest.param({"output": said("It is in", finish_reason="length")}, ["truncated"], id="truncated"),
        pytest.param({"output": said("I will look it up now. " * 6)}, ["loop"], id="loop"),
        pytest.param({"output": said('```json\n{"city": "Lyon"}\n```')}, ["fenced_json"], id="fenced"),
        pytest.param({"output": said("```python\nprint([1])\n```")}, [], id="code"),
        pytest.param(
            {"input": {"kind": "messages", "messages": [a_message("system", "Be brief.")]}}, ["no_user_message"]
        ),
        pytest.param({"input": {"kind": "text", "text": "Where is it?"}}, [], id="text-input"),
        pytest.param({"missing": ["user_message"]}, ["no_user_message"], id="nobody-asked"),
        pytest.param({"steps": [{"kind": "tool", "status": "error"}]}, ["tool_error"], id="tool-error"),
    ],
)
def test_flags(columns: dict[str, Any], flags: list[str]) -> None:
    assert flags_of(a_trace(**columns), PLAIN) == flags


def test_a_tool_call_is_no_empty_answer() -> None:
    call = {"role": "assistant", "parts": [{"type": "tool_call", "tool_name": "track", "tool_arguments": "{}"}]}

    assert flags_of(a_trace(output={"kind": "messages", "messages": [call]}), PLAIN) == []


def test_slow_and_expensive_are_beyond_the_99th_percentile_of_the_window() -> None:
    rows = [a_trace(latency_ms=float(ms), cost={"total": ms / 1000}) for ms in range(200)]
    normal = Normal()
    for row in rows:
        normal.add(row)

    limits = limits_of(normal, slow_ms=None)

    assert [flags_of(row, limits) for row in rows[-3:]] == [[], ["slow", "expensive"], ["slow", "expensive"]]


def test_a_few_traces_have_no_outliers() -> None:
    normal = Normal()
    for ms in (1.0, 2.0, 1000.0):
        normal.add(a_trace(latency_ms=ms))

    assert limits_of(normal, slow_ms=None).slow_ms is None


@pytest.mark.parametrize(
    ("scores", "ranges", "feedback"),
    [
        pytest.param([{"name": "thumbs", "num": 0.0}], {"thumbs": (0.0, 1.0)}, 0.0, id="thumb-down"),
        pytest.param([{"name": "thumbs", "num": -1.0}], {"thumbs": (-1.0, 1.0)}, 0.0, id="minus-one"),
        pytest.param([{"name": "stars", "num": 4.0}], {"stars": (2.0, 5.0)}, 0.75, id="stars"),
        pytest.param([{"name": "thumbs", "text": "thumbs_up"}], {}, 1.0, id="words"),
        pytest.param([{"name": "thumbs", "text": "well..."}], {}, None, id="unknown-words"),
        pytest.param([], {}, None, id="silence"),
    ],
)
def test_feedback_is_scaled(scores: list[dict[str, Any]], ranges: dict[str, Any], feedback: float | None) -> None:
    signed = [{**score, "annotator": "end_user"} for score in scores]

    assert feedback_of(a_trace(scores=signed), Limits(None, None, ranges)) == feedback


def test_a_judge_is_not_a_user() -> None:
    trace = a_trace(scores=[{"name": "quality", "num": 0.0, "annotator": "llm"}])

    assert flags_of(trace, PLAIN) == []
