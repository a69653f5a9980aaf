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
    columns = {"human": ("human",), "judge": "judge"} | changes
    return check_file(path, Columns(**columns), Menu())


@pytest.mark.parametrize("name", ["v.jsonl", "v.csv", "v.parquet"])
def test_files_of_every_kind_are_read(tmp_path: Path, name: str) -> None:
    [trust] = found(write(tmp_path / name), answers=("text",)).groups.values()

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

    trust = found(path, human=("reward",), judge="verdict", by="judge_prompt").groups["policy_chain_of_thought"]

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


def test_a_judge_is_weighed_once_for_what_it_judged_again_and_again(tmp_path: Path) -> None:
    rows = [{"id": n, "human": n % 2, "judge": verdict} for n in range(110) for verdict in (n % 2, n % 2 if n else 1)]
    (tmp_path / "v.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    lists = [{"human": n % 2, "judge": [n % 2, n % 2 if n else 1]} for n in range(110)]
    (tmp_path / "lists.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in lists))

    for trust in (found(tmp_path / "v.jsonl", item="id").overall, found(tmp_path / "lists.jsonl").overall):
        assert trust.labels == 110
        assert trust.consistency is not None
        assert (trust.consistency.value, trust.consistency.of) == (109 / 110, 110)


def test_a_judge_that_likes_the_first_place_is_found_out(tmp_path: Path) -> None:
    pairs = [(n, swapped, ("1", "2")[n % 2]) for n in range(120) for swapped in (False, True)]
    biased = [
        # It names the answer that was shown first, whichever that is.
        {
            "id": n,
            "human": right,
            "judge": "2" if swapped else "1",
            "swapped": swapped,
            "a": "x" * (9 - n % 2),
            "b": "x" * 8,
        }
        for n, swapped, right in pairs
    ]
    (tmp_path / "v.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in biased))

    trust = found(tmp_path / "v.jsonl", pairs=True, item="id", swapped="swapped", answers=("a", "b")).overall

    assert trust.position is not None
    assert trust.position.consistent is not None
    assert (trust.position.first.value, trust.position.consistent.value) == (1, 0)
    assert trust.labels == 120
    assert trust.use is Use.REFUSED


def test_of_several_people_the_majority_counts_and_without_one_nobody(tmp_path: Path) -> None:
    rows = [{"h1": 1, "h2": 1, "h3": 2, "judge": "A"}, {"h1": 0, "h2": 1, "h3": 2, "judge": "tie"}]
    (tmp_path / "v.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    checked = found(tmp_path / "v.jsonl", pairs=True, human=("h1", "h2", "h3"))

    assert (checked.overall.labels, checked.unlabelled) == (1, 1)


CONFIG = """
scorers:
  helpful: {kind: judge, model: openai/m, base_url: http://127.0.0.1:9/v1, scale: binary, rubric: "Helpful?"}
  better: {kind: pairwise, model: openai/m, base_url: http://127.0.0.1:9/v1}
  "true": {kind: factuality, model: openai/m, base_url: http://127.0.0.1:9/v1}
  right: {kind: exact}
gates:
  - {metric: helpful, tolerance: 5pt}
"""


def test_verdicts_of_a_configured_judge_are_kept_under_its_name_without_any_text(tmp_path: Path) -> None:
    (tmp_path / "llmci.yaml").write_text(CONFIG)

    done = check(
        *(write(tmp_path / "v.csv"), "--human", "human", "--judge", "judge", "--answer", "text", "--scorer", "helpful"),
        cwd=tmp_path,
    )

    [path] = (tmp_path / "judges").glob("helpful-*.json")
    kept = json.loads(path.read_text())
    assert done.returncode == 0
    assert "commit it" in done.stderr
    assert (kept["scorer"], kept["model"], kept["use"], kept["asked"]) == ("helpful", "openai/m", "may gate", False)
    assert kept["figures"]["found"]["agreement"]["of"] == 120
    assert "xxx" not in path.read_text()


@pytest.mark.parametrize("scorer", ["right", "absent"])
def test_what_is_no_judge_is_not_calibrated(tmp_path: Path, scorer: str) -> None:
    (tmp_path / "llmci.yaml").write_text(CONFIG)

    done = check(write(tmp_path / "v.csv"), "--human", "human", "--judge", "judge", "--scorer", scorer, cwd=tmp_path)

    assert done.returncode == 2
    assert "Judges: helpful, better, true." in done.stderr


@pytest.mark.parametrize(
    ("scorer", "why"), [("better", "--pairs"), ("true", "compares with the reference"), ("helpful", "`human`")]
)
def test_a_judge_that_cannot_be_asked_is_told_why(tmp_path: Path, scorer: str, why: str) -> None:
    (tmp_path / "llmci.yaml").write_text(CONFIG)

    done = check("--scorer", scorer, cwd=tmp_path)

    assert done.returncode == 2
    assert why in done.stderr


@pytest.mark.real
def test_the_judges_of_llmbar_agree_and_keep_to_their_verdicts_as_published(
    tmp_path: Path, shared_data: Callable[[str], Path]
) -> None:
    votes = pq.read_table(shared_data("llmbar") / "judge_votes_natural.parquet").to_pylist()
    kept = [row for row in votes if (row["judge"], row["prompt"]) in (("GPT-4", "Vanilla"), ("ChatGPT", "Vanilla"))]
    pq.write_table(pa.Table.from_pylist(kept), tmp_path / "votes.parquet")

    asked = {"human": ("label",), "judge": "winner", "item": "idx", "swapped": "swapped", "by": "judge", "pairs": True}
    groups = found(tmp_path / "votes.parquet", **asked).groups

    gpt4, chatgpt = groups["GPT-4"].position, groups["ChatGPT"].position
    assert gpt4 is not None
    assert gpt4.consistent is not None
    assert chatgpt is not None
    assert chatgpt.consistent is not None
    assert gpt4.consistent.value == pytest.approx(0.95)
    assert 0.49 <= gpt4.first.value <= 0.53
    assert chatgpt.consistent.value < 0.85
    # Right in both orders, which 95 of 100 pairs with the same verdict allow at most.
    assert groups["GPT-4"].found is not None
    assert 0.90 <= groups["GPT-4"].found.agreement.value <= 0.95


@pytest.mark.real
def test_gpt4_repeats_its_own_grade_as_often_as_published(shared_data: Callable[[str], Path]) -> None:
    trust = found(shared_data("gpt4_judge_3x") / "vicuna.parquet", human=(), judge="gpt4_score").overall

    assert trust.consistency is not None
    assert 0.61 <= trust.consistency.value <= 0.75
    assert trust.use is Use.WATCH


@pytest.mark.real
def test_gpt35_on_pandalm_is_little_better_than_the_longer_answer(shared_data: Callable[[str], Path]) -> None:
    trust = found(
        shared_data("pandalm_human") / "pairs_0_499.parquet",
        human=("annotator1", "annotator2", "annotator3"),
        judge="gpt_result",
        answers=("response1", "response2"),
        pairs=True,
    ).overall

    assert trust.found is not None
    assert trust.length is not None
    assert trust.found.agreement.value == pytest.approx(0.698, abs=0.03)
    assert trust.unparsable.value == pytest.approx(22 / 500)
    assert trust.use is Use.WATCH
