"""The manifests of docs/deployers, asked as Argo Rollouts' and Flagger's own code asks.

Argo Rollouts: metricproviders/webmetric and metricproviders/job; a web metric is an error outside 2xx, a job is what its pod's
exit code is. Flagger: pkg/controller/webhook.go posts its payload with no header of its own, and all above 202 is a no.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import yaml
from builders import a_context
from commands import ROOT
from flag_services import listening

from llmci.adapters.rollouts.service import Service
from llmci.errors import OutsideError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TOKEN = "s3cret"  # noqa: S105  a test
DECISIONS = pytest.mark.parametrize("action", ["expand", "done", "hold", "roll back", "no evidence", "failed"])


def manifests(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((ROOT / "docs" / "deployers" / name).read_text()))


@contextlib.contextmanager
def serving(action: str) -> Iterator[tuple[int, list[str | None]]]:
    """The port of a service that always decides so, and which rollouts it was asked about."""
    asked: list[str | None] = []

    def decide(rollout: str | None) -> dict[str, Any]:
        asked.append(rollout)
        if action == "failed":
            raise OutsideError("the source is down.", fix="Start it.")
        return {"action": action, "because": "shown."}

    with Service(("127.0.0.1", 0), decide, token=TOKEN) as service:
        thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield service.server_address[1], asked
        service.shutdown()
        thread.join()


def told(
    port: int, method: str, url: str, body: object = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    sent = None if body is None else json.dumps(body)
    connection.request(method, path, sent, {"Host": parts.netloc, **(headers or {})})
    reply = connection.getresponse()
    found = reply.status, reply.read()
    connection.close()
    return found


def measured(port: int, metric: dict[str, Any], arguments: dict[str, str]) -> str:
    """What Argo Rollouts makes of a web metric: one measurement's phase."""

    def filled(text: str) -> str:
        for name, value in arguments.items():
            text = text.replace(f"{{{{ args.{name} }}}}", value)
        assert "{{" not in text
        return text

    web = metric["provider"]["web"]
    headers = {header["key"]: filled(header["value"]) for header in web["headers"]}
    status, content = told(port, "GET", filled(web["url"]), headers=headers)
    if not 200 <= status < 300:
        return "Error"
    path = web["jsonPath"].removeprefix("{$.").removesuffix("}")
    result = json.loads(content)[path]
    failed, succeeded = (
        any(result == part.strip().removeprefix("result == ").strip('"') for part in metric[name].split("||"))
        for name in ("failureCondition", "successCondition")
    )
    return "Failed" if failed else "Successful" if succeeded else "Inconclusive"


@DECISIONS
def test_argo_rollouts_goes_on_with_evidence_alone_and_aborts_on_a_rollback_alone(action: str) -> None:
    template, rollout = manifests("argo-rollouts.yaml")
    [metric] = template["spec"]["metrics"]
    with serving(action) as (port, asked):
        phase = measured(port, metric, {"rollout": "6f8b", "token": TOKEN})

    expected = {"expand": "Successful", "done": "Successful", "roll back": "Failed", "failed": "Error"}
    assert phase == expected.get(action, "Inconclusive")
    # What is neither waits: the run ends with the first success or failure.
    assert (metric["consecutiveSuccessLimit"], metric["failureLimit"]) == (1, 0)
    assert min(metric["inconclusiveLimit"], metric["consecutiveErrorLimit"]) > 100
    assert "count" not in metric
    assert asked == asked[:1] != [None]
    given = {step["analysis"]["args"][0]["name"] for step in rollout["spec"]["strategy"]["canary"]["steps"][1::2]}
    assert given <= {argument["name"] for argument in template["spec"]["args"]}


@DECISIONS
def test_flagger_waits_until_evidence_suffices_and_goes_back_on_a_rollback_alone(action: str) -> None:
    [canary] = manifests("flagger.yaml")
    said = {}
    with serving(action) as (port, asked):
        for hook in canary["spec"]["analysis"]["webhooks"]:
            payload = {"name": "bot", "namespace": "shop", "phase": "Progressing", "checksum": "85d557f47b"}
            payload["metadata"] = hook["metadata"] | {"token": TOKEN}
            status, _ = told(port, "POST", hook["url"], payload, {"Content-Type": "application/json"})
            said[hook["type"]] = status <= 202

    passes = action in ("expand", "done")
    assert said == {
        "confirm-traffic-increase": passes,
        "confirm-promotion": passes,
        "rollback": action == "roll back",
    }
    assert len(set(asked)) == 1
    assert asked[0] is not None


def test_another_checksum_or_parameter_is_another_rollout() -> None:
    with serving("hold") as (port, asked):
        for checksum in ("1", "2", "2", 7):
            told(port, "POST", "http://x/check", {"checksum": checksum, "metadata": {"token": TOKEN}})
        for query in ("?rollout=2", "?rollout=", "?other=2"):
            told(port, "POST", f"http://x/check{query}", {"metadata": {"token": TOKEN}})

    assert asked[0] != asked[1] == asked[2] == asked[4]
    assert [asked[3], *asked[5:]] == [None, None, None]


@pytest.mark.parametrize(("codes", "expected"), [("0", 0), ("1", 1), ("3 4 0", 0), ("3 1", 1), ("2", 2)])
def test_argo_s_job_waits_while_nothing_is_shown_and_passes_on_what_was_decided(
    tmp_path: Path, codes: str, expected: int
) -> None:
    [template] = manifests("argo-job.yaml")
    [container] = template["spec"]["metrics"][0]["provider"]["job"]["spec"]["template"]["spec"]["containers"]
    program, _, script = container["command"]
    fake = tmp_path / "llmci"
    fake.write_text(
        '#!/bin/sh\nread -r code rest < codes\necho "$rest" > codes\necho "$@" >> asked\nexit "$code"\n',
    )
    fake.chmod(0o755)
    (tmp_path / "codes").write_text(f"{codes}\n")
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "LLMCI_EVERY": "0"}

    done = subprocess.run(
        [program, "-c", script.replace("{{ args.share }}", "0.05")], cwd=tmp_path, env=environ, check=False, timeout=20
    )

    assert done.returncode == expected
    asked = (tmp_path / "asked").read_text().splitlines()
    assert len(asked) == len(codes.split())
    assert len(set(asked)) == 1
    assert asked[0].startswith("canary check -q --share 0.05 --since 20")


@pytest.mark.parametrize(
    ("status", "share"),
    [
        ({"canaryWeight": 5}, 0.05),
        ({"canary": {"weights": {"canary": {"weight": 25}, "stable": {"weight": 75}}}}, 0.25),
        ({"canary": {}}, None),
        ({}, None),
    ],
)
def test_the_deployer_s_weight_is_read_and_never_set(
    tmp_path: Path, status: dict[str, Any], share: float | None, command: Callable[..., Any]
) -> None:
    (tmp_path / "token").write_text("t0ken\n")
    with kubernetes({"status": status}) as url:
        flag = command(a_context(tmp_path, KUBE_URL=url, KUBE_ACCOUNT=str(tmp_path), KUBE_RESOURCE="apis/x"))
        if share is None:
            with pytest.raises(OutsideError):
                flag.share()
        else:
            assert flag.share() == share
        with pytest.raises(OutsideError):
            flag.set_share(0.0)


@pytest.fixture
def command() -> Callable[..., Any]:
    import sys

    from llmci.adapters.rollouts.command import CommandRollout

    recipe = str(ROOT / "docs" / "flags" / "deployer.py")
    words = [sys.executable, recipe]
    return lambda context: CommandRollout(
        CommandRollout.Options(get=[*words, "get"], set=[*words, "set", "{share}"]), context
    )


@contextlib.contextmanager
def kubernetes(resource: dict[str, Any]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            allowed = (self.path, self.headers["Authorization"]) == ("/apis/x", "Bearer t0ken")
            content = json.dumps(resource).encode()
            self.send_response(200 if allowed else 403)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with listening(Handler) as address:
        yield address
