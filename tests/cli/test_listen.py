"""`llmci pull otlp --listen` as a process: how it ends, and what a kill leaves behind."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import urllib3
from commands import environment, llmci

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def an_export(number: int) -> bytes:
    span = {"traceId": f"{number:032x}", "spanId": f"{number:016x}", "name": "chat", "startTimeUnixNano": "1795096931120000000", "attributes": [{"key": "gen_ai.prompt", "value": {"stringValue": "Hi"}}]}  # fmt: skip
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()


@contextmanager
def listening(root: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    command = [sys.executable, "-m", "llmci", "pull", "otlp", "--listen", "127.0.0.1:0"]
    with (root / "err").open("wb") as err, (root / "out").open("wb") as out:
        process = subprocess.Popen(command, cwd=root, env=environment(), stdout=out, stderr=err)
        try:
            for _ in range(300):
                if found := re.search(r"http://[^\s;]+", (root / "err").read_text()):
                    break
                time.sleep(0.05)
            assert found, (root / "err").read_text()
            yield process, found[0]
        finally:
            process.kill()
            process.wait(10)


def post(url: str, number: int) -> int:
    headers = {"Content-Type": "application/json"}
    return urllib3.request("POST", url, body=an_export(number), headers=headers, retries=False).status


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_listening_and_pulls_what_came(tmp_path: Path, how: signal.Signals) -> None:
    with listening(tmp_path) as (process, url):
        assert post(url, 1) == 200
        process.send_signal(how)
        assert process.wait(60) == 0
    assert "1 traces of otlp" in (tmp_path / "out").read_text()
    assert "received 1 spans in 1 requests" in (tmp_path / "err").read_text()


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    with listening(tmp_path) as (process, url):
        assert [post(url, number) for number in range(1, 21)] == [200] * 20
        process.kill()
        process.wait(10)
    done = llmci("pull", "otlp", "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert json.loads(done.stdout)["traces"] == 20
    assert json.loads(done.stdout)["rejected"] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["otlp", "--listen", "0", "--for", "1s"], 4, "nothing was received yet"),
        (["otlp", "--for", "1s"], 2, "--for says how long to listen"),
        (["otlp", "--listen", "0", "--for", "soon"], 2, "no length of time"),
        (["otlp", "--listen", "nowhere"], 2, "no address to listen at"),
        (["langsmith", "--listen", "0"], 2, "cannot listen"),
        (["--listen", "0", "-c", "llmci.yaml"], 2, "the one source"),
    ],
)
def test_what_cannot_be_listened_to_is_said(tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    if "-c" in arguments:
        (tmp_path / "llmci.yaml").write_text("sources:\n  otlp: {kind: otlp}\n")
    done = llmci("pull", *arguments, cwd=tmp_path)
    assert said in done.stderr
    assert done.returncode == code
