from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from builders import a_case, a_run, an_evalset
from commands import llmci
from jsonschema import Draft202012Validator

from llmci.adapters.stores.casefile import CASES
from llmci.adapters.stores.evalsets import DirectoryEvalSets
from llmci.adapters.stores.runs import DirectoryRuns
from llmci.config import load
from llmci.core.evalsets.digests import case_id_of, evalset_digest, schema_fingerprint
from llmci.domain.system import SystemSpec
from llmci.errors import UsageError
from llmci.seams import ReportOptions
from llmci.wiring.stored_report import report_stored

CONFIG = """
project: shop
scorers:
  correct: {kind: contains}
gates:
  - {metric: correct, tolerance: 5pt, slice_by: [app]}
"""
BASELINE, CANDIDATE = "20261120T120000-baseline-a", "20261120T120100-candidate-b"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a stored run of each system: all right before, every third wrong after."""
    (tmp_path / "llmci.yaml").write_text(CONFIG, encoding="utf-8")
    cases = [
        a_case(question=f"Where is parcel {number}?", weight=1 / 90, slices={"app": "post" if number % 2 else "shop"})
        for number in range(90)
    ]
    named = [replace(case, case_id=case_id_of(case.messages, case.tools, case.key)) for case in cases]
    ordered = sorted((replace(case, dependence=case.case_id) for case in named), key=lambda case: case.case_id)
    digest = evalset_digest(ordered)
    evalset = an_evalset(ordered, digest=digest, schema_fingerprint=schema_fingerprint(CASES))
    DirectoryEvalSets(tmp_path / "evalsets").save(evalset)
    runs = DirectoryRuns(tmp_path / ".llmci" / "runs")
    right = {case.case_id: 1.0 for case in ordered}
    wrong = {case_id: float(at % 3 > 0) for at, case_id in enumerate(right)}
    runs.save(a_run(right, run_id=BASELINE, evalset_digest=digest))
    system = SystemSpec(name="candidate", kind="recorded", parameters={}, digest="other")
    against = {"against": BASELINE}
    runs.save(a_run(wrong, run_id=CANDIDATE, evalset_digest=digest, system=system, environment=against))
    return tmp_path


def test_a_stored_run_is_reported_against_the_newest_run_of_the_baseline(project: Path) -> None:
    done = llmci("report", CANDIDATE, "-o", "out/report.html", "-o", "junit.xml", cwd=project)

    assert done.returncode == 0
    assert done.stdout.startswith("regressed: correct fell by about 33")
    assert "Where is parcel " in (project / "out" / "report.html").read_text(encoding="utf-8")
    assert (project / "junit.xml").exists()


def test_a_gate_on_stored_runs_writes_reports_with_their_texts(project: Path) -> None:
    done = llmci("gate", BASELINE, CANDIDATE, "-o", "report.html", "-o", "comment.md", cwd=project)

    assert done.returncode == 1
    assert "Where is parcel " in (project / "report.html").read_text(encoding="utf-8")
    assert "regressed" in (project / "comment.md").read_text(encoding="utf-8")


def test_latest_is_the_newest_run_of_a_candidate(project: Path) -> None:
    done = llmci("report", "latest", "-o", "result.json", "--json", cwd=project)

    assert json.loads(done.stdout) == {
        "outcome": "regressed",
        "headline": json.loads((project / "result.json").read_text(encoding="utf-8"))["headline"],
        "written": ["result.json"],
    }


def test_latest_is_the_candidate_of_the_newest_bench_whichever_system_that_was(project: Path) -> None:
    runs = DirectoryRuns(project / ".llmci" / "runs")
    before, after = runs.load(BASELINE), runs.load(CANDIDATE)
    runs.save(replace(after, run_id="20261120T130000-candidate-d", environment={}))
    exchanged = {"against": "20261120T130000-candidate-d"}
    runs.save(replace(before, run_id="20261120T130000-baseline-c", environment=exchanged))

    done = llmci("report", "-o", "result.json", cwd=project)

    assert done.stdout.startswith("passed: correct rose by about 33")


def test_without_an_output_the_configured_report_is_written(project: Path) -> None:
    llmci("report", cwd=project)

    assert (project / "llmci-report.html").exists()


def test_texts_can_be_left_out(project: Path) -> None:
    report_stored(load(project / "llmci.yaml"), "latest", None, [], ReportOptions(texts=False))

    assert "Where is parcel" not in (project / "llmci-report.html").read_text(encoding="utf-8")


def test_a_run_of_the_baseline_has_nothing_to_be_compared_with(project: Path) -> None:
    with pytest.raises(UsageError, match="no run of 'baseline'"):
        report_stored(load(project / "llmci.yaml"), BASELINE, None, [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["nobody"], "there is no run 'nobody'", id="unknown-run"),
        pytest.param(["latest", "-o", "report.docx"], "no report has the suffix '.docx'", id="unknown-suffix"),
    ],
)
def test_what_is_wrong_is_said_with_its_fix(project: Path, arguments: list[str], said: str) -> None:
    done = llmci("report", *arguments, cwd=project)

    assert done.returncode == 2
    assert said in done.stderr
    assert "fix:" in done.stderr


def test_every_format_names_where_the_candidate_parts_from_the_baseline(project: Path) -> None:
    llmci("report", "-o", "result.json", "-o", "r.sarif", "-o", "r.annotations", cwd=project)

    [place] = json.loads((project / "result.json").read_text(encoding="utf-8"))["changed"]
    [run] = json.loads((project / "r.sarif").read_text(encoding="utf-8"))["runs"]
    assert place["path"] == "llmci.yaml"
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "llmci.yaml"
    assert (project / "r.annotations").read_text(encoding="utf-8").startswith("::error file=llmci.yaml,line=2,")


def test_the_schema_of_reports_is_published(project: Path) -> None:
    llmci("report", "-o", "result.json", cwd=project)
    schema = json.loads(llmci("schema", "--report", cwd=project).stdout)

    Draft202012Validator(schema).validate(json.loads((project / "result.json").read_text(encoding="utf-8")))


def test_a_run_that_an_older_version_stored_is_reported_in_every_format(tmp_path: Path) -> None:
    # Eval set and runs as version 0.1 wrote them (evalset/1, run/1); never to be made anew.
    with zipfile.ZipFile(Path(__file__).with_name("stored") / "run-1.zip") as stored:
        stored.extractall(tmp_path)
    files = [f"out/report{suffix}" for suffix in (".html", ".xml", ".json", ".md", ".csv", ".parquet", ".sarif")]

    done = llmci("report", CANDIDATE, *(word for file in files for word in ("-o", file)), cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("regressed: correct fell by about 33")
    assert all((tmp_path / file).stat().st_size > 1_000 for file in files)
    assert "Where is parcel " in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
