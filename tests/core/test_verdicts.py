"""Which verdict stands, out of everything a judge may write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmci.core.judging.verdicts import last_verdict

MENU = ("fail", "pass")


@pytest.mark.parametrize(
    "text",
    [
        '{"verdict": "pass"}',
        '{"verdict": "PASS", "reason": "verdict: fail would be too hard"}',
        'Fine.\n```json\n{"verdict": "pass"}\n```\n',
        '{"verdict": "fail"} says the answer itself. But:\n{"verdict": "pass"}',
        '{"verdict": "fail"}\nOn reflection:\nVerdict: pass',
        "**Verdict:** `Pass`.",
        "verdict = pass",
        "pass",
        " **PASS**\n",
        "It is good.\n\nPass.",
        '{"details": {"verdict": "fail"}, "verdict": "pass"}',
        '{"verdict": "pass", "reason": "cut off he',
        '{"a": 1} {broken {"verdict": "pass"}',
    ],
)
def test_a_pass(text: str) -> None:
    assert last_verdict(text, MENU) == "pass"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "I cannot say.",
        '{"verdict": ""}',
        '{"verdict": null}',
        '{"verdict": []}',
        '{"verdict": ["pass"]}',
        '{"verdict": true}',
        '{"verdict": "acceptable"}',
        '{"verdict": "pass"}\n{"verdict": "unclear"}',
        "Verdict: pass/fail",
        "Verdict: not pass",
        "Verdict:",
        "verdict: pass\nVerdict: unsure",
        "The answer passes.",
        "You could pass it or fail it",
    ],
)
def test_no_verdict_is_never_a_pass(text: str) -> None:
    assert last_verdict(text, MENU) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"verdict": 4}', "4"),
        ('{"verdict": 4.0}', "4"),
        ('{"verdict": "4.5"}', None),
        ("verdict: 4/5", None),
        ("5", "5"),
    ],
)
def test_grades(text: str, expected: str | None) -> None:
    assert last_verdict(text, ("1", "2", "3", "4", "5")) == expected


@given(st.text() | st.text(alphabet='{}[]":, verdictpassfail\n`'))
def test_any_text_is_read(text: str) -> None:
    assert last_verdict(text, MENU) in {None, *MENU}


@given(st.text())
def test_the_last_line_counts_whatever_came_before(text: str) -> None:
    assert last_verdict(f'{text}\n{{"verdict": "fail"}}', MENU) == "fail"
