"""`llmci canary serve` as a process."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from canary_project import project, share_of
from commands import environment, llmci

if TYPE_CHECKING:
    from pathlib import Path


def test_it_checks_and_applies_when_it_is_asked_and_ends_when_told(tmp_path: Path) -> None:
    project(tmp_path, failures=0.3)
    command = [sys.executable, "-m", "llmci", "canary", "serve", "--port", "0", "--apply", "--json"]
    serving = subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True)
    try:
        assert serving.stdout is not None
        url = json.loads("".join(iter(serving.stdout.readline, "}\n")) + "}")["url"]
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        connection.request("POST", "/check")
        reply = connection.getresponse()
        said = json.loads(reply.read())
    finally:
        serving.send_signal(signal.SIGTERM)
        ended = serving.wait(20)

    assert (reply.status, said["action"], said["written_share"]) == (412, "roll back", 0.0)
    assert share_of(tmp_path) == 0.0
    assert ended == 130


def test_an_address_that_others_reach_needs_a_token(tmp_path: Path) -> None:
    refused = llmci("canary", "serve", "--host", "0.0.0.0", "--port", "0", cwd=project(tmp_path, failures=0.05))  # noqa: S104  refused

    assert refused.returncode == 2
    assert "LLMCI_TOKEN" in refused.stderr
