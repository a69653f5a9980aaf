"""Recorded answers: from clean traces of a variant, and from a file of one's own."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from builders import NOON, a_case, a_message, a_trace
from shelves import a_clean_shelf

from llmci.adapters.systems.recorded import RecordedSystem
from llmci.core.evalsets.digests import case_id_of
from llmci.errors import PrivacyStop, UsageError
from llmci.seams import Context, Failed, Reply

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.adapters.stores.shelf import DirectoryShelf


def a_system(root: Path, shelf: DirectoryShelf | None = None, **options: Any) -> RecordedSystem:
    def opened(name: str) -> Any:
        assert name == "clean"
        return shelf

    context = Context(name="then", root=root, state=root, environ={}, shelf=opened)
    return RecordedSystem(RecordedSystem.Options(**options), context)


async def asked(system: RecordedSystem, case: Any, repeat: int = 0) -> Reply | Failed:
    await system.start()
    return await system.answer(case, repeat)


async def test_a_trace_answers_the_case_with_its_key_whatever_was_asked(tmp_path: Path) -> None:
    trace = a_trace(
        "t1",
        "In other words?",
        "Yes.",
        variant="stock",
        metadata=json.dumps({"task": "k1"}),
        scores=[{"name": "reward", "num": 0.5}, {"name": "note", "text": "good"}],
        usage={"input": 3, "output": 4, "cache_read": 1},
        cost={"total": 0.25},
        latency_ms=12.0,
        documents=[{"id": "d", "content": "text", "rank": 1}],
    )
    shelf = a_clean_shelf(tmp_path, [trace, a_trace("t2", variant="other", metadata=json.dumps({"task": "k1"}))])

    reply = await asked(a_system(tmp_path, shelf, variant="stock", key="metadata.task"), a_case(key="k1"))

    assert isinstance(reply, Reply)
    assert (reply.text, reply.cost, reply.latency_ms, reply.usage.cached) == ("Yes.", 0.25, 12.0, 1)
    assert reply.recorded_scores == {"reward": 0.5}
    assert [document.id for document in reply.documents or ()] == ["d"]
    assert reply.clean
    assert reply.recorded


async def test_without_a_key_a_trace_answers_the_case_with_its_input(tmp_path: Path) -> None:
    case = a_case(question="Where?")
    case = a_case(case_id_of(case.messages, (), None), "Where?")
    shelf = a_clean_shelf(tmp_path, [a_trace("t1", "Where?", "Here.", variant="v")])

    found, missing = [
        await asked(a_system(tmp_path, shelf, variant="v"), each) for each in (case, a_case("c9", "Why?"))
    ]

    assert isinstance(found, Reply)
    assert missing == Failed("there is no recorded answer to this case", "infrastructure", charged=False)


async def test_tries_are_the_recorded_answers_in_their_order(tmp_path: Path) -> None:
    rows = [
        a_trace(f"t{n}", answer=f"answer {n}", variant="v", start=NOON - timedelta(hours=n), metadata='{"task": "k"}')
        for n in range(2)
    ]
    system = a_system(tmp_path, a_clean_shelf(tmp_path, rows), variant="v", key="metadata.task")

    replies = [await asked(system, a_case(key="k"), repeat) for repeat in range(3)]

    assert [reply.text for reply in replies if isinstance(reply, Reply)] == ["answer 1", "answer 0"]
    assert replies[2] == Failed("there are only 2 recorded answers to this case", "infrastructure", charged=False)


async def test_calls_come_with_the_answer_and_a_failed_trace_is_the_systems_fault(tmp_path: Path) -> None:
    call = {"type": "tool_call", "tool_name": "look", "tool_arguments": "{}"}
    said = {"kind": "messages", "messages": [{"role": "assistant", "parts": [call]}, a_message("assistant", "Done.")]}
    rows = [
        a_trace("t1", variant="v", output=said, tags=["task:k1"]),
        a_trace("t2", variant="v", output={"kind": "none"}, status="error", error_type="Timeout", tags=["task:k2"]),
    ]
    system = a_system(tmp_path, a_clean_shelf(tmp_path, rows), variant="v", key="tag:task")

    reply, failed = [await asked(system, a_case(key=key)) for key in ("k1", "k2")]

    assert isinstance(reply, Reply)
    assert reply.text == "Done."
    assert [part.tool_name for message in reply.messages for part in message.parts] == ["look", None]
    assert failed == Failed("recorded as failed: Timeout", "system", charged=False)


async def test_traces_that_nobody_vouches_for_are_not_read(tmp_path: Path) -> None:
    shelf = a_clean_shelf(tmp_path, [a_trace(variant="v")])
    shelf.write_manifest({**(shelf.manifest() or {}), "rows": 7})

    with pytest.raises(PrivacyStop):
        await a_system(tmp_path, shelf, variant="v").start()


async def test_a_variant_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'absent'"):
        await a_system(tmp_path, a_clean_shelf(tmp_path, [a_trace(variant="v")]), variant="absent").start()


async def test_a_file_answers_by_key_or_case(tmp_path: Path) -> None:
    rows = [
        {"key": "k", "answer": "one", "scores": {"reward": 1}, "cost": 0.5, "documents": ["d"]},
        {"case_id": "c2", "answer": "two"},
        {"key": 3, "error": "it crashed"},
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    system = a_system(tmp_path, path="a.jsonl")

    one, two, three = [await asked(system, case) for case in (a_case(key="k"), a_case("c2"), a_case(key="3"))]

    assert isinstance(one, Reply)
    assert (one.text, one.recorded_scores, one.cost, one.recorded, one.clean) == (
        "one",
        {"reward": 1.0},
        0.5,
        True,
        False,
    )
    assert isinstance(two, Reply)
    assert three == Failed("recorded as failed: it crashed", "system", charged=False)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"key": "k", "ans', "a.jsonl:2: not JSON"),
        ("[1]", "a.jsonl:2: neither `key` nor `case_id`"),
        ('{"key": "k"}', "`answer` is missing"),
        ('{"key": "k", "answer": "x", "scores": {"a": "b"}}', "`scores` does not map"),
        ('{"key": "k", "answer": 7}', "`answer` is not a text"),
    ],
)
async def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "a.jsonl").write_text(f'{{"key": "j", "answer": "fine"}}\n{line}\n')

    with pytest.raises(UsageError, match=message):
        await a_system(tmp_path, path="a.jsonl").start()


async def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        await a_system(tmp_path, path="absent.jsonl").start()


@pytest.mark.parametrize("options", [{}, {"variant": "v", "path": "p"}])
def test_one_of_variant_and_path_is_given(options: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="either variant or path"):
        RecordedSystem.Options(**options)


def test_other_answers_are_another_system(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("one")
    before = a_system(tmp_path, path="a.jsonl").spec()
    (tmp_path / "a.jsonl").write_text("two")

    assert before.digest != a_system(tmp_path, path="a.jsonl").spec().digest
    assert not before.cacheable
