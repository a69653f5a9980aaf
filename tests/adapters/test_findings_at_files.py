"""The formats that pin what regressed to the file that changed: annotations of a job, and SARIF."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from report_builders import a_hostile_report, a_report, a_result, a_verdict

from llmci.adapters.reporters.annotations import MOST, AnnotationsReporter
from llmci.adapters.reporters.codequality import CodeQualityReporter
from llmci.adapters.reporters.sarif import SarifReporter
from llmci.core.reporting.workflow_commands import workflow_command
from llmci.domain.place import Place
from llmci.domain.verdict import Outcome

if TYPE_CHECKING:
    from llmci.seams import ReportInput

PROMPT = Place(path="prompts/new one.j2", line=3, what="prompt")
CONFIG = Place(path="llmci.yaml", line=14, what="config.top_k")


def annotated(report: ReportInput) -> list[str]:
    return AnnotationsReporter().render(report).decode().splitlines()


def found(report: ReportInput) -> dict[str, Any]:
    [run] = json.loads(SarifReporter().render(report))["runs"]
    return run


def a_changed_report(outcome: Outcome = Outcome.REGRESSED, **changes: Any) -> ReportInput:
    return replace(a_report(9, result=a_result(outcome, **changes)), changed=(PROMPT, CONFIG))


def test_what_failed_the_run_is_an_error_at_the_prompt_and_the_rest_a_warning() -> None:
    assert annotated(a_changed_report()) == [
        (
            "::error file=prompts/new one.j2,line=3,title=llmci%3A correct regressed::"
            "correct answers fell by about 7.1 points (at least 2.1, 95 %25 sure)"
        ),
        (
            "::warning file=prompts/new one.j2,line=3,title=llmci%3A correct [app%3A telecom] regressed::"
            "telecom fell by about 15 points"
        ),
    ]


def test_no_verdict_is_a_warning() -> None:
    lines = annotated(a_changed_report(Outcome.INCONCLUSIVE, headline="not enough", verdicts=()))

    assert lines == ["::warning file=prompts/new one.j2,line=3,title=llmci::not enough"]


def test_where_nothing_regressed_nothing_is_annotated() -> None:
    assert annotated(a_changed_report(Outcome.PASSED, verdicts=())) == []


def test_there_are_never_more_than_ten() -> None:
    verdicts = tuple(a_verdict(because=f"gate {number}") for number in range(30))

    assert len(annotated(a_changed_report(verdicts=verdicts))) == MOST


def test_hostile_text_stays_within_its_annotation() -> None:
    document = AnnotationsReporter().render(replace(a_hostile_report(), changed=(PROMPT,))).decode()

    assert all(re.fullmatch(r"::(error|warning) file=[^:]*::.*", line) for line in document.splitlines())


@pytest.mark.parametrize("text", ["a\n::error::b", "a\r\n::error::b", "%0A::error::b", "a::b,c=d"])
def test_a_command_holds_one_message_on_one_line(text: str) -> None:
    command = workflow_command("notice", text, title=text)

    assert "\n" not in command
    assert "\r" not in command
    properties, message = command.removeprefix("::notice ").split("::", 1)
    assert re.fullmatch(r"title=[^:,\n]*", properties)
    assert message.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%") == text


def test_sarif_has_a_rule_for_each_metric_and_a_result_for_each_regression() -> None:
    run = found(a_changed_report())
    [driver] = [run["tool"]["driver"]]

    assert [rule["id"] for rule in driver["rules"]] == ["llmci/correct"]
    assert [(result["ruleId"], result["ruleIndex"], result["level"]) for result in run["results"]] == [
        ("llmci/correct", 0, "error"),
        ("llmci/correct", 0, "warning"),
    ]


def test_a_finding_stands_at_the_prompt_and_names_the_other_places() -> None:
    [result, _] = found(a_changed_report())["results"]

    [location] = result["locations"]
    [related] = result["relatedLocations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "prompts/new%20one.j2", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 3},
    }
    assert related["message"] == {"text": "config.top_k"}


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_run_without_a_verdict_is_not_a_clean_one(outcome: Outcome) -> None:
    [invocation] = found(a_changed_report(outcome, verdicts=()))["invocations"]

    assert invocation["executionSuccessful"] is (outcome in (Outcome.PASSED, Outcome.REGRESSED))


# --- GitLab -------------------------------------------------------------------------------------


def findings(report: ReportInput) -> list[dict[str, Any]]:
    return json.loads(CodeQualityReporter().render(report))  # type: ignore[no-any-return]


def test_gitlab_is_told_what_regressed_at_the_file_that_changed() -> None:
    first, second = findings(a_changed_report())

    assert first["location"] == {"path": "prompts/new one.j2", "lines": {"begin": 3}}
    assert (first["check_name"], first["severity"], second["severity"]) == ("llmci/correct", "critical", "minor")
    assert "fell by about 7.1 points" in first["description"]
    assert first["fingerprint"] != second["fingerprint"]
    assert findings(a_changed_report())[0]["fingerprint"] == first["fingerprint"]


def test_gitlab_wants_a_place_even_where_no_file_changed() -> None:
    report = replace(a_changed_report(), changed=())

    assert {finding["location"]["path"] for finding in findings(report)} == {"llmci.yaml"}


def test_gitlab_gets_an_empty_list_where_nothing_regressed() -> None:
    assert findings(a_changed_report(Outcome.PASSED, verdicts=())) == []
