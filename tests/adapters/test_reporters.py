"""What every report format promises."""

from __future__ import annotations

import csv
import io
import json
import re
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree as ET

import pyarrow.parquet as pq
import pytest
from builders import a_run
from jsonschema import Draft202012Validator
from report_builders import HOSTILE, a_hostile_report, a_report, a_result, a_verdict

from llmci import registry
from llmci.adapters.reporters.markdown import MarkdownReporter
from llmci.core.reporting.compose import view_of
from llmci.core.reporting.markup import MOST_CHARS, fenced, inline
from llmci.core.reporting.view import Change
from llmci.domain.verdict import Outcome
from llmci.seams import ReportInput, ReportOptions

GOLDEN = Path(__file__).parent / "golden"
REPORTERS = registry.names("reporter")


def rendered(form: str, report: ReportInput, **options: object) -> str:
    document: bytes = registry.adapter("reporter", form)(ReportOptions(**options)).render(report)
    return document.decode("utf-8") if form != "parquet" else repr(pq.read_table(io.BytesIO(document)).to_pylist())


def parsed(report: ReportInput) -> ET.Element:
    return ET.fromstring(rendered("junit", report))  # noqa: S314  our own document


@pytest.mark.parametrize("name", REPORTERS)
def test_equal_reports_are_equal_bytes(name: str) -> None:
    assert rendered(name, a_report()) == rendered(name, a_report())


@pytest.mark.parametrize("name", REPORTERS)
def test_hostile_text_is_rendered_without_a_control_character(name: str) -> None:
    document = rendered(name, a_hostile_report())

    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202e\ufffe\ud800-\udfff]", document)


@pytest.mark.parametrize("name", REPORTERS)
def test_without_texts_a_report_holds_none(name: str) -> None:
    assert "SECRET" not in rendered(name, a_report(30, texts=("SECRET",)), texts=False)


@pytest.mark.parametrize("name", REPORTERS)
def test_a_report_without_set_gates_or_answers_still_says_the_verdict(name: str) -> None:
    nothing = a_run({}, answers=[], scores=[], metrics=())
    result = a_result(Outcome.NO_EVIDENCE, headline="no case was scored", verdicts=())
    document = rendered(name, ReportInput(result=result, baseline=nothing, candidate=nothing, evalset=None))

    assert name in ("csv", "parquet") or "no case was scored" in document


@pytest.mark.parametrize("name", REPORTERS)
def test_a_ten_megabyte_answer_does_not_make_a_ten_megabyte_report(name: str) -> None:
    assert len(rendered(name, a_report(3, texts=("word " * 2_000_000,)))) < 3_000_000


@pytest.mark.parametrize(("name", "file"), [("markdown", "report.md"), ("junit", "report.xml")])
def test_the_document_is_the_one_that_was_agreed_on(name: str, file: str) -> None:
    document = rendered(name, a_report(30), name="shop")

    # To agree on a new one: write `document` there and review the difference.
    assert document == (GOLDEN / file).read_text(encoding="utf-8")


def test_a_comment_starts_with_the_marker_that_finds_it_again() -> None:
    assert rendered("markdown", a_report(), name="shop <b>").startswith("<!-- llmci:shop--b- -->\n")


def test_a_comment_of_a_huge_report_still_fits_and_ends_with_a_whole_row() -> None:
    verdicts = tuple(a_verdict(because="because " * 400, slice=("app", f"{n} " * 30)) for n in range(500))
    whole = a_report(300, texts=("long " * 5000,), result=a_result(verdicts=verdicts, notes=("note " * 200,) * 300))

    document = rendered("markdown", whole)

    assert len(document) <= MOST_CHARS
    assert document.count("<details>") == document.count("</details>")


def test_text_within_a_line_of_markdown_means_nothing_to_markdown() -> None:
    assert inline("![x](http://a.b) @you #1 <b> | `c` *d*") == (
        "&#33;&#91;x](http\u2060://a.b) @\u2060you #\u20601 &#60;b&#62; &#124; &#96;c&#96; &#42;d&#42;".replace(
            "x]", "x&#93;"
        )
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_closes_its_fence(text: str) -> None:
    first, *inside, last = fenced(text).split("\n")

    assert first == f"{last}text"
    assert not any(line.strip().startswith(last) for line in inside)


def test_hostile_junit_is_valid_xml_that_agrees_with_the_verdict() -> None:
    root = parsed(a_hostile_report())

    assert int(root.attrib["failures"]) == len(list(root.iter("failure"))) > 0


def test_no_test_of_a_passing_candidate_fails() -> None:
    verdicts = (a_verdict(Outcome.PASSED),)
    root = parsed(a_report(result=a_result(Outcome.PASSED, verdicts=verdicts)))

    assert (root.attrib["failures"], root.attrib["errors"]) == ("0", "0")
    assert int(root.attrib["skipped"]) > 0


def test_json_follows_its_published_schema() -> None:
    schema = json.loads(files("llmci.adapters.reporters").joinpath("report.schema.json").read_text(encoding="utf-8"))
    document = json.loads(rendered("json", a_hostile_report()))

    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(document)
    assert document["schema"] == schema["properties"]["schema"]["const"]


def test_no_cell_of_a_csv_is_a_formula() -> None:
    rows = list(csv.reader(io.StringIO(rendered("csv", a_hostile_report()))))

    assert len(rows) == 1 + 3 * len(HOSTILE)
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row)


def test_every_score_of_a_table_has_its_reason_beside_it() -> None:
    [first, *_] = csv.DictReader(io.StringIO(rendered("csv", a_report(3, texts=("because of it",)))))

    assert first["candidate.correct.reason"] == "because of it"
    assert "baseline.correct.reason" in first
    assert not any(
        name.endswith(".reason")
        for name in csv.DictReader(io.StringIO(rendered("csv", a_report(3), texts=False))).fieldnames or ()
    )


def test_html_without_script_names_the_verdict_the_gates_and_the_worst_cases() -> None:
    document = rendered("html", a_report())
    static = re.sub(r"<(script|style).*?</\1>", "", document, flags=re.DOTALL)

    assert "correct fell by about 7.1 points" in static
    assert static.count('<details class="case"') == len(view_of(a_report()).having(Change.REGRESSED, Change.ERRORED))
    assert "<del>" in static
    assert "<ins>" in static
    assert 'style="' not in static


def test_html_script_is_small() -> None:
    script = files("llmci.adapters.reporters").joinpath("page", "report.js").read_bytes()

    assert len(script) <= 24_000


def test_markdown_reporter_needs_no_options() -> None:
    assert MarkdownReporter().render(a_report()).startswith(b"<!-- llmci:main -->")
