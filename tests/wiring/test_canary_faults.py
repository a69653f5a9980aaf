"""What goes wrong around a canary leaves a safe share, a clear message and a whole log."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from canary_project import project, share_of
from commands import environment

from llmci.adapters.stores.audit import AuditLog
from llmci.config import Config, load
from llmci.domain.rollout import Action, Decision, Exposure
from llmci.errors import LlmciError, OutsideError, UsageError
from llmci.files import locked
from llmci.seams import Silent
from llmci.wiring.acts import acts_of
from llmci.wiring.canary import Asked, check, plan_of
from llmci.wiring.exposure import apply, last_moved, move
from llmci.wiring.pull_plan import failure_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = datetime(2026, 11, 21, tzinfo=UTC)
EXPAND = Decision(Action.EXPAND, "shown.", 0.25, 1.0, ())
ROLL_BACK = Decision(Action.ROLL_BACK, "worse.", 0.25, 0.0, ())


def config_of(directory: Path) -> Config:
    return load(directory / "llmci.yaml")


def checked(config: Config, *, now: datetime = NOW, deployer: str | None = None) -> Decision:
    return check(config, Asked(deployer=deployer), environ={}, progress=Silent(), now=now)


def applied(config: Config, decision: Decision) -> Exposure | None:
    return apply(config, plan_of(config), decision, {}, allow_expand=True, approved_by=None, at=NOW)


def edited(directory: Path, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
    """Change, or leave out, every live trace."""
    path = directory / "live.jsonl"
    rows = [change(json.loads(line)) for line in path.read_text().splitlines()]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows if row is not None))


def test_a_file_that_is_gone_moves_nothing(tmp_path: Path) -> None:
    config = config_of(project(tmp_path, failures=0.3, requests=50))
    (tmp_path / "live.jsonl").unlink()

    with pytest.raises(LlmciError, match=r"live\.jsonl"):
        checked(config)

    assert share_of(tmp_path) == 0.25


def test_a_server_that_is_down_is_no_evidence_whatever_was_landed_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of(behind_a_server(tmp_path))
    down = failure_of("live", OutsideError("the server does not answer.", fix="Start it."))
    monkeypatch.setattr("llmci.wiring.canary.land_all", lambda *_, **__: ({}, [down]))

    with pytest.raises(OutsideError, match="live: the server does not answer"):
        checked(config)

    assert share_of(tmp_path) == 0.25


def behind_a_server(directory: Path) -> Path:
    project(directory, failures=0.3, requests=10)
    text = (directory / "llmci.yaml").read_text()
    source = "sources:\n  live: {kind: phoenix, url: 'http://127.0.0.1:9', project: x}\n"
    (directory / "llmci.yaml").write_text(source + text[text.index("canary:") :])
    return directory


def test_late_and_repeated_traces_change_nothing(tmp_path: Path) -> None:
    config = config_of(project(tmp_path, failures=0.05, requests=2000))
    before = checked(config)
    path = tmp_path / "live.jsonl"
    lines = path.read_text().splitlines()
    random.Random(1).shuffle(lines)
    path.write_text("\n".join([*lines, *lines[:100]]))

    after = checked(config)

    assert after.evidence == before.evidence
    assert "100 traces came twice" in after.notes[0]


def test_traces_of_a_clock_that_is_ahead_are_left_out_and_told(tmp_path: Path) -> None:
    config = config_of(project(tmp_path, failures=0.05, requests=2000))
    before = checked(config)
    edited(tmp_path, lambda row: row)
    with (tmp_path / "live.jsonl").open("a") as file:
        for number in range(50):
            start = (NOW + timedelta(hours=1)).isoformat()
            file.write(f'{{"id": "f{number}", "q": "x", "a": "y", "v": "new", "t": "{start}", "s": "error"}}\n')

    after = checked(config)

    assert after.evidence == before.evidence
    assert any("50 traces start in the future" in note for note in after.notes)


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (lambda row: {**row, "v": None}, "no trace carries the variant 'old' or 'new'"),
        (lambda row: {**row, "v": "v2" if row["v"] == "new" else "old"}, "no trace carries the variant 'new'"),
        (lambda row: row if row["v"] == "new" else None, "no trace carries the variant 'old'"),
    ],
    ids=["no label", "renamed label", "control without traffic"],
)
def test_an_arm_without_traffic_is_no_evidence_and_moves_nothing(
    tmp_path: Path, change: Callable[[dict[str, Any]], dict[str, Any] | None], because: str
) -> None:
    config = config_of(project(tmp_path, failures=0.05, requests=2000))
    edited(tmp_path, change)

    decision = checked(config)

    assert decision.action is Action.NO_EVIDENCE
    assert because in decision.because
    assert applied(config, decision) is None
    assert share_of(tmp_path) == 0.25


def test_a_share_that_a_person_wrote_meanwhile_stands_unless_it_is_to_become_less(tmp_path: Path) -> None:
    config = config_of(project(tmp_path, failures=0.05, requests=10))
    for share, decision, expected in ((0.1, EXPAND, 0.1), (0.5, ROLL_BACK, 0.0), (0.0, ROLL_BACK, 0.0)):
        (tmp_path / "flags.json").write_text(json.dumps({"bot": {"share": share}, "other": 1}))

        applied(config, decision)

        assert share_of(tmp_path) == expected


def test_after_somebody_else_moved_the_share_only_what_came_later_counts(tmp_path: Path) -> None:
    """Else the requests before it, which were split otherwise, would break the split or feign evidence."""
    config = config_of(project(tmp_path, failures=0.3, share=0.25))
    early = checked(config)
    noon = datetime(2026, 11, 20, 0, 30, tzinfo=UTC)
    (tmp_path / "flags.json").write_text(json.dumps({"bot": {"share": 0.5}, "other": 1}))

    late, again = checked(config, now=noon), checked(config)

    assert early.action is Action.ROLL_BACK
    assert "25 % → 50 %" in late.notes[0]
    assert (late.action, late.share) == (Action.NO_EVIDENCE, 0.5)
    assert again.evidence == ()
    assert "not split as intended" in again.because


def test_a_candidate_that_somebody_switched_off_and_on_again_begins_anew(tmp_path: Path) -> None:
    config = config_of(project(tmp_path, failures=0.3))
    assert checked(config).action is Action.ROLL_BACK
    for share in (0.0, 0.25):
        (tmp_path / "flags.json").write_text(json.dumps({"bot": {"share": share}, "other": 1}))
        with contextlib.suppress(UsageError):
            later = checked(config)

    assert later.action is Action.NO_EVIDENCE
    assert "0 % → 25 %" in later.notes[0]


def test_a_deployer_s_next_rollout_does_not_inherit_evidence(tmp_path: Path) -> None:
    config = config_of(project(tmp_path, failures=0.3))
    before = datetime(2026, 11, 19, tzinfo=UTC)

    first = [checked(config, deployer="a", now=before), checked(config, deployer="a")]
    second = checked(config, deployer="b")

    assert [decision.action for decision in first] == [Action.NO_EVIDENCE, Action.ROLL_BACK]
    assert second.action is Action.NO_EVIDENCE
    assert "another rollout" in second.notes[0]
    assert checked(config).action is Action.NO_EVIDENCE


def test_a_flag_file_that_a_person_broke_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    config = config_of(project(tmp_path, failures=0.3, requests=10))
    (tmp_path / "flags.json").write_text('{"bot": {"share": 0.25}, ')

    with pytest.raises(UsageError, match=r"flags\.json"):
        checked(config)
    with pytest.raises(UsageError, match=r"flags\.json"):
        move(config, plan_of(config), {}, Exposure(0.5), "by hand", by=None, at=NOW)

    assert (tmp_path / "flags.json").read_text() == '{"bot": {"share": 0.25}, '


def test_two_checks_at_once_move_the_share_by_one_stage(tmp_path: Path) -> None:
    project(tmp_path, failures=0.05)
    command = [sys.executable, "-m", "llmci", "canary", "check", "-q", "--apply", "--allow-expand"]

    both = [subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL) for _ in range(2)]

    assert {process.wait(60) for process in both} <= {0, 3, 4}
    assert share_of(tmp_path) == 1.0
    assert [act["facts"]["to"] for act in acts_of(config_of(tmp_path))] == [1.0]


@pytest.mark.parametrize("after", ["flag", "log"])
def test_a_kill_during_apply_loses_no_line_of_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    config = config_of(project(tmp_path, failures=0.05, requests=10))

    append = AuditLog.append

    def killed(*told: Any, **more: Any) -> None:
        if after == "log":
            append(*told, **more)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(AuditLog, "append", killed)
        with pytest.raises(KeyboardInterrupt):
            applied(config, EXPAND)
    assert share_of(tmp_path) == 1.0

    checked(config)

    assert [act["facts"]["to"] for act in acts_of(config)] == [1.0]
    assert last_moved(config, plan_of(config)) == (Exposure(1.0), NOW)
    checked(config)
    assert len(acts_of(config)) == 1


def test_a_kill_before_the_flag_was_written_leaves_nothing_to_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of(project(tmp_path, failures=0.05, requests=10))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("llmci.adapters.rollouts.json.JsonRollout.set_share", killed)
        with pytest.raises(KeyboardInterrupt):
            applied(config, EXPAND)

    checked(config)

    assert (share_of(tmp_path), acts_of(config)) == (0.25, [])


def test_a_pull_that_is_still_writing_is_waited_for_and_then_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmci.wiring.canary._PATIENCE_S", 0.3)
    config = config_of(behind_a_server(tmp_path))

    with locked(config.state / "pull.lock"), pytest.raises(UsageError, match="a pull is writing"):
        checked(config)
