"""`llmci run` brings the eval set up to the traffic, and does nothing twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from commands import llmci

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
sources:
  prod: {kind: jsonl, path: traces.jsonl}
evalset: {size: 20}
"""


def a_project(path: Path) -> Path:
    (path / "llmci.yaml").write_text(CONFIG)
    topics = ("Where is my parcel", "How do I reset my password", "Can I have an invoice")
    rows = [
        {"id": f"t{n}", "input": f"{topics[n % 3]}, order {n}? Write to maria.lopez{n}@example.org", "output": "Soon."}
        for n in range(60)
    ]
    (path / "traces.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_it_goes_from_traces_to_an_eval_set(tmp_path: Path) -> None:
    done = llmci("run", "--json", cwd=a_project(tmp_path))

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["pull"]["traces"] == told["sanitize"]["traces"] == told["label"]["traces"] == 60
    assert told["evalset"]["version"] == 1
    assert (tmp_path / "evalsets" / "main" / "CURRENT").exists()
    assert "maria.lopez" not in done.stdout + done.stderr


def test_a_second_run_on_the_same_traffic_makes_no_second_version(tmp_path: Path) -> None:
    llmci("run", cwd=a_project(tmp_path))

    done = llmci("run", "-q", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith("(as before)")
    assert done.stderr == ""


def test_a_source_that_fails_ends_the_job_and_keeps_what_was_pulled(tmp_path: Path) -> None:
    a_project(tmp_path)
    text = (
        (tmp_path / "llmci.yaml").read_text().replace("sources:\n", "sources:\n  gone: {kind: csv, path: gone.csv}\n")
    )
    (tmp_path / "llmci.yaml").write_text(text)

    done = llmci("run", cwd=tmp_path)

    assert done.returncode == 2
    assert "gone.csv" in done.stderr
    assert not (tmp_path / "evalsets").exists()
    assert list((tmp_path / ".llmci" / "raw").glob("*.parquet"))
