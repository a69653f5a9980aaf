"""Scorers of texts, numbers, JSON, tools and documents beyond the first ones."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from builders import a_case, a_context, an_answer

from llmci import registry
from llmci.config import load
from llmci.core.bench.chat import said
from llmci.domain.case import Document, Message, Part
from llmci.domain.run import Scored, Unscored
from llmci.domain.text import declared_clean
from llmci.errors import UsageError
from llmci.wiring.privacy import cleaner

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.domain.run import Score


def a_scorer(root: Path, kind: str, **options: Any) -> Any:
    made = registry.adapter("scorer", kind)
    return made(made.Options(**options), a_context(root, kind))


async def scored(root: Path, kind: str, answer: Any, *, case: Any = None, **options: Any) -> Score:
    if isinstance(answer, str):
        answer = an_answer(text=declared_clean(answer))
    score: Score = await a_scorer(root, kind, **options).score(case or a_case(), answer)
    return score


async def value(root: Path, kind: str, answer: Any, *, case: Any = None, **options: Any) -> float:
    score = await scored(root, kind, answer, case=case, **options)
    assert isinstance(score, Scored), score
    return score.value


async def lacking(root: Path, kind: str, answer: Any, *, case: Any = None, **options: Any) -> str:
    score = await scored(root, kind, answer, case=case, **options)
    assert isinstance(score, Unscored)
    assert score.fault == "case"
    return score.why


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("equals", {"ignore_case": True}, 1),
        ("contains-all", {"values": ("yes", "lyon")}, 0),
        ("contains-any", {"values": ("yes", "lyon")}, 0),
        ("contains-any", {"values": ("yes", "lyon"), "ignore_case": True}, 1),
        ("icontains", {"values": ("LYON",)}, 1),
        ("starts-with", {"values": ("In", "At")}, 1),
        ("starts-with", {"values": ("in",)}, 0),
        ("not-starts-with", {"values": ("in",)}, 1),
        ("not-contains-any", {"values": ("Lyon",)}, 0),
    ],
)
async def test_texts(tmp_path: Path, kind: str, options: dict[str, Any], expected: float) -> None:
    assert (
        await value(tmp_path, kind, "In Lyon", case=a_case(reference=declared_clean("in lyon")), **options) == expected
    )


async def test_a_case_without_what_is_needed_is_left_out(tmp_path: Path) -> None:
    assert "starts_with" in await lacking(tmp_path, "starts-with", "x")
    assert "reference" in await lacking(tmp_path, "number", "1")
    assert "reference" in await lacking(tmp_path, "json-diff", "{}")
    assert "trajectory" in await lacking(tmp_path, "trajectory", "x")


def test_only_what_says_yes_or_no_can_be_negated(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="graded"):
        a_scorer(tmp_path, "not-similarity")
    with pytest.raises(UsageError, match="no scorer called"):
        registry.adapter("scorer", "not-there")

    assert a_scorer(tmp_path, "not-refusal").metric().higher_is_better
    assert a_scorer(tmp_path, "not-exact").metric().digest != a_scorer(tmp_path, "exact").metric().digest


@pytest.mark.parametrize(
    ("answer", "expected", "options", "right"),
    [
        ("It is 42.", 42, {}, 1),
        ("Between 1,234.50 and 7: 1,234.5", "1234.5", {}, 1),
        ("about 3.15", 3.14159, {"absolute": 0.01}, 1),
        ("about 3.2", 3.14159, {"absolute": 0.01}, 0),
        ("105", 100, {"relative": 0.05}, 1),
        ("-5 degrees", 5, {}, 0),
        ("\u22125 degrees", -5, {}, 1),
        ("first 1, then 2", 1, {}, 0),
        ("first 1, then 2", 1, {"take": "first"}, 1),
        ("first 1, then 2", 1, {"take": "any"}, 1),
        ("first 1, then 2", 2, {"take": "only"}, 0),
        ("none", 2, {}, 0),
        ("6.02e23", 6.02e23, {}, 1),
        ("1,2", 12, {}, 0),
    ],
)
async def test_number(tmp_path: Path, answer: str, expected: object, options: dict[str, Any], right: float) -> None:
    assert await value(tmp_path, "number", answer, case=a_case(expectations={"number": expected}), **options) == right


@pytest.mark.parametrize(
    ("answer", "options", "expected"),
    [
        ('{"b": [1, 2.0], "a": "x"}', {}, 1),
        ('{"b": [1, 3], "a": "x"}', {}, 2 / 3),
        ('{"b": [1, 2], "a": "x", "c": null}', {}, 3 / 4),
        ('{"b": [1, 2], "a": "x", "c": null}', {"extra": False}, 1),
        ('{"b": [1, 2], "a": "y"}', {"ignore": ("a",)}, 1),
        ('{"b": [1, 2.05], "a": "x"}', {"absolute": 0.1}, 1),
        ('```json\n{"b": [1, 2], "a": "x"}\n```', {}, 0),
        ('```json\n{"b": [1, 2], "a": "x"}\n```', {"fenced": True}, 1),
        ("{", {}, 0),
    ],
)
async def test_json_diff(tmp_path: Path, answer: str, options: dict[str, Any], expected: float) -> None:
    case = a_case(expectations={"json": {"a": "x", "b": [1, 2]}})

    assert await value(tmp_path, "json-diff", answer, case=case, **options) == pytest.approx(expected)


async def test_levenshtein(tmp_path: Path) -> None:
    case = a_case(reference=declared_clean("kitten"))

    assert await value(tmp_path, "levenshtein", "sitting", case=case) == pytest.approx(1 - 3 / 7)
    assert await value(tmp_path, "levenshtein", "sitting", case=case, at_most=3) == 1
    assert await value(tmp_path, "levenshtein", "sitting", case=case, at_most=2) == 0


def retrieved(*ids: str) -> Any:
    return an_answer(documents=tuple(Document(id=name, content=None) for name in ids))


async def test_recall_and_ndcg(tmp_path: Path) -> None:
    listed = a_case(expectations={"documents": ["a", "b"]})
    graded = a_case(expectations={"documents": {"a": 3, "b": 1}})

    assert await value(tmp_path, "recall-at-k", retrieved("x", "a", "b"), case=listed, k=2) == 0.5
    assert await value(tmp_path, "recall-at-k", retrieved("a", "a"), case=listed, k=2) == 0.5
    assert await value(tmp_path, "ndcg", retrieved("a", "b"), case=graded) == 1
    # By hand: (1 + 3 / log2 3) / (3 + 1 / log2 3).
    assert await value(tmp_path, "ndcg", retrieved("b", "a"), case=graded) == pytest.approx(0.7967, abs=1e-4)
    assert await value(tmp_path, "ndcg", retrieved("x"), case=graded) == 0
    assert await value(tmp_path, "hit-at-k", retrieved("x", "b"), case=graded, k=2) == 1
    assert await value(tmp_path, "mrr", retrieved("x", "b"), case=listed) == 0.5


def calling(*calls: tuple[str, Any], errors: int = 0) -> Any:
    made = said("done", [{"name": name, "arguments": json.dumps(arguments)} for name, arguments in calls])
    broken = Message(role="tool", parts=tuple(Part(type="tool_result", is_error=True) for _ in range(errors)))
    return an_answer(messages=(*made, broken))


async def test_argument_f1_counts_single_arguments(tmp_path: Path) -> None:
    wanted = [{"name": "book", "arguments": {"from": "LYS", "seats": 2}}]
    answer = calling(("book", {"from": "LYS", "seats": 3}))

    # The tool and one of two arguments are right: 2 of 3 made, 2 of 3 wanted.
    case = a_case(expectations={"tool_calls": wanted})
    assert await value(tmp_path, "tool-calls", answer, case=case, compare="argument-f1") == pytest.approx(2 / 3)
    assert await value(tmp_path, "tool-calls", answer, case=case, compare="f1") == 0


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"needed": ("find", "book")}, None),
        ({"needed": ("find", "pay")}, "not called: pay"),
        ({"needed": ("book", "find"), "ordered": True}, "not in the order book, find"),
        ({"forbidden": ("book",)}, "called, although forbidden: book"),
        ({"max_calls": 2}, "3 calls, 2 allowed"),
        ({"max_same": 1}, "the same call 2 times, 1 allowed"),
        ({"max_errors": 0}, "1 calls failed, 0 allowed"),
    ],
)
async def test_trajectory(tmp_path: Path, options: dict[str, Any], wrong: str | None) -> None:
    answer = calling(("find", {}), ("find", {}), ("book", {"seat": 1}), errors=1)

    score = await scored(tmp_path, "trajectory", answer, **options)

    assert isinstance(score, Scored)
    assert (score.value, score.reason) == (float(wrong is None), wrong)


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("I'm sorry, but I can't help with that.", 1),
        ("I\u2019m sorry, but I can\u2019t help with that.", 1),
        ("Unfortunately I am unable to book it.", 1),
        ("Here is your booking. You cannot change it.", 0),
        ("Ich kann dabei nicht helfen.", 1),
        ("Sie können sich nicht anmelden, weil Ihr Passwort abgelaufen ist.", 0),
        ("Nope.", 0),
    ],
)
async def test_refusal(tmp_path: Path, text: str, refused: float) -> None:
    assert await value(tmp_path, "refusal", text) == refused
    assert await value(tmp_path, "not-refusal", text) == 1 - refused
    wanted = a_case(expectations={"refuse": True})
    assert await value(tmp_path, "refusal", text, case=wanted, expectation="refuse") == refused
    assert await value(tmp_path, "refusal", "Nope.", phrases=("nOPE",)) == 1


async def test_language_kept(tmp_path: Path) -> None:
    asked = a_case(question=declared_clean("Wo ist mein Paket und wann kommt es zu mir?"))

    assert await value(tmp_path, "language-kept", "Es ist auf dem Weg und kommt in der Woche.", case=asked) == 1
    score = await scored(tmp_path, "language-kept", "It is on the way and will be there in a week.", case=asked)
    assert isinstance(score, Scored)
    assert (score.value, score.reason) == (0, "en instead of de")
    assert "answer" in await lacking(tmp_path, "language-kept", "42", case=asked)


@pytest.mark.parametrize(
    ("text", "options", "wrong"),
    [
        ("plain", {}, None),
        ("```\nopen", {}, "a code fence is not closed"),
        ("```json\n{}\n```", {}, None),
        ("```json\n{\n```", {}, "not json"),
        ("```py\nx = (\n```", {}, "not python"),
        ("```brainfuck\n+-\n```", {}, None),
        ('{"a": 1}', {"fence": "none", "syntax": "json"}, None),
        ('```json\n{"a": 1}\n```', {"fence": "none", "syntax": "json"}, "there is a code fence"),
        ("plain", {"fence": "some"}, "there is no code fence"),
        ("```\na: 1\n```", {"fence": "one", "syntax": "yaml"}, None),
        ("See:\n```\na: 1\n```", {"fence": "one"}, "there is more than one fenced block"),
        ("<a><b/></a>", {"fence": "none", "syntax": "xml"}, None),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', {"fence": "none", "syntax": "xml"}, "not xml"),
        ("a = 1", {"fence": "none", "syntax": "toml"}, None),
        ("(" * 5000, {"fence": "none", "syntax": "python"}, "not python"),
    ],
)
async def test_format(tmp_path: Path, text: str, options: dict[str, Any], wrong: str | None) -> None:
    score = await scored(tmp_path, "format", text, **options)

    assert isinstance(score, Scored)
    assert (score.value, score.reason) == (float(wrong is None), wrong)


async def test_length(tmp_path: Path) -> None:
    assert await value(tmp_path, "length", " one two ") == 7
    assert await value(tmp_path, "length", "one two", count="words") == 2
    assert await value(tmp_path, "length", "one two", count="words", most=1) == 0
    assert a_scorer(tmp_path, "length").metric().kind == "ratio"
    assert a_scorer(tmp_path, "length", least=1).metric().kind == "binary"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("Where is my parcel???", "the question again"),
        ("It is on the way to Lyon. " * 5, "the same again and again"),
        ("Well no no no no no no no no no no no no no", "the same again and again"),
        ("It is in Lyon, at the depot in the north of the town.", None),
    ],
)
async def test_degenerate(tmp_path: Path, text: str, reason: str | None) -> None:
    score = await scored(tmp_path, "degenerate", text)

    assert isinstance(score, Scored)
    assert (score.value, score.reason) == (float(reason is not None), reason)


async def test_a_constant_answer_is_seen_when_all_are_there(tmp_path: Path) -> None:
    scorer = a_scorer(tmp_path, "degenerate")
    cases = [a_case(f"c{n}", question=declared_clean(f"What about number {n}?")) for n in range(12)]
    answers = [an_answer(case.case_id, text=declared_clean("It depends.")) for case in cases]
    given = [await scorer.score(case, answer) for case, answer in zip(cases, answers, strict=True)]

    assert {score.value for score in given} == {0}
    assert [score.value for score in scorer.across(cases, answers, given)] == [1.0] * 12
    assert not list(scorer.across(cases[:9], answers[:9], given[:9]))
    varied = [an_answer(case.case_id, text=declared_clean(f"Number {case.case_id}")) for case in cases]
    assert not list(scorer.across(cases, varied, given))
    flagged = list(scorer.across(cases, answers, given))
    assert [score.value for score in scorer.across(cases, varied, flagged)] == [0.0] * 12


async def test_personal_data_is_told_by_kind_and_never_by_value(tmp_path: Path) -> None:
    text = declared_clean("Write to mira.stone@example.com or use [SECRET_0123abcd].")
    score = await scored(tmp_path, "personal-data", text)
    repeated = a_case(question=declared_clean("Is mira.stone@example.com right? [SECRET_0123abcd]"))

    assert isinstance(score, Scored)
    assert score.value == 1
    assert score.reason == "EMAIL_ADDRESS (1), SECRET (1)"
    assert await value(tmp_path, "personal-data", text, case=repeated) == 0
    assert await value(tmp_path, "personal-data", text, kinds=("PHONE_NUMBER",)) == 0


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("Write to ana.lopez@gmail.com please", "EMAIL_ADDRESS"),
        ("Call +1 415 867 5309 now", "PHONE_NUMBER"),
        ("card 4111 1111 1111 1111 exp", "CREDIT_CARD"),
        ("IBAN DE89370400440532013000", "IBAN_CODE"),
        ("SSN 536-22-1145 here", "US_SSN"),
        ("key sk-proj-abcdEFGH1234567890abcdEFGH1234567890abcd", "SECRET"),
        ("It is in Lyon, at the depot, order 4711.", None),
    ],
)
async def test_what_an_answer_gave_away_is_still_seen_once_it_is_sanitized(
    tmp_path: Path, raw: str, kind: str | None
) -> None:
    (tmp_path / "llmci.yaml").write_text("project: it")
    [clean] = cleaner(load(tmp_path / "llmci.yaml"), {})([raw], a_case())

    score = await scored(tmp_path, "personal-data", an_answer(text=clean))

    assert isinstance(score, Scored)
    assert (clean == raw) is (kind is None)
    assert score.reason == (f"{kind} (1)" if kind else None)


async def test_time_to_first_token_is_not_that_of_a_cached_answer(tmp_path: Path) -> None:
    assert await value(tmp_path, "ttft", an_answer(ttft_ms=12.0)) == 12
    assert "cache" in await lacking(tmp_path, "ttft", an_answer(ttft_ms=12.0, cached=True))


PARTS = {
    "there": {"kind": "contains", "values": ["Lyon"], "weight": 3},
    "short": {"kind": "length", "most": 3, "weight": 1},
}


@pytest.mark.parametrize(
    ("options", "kind", "expected"),
    [
        ({}, "graded", 0.75),
        ({"at_least": 0.75}, "binary", 1),
        ({"at_least": 0.8}, "binary", 0),
        ({"combine": "all"}, "binary", 0),
        ({"combine": "any"}, "binary", 1),
    ],
)
async def test_composite(tmp_path: Path, options: dict[str, Any], kind: str, expected: float) -> None:
    assert a_scorer(tmp_path, "composite", parts=PARTS, **options).metric().kind == kind
    assert await value(tmp_path, "composite", "In Lyon.", parts=PARTS, **options) == pytest.approx(expected)


async def test_a_composite_is_never_made_of_what_is_left(tmp_path: Path) -> None:
    parts = {**PARTS, "right": {"kind": "exact"}}

    assert await lacking(tmp_path, "composite", "x", parts=parts) == "right: the case has no reference"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"a": {"kind": "cost"}}, "no best and no worst"),
        ({"a": {"kind": "exact", "weight": 0}}, "have no mean"),
        ({"a": {"kind": "exact", "colour": 1}}, "parts.a.colour"),
        ({"a": {"kind": "exakt"}}, "no scorer called 'exakt'"),
    ],
)
def test_a_composite_that_means_nothing_is_refused(tmp_path: Path, parts: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        a_scorer(tmp_path, "composite", parts=parts)


@pytest.mark.parametrize(("kind", "module"), [("bleu", "sacrebleu"), ("chrf", "sacrebleu"), ("rouge", "rouge_score")])
async def test_overlap_with_the_reference_by_the_library(tmp_path: Path, kind: str, module: str) -> None:
    pytest.importorskip(module)
    case = a_case(reference=declared_clean("The cat sat on the mat today"))

    assert await value(tmp_path, kind, "The cat sat on the mat today", case=case) == pytest.approx(1)
    assert 0 < await value(tmp_path, kind, "The cat sat on a mat today", case=case) < 1


@pytest.mark.parametrize(
    ("kind", "options", "extra"),
    [
        ("bleu", {}, "overlap"),
        ("rouge", {}, "overlap"),
        ("deepeval", {"metric": "AnswerRelevancyMetric"}, "deepeval"),
        ("ragas", {"metric": "Faithfulness"}, "ragas"),
        ("autoevals", {"metric": "Factuality"}, "autoevals"),
    ],
)
def test_a_library_that_is_not_there_is_named_with_its_extra(
    tmp_path: Path, kind: str, options: dict[str, Any], extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("sacrebleu.metrics", "rouge_score.rouge_scorer", "deepeval.metrics", "ragas.metrics.collections"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "autoevals", None)

    with pytest.raises(UsageError) as raised:
        a_scorer(tmp_path, kind, **options)

    assert f"llmci-loop[{extra}]" in raised.value.fix
