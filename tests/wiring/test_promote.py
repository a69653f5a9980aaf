"""From failures on the clean shelf over a reviewed change set to the next version of the eval set."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from builders import NOON, a_trace
from intents import questions
from shelves import a_clean_shelf

from llmci.config import Config, load
from llmci.domain.rollout import Exposure
from llmci.errors import NoDecisionError, UsageError
from llmci.wiring.acts import acts_of
from llmci.wiring.canary import plan_of
from llmci.wiring.evalset import build_version
from llmci.wiring.exposure import move
from llmci.wiring.label import label
from llmci.wiring.promote import Asked, promote

if TYPE_CHECKING:
    from pathlib import Path

YAML = """
evalset: {size: 10, failures: 0}
canary:
  criteria: {errors: {kind: error, margin: 0.05}}
  rollout: {kind: json, path: flags.json, key: share}
"""


def a_project(path: Path) -> Config:
    """Two hundred traces, of which the candidate's last three failed."""
    rows = [
        a_trace(
            f"t{number}",
            text,
            user_id=f"u{number % 20}",
            session_id=f"s{number}",
            **({"status": "error", "variant": "candidate"} if number > 196 else {}),
        )
        for number, (text, _) in enumerate(questions(200, 1))
    ]
    (path / "llmci.yaml").write_text(YAML)
    (path / "flags.json").write_text("{}")
    a_clean_shelf(path / ".llmci", rows)
    config = load(path / "llmci.yaml")
    label(config, now=NOON)
    return config


def moved(config: Config, share: float) -> None:
    move(config, plan_of(config), {}, Exposure(share), "shown not worse.", by=None, at=NOON)


def lines(path: Path | None) -> list[dict[str, Any]]:
    assert path is not None
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def test_failures_of_the_canary_are_in_the_next_version_which_names_the_promotion(tmp_path: Path) -> None:
    config = a_project(tmp_path)
    first = build_version(config, now=NOON).evalset
    moved(config, 1.0)

    done = promote(config, "canary", Asked(), now=NOON)

    proposed = lines(done.review_file)
    assert {line["trace_id"] for line in proposed} <= {"t197", "t198", "t199"}
    assert {line["seen_in"] for line in proposed} == {"canary candidate"}
    assert "```diff\n+ " in (tmp_path / "evalsets/main/review.md").read_text()
    second = build_version(config, now=NOON).evalset
    held = {case.origin.trace_id: case.origin.kind for case in second.cases}
    assert {held.get(line["trace_id"]) for line in proposed} == {"failure"}
    assert second.parent == first.version
    assert second.parameters["promotions"] == [done.what]
    baseline = orjson.loads((tmp_path / "evalsets/main/baseline.json").read_bytes())
    assert (baseline["system"], baseline["verdict"]["outcome"]) == ({"name": "candidate"}, "passed")
    assert [act["act"] for act in acts_of(config)] == ["canary share", "promote"]


def test_what_is_in_the_set_is_not_proposed_again(tmp_path: Path) -> None:
    config = a_project(tmp_path)
    moved(config, 1.0)
    assert promote(config, "canary", Asked(), now=NOON).proposed
    build_version(config, now=NOON)

    assert promote(config, "canary", Asked(), now=NOON).proposed == ()


def test_what_was_not_built_yet_still_waits_when_more_is_proposed(tmp_path: Path) -> None:
    config = a_project(tmp_path)
    moved(config, 1.0)
    [first] = lines(promote(config, "canary", Asked(most=1), now=NOON).review_file)

    more = lines(promote(config, "canary", Asked(), now=NOON).review_file)

    assert more[0] == first
    assert len(more) > 1
    assert "1 more wait from before." in (tmp_path / "evalsets/main/review.md").read_text()
    build_version(config, now=NOON)
    assert promote(config, "canary", Asked(), now=NOON).proposed == ()


def test_a_retired_case_is_left_out_of_all_later_versions(tmp_path: Path) -> None:
    config = a_project(tmp_path)
    case = build_version(config, now=NOON).evalset.cases[0]
    review = tmp_path / "evalsets/main/review.jsonl"
    review.write_bytes(orjson.dumps({"action": "retire", "case_id": case.case_id}))

    second = build_version(config, now=NOON).evalset
    review.unlink()
    third = build_version(config, now=NOON)

    assert case.case_id not in {held.case_id for held in second.cases}
    assert not third.new
    review.write_bytes(orjson.dumps({"action": "reopen", "case_id": case.case_id, "trace_id": case.origin.trace_id}))
    assert case.case_id in {held.case_id for held in build_version(config, now=NOON).evalset.cases}


def test_a_rollout_that_was_rolled_back_leaves_the_baseline_and_gives_its_failures(tmp_path: Path) -> None:
    config = a_project(tmp_path)
    with pytest.raises(UsageError, match="no share"):
        promote(config, "canary", Asked(), now=NOON)
    moved(config, 0.05)
    moved(config, 0.0)

    with pytest.raises(NoDecisionError):
        promote(config, "canary", Asked(), now=NOON)
    done = promote(config, "canary", Asked(failures_only=True), now=NOON)

    assert done.proposed
    assert not (tmp_path / "evalsets/main/baseline.json").exists()


def test_labels_that_are_not_there_are_said_and_stop_nothing(tmp_path: Path) -> None:
    (tmp_path / "llmci.yaml").write_text(YAML)
    (tmp_path / "flags.json").write_text("{}")
    config = load(tmp_path / "llmci.yaml")
    moved(config, 1.0)

    done = promote(config, "canary", Asked(), now=NOON)

    assert done.baseline_file is not None
    assert "not looked at" in (done.note or "")


def test_the_branch_has_a_commit_of_what_was_written_and_nothing_else(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        names = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        return subprocess.run(["git", *names, *words], cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    config = a_project(tmp_path)
    git("init", "-q", "-b", "main")
    git("config", "user.name", "a")
    git("config", "user.email", "a@example.org")
    git("commit", "-q", "--allow-empty", "-m", "first")
    (tmp_path / "mine.txt").write_text("not yet")
    git("add", "mine.txt")
    moved(config, 1.0)

    promote(config, "canary", Asked(branch="next-set"), now=NOON)

    assert git("branch", "--show-current").strip() == "next-set"
    assert set(git("show", "--name-only", "--format=").split()) == {
        "evalsets/main/baseline.json",
        "evalsets/main/review.jsonl",
        "evalsets/main/review.md",
    }
    assert git("diff", "--cached", "--name-only").strip() == "mine.txt"
    with pytest.raises(UsageError, match="already exists"):
        promote(config, "canary", Asked(branch="next-set", reason="again"), now=NOON)
