"""Result files that promptfoo, Inspect and DeepEval wrote, and those of OpenAI's evals and Langfuse as specified.

The files of the first three were written by `results/<tool>/make.py`: sums, which version 2 gets wrong
from the third on; of the four broken ones, one is the system's fault and one is not.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from llmci import registry
from llmci.adapters.results.document import document as parsed_document
from llmci.core.gating.faults import fault_of
from llmci.core.gating.reading import Reading
from llmci.domain.verdict import Outcome, Rule
from llmci.errors import NoDecisionError, UsageError
from llmci.wiring.gate import contest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from llmci.domain.result import ResultRow
    from llmci.domain.verdict import GateResult

FILES = Path(__file__).parent / "results"
RUNNERS = {
    "promptfoo": ("promptfoo/before.json", "promptfoo/after.json", "promptfoo/broken.json"),
    "inspect": ("inspect/before.eval", "inspect/after.eval", "inspect/broken.json"),
    "deepeval": ("deepeval/test_run_before.json", "deepeval/test_run_after.json", "deepeval/test_run_broken.json"),
}


def rows_of(name: str, path: Path) -> list[ResultRow]:
    return list(registry.adapter("results", name)().rows(path))


def rules(reading: Reading) -> list[Rule]:
    return [Rule(metric=name, role="primary", tolerance=0.05) for name in reading.scores()]


def gated(before: Path, after: Path, **reading: Any) -> GateResult:
    def no_config() -> Any:
        raise AssertionError("result files need no configuration")

    found = contest(str(before), str(after), config=no_config, reading=Reading(**reading), rules=rules, by_flags=False)
    # The files of the repository grow old.
    return replace(found, max_days=math.inf).decide()


def evals_log(path: Path, right: Sequence[bool | None], *, expected: str = "4", ended: bool = True) -> Path:
    """A log as `LocalRecorder` of openai/evals writes it; None is a sample that failed on a timeout."""
    events: list[dict[str, Any]] = [{"spec": {"eval_name": "sums.dev.v0", "completion_fns": ["dummy"], "run_id": "r"}}]
    for at, correct in enumerate(right):
        event = {"run_id": "r", "event_id": at, "sample_id": f"sums.dev.{at}", "created_by": "", "created_at": ""}
        if correct is None:
            data: dict[str, Any] = {"type": "APITimeoutError", "message": "Request timed out."}
            events.append({**event, "type": "error", "data": data})
            continue
        events.append({**event, "type": "sampling", "data": {"prompt": f"Add {at}", "sampled": ["4"]}})
        events.append({**event, "type": "match", "data": {"correct": correct, "expected": expected, "picked": "4"}})
    if ended:
        events.append({"final_report": {"accuracy": 0.5}})
    path.write_text("".join(f"{json.dumps(event)}\n" for event in events))
    return path


def langfuse_page(path: Path, scores: Sequence[float | None], **changes: Any) -> Path:
    """A page of `GET /api/public/experiment-items?fields=io,scores`; None is an item that ended in an error."""
    items = [
        {
            "id": f"span-{at}",
            "traceId": f"trace-{at}",
            "level": "ERROR" if score is None else "DEFAULT",
            "experimentId": "exp-1",
            "experimentName": "sums",
            "experimentItemId": f"item-{at}",
            "input": {"a": at},
            "expectedOutput": str(at + 3),
            "scores": [] if score is None else [{"name": "right", "value": score, "dataType": "NUMERIC"}],
        }
        for at, score in enumerate(scores)
    ]
    path.write_text(json.dumps({"data": items, "meta": {}} | changes))
    return path


def langfuse_result(path: Path, scores: Sequence[float | None]) -> Path:
    """The result of the Python SDK's `run_experiment`, dumped; items of a local list have no id."""
    items = [
        {
            "item": {"input": {"a": at}, "expected_output": str(at + 3), "metadata": {"parity": at % 2}},
            "output": "4",
            "evaluations": [] if score is None else [{"name": "right", "value": score, "comment": None}],
        }
        for at, score in enumerate(scores)
    ]
    path.write_text(json.dumps({"name": "sums", "item_results": items, "run_evaluations": []}))
    return path


@pytest.mark.parametrize("name", RUNNERS)
def test_a_regression_is_seen_in_the_files_of_a_runner(name: str) -> None:
    before, after, _ = RUNNERS[name]

    result = gated(FILES / before, FILES / after)

    assert result.outcome is Outcome.REGRESSED
    assert next(v for v in result.verdicts if v.outcome is Outcome.REGRESSED).difference.worse == 10  # type: ignore[union-attr]


@pytest.mark.parametrize("name", RUNNERS)
def test_a_run_does_not_regress_against_itself(name: str) -> None:
    before = FILES / RUNNERS[name][0]

    assert gated(before, before).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("name", RUNNERS)
def test_what_a_runner_could_not_score_is_no_evidence(name: str) -> None:
    broken = FILES / RUNNERS[name][2]

    assert gated(broken, broken).outcome is Outcome.NO_EVIDENCE


@pytest.mark.parametrize(
    ("name", "faults"),
    [
        ("promptfoo", [None, None, "system", "infrastructure"]),
        ("inspect", [None, "system", "infrastructure", None] * 2),
    ],
)
def test_whose_fault_an_error_is_comes_from_its_message(name: str, faults: list[str | None]) -> None:
    rows = rows_of(name, FILES / RUNNERS[name][2])

    assert [row.fault for row in rows] == faults
    assert all(row.values[score] is None for row in rows if row.fault for score in row.scores)


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ("API error: 429 Too Many Requests", "infrastructure"),
        ("HTTP 503: upstream", "infrastructure"),
        ("connect ECONNREFUSED 127.0.0.1:80", "infrastructure"),
        ("Request timed out after 300000 ms", "infrastructure"),
        ("API error: 400 Bad Request", "system"),
        ("KeyError: 'city'\n    at RateLimitRegistry.execute", "system"),
        ("expected 500 rows", "system"),
        ("", "system"),
    ],
)
def test_an_error_is_the_systems_own_unless_it_says_otherwise(message: str, fault: str) -> None:
    assert fault_of(message) == fault


@pytest.mark.parametrize(("name", "said"), [("promptfoo", True), ("inspect", False), ("deepeval", True)])
def test_pairing_by_input_is_said(name: str, *, said: bool) -> None:
    before, after, _ = RUNNERS[name]

    assert any("digest of their input" in note for note in gated(FILES / before, FILES / after).notes) is said


def test_promptfoo_costs_named_scores_and_labels_are_columns() -> None:
    [row, *_] = rows_of("promptfoo", FILES / "promptfoo/before.json")

    assert row.values["cost"] == pytest.approx(0.001)
    assert (row.values["sum"], row.values["score"], row.values["tokens"]) == (1, 1, 12)
    assert (row.values["vars.b"], row.values["metadata.parity"], row.values["provider"]) == (3, "odd", "adder")


def test_promptfoo_tests_are_paired_whatever_their_order(tmp_path: Path) -> None:
    document = json.loads((FILES / "promptfoo/before.json").read_text())
    document["results"]["results"].reverse()
    turned = tmp_path / "turned.json"
    turned.write_text(json.dumps(document))

    result = gated(FILES / "promptfoo/before.json", turned)

    assert {change.difference for change in result.changes} == {0.0}


def promptfoo_changed(tmp_path: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    document = json.loads((FILES / "promptfoo/before.json").read_text())
    change(document)
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(document))
    return path


def test_other_assertions_are_not_comparable(tmp_path: Path) -> None:
    def lenient(document: dict[str, Any]) -> None:
        document["results"]["results"][0]["testCase"]["assert"] = [{"type": "contains", "value": "4"}]

    result = gated(FILES / "promptfoo/before.json", promptfoo_changed(tmp_path, lenient))

    assert result.outcome is Outcome.NOT_COMPARABLE


def test_a_test_that_is_gone_is_not_comparable(tmp_path: Path) -> None:
    gone = promptfoo_changed(tmp_path, lambda document: document["results"]["results"].pop())

    assert gated(FILES / "promptfoo/before.json", gone).outcome is Outcome.NOT_COMPARABLE


def test_a_grader_that_failed_gives_no_score(tmp_path: Path) -> None:
    def broken(document: dict[str, Any]) -> None:
        item = document["results"]["results"][0]
        item["success"] = False
        item["gradingResult"]["componentResults"][0]["metadata"] = {"graderError": True}

    [row, *_] = rows_of("promptfoo", promptfoo_changed(tmp_path, broken))

    assert (row.values["success"], row.fault) == (None, None)


def test_a_named_score_that_only_some_tests_have_is_compared_on_those(tmp_path: Path) -> None:
    def half(document: dict[str, Any]) -> None:
        for item in document["results"]["results"][:6]:
            item["namedScores"] = {}

    path = promptfoo_changed(tmp_path, half)
    result = gated(path, path, metrics=("sum",))

    assert result.outcome is Outcome.INCONCLUSIVE
    assert any("6 cases left out: nothing to compare with" in note for note in result.notes)
    assert gated(FILES / "promptfoo/before.json", path, metrics=("sum",)).outcome is Outcome.NO_EVIDENCE


def test_a_case_without_a_score_does_not_make_two_judges_of_one(tmp_path: Path) -> None:
    document = json.loads((FILES / "deepeval/test_run_before.json").read_text())
    document["testCases"] *= 5
    for at, case in enumerate(document["testCases"]):
        document["testCases"][at] = {**case, "name": f"sum {at}"}
    whole = tmp_path / "whole.json"
    whole.write_text(json.dumps(document))
    document["testCases"][0]["metricsData"] = [{"name": "Sum", "error": "TimeoutError"}]
    lossy = tmp_path / "lossy.json"
    lossy.write_text(json.dumps(document))

    result = gated(whole, lossy)

    assert result.verdicts[0].difference.cases == 59  # type: ignore[union-attr]
    assert result.outcome is Outcome.PASSED


def test_another_threshold_is_not_comparable(tmp_path: Path) -> None:
    before = FILES / "deepeval/test_run_before.json"
    strict = tmp_path / "strict.json"
    strict.write_text(before.read_text().replace('"threshold": 0.5', '"threshold": 0.9'))

    assert gated(before, strict).outcome is Outcome.NOT_COMPARABLE


def test_answers_of_several_prompts_count_as_one_observation_each(tmp_path: Path) -> None:
    def doubled(document: dict[str, Any]) -> None:
        results = document["results"]["results"]
        results += [{**item, "promptIdx": 1} for item in results]

    rows = rows_of("promptfoo", promptfoo_changed(tmp_path, doubled))

    assert len({row.values["id"] for row in rows}) == 24
    assert len({row.group for row in rows}) == 12


def test_an_older_promptfoo_file_is_refused(tmp_path: Path) -> None:
    old = promptfoo_changed(tmp_path, lambda document: document["results"].update(version=2))

    with pytest.raises(UsageError, match="of version 2"):
        gated(old, old)


def test_both_forms_of_an_inspect_log_say_the_same() -> None:
    rows = rows_of("inspect", FILES / "inspect/before.eval")

    assert rows[0].values["match"] == 1.0
    assert (rows[0].values["brevity"], rows[0].values["metadata.parity"]) == (1.0, "odd")
    assert len(rows) == 24
    assert rows_of("inspect", FILES / "inspect/broken.json")[0].scores == rows[0].scores


def test_samples_that_an_inspect_log_does_not_reach_are_lost(tmp_path: Path) -> None:
    document = json.loads((FILES / "inspect/broken.json").read_text())
    document["samples"] = document["samples"][:2]
    cut = tmp_path / "cut.json"
    cut.write_text(json.dumps(document))

    rows = rows_of("inspect", cut)

    assert len(rows) == 8
    assert [row.why for row in rows[2:]] == ["the log ends before it"] * 6


def test_another_judge_in_an_inspect_log_is_not_comparable(tmp_path: Path) -> None:
    document = json.loads((FILES / "inspect/broken.json").read_text())
    document["samples"] = [sample for sample in document["samples"] if not sample.get("error")]
    document["eval"]["dataset"]["sample_ids"] = ["sum-99", "sum-100"]
    paths = []
    for judge in ("small", "large"):
        document["eval"]["scorers"][0]["options"] = {"model": judge}
        paths.append(tmp_path / f"{judge}.json")
        paths[-1].write_text(json.dumps(document))

    assert gated(*paths, metrics=("match",)).outcome is Outcome.NOT_COMPARABLE


def test_the_same_id_with_another_input_is_refused(tmp_path: Path) -> None:
    document = json.loads((FILES / "inspect/broken.json").read_text())
    for sample in document["samples"]:
        sample["input"] = "Multiply"
    other = tmp_path / "other.json"
    other.write_text(json.dumps(document))

    with pytest.raises(NoDecisionError, match="4 cases stand for something else"):
        gated(FILES / "inspect/broken.json", other)


def test_an_inspect_log_that_was_cut_off_is_read_from_its_journal(tmp_path: Path) -> None:
    path = tmp_path / "killed.eval"
    document = json.loads((FILES / "inspect/broken.json").read_text())
    summaries = [
        {name: sample.get(name) for name in ("id", "epoch", "input", "scores")} for sample in document["samples"]
    ]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_journal/start.json", json.dumps({"version": 2, "eval": document["eval"]}))
        archive.writestr("_journal/summaries/1.json", json.dumps(summaries[:1]))

    rows = rows_of("inspect", path)

    assert [row.fault for row in rows] == [None] + ["infrastructure"] * 7


def test_half_an_inspect_log_is_refused(tmp_path: Path) -> None:
    half = tmp_path / "half.eval"
    half.write_bytes((FILES / "inspect/before.eval").read_bytes()[:20_000])

    with pytest.raises(UsageError):
        gated(half, half)


def test_names_of_deepeval_cases_pair_them_where_the_user_gave_some(tmp_path: Path) -> None:
    document = json.loads((FILES / "deepeval/test_run_before.json").read_text())
    document["testCases"][0]["name"] = "carry"
    named = tmp_path / "named.json"
    named.write_text(json.dumps(document))

    rows = rows_of("deepeval", named)

    assert (rows[0].values["id"], rows[0].by_input) == ("carry", False)
    assert rows[1].by_input


def test_a_log_of_openai_evals_is_told_from_other_json_lines(tmp_path: Path) -> None:
    before = evals_log(tmp_path / "before.jsonl", [True] * 12)
    after = evals_log(tmp_path / "after.jsonl", [True] * 2 + [False] * 10)

    result = gated(before, after)

    assert result.outcome is Outcome.REGRESSED
    assert result.verdicts[0].rule.metric == "correct"


def test_errors_and_other_answers_in_a_log_of_openai_evals(tmp_path: Path) -> None:
    before = evals_log(tmp_path / "before.jsonl", [True] * 12)

    assert gated(before, evals_log(tmp_path / "b.jsonl", [True] * 11 + [None])).outcome is Outcome.NO_EVIDENCE
    with pytest.raises(NoDecisionError):
        gated(before, evals_log(tmp_path / "c.jsonl", [True] * 12, expected="5"))
    with pytest.raises(UsageError, match="stopped early"):
        gated(before, evals_log(tmp_path / "d.jsonl", [True] * 12, ended=False))


@pytest.mark.parametrize("write", [langfuse_page, langfuse_result])
def test_langfuse_experiments_are_gated(write: Callable[..., Path], tmp_path: Path) -> None:
    before, after = write(tmp_path / "before.json", [1.0] * 12), write(tmp_path / "after.json", [1.0] * 2 + [0.0] * 10)

    result = gated(before, after)

    assert result.outcome is Outcome.REGRESSED
    assert any("digest" in note for note in result.notes) is (write is langfuse_result)


def test_a_langfuse_item_that_ended_in_an_error_is_the_worst_score(tmp_path: Path) -> None:
    before = langfuse_page(tmp_path / "before.json", [1.0] * 12)
    after = langfuse_page(tmp_path / "after.json", [1.0] * 2 + [None] * 10)

    assert gated(before, after).outcome is Outcome.REGRESSED


@pytest.mark.parametrize("write", [langfuse_result])
def test_a_langfuse_item_without_a_score_is_lost(write: Callable[..., Path], tmp_path: Path) -> None:
    before, after = write(tmp_path / "before.json", [1.0] * 12), write(tmp_path / "after.json", [1.0] * 11 + [None])

    assert gated(before, after).outcome is Outcome.NO_EVIDENCE


def test_a_page_of_many_is_refused(tmp_path: Path) -> None:
    page = langfuse_page(tmp_path / "page.json", [1.0], meta={"cursor": "next"})

    with pytest.raises(UsageError, match="one page of several"):
        gated(page, page)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"results": {"results": 7}}', '{"data": []}', "[" * 99_999]
)
def test_json_of_no_runner_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(content)

    with pytest.raises(UsageError, match=r"results\.json"):
        gated(path, path)


@pytest.mark.parametrize("name", [name for name in registry.names("results") if name not in ("csv", "parquet")])
@pytest.mark.parametrize(
    "content", [b"", b"{}", b"\xff\xfe", b'{"testCases": [7]}', b'{"results": {"version": 3, "results": {}}}']
)
def test_a_format_that_is_forced_on_a_file_reads_it_or_refuses_it(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(content)

    try:
        rows = rows_of(name, path)
    except UsageError:
        return
    assert rows == [] or name == "jsonl"


def test_a_metric_that_one_file_lacks_is_not_comparable(tmp_path: Path) -> None:
    before = langfuse_page(tmp_path / "before.json", [1.0] * 12)
    renamed = tmp_path / "after.json"
    renamed.write_text(before.read_text().replace('"right"', '"correct"'))

    assert gated(before, renamed).outcome is Outcome.NOT_COMPARABLE
    with pytest.raises(UsageError, match="no column 'missing'"):
        gated(before, before, metrics=("missing",))


def test_messages_of_inspect_are_the_same_under_other_ids(tmp_path: Path) -> None:
    paths = []
    for number in range(2):
        document = json.loads((FILES / "inspect/broken.json").read_text())
        for sample in document["samples"]:
            text = {"type": "text", "text": sample["input"]}
            sample["input"] = [{"id": f"message-{number}", "role": "user", "content": [text]}]
        paths.append(tmp_path / f"{number}.json")
        paths[-1].write_text(json.dumps(document))

    inputs = [[row.input for row in rows_of("inspect", path)] for path in paths]

    assert inputs[0] == inputs[1]
    assert len(set(inputs[0])) == 4


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def a_small_document(name: str, tmp_path: Path) -> Any:
    if name == "langfuse":
        return json.loads(langfuse_page(tmp_path / "page.json", [1.0, 0.0]).read_text())
    if name == "openai-evals":
        lines = evals_log(tmp_path / "log.jsonl", [True, None]).read_text().splitlines()
        return [json.loads(line) for line in lines]
    document = json.loads((FILES / RUNNERS[name][2]).read_text())
    for sample in document.get("samples", ()):
        sample["events"] = []
        sample["error"] = {"message": "HTTP 503"}
    return document


@pytest.mark.parametrize("name", [*RUNNERS, "openai-evals", "langfuse"])
@pytest.mark.parametrize("new", [None, 7, "x", [7], {"x": 7}], ids=repr)
def test_a_value_of_another_type_anywhere_is_read_or_refused(name: str, new: Any, tmp_path: Path) -> None:
    document = a_small_document(name, tmp_path)
    log = name == "openai-evals"
    path = tmp_path / ("broken.jsonl" if log else "broken.json")
    for place in places(document)[::5]:
        broken = replaced(document, place, new)
        path.write_text("\n".join(map(json.dumps, broken)) if log and isinstance(broken, list) else json.dumps(broken))
        parsed_document.cache_clear()
        try:
            rows = rows_of(name, path)
        except UsageError:
            continue
        assert all(isinstance(row.values["id"], str) for row in rows)


def ran(tool: str, *arguments: str, cwd: Path) -> None:
    """Run the script that made the files of a tool, where the tool is installed."""
    command = shutil.which(tool)
    if command is None:
        pytest.skip(f"{tool} is not on the PATH")
    beside = Path(command).parent / "python"
    python = str(beside) if tool != "promptfoo" else sys.executable
    quiet = {
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
        "DEEPEVAL_TELEMETRY_OPT_OUT": "YES",
        "DEEPEVAL_RESULTS_FOLDER": str(cwd),
    }
    environ = {"PATH": os.environ["PATH"], "HOME": str(cwd), **quiet}
    script = [python, str(FILES / tool / "make.py"), *arguments]
    subprocess.run(script, cwd=cwd, env=environ, check=True, capture_output=True, timeout=100)


@pytest.mark.real
@pytest.mark.parametrize(
    ("tool", "arguments", "written"),
    [
        ("promptfoo", ("1", "1", "12", "results.json"), "results.json"),
        ("inspect", ("1", "1", "12", "eval", "logs"), "logs/*.eval"),
        ("inspect", ("1", "1", "12", "json", "logs"), "logs/*.json"),
        ("deepeval", ("1", "1", "12"), "test_run_*.json"),
    ],
)
def test_the_tool_as_it_is_installed_writes_what_is_read(
    tool: str, arguments: tuple[str, ...], written: str, tmp_path: Path
) -> None:
    ran(tool, *arguments, cwd=tmp_path)
    [path] = tmp_path.glob(written)

    found, known = (
        sorted((str(row.values["id"]), str(row.input), sorted(row.scores.items())) for row in rows_of(tool, file))
        for file in (path, FILES / RUNNERS[tool][0])
    )

    assert found == known
    assert gated(FILES / RUNNERS[tool][0], path).outcome is Outcome.INCONCLUSIVE
