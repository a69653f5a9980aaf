"""`llmci canary` on live traces, as a shell sees it."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest
from commands import llmci

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
sources:
  live:
    kind: jsonl
    path: live.jsonl
    fields: {trace_id: id, input: q, output: a, variant: v, start: t, status: s, scores: {thumbs: thumbs}}
canary:
  control: old
  treatment: new
  shares: [0.05, 0.25, 1.0]
  requests_per_hour: 600
  criteria:
    errors: {kind: error, margin: 0.05, base_rate: 0.05}
    thumbs: {kind: score, score: thumbs, margin: 0.1, base_rate: 0.1}
  rollout: {kind: json, path: flags.json, key: bot.share}
"""


def project(directory: Path, *, failures: float, requests: int = 6000, share: float = 0.25) -> Path:
    """A project whose live traffic has a candidate with this share of failures; the control has 5 %."""
    chance = random.Random(5)
    rows = []
    for number in range(requests):
        treated = chance.random() < share
        failed = chance.random() < (failures if treated else 0.05)
        minute, second = divmod(number, 60)
        rows.append(
            {
                "id": f"t{number}",
                "q": "Where?",
                "a": "Here.",
                "v": "new" if treated else "old",
                "t": f"2026-11-20T{minute // 60 % 24:02}:{minute % 60:02}:{second:02}Z",
                "s": "error" if failed else "ok",
                "thumbs": float(chance.random() < 0.9),
            }
        )
    (directory / "live.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (directory / "llmci.yaml").write_text(CONFIG)
    (directory / "flags.json").write_text(json.dumps({"bot": {"share": share}, "other": 1}))
    return directory


def share_of(directory: Path) -> float:
    flags = json.loads((directory / "flags.json").read_text())
    assert flags["other"] == 1
    found: float = flags["bot"]["share"]
    return found


def test_a_bad_candidate_is_rolled_back_at_once(tmp_path: Path) -> None:
    done = llmci("canary", "check", "-q", "--apply", cwd=project(tmp_path, failures=0.3))

    assert done.returncode == 1
    assert "errors got worse" in done.stdout
    assert share_of(tmp_path) == 0.0


@pytest.mark.parametrize(("flags", "expected"), [((), 0.25), (("--allow-expand",), 1.0)])
def test_a_good_candidate_gets_more_traffic_only_where_that_is_allowed(
    tmp_path: Path, flags: tuple[str, ...], expected: float
) -> None:
    done = llmci("canary", "check", "--json", "--apply", *flags, cwd=project(tmp_path, failures=0.05))

    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["decision"]["action"] == "expand"
    assert share_of(tmp_path) == expected


def test_too_little_traffic_holds(tmp_path: Path) -> None:
    done = llmci("canary", "check", "-q", "--apply", cwd=project(tmp_path, failures=0.05, requests=80))

    assert done.returncode == 3
    assert share_of(tmp_path) == 0.25


def test_traffic_that_is_not_split_as_the_flags_say_is_no_evidence(tmp_path: Path) -> None:
    done = llmci("canary", "check", "-q", "--share", "0.05", cwd=project(tmp_path, failures=0.05))

    assert done.returncode == 4
    assert "not split as intended" in done.stdout


def test_nothing_of_the_live_traces_is_kept(tmp_path: Path) -> None:
    before = {path.name for path in project(tmp_path, failures=0.05, requests=80).iterdir()}

    llmci("canary", "check", "-q", cwd=tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == before


def test_the_plan_says_how_much_traffic_each_stage_takes(tmp_path: Path) -> None:
    done = llmci("canary", "plan", "--json", cwd=project(tmp_path, failures=0.05, requests=1))
    stages = json.loads(done.stdout)["stages"]

    assert [(row["share"], row["criterion"]) for row in stages[:2]] == [(0.05, "errors"), (0.05, "thumbs")]
    assert all(row["requests"] > 0 and row["hours"] > 0 for row in stages)


def test_a_canary_without_criteria_is_refused(tmp_path: Path) -> None:
    (tmp_path / "llmci.yaml").write_text("project: x\n")

    done = llmci("canary", "plan", cwd=tmp_path)

    assert done.returncode == 2
    assert "canary.criteria" in done.stderr
