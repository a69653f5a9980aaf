"""What a verdict says of the answers behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from builders import a_case, a_run, an_answer

from llmci.domain.run import Unanswered
from llmci.domain.verdict import Finding, Outcome, Rule
from llmci.pipeline.gate import gate

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmci.domain.case import Case
    from llmci.domain.verdict import GateResult

CASES = [
    a_case(f"c{at:03}", slices={"mode": "json" if at % 4 == 0 else "text", "app": "abc"[at % 3]}) for at in range(200)
]
PLAIN = [f"The parcel {at} is in Lyon. It will be there on Monday." for at in range(200)]


def said(
    after: Callable[[int, str], str],
    *,
    before: Callable[[int, str], str] = lambda at, text: text,
    right: Callable[[int], tuple[float, float]] = lambda at: (1.0, 1.0),
    cases: list[Case] = CASES,
    **changes: Any,
) -> GateResult:
    """The verdict on answers made of `PLAIN`."""
    texts = [[change(at, text) for at, text in enumerate(PLAIN)] for change in (before, after)]
    runs = [
        a_run(
            {case.case_id: right(at)[side] for at, case in enumerate(cases)},
            answers=[an_answer(case.case_id, texts[side][at]) for at, case in enumerate(cases)],
            run_id=f"run-{side}",
            **changes,
        )
        for side in (0, 1)
    ]
    return gate(runs[0], runs[1], cases, [Rule(metric="correct", role="primary", tolerance=0.05)])


def of(kind: str, result: GateResult) -> Finding:
    [found] = [finding for finding in result.findings if finding.kind == kind]
    return found


def test_a_format_that_breaks_in_one_mode_is_told_though_the_mean_improves() -> None:
    def right(at: int) -> tuple[float, float]:
        return (1.0, 0.0) if at % 8 == 0 else (float(at % 3 == 0), 1.0)

    result = said(lambda at, text: f"```json\n{text}\n```" if at % 4 == 0 else text, right=right)

    assert result.outcome is Outcome.PASSED
    found = of("format", result)
    assert found.text == (
        "25 % of the candidate's answers are wrapped in a code fence, of the baseline's 0 %; "
        "it is new in 25 of the 25 cases that got worse; nearly all of them where mode is json"
    )
    assert found.slice == ("mode", "json")
    assert of("new failures", result).cases[0] == "c000"
    assert of("new fixes", result).text.startswith("117 cases got better")


@pytest.mark.parametrize(
    ("kind", "after", "words"),
    [
        ("refusals", lambda at, text: "I'm sorry, but I cannot help with that." if at % 5 == 0 else text, "20 %"),
        ("truncation", lambda at, text: (text * 6)[:311] if at % 2 else text, "break off"),
        ("empty answers", lambda at, text: " " if at % 4 == 0 else text, "are empty"),
        ("language", lambda at, text: "Le colis est à Lyon et il sera là lundi." if at % 2 else text, "“fr”"),
        ("degenerate text", lambda at, text: "It is in Lyon. " * 30 if at % 4 == 0 else text, "over and over"),
        ("reasoning tags", lambda at, text: f"<think>hm</think>{text}" if at % 3 == 0 else text, "33.5 %"),
        (
            "questions back",
            lambda at, text: "Which parcel do you mean?" if at % 3 == 0 else text,
            "end with a question",
        ),
        (
            "error messages",
            lambda at, text: "Traceback (most recent call last):\nKeyError: 1" if at % 9 == 0 else text,
            "",
        ),
    ],
)
def test_a_change_of_form_is_named(kind: str, after: Callable[[int, str], str], words: str) -> None:
    result = said(after)

    assert words in of(kind, result).text
    assert kind not in result.unchanged


def test_a_frame_that_got_lost_is_named_by_the_word_that_many_answers_share() -> None:
    result = said(lambda at, text: text, before=lambda at, text: f"{text}\n#### {at}")

    assert any("have a last line that begins with “####”" in finding.text for finding in result.findings)


def test_longer_answers_are_told_with_both_lengths() -> None:
    found = of("length", said(lambda at, text: f"{text} {text}"))

    assert "longer" in found.text
    assert "on average 53 characters before, 108 now" in found.text


def test_a_constant_answer_does_not_pass_whatever_the_scores_say() -> None:
    result = said(lambda at, text: "This is an excellent and complete answer.", right=lambda at: (at % 3 > 0.6, 1.0))

    assert result.outcome is Outcome.INCONCLUSIVE
    assert "cannot be believed: 100 % of the candidate's answers are one and the same text" in result.headline


def test_a_system_that_always_said_the_same_may_go_on() -> None:
    assert said(lambda at, text: "yes", before=lambda at, text: "yes").outcome is Outcome.PASSED


def test_the_slice_that_carries_a_change_is_named() -> None:
    result = said(lambda at, text: text, right=lambda at: (1.0, 0.0) if at % 9 in (1, 4) else (1.0, 1.0))

    assert result.outcome is Outcome.REGRESSED
    found = of("slice", result)
    assert found.slice == ("app", "b")
    assert "45 of the 45 cases that got worse" in found.text
    assert "correct where app is a" in result.unchanged


@pytest.mark.parametrize(("lost", "named"), [(90, "b"), (20, "a")], ids=["it-fell", "it-rose"])
def test_of_two_halves_the_one_that_moved_as_the_whole_did_is_named(lost: int, named: str) -> None:
    halves = [a_case(f"c{at:03}", slices={"app": "ab"[at % 2]}) for at in range(200)]

    def right(at: int) -> tuple[float, float]:
        if at % 2:
            return 1.0, float(at > 2 * lost)
        return (0.0, 1.0) if at < 100 else (1.0, 1.0)

    assert of("slice", said(lambda at, text: text, right=right, cases=halves)).slice == ("app", named)


def test_reasons_for_missing_answers_are_counted() -> None:
    ids = [case.case_id for case in CASES]
    lost = [Unanswered(case_id=ids[at], repeat=0, why="no answer within 60 s", fault="system") for at in range(12)]
    before = a_run(dict.fromkeys(ids, 1.0))
    answers = [*lost, *(an_answer(case_id) for case_id in ids[12:])]
    after = a_run(dict.fromkeys(ids[12:], 1.0), answers=answers, case_ids=tuple(ids), run_id="run-2")

    result = gate(before, after, CASES, [Rule(metric="correct", role="primary", tolerance=0.05)])

    assert of("errors", result).text == (
        "12 answers of the candidate and 0 of the baseline are missing: no answer within 60 s"
    )


def test_a_system_against_itself_seldom_gives_cause_to_say_anything() -> None:
    """Everything that is said of the form together is wrong at most once in twenty runs."""
    random = np.random.default_rng(5)
    forms = ["{}", "```\n{}\n```", "Sure, here it is: {}", "I'm sorry, I cannot. {}", "{} Ça va?"]

    def one(at: int, text: str) -> str:
        return forms[int(random.integers(len(forms)))].format(text)

    spoke = sum(bool([f for f in said(one, before=one).findings if f.kind != "slice"]) for _ in range(60))

    assert spoke <= 7


def test_it_never_shows_text_that_one_answer_has_to_itself() -> None:
    result = said(lambda at, text: f"secret-{at} {text}")

    assert "secret" not in repr(result.findings)
