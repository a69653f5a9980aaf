"""`llmci judge check` as a shell runs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import llmci

from llmci.core.judging.labels import Menu
from llmci.core.judging.trust import Use
from llmci.errors import NoDecisionError, UsageError
from llmci.pipeline.judge_check import Columns
from llmci.wiring.judge import check_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from llmci.pipeline.judge_check import Checked

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


def found(path: Path, **changes: Any) -> Checked:
    columns = {"human": "human", "judge": "judge", "answer": None, "by": None} | changes
    return check_file(path, Columns(**columns), Menu())


@pytest.mark.parametrize("name", ["v.jsonl", "v.csv", "v.parquet"])
def test_files_of_every_kind_are_read(tmp_path: Path, name: str) -> None:
    [trust] = found(write(tmp_path / name), answer="text").groups.values()

    assert (trust.use, trust.labels) == (Use.GATE, 120)
    assert trust.length is not None


def test_the_table_says_what_the_judge_may_do_and_whether_length_sways_it(tmp_path: Path) -> None:
    done = check(write(tmp_path / "v.csv"), "--human", "human", "--judge", "judge", "--answer", "text", cwd=tmp_path)

    assert done.returncode == 0
    assert "may gate" in done.stdout
    assert "longer" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"human": 1, "judge": 1}\n{"hum', "v.jsonl:2: not a JSON object"),
        ('{"human": 1}', "no column 'judge'"),
        ("", "no column 'human'"),
        ("\xff", "not a JSON object"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "v.jsonl").write_bytes(content.encode("latin-1"))

    with pytest.raises(UsageError, match=message):
        found(tmp_path / "v.jsonl")


@pytest.mark.parametrize("name", ["v.parquet", "v.csv", "absent.csv", "v.txt"])
def test_damaged_absent_and_strange_files_are_usage_errors(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if "absent" not in name:
        path.write_bytes(b"PAR1\x00\xff,\n\xfe,1,2,3\n")

    with pytest.raises(UsageError):
        found(path)


def test_nothing_to_check_is_a_usage_error(tmp_path: Path) -> None:
    done = check(cwd=tmp_path)

    assert done.returncode == 2
    assert "not said what to check" in done.stderr


def test_labels_that_nobody_can_read_are_no_decision(tmp_path: Path) -> None:
    (tmp_path / "v.jsonl").write_text('{"human": "perhaps", "judge": "pass"}')

    with pytest.raises(NoDecisionError):
        found(tmp_path / "v.jsonl")


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
def test_words_that_were_not_on_the_menu_are_no_verdicts(shared_data: Callable[[str], Path]) -> None:
    path = shared_data("tau2_judges") / "airline.parquet"

    trust = found(path, human="reward", judge="verdict", by="judge_prompt").groups["policy_chain_of_thought"]

    assert trust.use is Use.REFUSED
    assert trust.because[0] == "54% of its verdicts are not on the menu"


def test_what_people_would_pass_is_told_from_the_judge_and_a_few_labels(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    # People pass half; the judge passes three in four of everything.
    labelled = [{"human": n % 2, "judge": "fail" if n % 4 == 0 else "pass"} for n in range(100)]
    alone = [{"human": None, "judge": "fail" if n % 4 == 0 else "pass"} for n in range(900)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in labelled + alone))

    done = check(path, "--human", "human", "--judge", "judge", cwd=tmp_path)

    assert "people would pass 50% of all that it judged (42% to 58%)" in done.stdout
    assert found(path).passing["all"].worth > 100


def test_few_labels_do_not_correct_a_judge(tmp_path: Path) -> None:
    assert found(write(tmp_path / "v.jsonl")).passing == {}
