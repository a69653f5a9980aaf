"""The vendor's own SDKs read the server that stands for Langfuse in the other tests, and see what was put there.

    LLMCI_REAL=~/.cache/llmci-real python -m pytest tests/real/test_langfuse_sdks.py

makes an environment for each SDK in that directory, once, from the package index.
"""

from __future__ import annotations

import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from builders import NOON
from langfuse_server import PUBLIC, SECRET, Langfuse, observation, score, trace_before
from real_environments import python_with
from scripted_server import serving

if TYPE_CHECKING:
    from pathlib import Path

HOUR_AGO = NOON - timedelta(hours=1)
# Every page through the SDK's typed models, which refuse what the specification does not allow.
READ = """
import sys
from datetime import datetime
import json
from langfuse.api import LangfuseAPI

url, public, secret, since, until, era = sys.argv[1:7]
api = LangfuseAPI(base_url=url, username=public, password=secret, x_langfuse_sdk_name="python", x_langfuse_sdk_version="0", x_langfuse_public_key=public)
since, until = datetime.fromisoformat(since), datetime.fromisoformat(until)
fields = "core,basic,time,io,metadata,model,usage,prompt,metrics,trace_context"

def cursored(ask, **told):
    cursor, rows = None, []
    while True:
        page = ask(cursor=cursor, **told)
        rows += page.data
        cursor = page.meta.cursor
        if not cursor:
            return rows

def numbered(ask, **told):
    number, rows = 1, []
    while True:
        page = ask(page=number, limit=100, **told)
        rows += page.data
        if number >= page.meta.total_pages:
            return rows
        number += 1

if era == "4":
    scores = getattr(api, "scores_v3", None)
    ask = scores.get_many_v3 if scores else api.scores.get_many
    found = {
        "observations": [[o.trace_id, o.id, o.model, o.input, o.is_root_observation, o.usage_details] for o in cursored(api.observations.get_many, limit=1000, fields=fields, from_start_time=since, to_start_time=until)],
        "scores": [[s.id, s.data_type, s.value, s.subject.kind] for s in cursored(ask, limit=100, fields="details,subject,annotation", from_timestamp=since, to_timestamp=until)],
        "media": [(m.media_id, m.content_type, m.content_length, m.url.partition("?")[0][-3:]) for m in [api.media.get("m1")]],
        "cheap": [[o.id, o.input] for o in cursored(api.observations.get_many, limit=1000, fields="core,time", from_start_time=since, to_start_time=until)],
    }
else:
    found = {
        "observations": [[o.trace_id, o.id, o.model, o.usage_details] for o in numbered(api.legacy.observations_v1.get_many, from_start_time=since, to_start_time=until)],
        "traces": [[t.id, t.name] for t in numbered(api.trace.list, fields="core,io,metrics", from_timestamp=since, to_timestamp=until)],
        "scores": [[s.id, s.data_type] for s in numbered(api.scores.get_many, from_timestamp=since, to_timestamp=until)],
    }
print(json.dumps(found))
"""


@pytest.fixture(scope="module", params=["4", "5"])
def sdk(request: pytest.FixtureRequest) -> Path:
    """Python of an environment with the SDK of that major version."""
    return python_with(f"langfuse-{request.param}", f"langfuse>={request.param},<{int(request.param) + 1}")


def read(sdk: Path, langfuse: Langfuse) -> dict[str, Any]:
    with serving(langfuse.answer) as server:
        window = [(NOON - timedelta(days=1)).isoformat(), NOON.isoformat()]
        command = [str(sdk), "-c", READ, server.url, PUBLIC, SECRET, *window, str(langfuse.era)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = orjson.loads(done.stdout)
    return found


def some() -> Langfuse:
    at = NOON - timedelta(minutes=30)
    return Langfuse(
        [observation(f"t{n % 700}", f"s{n}", HOUR_AGO + timedelta(milliseconds=n)) for n in range(2300)],
        [
            *(score(f"c{n}", f"t{n}", at + timedelta(milliseconds=n), value=0.5) for n in range(230)),
            score("b", "t1", at, value=True, dataType="BOOLEAN", source="ANNOTATION", authorUserId="ann"),
            score("k", "t1", at, value="calm", dataType="CATEGORICAL", source="EVAL"),
            score("x", "t1", at, value="so so", dataType="TEXT"),
            score("g", "t1", at, name="output", value="In Paris.", dataType="CORRECTION"),
            score("o", "t1", at, subject={"kind": "observation", "id": "s1", "traceId": "t1"}),
            score("z", "", at, subject={"kind": "session", "id": "s-5"}),
        ],
        files={"m1": ("image/png", b"picture")},
    )


def test_the_sdk_reads_the_newer_interface(sdk: Path) -> None:
    langfuse = some()
    found = read(sdk, langfuse)
    assert {(row[0], row[1]) for row in found["observations"]} == {
        (o["traceId"], o["id"]) for o in langfuse.observations
    }
    assert len(found["observations"]) == 2300
    assert {row[2] for row in found["observations"]} == {"gpt-4o-mini-2024-07-18"}
    assert all(isinstance(row[3], str) for row in found["observations"]), "payloads are raw strings"
    assert [row[1] for row in found["cheap"]] == [None] * 2300
    assert found["media"] == [["m1", "image/png", 7, "/m1"]]
    assert {row[0]: row[1:] for row in found["scores"]} == {
        one["id"]: [one["dataType"], one["value"], one["subject"]["kind"]] for one in langfuse.scores
    }


def test_the_sdk_reads_the_older_interface(sdk: Path) -> None:
    if "langfuse-5" in str(sdk):
        pytest.skip("langfuse 5 has no client of the older interface")
    langfuse = some()
    langfuse.era = 3
    langfuse.traces = [trace_before(f"t{n}", HOUR_AGO + timedelta(milliseconds=n)) for n in range(700)]
    found = read(sdk, langfuse)
    assert len({row[1] for row in found["observations"]}) == 2300
    assert len({row[0] for row in found["traces"]}) == 700
    assert {row[0] for row in found["scores"]} == {one["id"] for one in langfuse.scores}
