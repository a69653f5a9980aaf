"""What stands out in a trace is flagged, and what does not is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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
        pytest.param({"output": {"kind": "json", "json": "null"}}, ["empty_answer"], id="null"),
        pytest.param({"output": {"kind": "json", "json": "[]"}}, [], id="an-empty-list-may-be-right"),
        pytest.param({"output": said("  \n")}, ["empty_answer"], id="blank-answer"),
        pytest.param({"output": said("I'm sorry, but I cannot help with that.")}, ["refusal"], id="refusal"),
        pytest.param({"output": said("I can't assist with this request.")}, ["refusal"], id="short-refusal"),
        pytest.param({"output": said("Sorry for the delay, it is in Lyon.")}, [], id="polite"),
        pytest.param({"output": said("You cannot return it.")}, [], id="a-no-is-no-refusal"),
        pytest.param({"output": said("It is in", finish_reason="length")}, ["truncated"], id="truncated"),
        pytest.param({"output": said("I will look it up now. " * 6)}, ["loop"], id="loop"),
        pytest.param({"output": said("Let me see. I will check. " + "no, " * 60 + "n")}, ["loop"], id="loop-of-a-word"),
        pytest.param({"output": said("| a | b |\n" + "|---" * 90)}, [], id="rule-of-a-table"),
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


def called(tool: str, arguments: str, number: int) -> dict[str, Any]:
    part = {"type": "tool_call", "tool_name": tool, "tool_arguments": arguments, "tool_call_id": str(number)}
    return {"role": "assistant", "parts": [part]}


def gave(result: str, number: int) -> dict[str, Any]:
    return {"role": "tool", "parts": [{"type": "tool_result", "tool_result": result, "tool_call_id": str(number)}]}


def calls(results: list[str], answer: str = "It is in Lyon.") -> list[list[dict[str, Any]]]:
    told = [[called("track", '{"id": 7}', n), gave(result, n)] for n, result in enumerate(results)]
    return [*told, [a_message("assistant", answer)]]


@pytest.mark.parametrize(
    ("turns", "flags"),
    [
        pytest.param(calls(["in Lyon"]), [], id="found"),
        pytest.param(calls(["in Lyon"], ""), ["empty_answer"], id="says-nothing-in-the-end"),
        pytest.param(calls(["?"], "I'm sorry, I can't help with that."), ["refusal"], id="declines-in-the-end"),
        pytest.param(calls(["Error: no such parcel"]), ["tool_error"], id="error-in-words"),
        pytest.param(calls(['{"error": "no such parcel"}']), ["tool_error"], id="error-in-json"),
        pytest.param(calls(['{"error": null, "city": "Lyon"}']), [], id="no-error-in-json"),
        pytest.param(calls(["How to fix ValueError: a guide for everybody"]), [], id="a-page-about-errors"),
        pytest.param(calls(["Error: one line of a log\n" * 40]), [], id="a-log"),
        pytest.param(calls(["nothing"] * 5), ["loop"], id="the-same-call-again-and-again"),
        pytest.param(calls(["pending"] * 5 + ["in Lyon"]), [], id="waits-for-something-that-comes"),
    ],
)
def test_flags_of_agents(turns: list[list[dict[str, Any]]], flags: list[str]) -> None:
    output = {"kind": "messages", "messages": [message for turn in turns for message in turn]}

    assert flags_of(a_trace(output=output), PLAIN) == flags


@pytest.mark.parametrize("reason", ["content_filter", "SAFETY", "refusal", "guardrail_intervened"])
def test_an_answer_that_a_filter_ended_is_a_refusal(reason: str) -> None:
    assert flags_of(a_trace(output=said("It is", finish_reason=reason)), PLAIN) == ["refusal"]


def test_a_tool_call_is_no_empty_answer() -> None:
    call = {"role": "assistant", "parts": [{"type": "tool_call", "tool_name": "track", "tool_arguments": "{}"}]}

    assert flags_of(a_trace(output={"kind": "messages", "messages": [call]}), PLAIN) == []


def slow_ones(latencies: list[float]) -> list[float]:
    rows = [a_trace(latency_ms=ms, cost={"total": ms / 1000}) for ms in latencies]
    flags = window_flags(rows)
    assert all(each in ([], ["slow", "expensive"]) for each in flags)
    return [ms for ms, each in zip(latencies, flags, strict=True) if each]


@pytest.mark.parametrize("count", [19, 199])
def test_slow_and_expensive_is_what_stands_far_out(count: int) -> None:
    usual = [100.0 + n % 10 for n in range(count)]

    assert slow_ones([*usual, 5000.0]) == [5000.0]


@pytest.mark.parametrize(
    "latencies",
    [
        pytest.param([float(ms) for ms in range(1, 201)], id="evenly-spread"),
        pytest.param([100.0] * 99 + [101.0], id="all-but-alike"),
        pytest.param([100.0] * 5 + [5000.0], id="too-few-to-say"),
        pytest.param([0.0] * 40, id="not-measured"),
    ],
)
def test_what_scatters_as_it_may_is_no_outlier(latencies: list[float]) -> None:
    assert slow_ones(latencies) == []


def test_of_many_outliers_one_in_a_hundred_is_flagged() -> None:
    assert len(slow_ones([100.0] * 900 + [5000.0 + n for n in range(100)])) == 10


@pytest.mark.parametrize(
    ("scores", "ranges", "feedback"),
    [
        pytest.param([{"name": "thumbs", "num": 0.0}], {"thumbs": (0.0, 1.0)}, 0.0, id="thumb-down"),
        pytest.param([{"name": "thumbs", "num": -1.0}], {"thumbs": (-1.0, 1.0)}, 0.0, id="minus-one"),
        pytest.param([{"name": "stars", "num": 4.0}], {"stars": (2.0, 5.0)}, 0.75, id="stars"),
        pytest.param([{"name": "thumbs", "text": "thumbs_up"}], {}, 1.0, id="words"),
        pytest.param([{"name": "stars", "num": 1.0}], {"stars": (1.0, 1.0)}, 0.0, id="one-star-and-no-others"),
        pytest.param([{"name": "thumbs", "text": "Thumbs down"}], {}, 0.0, id="words-down"),
        pytest.param([{"name": "thumbs", "text": "👎🏽"}], {}, 0.0, id="a-dark-thumb"),
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


NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def window_flags(rows: list[dict[str, Any]]) -> list[list[str]]:
    normal = Normal()
    for row in rows:
        normal.add(row)
    limits = limits_of(normal, slow_ms=None)
    return [flags_of(row, limits) for row in rows]


def a_turn(number: int, text: str, *, session: str | None = "s", after_s: float, **columns: Any) -> dict[str, Any]:
    start = NOON + timedelta(seconds=after_s)
    return {**a_trace(f"t{number}", text, start=start, latency_ms=500.0, session_id=session), **columns}


def flags_by_shards(rows: list[dict[str, Any]], shards: int) -> list[list[str]]:
    """As they are found where each shard is looked at by itself and what was gathered is put together."""
    normal = Normal()
    for shard in range(shards):
        part = Normal()
        for row in rows[shard::shards]:
            part.add(row)
        normal.merge(part)
    limits = limits_of(normal, slow_ms=None)
    return [flags_of(row, limits) for row in rows]


@pytest.mark.parametrize("shards", [1, 2, 7])
def test_what_a_window_shows_does_not_depend_on_how_it_is_sharded(shards: int) -> None:
    same = "Thank you for your message, we will get back to you."
    rows = [
        a_turn(
            n,
            f"question of parcel {n // 2}",
            session=f"s{n // 2}",
            after_s=60 * n,
            output=said(same if n < 30 else f"Here is what I know of item {n}."),
            cost={"total": n / 1000},
        )
        for n in range(120)
    ]
    flags = window_flags(rows)

    assert sum("asked_again" in each for each in flags) == 60
    assert sum("constant_answer" in each for each in flags) == 30
    assert flags_by_shards(rows, shards) == flags


def test_the_first_of_two_like_questions_is_flagged() -> None:
    rows = [
        a_turn(1, "Where is my parcel to Lyon?", after_s=0),
        a_turn(2, "I said: where is the parcel to Lyon??", after_s=40),
        a_turn(3, "How do I pay an invoice?", after_s=80),
    ]

    assert window_flags(rows) == [["asked_again"], [], []]
    assert window_flags(rows[::-1])[::-1] == [["asked_again"], [], []]


@pytest.mark.parametrize(
    "second",
    [
        pytest.param({"after_s": 1.0}, id="a-program-asks-at-once"),
        pytest.param({"after_s": 3600}, id="an-hour-later"),
        pytest.param({"after_s": 40, "session": "other"}, id="another-conversation"),
        pytest.param({"after_s": 40, "session": None}, id="no-conversation"),
    ],
)
def test_what_is_no_second_try_is_not_flagged(second: dict[str, Any]) -> None:
    asked = "Where is my parcel to Lyon?"

    assert window_flags([a_turn(1, asked, after_s=0), a_turn(2, asked, **second)]) == [[], []]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("how do I cancel my subscription", "I want to cancel my subscription!!", id="other-words"),
        pytest.param("reset pasword please", "reset the password please", id="mistyped"),
        pytest.param("The code does not compile, fix it", "the code still does not compile, fix it", id="still"),
        pytest.param("我的包裹在哪里", "我的包裹到底在哪里", id="without-spaces"),
        pytest.param("мой заказ где", "где мой заказ", id="other-order"),
    ],
)
def test_a_question_in_other_words_is_asked_again(first: str, second: str) -> None:
    assert window_flags([a_turn(1, first, after_s=0), a_turn(2, second, after_s=40)]) == [["asked_again"], []]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("What's the weather in Paris?", "What's the weather in London?", id="other-place"),
        pytest.param("Show me order 12345", "Show me order 67890", id="other-number"),
        pytest.param("Tell me more about the first one", "Tell me more about the second one", id="next-one"),
        pytest.param("turn on the kitchen light", "turn off the kitchen light", id="on-and-off"),
        pytest.param("我想取消订单", "我想查询订单", id="without-spaces"),
    ],
)
def test_the_same_asked_of_something_else_is_another_question(first: str, second: str) -> None:
    assert window_flags([a_turn(1, first, after_s=0), a_turn(2, second, after_s=40)]) == [[], []]


def test_further_calls_of_an_agent_on_one_turn_are_no_second_try() -> None:
    messages = [a_message("user", "Where is my parcel to Lyon?"), a_message("tool", "found")]
    again = a_turn(2, "", after_s=40, input={"kind": "messages", "messages": messages})

    assert window_flags([a_turn(1, "Where is my parcel to Lyon?", after_s=0), again]) == [[], []]


def test_an_answer_to_everything_is_flagged() -> None:
    same = "Thank you for your message, we will get back to you."
    rows = [
        a_trace(f"t{n}", f"question {n}", output=said(same if n < 15 else f"Here is what I know of item {n}."))
        for n in range(60)
    ]

    flags = window_flags(rows)

    assert flags == [["constant_answer"]] * 15 + [[]] * 45


GREETINGS = """hi|Hello!|hey there|good morning|Hallo|guten Tag|hola|bonjour|你好|こんにちは|hello bot|thanks|thank you so much for your help!|
ok great, thanks|merci beaucoup|спасибо большое""".replace("\n", "").split("|")


def test_a_greeting_may_always_have_the_same_answer() -> None:
    same = "Hello! How can I assist you today? Just ask."
    rows = [a_trace(f"g{n}", text, output=said(same)) for n, text in enumerate(GREETINGS)]
    rows += [
        a_trace(f"t{n}", f"question {n}", output=said(f"Here is what I know of item number {n}.")) for n in range(60)
    ]

    assert not any("constant_answer" in flags for flags in window_flags(rows))


def test_a_system_that_chooses_from_a_list_is_not_flagged() -> None:
    menu = [f"This request belongs to department number {n}." for n in range(4)]
    rows = [a_trace(f"t{n}", f"question {n}", output=said(menu[n % 4])) for n in range(80)]

    assert window_flags(rows) == [[]] * 80


def test_one_question_asked_often_may_have_one_answer() -> None:
    rows = [
        a_trace(
            f"t{n}",
            "When do you open?" if n < 20 else f"question {n}",
            output=said("We open at nine in the morning on weekdays." if n < 20 else f"This is about item {n} only."),
        )
        for n in range(60)
    ]

    assert window_flags(rows) == [[]] * 60


@pytest.mark.parametrize(
    ("asked", "answered", "flags"),
    [
        (
            "Where is my parcel and when does it come to the house?",
            "您的包裹明天到达 请您耐心等待",
            ["language_switch"],
        ),
        (
            "Where is my parcel and when does it come to the house?",
            "Ihr Paket ist nicht da, und ich kann es mit der Nummer auch nicht finden.",
            ["language_switch"],
        ),
        ("Where is my parcel and when does it come?", "It is in the van and will be with you on Monday.", []),
        ("Lyon?", "Das Paket ist in der Stadt und kommt mit der Post.", []),
        ("Where is the parcel and what is in it?", '{"die": "und der", "das": "ist nicht mit"}', []),
    ],
)
def test_a_switch_of_language_is_flagged_where_both_are_sure(asked: str, answered: str, flags: list[str]) -> None:
    assert window_flags([a_trace("t1", asked, output=said(answered))]) == [flags]
