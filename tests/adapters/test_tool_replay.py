"""Agents whose tools are played from their recording: the whole conversation, what was never recorded, and how far it strayed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from builders import a_case, a_context, an_answer

from llmci.adapters.scorers.tool_path import ToolPathScorer
from llmci.adapters.systems.litellm import LitellmSystem
from llmci.core.bench.chat import said
from llmci.core.bench.tool_tape import ToolTape, call_key
from llmci.domain.run import Scored, Unscored, Usage
from llmci.errors import UsageError
from llmci.seams import Failed, ModelReply, ModelRequest, Reply

if TYPE_CHECKING:
    from pathlib import Path

RECORDED = [
    {"name": "find", "arguments": {"city": "Lyon", "limit": 2}, "result": {"ids": [7]}},
    {"name": "book", "arguments": '{"id": 7}', "result": "booked"},
]


def call(name: str, arguments: str) -> dict[str, Any]:
    return {"id": f"c-{name}", "type": "function", "function": {"name": name, "arguments": arguments}}


FIND, BOOK, OTHER = call("find", '{"limit":2, "city":"Lyon"}'), call("book", '{"id":7}'), call("book", '{"id":8}')


class Scripted:
    """A model that makes these calls, one a turn, and then says that it is done."""

    def __init__(self, *calls: dict[str, Any], says: str = "done") -> None:
        self.asked: list[ModelRequest] = []
        self._calls, self._says = list(calls), says

    async def ask(self, request: ModelRequest) -> ModelReply | Failed:
        self.asked.append(request)
        calls = [self._calls.pop(0)] if self._calls else []
        return ModelReply(
            text="" if calls else self._says,
            tool_calls=calls,
            usage=Usage(input=10, output=2),
            cost=0.01,
            latency_ms=5.0,
            model="m",
        )


def a_system(root: Path, model: Scripted, tool: Scripted | None = None, **replay: Any) -> LitellmSystem:
    options = LitellmSystem.Options(model="openai/m", base_url="http://127.0.0.1:9/v1", tool_replay=replay)
    system = LitellmSystem(options, a_context(root, KEY="k"))
    system._model, system._simulator = model, tool
    return system


CASE = a_case(expectations={"tool_results": RECORDED})


async def test_recorded_results_answer_the_calls_until_the_agent_is_done(tmp_path: Path) -> None:
    model = Scripted(FIND, BOOK)

    reply = await a_system(tmp_path, model).answer(CASE, 0)

    assert isinstance(reply, Reply)
    assert (reply.text, reply.usage.input, reply.latency_ms) == ("done", 30, 15.0)
    assert reply.cost == pytest.approx(0.03)
    assert [message["content"] for message in model.asked[-1].messages if message["role"] == "tool"] == [
        '{"ids":[7]}',
        "booked",
    ]
    assert [part.type for message in reply.messages for part in message.parts] == [
        "tool_call",
        "tool_result",
        "tool_call",
        "tool_result",
        "text",
    ]
    assert reply.recorded_scores == {"tool_calls_matched": 1.0}


async def test_a_call_that_was_never_recorded_fails_the_case_or_ends_it(tmp_path: Path) -> None:
    failed = await a_system(tmp_path, Scripted(FIND, OTHER)).answer(CASE, 0)
    stopped = await a_system(tmp_path, Scripted(FIND, OTHER), on_miss="stop").answer(CASE, 0)

    assert failed == Failed("its call 2, book, was never recorded with these arguments", "system")
    assert isinstance(stopped, Reply)
    assert stopped.recorded_scores == {"tool_calls_matched": 0.5}


async def test_a_model_plays_what_was_never_recorded(tmp_path: Path) -> None:
    model, tool = Scripted(FIND, OTHER), Scripted(says="no such record")

    reply = await a_system(tmp_path, model, tool, on_miss="simulate", simulator="openai/tool").answer(CASE, 0)

    assert isinstance(reply, Reply)
    assert reply.text == "done"
    assert model.asked[-1].messages[-1]["content"] == "no such record"
    assert reply.cost == pytest.approx(0.04)
    with pytest.raises(UsageError, match="who plays the tools"):
        a_system(tmp_path, model, on_miss="simulate")


async def test_an_agent_that_never_ends_is_stopped(tmp_path: Path) -> None:
    reply = await a_system(tmp_path, Scripted(*[FIND] * 9), max_turns=3).answer(CASE, 0)

    assert reply == Failed("it still called tools after 3 replies", "system")


def test_the_digest_knows_what_the_tools_say(tmp_path: Path) -> None:
    system = a_system(tmp_path, Scripted())
    other = a_case(expectations={"tool_results": RECORDED[:1]})

    assert system.request_digest(CASE) != system.request_digest(other)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('{"a": 1, "b": 2}', {"b": 2, "a": 1}, True),
        ("", {}, True),
        ("{}", None, True),
        (" not json", "not json ", True),
        ('{"a": 1}', '{"a": "1"}', False),
    ],
)
def test_arguments_are_compared_as_json(one: object, other: object, same: bool) -> None:
    assert (call_key("t", one) == call_key("t", other)) is same


def test_a_repeated_call_gets_the_next_result_and_then_the_last_again() -> None:
    tape = ToolTape([{"name": "now", "result": "1"}, {"name": "now", "result": "2"}])

    assert [tape.play("now", None) for _ in range(3)] == ["1", "2", "2"]
    with pytest.raises(ValueError, match="needs `name`"):
        ToolTape([{"result": 1}])


def test_a_tool_that_the_recording_does_not_know_is_not_named() -> None:
    tape = ToolTape(RECORDED)
    assert tape.play("Ana Silva", None) is None

    assert tape.missed() == "its call 1 is of a tool that was not called when it was recorded"


@pytest.mark.parametrize(
    ("made", "value", "why"),
    [
        ([FIND, BOOK], 1.0, None),
        ([FIND], 0.5, "it stops after 1 of 2 recorded calls, before book"),
        ([], 0.0, "it stops after 0 of 2 recorded calls, before find"),
        ([FIND, OTHER], 0.5, "call 2, book, has other arguments: id"),
        ([BOOK, FIND], 0.0, "call 1 is book, and was find when it was recorded"),
        ([FIND, BOOK, OTHER, OTHER], 0.5, "after the 2 recorded calls it makes 2 more, first book"),
    ],
)
async def test_the_reason_says_where_an_agent_leaves_the_way(
    tmp_path: Path, made: list[dict[str, Any]], value: float, why: str | None
) -> None:
    scorer = ToolPathScorer(ToolPathScorer.Options(), a_context(tmp_path, "path"))

    score = await scorer.score(CASE, an_answer(messages=said("", made)))

    assert isinstance(score, Scored)
    assert (score.value, score.reason) == (value, why)


async def test_a_way_can_be_compared_by_names_alone(tmp_path: Path) -> None:
    scorer = ToolPathScorer(ToolPathScorer.Options(arguments=False), a_context(tmp_path, "path"))

    score = await scorer.score(CASE, an_answer(messages=said("", [FIND, OTHER])))

    assert isinstance(score, Scored)
    assert score.value == 1.0


async def test_a_case_without_a_recording_is_not_scored(tmp_path: Path) -> None:
    scorer = ToolPathScorer(ToolPathScorer.Options(), a_context(tmp_path, "path"))

    score = await scorer.score(a_case(expectations={"tool_results": ["find"]}), an_answer())

    assert isinstance(score, Unscored)
    assert score.fault == "case"
