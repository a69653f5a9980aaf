"""A whole rollout of real parts: the demo behind OpenFeature and flagd, OpenTelemetry, Phoenix, and llmci.

LLMCI_REAL=~/.cache/llmci-real python -m pytest tests/real/test_rollout.py
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest
from builders import a_context
from commands import ROOT, llmci
from real_environments import a_port, python_with, started

from llmci.adapters.rollouts.flagd import FlagdRollout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.real, pytest.mark.timeout(1200)]

PHOENIX = ("arize-phoenix>=20,<21", "arize-phoenix-client", "arize-phoenix-otel")
LIVE = (
    "openfeature-sdk",
    "openfeature-provider-flagd",
    "opentelemetry-sdk",
    "opentelemetry-exporter-otlp-proto-http",
    "bm25s",
    "orjson",
)
# A rollout that takes longer has failed.
_LONGEST_S = 300
CONFIG = """
project: assistant
sources:
  live: {{kind: phoenix, url: "{url}", project: assistant, settle_minutes: 0, lookback_hours: 1}}
evalset: {{name: assistant, size: 60, failures: 0.2}}
label: {{clusters: 8}}
canary:
  control: baseline
  treatment: candidate
  shares: [0.3, 0.5, 1.0]
  settle_seconds: 3
  criteria:
    right: {{kind: score, score: right, margin: 0.1, base_rate: 0.3}}
    errors: {{kind: error, margin: 0.1, base_rate: 0.05}}
  rollout: {{kind: flagd, path: flags.json, flag: bot}}
"""


# How many of a thousand users of a team get the candidate, as flagd's in-process provider says.
ASK = """
import sys
from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.evaluation_context import EvaluationContext
api.set_provider_and_wait(FlagdProvider(resolver_type=ResolverType.FILE, offline_flag_source_path=sys.argv[1]))
client = api.get_client()
for team in ("internal", "outside"):
    users = (EvaluationContext(f"u{number}", {"team": team}) for number in range(1000))
    print(sum(client.get_string_value("bot", "baseline", user) == "candidate" for user in users))
"""


def test_stages_for_a_segment_are_what_flagd_makes_of_them(tmp_path: Path) -> None:
    python = python_with("live", *LIVE)
    (tmp_path / "flags.json").write_text('{"flags": {}}')
    options = FlagdRollout.Options(path="flags.json", flag="bot", segment="team")
    flag = FlagdRollout(options, a_context(tmp_path, "rollout"))

    def asked() -> list[int]:
        command = [str(python), "-c", ASK, str(tmp_path / "flags.json")]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        return [int(line) for line in done.stdout.split()]

    flag.set_share(0.5, ["internal"])
    inside = asked()
    flag.set_share(0.25)

    assert inside == [pytest.approx(500, abs=60), 0]
    assert asked() == [pytest.approx(250, abs=60)] * 2


@pytest.fixture
def phoenix(tmp_path: Path) -> Iterator[str]:
    python, port = python_with("phoenix", *PHOENIX), a_port()
    environ = {
        "PHOENIX_WORKING_DIR": str(tmp_path / "phoenix"),
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(port),
        "PHOENIX_GRPC_PORT": str(a_port()),
        "PHOENIX_TELEMETRY_ENABLED": "false",
    }
    url = f"http://127.0.0.1:{port}"
    command = [str(python.parent / "phoenix"), "serve"]
    with started(command, tmp_path / "phoenix", ready=f"{url}/healthz", environ=environ):
        yield url


@contextlib.contextmanager
def users(project: Path, url: str, treatment: str, *, seed: int) -> Iterator[None]:
    """Somebody asks 40 times a second, and the flag file says who answers."""
    told = {"--flags": project / "flags.json", "--traces": f"{url}/v1/traces", "--a-second": 40, "--seed": seed}
    told |= {"--scores": f"{url}/v1/span_annotations?sync=false", "--treatment": treatment}
    command = [python_with("live", *LIVE), ROOT / "tests" / "live_traffic.py"]
    words = [str(word) for pair in told.items() for word in pair]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (project / f"{treatment}.log").open("w") as log:
        asking = subprocess.Popen([*map(str, command), *words], env=environ, stdout=subprocess.PIPE, stderr=log)
        try:
            assert asking.stdout is not None
            assert asking.stdout.readline() == b"ready\n", (project / f"{treatment}.log").read_text()[-2000:]
            yield
            assert asking.poll() is None, (project / f"{treatment}.log").read_text()[-2000:]
        finally:
            asking.send_signal(signal.SIGTERM)
            asking.wait(20)


def checked_until_decided(project: Path) -> list[dict[str, Any]]:
    """`canary check` every few seconds, until the candidate has nothing or all of the traffic."""
    decisions: list[dict[str, Any]] = []
    deadline = time.monotonic() + _LONGEST_S
    while time.monotonic() < deadline:
        done = llmci("canary", "check", "--apply", "--allow-expand", "--json", cwd=project)
        assert done.returncode in {0, 1, 3, 4}, done.stderr
        if done.stdout:
            decisions.append(json.loads(done.stdout)["decision"])
            print(decisions[-1]["action"], decisions[-1]["because"])  # noqa: T201  shown where the test fails
        if decisions and (decisions[-1]["action"] == "roll back" or share_of(project) >= 1.0):
            return decisions
        time.sleep(3)
    pytest.fail(f"not decided: {decisions[-1:]}")


def share_of(project: Path) -> float:
    flag = json.loads((project / "flags.json").read_text())["flags"]["bot"]
    weights = {pair[0]: pair[1] for pair in flag["targeting"]["fractional"][1:]}
    return float(weights["candidate"] / sum(weights.values()))


def built(project: Path) -> dict[str, Any]:
    for command in ("pull -q", "sanitize", "label", "evalset build"):
        done = llmci(*command.split(), cwd=project, seconds=600)
        assert done.returncode == 0, f"{command}: {done.stdout} {done.stderr}"
    newest = max((project / "evalsets" / "assistant").glob("v*"))
    manifest: dict[str, Any] = json.loads((newest / "manifest.json").read_text())
    return manifest


def test_a_bad_candidate_is_rolled_back_a_good_one_gets_everything_and_failures_join_the_set(
    phoenix: str, tmp_path: Path
) -> None:
    (tmp_path / "llmci.yaml").write_text(CONFIG.format(url=phoenix))
    (tmp_path / "flags.json").write_text('{"flags": {}}')
    with users(tmp_path, phoenix, "broken", seed=1):
        time.sleep(15)
        first = built(tmp_path)
        assert llmci("canary", "start", "--by", "anna", cwd=tmp_path).returncode == 0
        assert checked_until_decided(tmp_path)[-1]["action"] == "roll back"
        assert share_of(tmp_path) == 0.0
        time.sleep(5)
    with users(tmp_path, phoenix, "better", seed=2):
        assert llmci("canary", "start", "--by", "anna", cwd=tmp_path).returncode == 0
        assert checked_until_decided(tmp_path)[-1]["action"] in {"expand", "done"}
        assert share_of(tmp_path) == 1.0
    built(tmp_path)
    promoted = llmci("promote", "canary", "--json", cwd=tmp_path)
    assert promoted.returncode == 0, promoted.stderr
    proposed = json.loads(promoted.stdout)["promotion"]["proposed"]
    assert "canary candidate" in {change["seen_in"] for change in proposed}
    assert {change["reasons"][0] for change in proposed} <= {"thumbs_down", "error"}
    last = built(tmp_path)
    assert last["parameters"]["promotions"] == [json.loads(promoted.stdout)["promotion"]["what"]]
    assert {change["trace_id"] for change in proposed} <= set(last["parameters"]["reviewed"])
    assert last["version"] > first["version"]
    assert cases_of(tmp_path, "failure") >= len(proposed) > 0
    assert llmci("audit", "verify", cwd=tmp_path).returncode == 0


def cases_of(project: Path, kind: str) -> int:
    """How many cases of a kind the newest version holds."""
    import pyarrow.parquet as pq

    newest = max((project / "evalsets" / "assistant").glob("v*"))
    origins = pq.read_table(newest / "cases.parquet").column("origin").to_pylist()
    return sum(origin["kind"] == kind for origin in origins)
