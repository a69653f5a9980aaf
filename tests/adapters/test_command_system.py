"""Programs that speak JSON lines, as real processes."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from builders import a_case, a_context

from llmci.adapters.systems.command import CommandSystem
from llmci.errors import UsageError
from llmci.seams import Failed, Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PROGRAM = """
import json, os, sys, time
for line in sys.stdin:
    request = json.loads(line)
    match request["question"]:
        case "die": os._exit(2)
        case "hang": time.sleep(60)
        case "garbage": print("not json")
        case "null": print("null")
        case "object": print(json.dumps({"answer": request["config"]["k"], "cost": 0.5}))
        case "big": print(json.dumps("x" * 10_000_000))
        case question: print(json.dumps(f"{question} {os.getpid()}"))
    sys.stdout.flush()
"""


def a_system(root: Path, *command: str, **options: Any) -> CommandSystem:
    return CommandSystem(CommandSystem.Options(command=command, **options), a_context(root, **os.environ))


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[CommandSystem]:
    (tmp_path / "program.py").write_text(PROGRAM)
    made = a_system(tmp_path, sys.executable, "program.py", config={"k": "v"})
    await made.start()
    yield made
    await made.aclose()


async def text(system: CommandSystem, question: str) -> str:
    reply = await system.answer(a_case(question=question), 0)
    assert isinstance(reply, Reply), reply
    return reply.text


async def test_one_process_answers_all_cases(system: CommandSystem) -> None:
    assert (await text(system, "a")).split()[1] == (await text(system, "b")).split()[1]
    assert await text(system, "object") == "v"
    assert len(await text(system, "big")) == 10_000_000


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("die", "its process ended with code 2"),
        ("garbage", "it wrote a line that is not JSON"),
        ("null", "it returned nothing"),
    ],
)
async def test_what_goes_wrong_costs_one_case(system: CommandSystem, question: str, why: str) -> None:
    failed = await system.answer(a_case(question=question), 0)

    assert failed == Failed(why, "system")
    assert (await text(system, "after")).startswith("after")


async def test_a_hanging_program_is_ended_and_started_again(system: CommandSystem) -> None:
    pid = int((await text(system, "a")).split()[1])

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(system.answer(a_case(question="hang"), 0), 0.2)

    assert not psutil.pid_exists(pid)
    assert (await text(system, "b")).startswith("b")


async def test_a_program_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be started"):
        await a_system(tmp_path, "./absent").start()


def test_files_among_its_arguments_are_part_of_its_digest(tmp_path: Path) -> None:
    digests = set()
    for content in ("one", "two"):
        (tmp_path / "run.sh").write_text(content)
        digests.add(a_system(tmp_path, "sh", "run.sh").spec().digest)

    assert len(digests) == 2
    assert a_system(tmp_path, "sh", "run.sh").spec().digest in digests


def test_a_command_may_be_one_line() -> None:
    assert CommandSystem.Options(command="sh -c 'a b'").command == ("sh", "-c", "a b")
