"""Which step is named, and that nothing is named where nothing is to be seen."""

from __future__ import annotations

from typing import Any

import pytest

from llmci.core.attribution.moves import moves_of
from llmci.core.attribution.signs import hint_of

Message = dict[str, Any]


def said(text: str, who: str | None = None, role: str = "assistant") -> Message:
    return {"role": role, "name": who, "parts": [{"type": "text", "text": text}]}


def called(tool: str, arguments: str, call: str = "1") -> Message:
    part = {"type": "tool_call", "tool_name": tool, "tool_arguments": arguments, "tool_call_id": call}
    return {"role": "assistant", "parts": [part]}


def returned(result: str, call: str = "1", *, is_error: bool | None = None) -> Message:
    part = {"type": "tool_result", "tool_result": result, "tool_call_id": call, "is_error": is_error}
    return {"role": "tool", "parts": [part]}


def hinted(*messages: Message, asked: str = "Where is my order 4711?") -> tuple[int, str, str] | None:
    trace = {"input": {"messages": [said(asked, role="user")]}, "output": {"messages": list(messages)}}
    hint = hint_of(moves_of(trace))
    return None if hint is None else (hint.step, hint.name, hint.by)


GOOD = (called("find", '{"id": 4711}'), returned('{"city": "Lyon"}'))


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ((*GOOD, said("Order 4711 is in Lyon.")), None),
        (
            (called("find", '{"id": 1}'), returned("Error: no such order"), said("It is lost.")),
            (2, "tool find", "rule:error"),
        ),
        (
            (called("find", '{"id": 1}'), returned("down", is_error=True), said("It is lost.")),
            (2, "tool find", "rule:error"),
        ),
        ((called("find", '{"id": '), returned("ok")), (1, "assistant calls find", "rule:malformed call")),
        ((*GOOD, *GOOD, said("In Lyon.")), (4, "tool find", "rule:same call again")),
        (
            (
                called("wait", "{}"),
                returned("pending"),
                called("wait", "{}"),
                returned("pending"),
                called("wait", "{}"),
                returned("done"),
            ),
            None,
        ),
        ((called("find", "{}"), returned("How to fix a ValueError: a guide"), said("Use int().")), None),
        ((called("find", "{}"), returned("[]"), said("It is gone.")), (2, "tool find", "rule:nothing came back")),
        ((*GOOD, said("It arrives on the 27th at 12:45.")), (3, "assistant", "rule:number from nowhere")),
        ((*GOOD, said("I'm sorry, but I cannot help with that.")), (3, "assistant", "rule:refusal")),
        (
            (said("Look it up.", "lead"), said("It is in Rome.", "searcher"), said("Rome, then.", "lead")),
            (2, "searcher", "rule:first contribution"),
        ),
        (
            (*[said("Let me have another look at your order, one moment please, it will be quick.")] * 2,),
            (2, "assistant", "rule:loop"),
        ),
    ],
    ids=[
        "nothing",
        "error in words",
        "error by flag",
        "malformed",
        "again",
        "waits until it comes",
        "a page about errors",
        "empty",
        "number",
        "refusal",
        "team",
        "loop",
    ],
)
def test_the_step_with_the_strongest_sign_is_named(
    messages: tuple[Message, ...], expected: tuple[int, str, str] | None
) -> None:
    assert hinted(*messages) == expected


def test_an_error_that_the_same_tool_made_good_is_no_sign() -> None:
    failed = (called("find", '{"id": 1}'), returned("Error: timeout"))

    assert hinted(*failed, *GOOD, said("In Lyon.")) is None


def test_a_number_that_the_user_gave_is_not_from_nowhere() -> None:
    messages = (
        *GOOD,
        said("And by when?"),
        said("Before the 24th", role="user"),
        said("Order 4711 comes before the 24."),
    )

    assert hinted(*messages, asked="Where is 4711? By the 24 please") is None


def test_logged_steps_are_counted_where_there_are_any() -> None:
    steps = [
        {"kind": "agent", "seq": 0, "name": "root"},
        {"kind": "llm", "seq": 1, "name": "gpt", "output": {"text": "call it"}},
        {"kind": "tool", "seq": 2, "tool_name": "find", "input": {"json": "{}"}, "status": "error", "error": "boom"},
        {"kind": "llm", "seq": 3, "name": "gpt", "output": {"text": "done"}},
    ]

    hint = hint_of(moves_of({"steps": steps}))

    assert hint is not None
    assert (hint.step, hint.name) == (2, "tool find")


def test_a_reason_holds_no_text_of_the_trace() -> None:
    trace = {"output": {"messages": [called("find", "{}"), returned("Error: Jane Roe, 12 High Street"), said("no")]}}

    hint = hint_of(moves_of(trace))

    assert hint is not None
    assert "Jane" not in hint.why


@pytest.mark.parametrize("trace", [{}, {"output": None, "input": None, "steps": None}, {"output": {"text": "plain"}}])
def test_a_trace_without_steps_has_no_hint(trace: dict[str, Any]) -> None:
    assert hint_of(moves_of(trace)) is None
