"""`llmci label` and `llmci evalset` as a shell sees them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from builders import NOON, a_trace
from commands import llmci
from intents import questions
from shelves import a_clean_shelf
from typer.testing import CliRunner

from llmci.cli.evalset import app
from llmci.config import load
from llmci.errors import ExitCode
from llmci.wiring.evalset import build_version
from llmci.wiring.label import label

if TYPE_CHECKING:
    from pathlib import Path

CASES = (
    '{"question": "Where is it?", "reference": "Lyon"}\n{"question": "When?\\u001b[31m", "slices": {"app": "shop"}}\n'
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "llmci.yaml").write_text("evalset: {hand_written: [own.jsonl]}")
    (tmp_path / "own.jsonl").write_text(CASES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_build_says_what_was_built_and_that_nothing_changed(project: Path) -> None:
    assert "main v1: 2 cases" in said("build")
    assert "no new version" in said("build")


def test_every_subcommand_prints_one_json_document(project: Path) -> None:
    said("build")
    (project / "own.jsonl").write_text(CASES + '{"question": "Why?"}\n')
    said("build")

    for arguments in (
        ("build",),
        ("list",),
        ("show",),
        ("diff", "1", "2"),
        ("verify",),
        ("export", "-o", "out.csv", "--format", "csv"),
        ("import", "out.csv", "--name", "copy"),
    ):
        assert json.loads(said(*arguments, "--json"))


def test_gates_say_what_they_take_when_a_set_is_built_and_shown(project: Path) -> None:
    (project / "llmci.yaml").write_text(
        "evalset: {hand_written: [own.jsonl]}\nscorers: {right: {kind: contains}, ms: {kind: latency}}\n"
        "gates: [{metric: right, tolerance: 5pt, slice_by: [app]}, {metric: ms, tolerance: 10%}]\n"
    )

    result = CliRunner().invoke(app, ["build"], catch_exceptions=False)

    assert "gate right: a drop of 5.0% takes about" in result.stderr
    assert "gate ms" not in result.stderr
    shown = said("show")
    assert "right within 5.0%, app: shop" in shown
    assert [need["slice"] for need in json.loads(said("show", "--json"))["needs"]] == [None, ["app", "shop"]]


def test_diff_lists_what_was_added(project: Path) -> None:
    said("build")
    (project / "own.jsonl").write_text(CASES + '{"question": "Why?"}\n')
    said("build")

    assert "v1 to v2: 1 added, 0 retired, 0 changed, 2 weighed anew" in said("diff", "1", "2")


def test_diff_says_what_is_another_of_a_case(project: Path) -> None:
    said("build")
    (project / "own.jsonl").write_text(CASES.replace('"reference": "', '"reference": "Well: '))
    said("build")

    shown = said("diff", "1", "2")

    assert "1 changed" in shown
    assert re.search(r"^~ [0-9a-f]{16}  reference$", shown, re.MULTILINE)


def test_foreign_text_cannot_drive_the_terminal(project: Path) -> None:
    said("build")

    assert "\x1b" not in said("show")


def test_an_edited_set_exits_with_2_and_says_where(project: Path) -> None:
    assert llmci("evalset", "build", cwd=project).returncode == 0
    manifest = project / "evalsets/main/v0001/manifest.json"
    manifest.write_text(manifest.read_text().replace('"seed": 7', '"seed": 7, "digest": "x"'))

    result = llmci("evalset", "verify", cwd=project)

    assert result.returncode == ExitCode.USAGE
    assert result.stdout == ""
    assert "v0001" in result.stderr
    assert "fix:" in result.stderr


def test_a_damaged_version_hides_no_other(project: Path) -> None:
    said("build")
    (project / "own.jsonl").write_text(CASES + '{"question": "Why?"}\n')
    said("build")
    (project / "evalsets/main/v0001/manifest.json").write_text("{")

    for command in ("list", "verify"):
        result = CliRunner().invoke(app, [command])

        assert result.exit_code == ExitCode.USAGE
        assert "main v2" in result.stdout
        assert "v0001" in result.stderr
        assert [each.get("version") for each in json.loads(CliRunner().invoke(app, [command, "--json"]).stdout)] == [
            1,
            2,
        ]


def test_verify_finds_a_changed_audit_log(project: Path) -> None:
    said("build")
    (project / ".llmci").mkdir(exist_ok=True)
    (project / ".llmci/audit.jsonl").write_text('{"at": "", "act": "promote", "facts": {}, "previous": "x"}\n')

    result = llmci("evalset", "verify", cwd=project)

    assert result.returncode == ExitCode.USAGE
    assert "audit.jsonl:1" in result.stderr


def test_label_without_clean_traces_exits_with_2(project: Path) -> None:
    result = llmci("label", cwd=project)

    assert result.returncode == ExitCode.USAGE
    assert "llmci sanitize" in result.stderr


def test_drift_fails_a_job_only_where_it_is_asked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "llmci.yaml").write_text("evalset: {size: 60}")
    monkeypatch.chdir(tmp_path)
    a_clean_shelf(tmp_path / ".llmci", [a_trace(f"t{n}", text) for n, (text, _) in enumerate(questions(120, 1))])
    config = load(tmp_path / "llmci.yaml")
    label(config, now=NOON)
    build_version(config, now=NOON)
    news = [a_trace(f"n{n}", f"warranty claim number for the broken hinge of model {n}") for n in range(120)]
    a_clean_shelf(tmp_path / ".llmci", news, "test-2")
    label(config, now=NOON)

    codes = [CliRunner().invoke(app, ["drift", *flags]).exit_code for flags in ([], ["--gate"], ["--least", "0.9"])]

    assert codes == [0, 1, 1]


def test_a_case_of_a_group_that_is_too_small_is_listed_without_its_text(project: Path) -> None:
    (project / "llmci.yaml").write_text("evalset: {size: 60, floor: 2}\nlabel: {clusters: 6}")
    odd = [a_trace(f"z{n}", f"zorblat implant {word} hurts", user_id="one") for n, word in enumerate("abcdefg")]
    rows = [a_trace(f"t{n}", text, user_id=f"u{n % 20}") for n, (text, _) in enumerate(questions(80, 1))]
    a_clean_shelf(project / ".llmci", rows + odd)
    summary = label(load(project / "llmci.yaml"), now=NOON)
    said("build")

    assert any(not cluster.shown and cluster.traces for cluster in summary.clusters)
    for shown in (said("show", "-n", "99"), said("show", "-n", "99", "--json")):
        assert "zorblat" not in shown
        assert "other" in shown
