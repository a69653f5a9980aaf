"""The vendor's own SDK reads the server that stands for LangSmith in the other tests, and sees what was put there.

LLMCI_REAL=~/.cache/llmci-real python -m pytest tests/real/test_langsmith_sdk.py
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import pytest
from builders import NOON
from real_environments import python_with, run
from scripted_server import serving
from vendor_servers import KEY, LangsmithServer, feedback, langsmith_run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

HOUR_AGO = NOON - timedelta(hours=1)
READ = """
import asyncio, sys, json, warnings
from datetime import datetime
warnings.simplefilter("ignore")
from langsmith import Client
url, key, since, until, era, first = sys.argv[1:]
since, until = datetime.fromisoformat(since), datetime.fromisoformat(until)
client = Client(api_url=url, api_key=key, auto_batch_tracing=False)
project = client.read_project(project_name="shop")

def every(**told):
    async def read():
        client = Client(api_url=url, api_key=key, auto_batch_tracing=False)
        return [run async for run in client.runs.query_v2(**told)]
    return asyncio.run(read())

if era == "new":
    selects = ["ID", "TRACE_ID", "NAME", "RUN_TYPE", "STATUS", "START_TIME", "END_TIME", "INPUTS", "OUTPUTS", "PARENT_RUN_IDS", "PROMPT_TOKENS", "PROMPT_TOKEN_DETAILS", "METADATA"]
    told = {"project_ids": [str(project.id)], "min_start_time": since, "max_start_time": until, "page_size": 100}
    runs = [[r.trace_id, r.id, r.run_type, r.status, r.inputs, r.outputs, (r.prompt_token_details.raw if r.prompt_token_details else None)] for r in every(selects=selects, **told)]
    bare = [[r.id, r.inputs] for r in every(**told)]
    silent = [r.id for r in every(project_ids=[str(project.id)], page_size=100)]
else:
    select = ["id", "trace_id", "name", "run_type", "status", "start_time", "end_time", "inputs", "outputs", "parent_run_id", "extra", "prompt_tokens"]
    runs = [[str(r.trace_id), str(r.id), r.run_type, r.status, r.inputs, r.outputs, None] for r in client.list_runs(project_id=project.id, start_time=since, select=select)]
    bare, silent = [], []
given = [[str(f.id), f.key, f.score, f.value, f.comment, f.correction, f.feedback_source.type] for f in client.list_feedback(run_ids=[first])]
print(json.dumps({"runs": runs, "bare": bare, "silent": silent, "feedback": given}, default=str))
"""


def uuid(number: int) -> str:
    return str(UUID(int=number))


def some() -> LangsmithServer:
    runs = [
        langsmith_run(uuid(n), uuid(n), HOUR_AGO + timedelta(milliseconds=n), prompt_tokens=5, prompt_token_details={"raw": {"cache_read": 2}})
        for n in range(1, 251)
    ]  # fmt: skip
    said = [
        feedback("thumbs", uuid(1), uuid(1), HOUR_AGO, score=0.0, comment="wrong", feedback_source={"type": "app"}),
        feedback("tone", uuid(1), uuid(1), HOUR_AGO, value="calm", feedback_source={"type": "model"}),
        feedback("fix", uuid(1), uuid(1), HOUR_AGO, correction={"output": "In Paris."}),
    ]
    for number, one in enumerate(said):
        one["id"] = uuid(1000 + number)
    return LangsmithServer(runs=runs, feedback=said)


def read(python: Path, server: LangsmithServer, era: str) -> dict[str, Any]:
    with serving(server.answer) as serving_at:
        window = [(NOON - timedelta(days=1)).isoformat(), NOON.isoformat()]
        found: dict[str, Any] = orjson.loads(run(python, READ, serving_at.url, KEY, *window, era, uuid(1)))
    return found


@pytest.fixture(scope="module")
def python() -> Path:
    return python_with("langsmith", "langsmith>=0.15,<0.16")


def test_the_sdk_reads_the_newer_interface(python: Path) -> None:
    server = some()
    found = read(python, server, "new")
    assert sorted(row[1] for row in found["runs"]) == [run["id"] for run in server.runs]
    assert {tuple(row[2:4]) for row in found["runs"]} == {("LLM", "SUCCESS")}
    assert found["runs"][0][4:] == [server.runs[0]["inputs"], server.runs[0]["outputs"], {"cache_read": 2}]
    assert len(found["bare"]) == 250
    assert all(inputs is None for _, inputs in found["bare"]), "without `selects` there is nothing but ids"
    assert found["silent"] == [], "without `min_start_time` there is the last day alone"


def test_the_sdk_reads_the_older_interface_and_feedback(python: Path) -> None:
    server = some()
    found = read(python, server, "old")
    assert sorted(row[1] for row in found["runs"]) == [run["id"] for run in server.runs]
    assert {tuple(row[2:4]) for row in found["runs"]} == {("llm", "success")}
    given = {row[1]: row[2:] for row in found["feedback"]}
    assert given["thumbs"] == [0.0, None, "wrong", None, "app"]
    assert given["tone"][1] == "calm"
    assert given["fix"][3] == {"output": "In Paris."}
