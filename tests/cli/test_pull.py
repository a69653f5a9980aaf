"""`llmci pull` as a process: what it prints, how it exits, and what a kill leaves behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
sources:
  prod:
    kind: jsonl
    path: logs/*.jsonl
"""


def a_project(root: Path, *, files: int = 1, traces: int = 3) -> Path:
    (root / "logs").mkdir(parents=True)
    (root / "llmci.yaml").write_text(CONFIG)
    for file in range(files):
        lines = [
            {
                "id": f"t{file}-{number}",
                "input": f"Where is parcel {number}? " * 20,
                "output": "In Lyon.",
                "variant": "a",
            }
            for number in range(traces)
        ]
        (root / "logs" / f"{file}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return root


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "llmci", "pull", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, env=environment())


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def shelf(root: Path) -> dict[str, Any]:
    """All that is on the shelf but the time of the pull."""
    found: dict[str, Any] = {}
    for path in sorted((root / ".llmci" / "raw").glob("*.parquet")):
        found[path.stem] = pq.read_table(path).drop_columns(["pulled_at"]).to_pylist()
    return found


def test_a_pull_prints_its_summary_to_stdout_and_exits_0(tmp_path: Path) -> None:
    done = run(a_project(tmp_path))

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "3 traces of prod (1 shards read, 0 unchanged)",
        "0 rejected",
        "replay: chat 3",
        "variants: a 3",
        "cost unknown: 3",
    ]


def test_rejected_records_go_to_stderr_by_file_and_line(tmp_path: Path) -> None:
    project = a_project(tmp_path)
    (project / "logs" / "0.jsonl").open("a").write('{"input": "secret of a user')

    done = run(project, "--json")

    assert done.returncode == 0
    assert json.loads(done.stdout)["rejected"] == 1
    assert "rejected logs/0.jsonl:4: not valid JSON" in done.stderr
    assert "secret" not in done.stderr + done.stdout


def test_a_source_that_fails_is_exit_4_and_the_others_are_kept(tmp_path: Path) -> None:
    project = a_project(tmp_path)
    (project / "broken.parquet").write_bytes(b"PAR1 and nothing more")
    (project / "llmci.yaml").write_text(CONFIG + "  other:\n    kind: parquet\n    path: broken.parquet\n")

    done = run(project, "--json")

    summary = json.loads(done.stdout)
    assert done.returncode == 4
    assert (summary["traces"], summary["exit_code"]) == (3, 4)
    assert "broken.parquet: not a whole Parquet file" in done.stderr
    assert "fix:" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "fix"),
    [(["nope"], "Choose of: prod"), (["--since", "yesterday"], "7d"), (["-c", "no.yaml"], "llmci init")],
)
def test_a_mistake_on_the_command_line_is_exit_2_with_its_fix(tmp_path: Path, arguments: list[str], fix: str) -> None:
    done = run(a_project(tmp_path), *arguments)

    assert done.returncode == 2
    assert fix in done.stderr
    assert done.stdout == ""


def test_a_dry_run_lists_shards_and_writes_nothing(tmp_path: Path) -> None:
    done = run(a_project(tmp_path, files=2), "--dry-run", "--json")

    assert [shard["source"] for shard in json.loads(done.stdout)["shards"]] == ["prod", "prod"]
    assert not (tmp_path / ".llmci").exists()


def test_killed_at_any_moment_a_pull_is_finished_by_the_next(tmp_path: Path) -> None:
    whole, killed = (a_project(tmp_path / name, files=6, traces=400) for name in ("whole", "killed"))
    started = time.monotonic()
    assert run(whole).returncode == 0
    takes = time.monotonic() - started
    dice = random.Random(7)

    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-m", "llmci", "pull", "-q"], cwd=killed, stdout=subprocess.DEVNULL, env=environment()
        )
        time.sleep(takes * dice.uniform(0.3, 1.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
        for rows in shelf(killed).values():
            assert len(rows) == 400
    done = run(killed)

    assert done.returncode == 0, done.stderr
    assert shelf(killed) == shelf(whole)
    assert not list((killed / ".llmci" / "raw").glob(".*"))
