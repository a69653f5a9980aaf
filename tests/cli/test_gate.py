"""`llmci gate` on result files, as a shell sees it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from commands import llmci
from report_builders import a_result

from llmci.cli.exits import exit_code_of, fail_on_of, summary
from llmci.domain.verdict import Outcome
from llmci.errors import ExitCode, UsageError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence
    from pathlib import Path


def write(path: Path, scores: Sequence[Any], **columns: Sequence[Any]) -> Path:
    rows = [
        {"id": f"q{at}", "score": score} | {name: values[at] for name, values in columns.items()}
        for at, score in enumerate(scores)
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def gated(tmp_path: Path, before: Sequence[Any], after: Sequence[Any], *flags: str) -> subprocess.CompletedProcess[str]:
    write(tmp_path / "before.jsonl", before)
    write(tmp_path / "after.jsonl", after)
    return llmci("gate", "before.jsonl", "after.jsonl", *flags, cwd=tmp_path)


def test_a_regression_leaves_with_1_and_a_table_of_80_columns(tmp_path: Path) -> None:
    done = gated(tmp_path, [1] * 100, [1] * 80 + [0] * 20)

    assert done.returncode == 1
    assert done.stderr == ""
    assert done.stdout == (
        "✕ regressed: score fell by about 20 points (at least 13.1, 95 % sure)\n"
        "\n"
        "gate                baseline candidate change   plausible range   verdict\n"
        "score               100.0 %  80.0 %    -20 pt   -27.1 … -13.1 pt  regressed\n"
        "\n"
        "score: 0 cases got better, 20 got worse, 80 unchanged\n"
        "\n"
        "what changed:\n"
        "  20 cases got worse in score, such as q80, q81, q82\n"
        "  the 8 cases that lost most are enough to show it, such as q80, q81, q82\n"
    )


def test_an_unchanged_system_leaves_with_0(tmp_path: Path) -> None:
    assert gated(tmp_path, [1] * 90 + [0] * 10, [1] * 90 + [0] * 10).returncode == 0


def test_too_few_cases_leave_with_3(tmp_path: Path) -> None:
    done = gated(tmp_path, [1] * 20, [1] * 20)

    assert done.returncode == 3
    assert "would settle a tolerance of 5 points" in done.stdout


def test_different_cases_leave_with_3_and_are_named(tmp_path: Path) -> None:
    done = gated(tmp_path, [1] * 100, [1] * 99)

    assert done.returncode == 3
    assert "1 case only in the baseline (q99)" in done.stdout


def test_results_without_scores_leave_with_4(tmp_path: Path) -> None:
    done = gated(tmp_path, [None] * 100, [None] * 100)

    assert done.returncode == 4
    assert "no case has a value of score in both runs" in done.stdout


def test_fail_on_decides_what_a_pull_request_sees_but_no_evidence_is_never_green(tmp_path: Path) -> None:
    assert gated(tmp_path, [1] * 20, [1] * 20, "--fail-on", "regressed").returncode == 0
    assert gated(tmp_path, [None] * 20, [None] * 20, "--fail-on", "nothing").returncode == 4


def test_json_is_one_document_with_every_number(tmp_path: Path) -> None:
    done = gated(tmp_path, [1] * 100, [1] * 80 + [0] * 20, "--json")

    document = json.loads(done.stdout)
    assert done.returncode == document["exit_code"] == 1
    assert document["result"]["outcome"] == "regressed"
    assert document["result"]["verdicts"][0]["difference"]["estimate"] == pytest.approx(-0.2)


def test_slices_and_costs_come_from_columns(tmp_path: Path) -> None:
    apps = ["mail", "web"] * 60
    write(tmp_path / "before.jsonl", [1] * 120, app=apps, cost=[0.01] * 120)
    write(tmp_path / "after.jsonl", [0, 1] * 20 + [1] * 80, app=apps, cost=[0.02] * 120)

    flags = ("--metric", "score", "--ratio", "cost", "--slice", "app", "--critical")
    done = llmci("gate", "before.jsonl", "after.jsonl", *flags, cwd=tmp_path)

    assert done.returncode == 1
    assert "score in app mail and cost" in done.stdout.splitlines()[0]
    assert "  mail " in done.stdout


def test_reports_are_written_and_the_exit_code_stays(tmp_path: Path) -> None:
    reports = ["report.html", "comment.md", "junit.xml", "result.json", "cases.csv"]

    done = gated(tmp_path, [1] * 100, [1] * 80 + [0] * 20, *(f"-o{name}" for name in reports))

    assert done.returncode == 1
    assert done.stdout.splitlines()[-len(reports) :] == [f"  {name}" for name in reports]
    assert "regressed" in (tmp_path / "comment.md").read_text()
    assert 'failures="1"' in (tmp_path / "junit.xml").read_text()
    assert json.loads((tmp_path / "result.json").read_text())


def test_a_report_of_an_unknown_suffix_leaves_with_2(tmp_path: Path) -> None:
    done = gated(tmp_path, [1] * 100, [1] * 100, "-o", "report.docx")

    assert done.returncode == 2
    assert ".html" in done.stderr


def test_a_format_can_be_named(tmp_path: Path) -> None:
    assert gated(tmp_path, [1] * 100, [1] * 100, "--format", "jsonl").returncode == 0
    assert gated(tmp_path, [1] * 100, [1] * 100, "--format", "promptfoo").returncode == 2
    assert "langfuse" in gated(tmp_path, [1], [1], "--format", "langfus").stderr


def test_the_plan_says_what_these_cases_can_see(tmp_path: Path) -> None:
    done = gated(tmp_path, [1] * 200, [1] * 190 + [0] * 10, "--plan", "--json")

    said = json.loads(done.stdout)
    [sight] = said["plan"]
    assert done.returncode == 0
    prices = {price["tolerance"]: price for price in said["tolerances"]}
    assert list(prices) == [0.01, 0.02, 0.03, 0.05, 0.1]
    assert prices[0.05]["cases"] == prices[0.05]["calls"] == sight["needed_cases"]
    assert prices[0.01]["cases"] > 5 * prices[0.05]["cases"] > 5 * prices[0.1]["cases"]
    assert prices[0.05]["cost"] is None
    assert sight["cases"] == 200
    assert 0.05 < sight["detectable"] < 0.1
    assert sight["needed_cases"] > 200


def test_the_self_test_measures_the_false_alarms_of_these_gates(tmp_path: Path) -> None:
    done = gated(tmp_path, [1] * 150, [0] * 60 + [1] * 90, "--self-test", "--json")

    measured = json.loads(done.stdout)["self_test"]
    assert done.returncode == 0
    assert (measured["draws"], measured["questions"]) == (2000, 1)
    assert 0 < measured["rate"] <= 0.05 + 4.9 * (0.05 * 0.95 / 2000) ** 0.5


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--fail-on", "sometimes"), "--fail-on: 'sometimes' is not known."),
        (("--tolerance", "many"), "--tolerance: 'many' is no tolerance."),
        (("--tolerance", "0"), "--tolerance: '0' is no tolerance."),
        (("--range", "5:1"), "--range: '5:1' is no range."),
        (("--metric", "missing"), "before.jsonl, line 1: there is no column 'missing'."),
    ],
)
def test_a_mistaken_flag_leaves_with_2_and_a_fix(flags: tuple[str, ...], message: str, tmp_path: Path) -> None:
    done = gated(tmp_path, [1] * 3, [1] * 3, *flags)

    assert done.returncode == 2
    assert message in done.stderr
    assert "fix: " in done.stderr


def test_a_file_beside_a_missing_one_is_said_to_be_missing(tmp_path: Path) -> None:
    write(tmp_path / "before.jsonl", [1])

    done = llmci("gate", "before.jsonl", "after.jsonl", cwd=tmp_path)

    assert done.returncode == 2
    assert "after.jsonl: there is no such file" in done.stderr


def test_an_unknown_kind_of_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "before.xlsx").write_text("x")

    done = llmci("gate", "before.xlsx", "before.xlsx", cwd=tmp_path)

    assert done.returncode == 2
    assert ".jsonl" in done.stderr


def test_an_empty_file_is_not_a_pass(tmp_path: Path) -> None:
    done = gated(tmp_path, [], [])

    assert done.returncode == 2
    assert "there is no result in it" in done.stderr


@pytest.mark.parametrize(
    ("outcome", "always", "never"),
    [
        (Outcome.PASSED, ExitCode.PASSED, ExitCode.PASSED),
        (Outcome.REGRESSED, ExitCode.REGRESSED, ExitCode.PASSED),
        (Outcome.INCONCLUSIVE, ExitCode.NO_DECISION, ExitCode.PASSED),
        (Outcome.NOT_COMPARABLE, ExitCode.NO_DECISION, ExitCode.NO_DECISION),
        (Outcome.NO_EVIDENCE, ExitCode.OUTSIDE_FAILED, ExitCode.OUTSIDE_FAILED),
    ],
)
def test_every_outcome_has_its_exit_code(outcome: Outcome, always: ExitCode, never: ExitCode) -> None:
    result = a_result(outcome)

    assert exit_code_of(result) is always
    assert exit_code_of(result, fail_on_of("nothing")) is never


def test_a_hostile_name_is_made_harmless_in_the_table() -> None:
    assert "\x1b" not in summary(a_result(Outcome.PASSED, headline="\x1b[31mred"))


def test_an_unknown_value_of_fail_on_names_the_known_ones() -> None:
    with pytest.raises(UsageError) as error:
        fail_on_of("regressed,never")
    assert "regressed, inconclusive, infra" in error.value.fix


def test_an_unknown_cost_is_no_pass_by_itself(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text("".join(json.dumps({"id": at, "cost": None}) + "\n" for at in range(100)))

    done = llmci("gate", "a.jsonl", "b.jsonl", "--ratio", "cost", cwd=tmp_path)

    assert done.returncode == 4
    assert "no evidence: cost is unknown" in done.stdout


def test_a_slice_that_no_row_has_is_a_mistake_and_not_a_pass(tmp_path: Path) -> None:
    done = gated(tmp_path, [1] * 100, [1] * 100, "--slice", "nolabel")

    assert done.returncode == 2
    assert "there is no column 'nolabel'" in done.stderr


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,score,score\n1,1,0\n")

    assert llmci("gate", "a.csv", "a.csv", cwd=tmp_path).returncode == 2


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [
        ({"judge": "gpt-4"}, {"judge": "claude"}, "was judged by judge gpt-4 before and by judge claude now"),
        ({"timestamp": "2026-01-01"}, {"timestamp": "2026-02-01T10:00:00Z"}, "made 31 days apart"),
    ],
)
def test_another_judge_and_another_week_are_not_comparable(
    tmp_path: Path, before: dict[str, str], after: dict[str, str], difference: str
) -> None:
    for name, more in (("a.jsonl", before), ("b.jsonl", after)):
        (tmp_path / name).write_text("".join(json.dumps({"id": at, "score": 1} | more) + "\n" for at in range(100)))

    done = llmci("gate", "a.jsonl", "b.jsonl", cwd=tmp_path)

    assert done.returncode == 3
    assert difference in done.stdout


def test_a_result_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = llmci("gate", "a.jsonl", "b.jsonl", cwd=tmp_path)

    assert done.returncode == 2
    assert "a.jsonl: there is no such file" in done.stderr
