"""Callables of the user's own, in real processes: nothing they do takes the run down."""

from __future__ import annotations

import asyncio
import os
import textwrap
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from builders import a_case, a_context

from llmci.adapters.systems.python import PythonSystem
from llmci.domain.case import Document
from llmci.domain.text import declared_clean
from llmci.errors import UsageError
from llmci.seams import Failed, Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

APP = """
import asyncio, os, sys, time

print("a greeting that is no reply")

def answer(question, config):
    print("chatter", question)
    match question:
        case "raise": raise ValueError("user text: Ana")
        case "exit": sys.exit(0)
        case "die": os._exit(3)
        case "hang": time.sleep(60)
        case "nothing": return None
        case "set": return {1, 2}
        case "number": return 42
        case "no answer": return {"documents": []}
        case "big": return "x" * 10_000_000
        case "huge": return "x" * 40_000_000
        case "full": return {
            "answer": "yes", "documents": ["d1", {"id": "d2", "text": "two", "score": 0.5}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 1}, "cost": 0.25,
            "tool_calls": [{"name": "look", "arguments": {"at": 1}}], "more": "is left alone"}
        case "nan": return {"answer": "x", "cost": float("nan")}
        case "secret": return str(os.environ.get("LLMCI_PRIVACY_KEY"))
        case "memory": return str(len(bytearray(4_000_000_000)))
        case _: return f"{question} {config.get('k')} {os.getpid()}"

async def later(question):
    match question:
        case "die":
            await asyncio.sleep(0.1)
            os._exit(3)
        case "hang": await asyncio.sleep(60)
        case "block": time.sleep(60)
    await asyncio.sleep(0.2)
    return question

def whole(anything): return anything["case_id"]

def keywords(**request): return ",".join(sorted(request))

def passages(documents): return documents[0]["text"]

def strange(colour): return 1

def two(question, colour): return 1
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(textwrap.dedent(APP))
    return tmp_path


def a_system(root: Path, name: str = "app.py:answer", **options: Any) -> PythonSystem:
    context = a_context(root, **os.environ, LLMCI_PRIVACY_KEY="hidden")
    return PythonSystem(PythonSystem.Options(callable=name, **options), context)


@pytest.fixture
async def system(root: Path) -> AsyncIterator[PythonSystem]:
    made = a_system(root, config={"k": 3}, processes=1)
    await made.start()
    yield made
    await made.aclose()


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("raise", "it raised ValueError at app.py:9"),
        ("exit", "it raised SystemExit at app.py:10"),
        ("die", "its process ended with code 3"),
        ("nothing", "it returned nothing"),
        ("set", "it returned a set, which is not JSON"),
        ("number", "it returned a int, neither a text nor an object"),
        ("no answer", "it returned an object of the wrong shape: `answer` is missing"),
        ("nan", "it returned an object of the wrong shape: `cost` is not an amount of money"),
        ("huge", "it returned more than 32000000 characters"),
    ],
)
async def test_what_it_does_wrong_is_its_own_fault_and_the_next_case_is_answered(
    system: PythonSystem, question: str, why: str
) -> None:
    failed = await system.answer(a_case(question=question), 0)
    after = await system.answer(a_case(question="fine"), 0)

    assert failed == Failed(why, "system")
    assert isinstance(after, Reply)
    assert after.text.startswith("fine 3")


async def test_an_answer_of_ten_megabytes_comes_through(system: PythonSystem) -> None:
    reply = await system.answer(a_case(question="big"), 0)

    assert isinstance(reply, Reply)
    assert len(reply.text) == 10_000_000


async def test_a_hanging_call_is_ended_with_its_process(system: PythonSystem) -> None:
    before = await system.answer(a_case(question="a"), 0)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(system.answer(a_case(question="hang"), 0), 0.3)

    assert isinstance(before, Reply)
    assert not psutil.pid_exists(int(before.text.split()[-1]))
    assert isinstance(await system.answer(a_case(question="b"), 0), Reply)


async def test_everything_a_callable_may_say_is_understood(system: PythonSystem) -> None:
    reply = await system.answer(a_case(question="full"), 0)

    assert isinstance(reply, Reply)
    assert (reply.text, reply.cost, reply.usage.input, reply.usage.output) == ("yes", 0.25, 3, 1)
    assert [(d.id, d.content, d.rank) for d in reply.documents or ()] == [("d1", None, 1), ("d2", "two", 2)]
    assert [(p.type, p.tool_name, p.tool_arguments) for p in reply.messages[0].parts] == [
        ("text", None, None),
        ("tool_call", "look", '{"at":1}'),
    ]


async def test_llmcis_own_secrets_are_kept_from_it(system: PythonSystem) -> None:
    reply = await system.answer(a_case(question="secret"), 0)

    assert isinstance(reply, Reply)
    assert reply.text == "None"


async def test_more_memory_than_allowed_is_its_own_fault(root: Path) -> None:
    system = a_system(root, memory_mb=1000)
    await system.start()

    failed = await system.answer(a_case(question="memory"), 0)
    await system.aclose()

    assert failed == Failed("it raised MemoryError at app.py:25", "system")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("app.py:whole", "c1"),
        ("app.py:keywords", "case_id,config,documents,key,messages,question,repeat,tools"),
        ("app:whole", "c1"),
    ],
)
async def test_parameters_are_filled_by_name(root: Path, name: str, text: str) -> None:
    system = a_system(root, name)
    await system.start()

    reply = await system.answer(a_case(), 0)
    await system.aclose()

    assert isinstance(reply, Reply)
    assert reply.text == text


async def test_recorded_documents_are_given_as_they_may_be_returned(root: Path) -> None:
    system = a_system(root, "app.py:passages")
    await system.start()

    reply = await system.answer(a_case(documents=(Document(id="d1", content=declared_clean("In Lyon.")),)), 0)
    await system.aclose()

    assert isinstance(reply, Reply)
    assert reply.text == "In Lyon."


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("app.py:absent", "AttributeError"),
        ("absent:answer", "ModuleNotFoundError: No module named 'absent'"),
        ("app.py:two", "the parameter 'colour' is none of"),
        ("app.py:APP", "AttributeError"),
    ],
)
async def test_what_cannot_be_loaded_stops_before_anything_is_asked(root: Path, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        await a_system(root, name).start()


async def test_an_async_callable_answers_many_at_a_time(root: Path) -> None:
    system = a_system(root, "app.py:later")
    await system.start()
    started = asyncio.get_running_loop().time()

    replies = await asyncio.gather(*(system.answer(a_case(question=str(n)), 0) for n in range(20)))
    took = asyncio.get_running_loop().time() - started
    await system.aclose()

    assert [reply.text for reply in replies if isinstance(reply, Reply)] == [str(n) for n in range(20)]
    assert took < 2


async def test_only_the_call_that_ends_the_process_is_blamed(root: Path) -> None:
    system = a_system(root, "app.py:later")
    await system.start()

    good, bad, other = await asyncio.gather(
        *(system.answer(a_case(question=question), 0) for question in ("good", "die", "other"))
    )
    await system.aclose()

    assert isinstance(good, Reply)
    assert isinstance(other, Reply)
    assert bad == Failed("its process ended with code 3", "system")


async def test_a_cancelled_call_of_many_leaves_the_others_alone(root: Path) -> None:
    system = a_system(root, "app.py:later")
    await system.start()

    async def impatient() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(system.answer(a_case(question="hang"), 0), 0.05)

    _, reply = await asyncio.gather(impatient(), system.answer(a_case(question="good"), 0))
    await system.aclose()

    assert isinstance(reply, Reply)


async def test_processes_are_gone_when_it_is_closed(root: Path) -> None:
    system, before = a_system(root), psutil.Process().children()
    await system.start()
    [child] = [process for process in psutil.Process().children() if process not in before]

    await system.aclose()

    assert not child.is_running()


def test_its_digest_changes_with_its_code_its_configuration_and_watched_files(root: Path) -> None:
    (root / "prompt.txt").write_text("one")
    digests = {a_system(root).spec().digest, a_system(root, config={"k": 4}).spec().digest}
    digests.add(a_system(root, watch=("*.txt",)).spec().digest)
    (root / "prompt.txt").write_text("two")
    digests.add(a_system(root, watch=("*.txt",)).spec().digest)
    (root / "beside.py").write_text("x = 1")
    digests.add(a_system(root).spec().digest)

    assert len(digests) == 5
