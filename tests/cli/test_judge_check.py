"""`llmci judge check` as a shell runs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import llmci

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS = [{"human": n % 2, "judge": "pass" if n % 2 or n < 4 else "fail", "text": "x" * n} for n in range(120)]


def write(path: Path) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    elif path.suffix == ".csv":
        path.write_text("\n".join(["human,judge,text", *(f"{r['human']},{r['judge']},{r['text']}" for r in ROWS)]))
    else:
        path.write_text("\n".join(json.dumps(row) for row in ROWS))
    return path


def check(*arguments: object, cwd: Path) -> Any:
    return llmci("judge", "check", *map(str, arguments), cwd=cwd)


@pytest.mark.parametrize("name", ["v.jsonl", "v.csv", "v.parquet"])
def test_a_good_judge_may_gate(tmp_path: Path, name: str) -> None:
    done = check(write(tmp_path / name), "--human", "human", "--judge", "judge", "--json", cwd=tmp_path)

    assert done.returncode == 0
    [trust] = json.loads(done.stdout)["groups"].values()
    assert (trust["use"], trust["labels"]) == ("may gate", 120)


def test_the_table_says_what_the_judge_may_do_and_whether_length_sways_it(tmp_path: Path) -> None:
    done = check(write(tmp_path / "v.csv"), "--human", "human", "--judge", "judge", "--answer", "text", cwd=tmp_path)

    assert "may gate" in done.stdout
    assert "longer" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        ('{"human": 1}\n{"hum', ("--human", "human", "--judge", "human"), "v.jsonl:2: not a JSON object"),
        ('{"human": 1}', ("--human", "human", "--judge", "judge"), "no column 'judge'"),
        ("", ("--human", "human", "--judge", "judge"), "no column 'human'"),
        ('{"human": 1}', (), "not said what to check"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(
    tmp_path: Path, content: str, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "v.jsonl").write_text(content)

    done = check("v.jsonl", *arguments, cwd=tmp_path)

    assert done.returncode == 2
    assert message in done.stderr


def test_half_a_parquet_file_is_a_usage_error(tmp_path: Path) -> None:
    path = write(tmp_path / "v.parquet")
    path.write_bytes(path.read_bytes()[:200])

    assert check(path, "--human", "human", "--judge", "judge", cwd=tmp_path).returncode == 2


def test_labels_that_nobody_can_read_are_no_decision(tmp_path: Path) -> None:
    (tmp_path / "v.jsonl").write_text('{"human": "perhaps", "judge": "pass"}')

    assert check("v.jsonl", "--human", "human", "--judge", "judge", cwd=tmp_path).returncode == 3


@pytest.mark.real
def test_the_judges_of_tau2_have_the_kappas_that_were_published(
    tmp_path: Path, shared_data: Callable[[str], Path]
) -> None:
    words = [part for word in ("pass", "satisfied", "satisfactory", "compliant") for part in ("--pass", word)]

    done = check(
        shared_data("tau2_judges") / "airline.parquet",
        *("--human", "reward", "--judge", "verdict", "--by", "judge_prompt", "--json"),
        *words,
        cwd=tmp_path,
    )

    groups = json.loads(done.stdout)["groups"]
    assert done.returncode == 3
    assert groups["customer_outcome"]["use"] == "refused"
    assert {name: trust["found"]["kappa"]["value"] for name, trust in groups.items()} == {
        "customer_outcome": pytest.approx(-0.16, abs=0.01),
        "policy_chain_of_thought": pytest.approx(-0.09, abs=0.01),
        "policy_conversation": pytest.approx(0.37, abs=0.01),
        "quick_triage": pytest.approx(0.06, abs=0.01),
    }


@pytest.mark.real
def test_words_that_were_not_on_the_menu_are_no_verdicts(tmp_path: Path, shared_data: Callable[[str], Path]) -> None:
    path = shared_data("tau2_judges") / "airline.parquet"

    done = check(path, "--human", "reward", "--judge", "verdict", "--by", "judge_prompt", cwd=tmp_path)

    assert "54% of its verdicts are not on the menu" in done.stdout
