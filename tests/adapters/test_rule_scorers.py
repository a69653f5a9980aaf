"""Scorers that follow a rule: what counts, what does not, and when there is nothing to go by."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from builders import a_case, a_context, an_answer

from llmci import registry
from llmci.core.bench.chat import said
from llmci.domain.case import Document
from llmci.domain.run import Scored, Unscored, Usage
from llmci.domain.text import declared_clean
from llmci.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from llmci.domain.run import Score

RULES = (
    ("exact", {}),
    ("contains", {}),
    ("regex", {"pattern": "x"}),
    ("json-schema", {}),
    ("similarity", {}),
    ("hit-at-k", {"k": 3}),
    ("mrr", {}),
    ("tool-calls", {"compare": "f1"}),
    ("recorded", {"score": "reward"}),
    ("latency", {}),
    ("cost", {}),
    ("tokens", {}),
)


def a_scorer(root: Path, kind: str, **options: Any) -> Any:
    made = registry.adapter("scorer", kind)
    return made(made.Options(**options), a_context(root, kind))


async def scored(root: Path, kind: str, answer: Any, *, case: Any = None, **options: Any) -> Score:
    if isinstance(answer, str):
        answer = an_answer(text=answer)
    score: Score = await a_scorer(root, kind, **options).score(case or a_case(), answer)
    return score


def value(score: Score) -> float:
    assert isinstance(score, Scored), score
    return score.value


@pytest.mark.parametrize(
    ("answer", "options", "expected"),
    [
        ("Paris", {}, 1),
        ("  Paris\n", {}, 1),
        ("paris", {}, 0),
        ("paris", {"ignore_case": True}, 1),
        ("Paris.", {"ignore_punctuation": True}, 1),
        ("\uff30\uff21\uff32\uff29\uff33", {"compatible": True, "ignore_case": True}, 1),
        ("Pa ris", {"ignore_space": True}, 0),
        ("", {}, 0),
    ],
)
async def test_exact(tmp_path: Path, answer: str, options: dict[str, Any], expected: float) -> None:
    case = a_case(reference=declared_clean("Paris"))

    assert value(await scored(tmp_path, "exact", answer, case=case, **options)) == expected


@pytest.mark.parametrize(
    ("expectation", "options", "expected"),
    [
        (["Lyon", "parcel"], {}, 0),
        (["Lyon", "parcel"], {"need": "any"}, 1),
        ("in lyon", {"ignore_case": True}, 1),
        ([], {}, 1),  # nothing expected: the reference is taken
        (["absent"], {"values": ("Lyon",)}, 1),
    ],
)
async def test_contains(tmp_path: Path, expectation: Any, options: dict[str, Any], expected: float) -> None:
    case = a_case(expectations={"contains": expectation}, reference=declared_clean("Lyon"))

    assert value(await scored(tmp_path, "contains", "It is in Lyon.", case=case, **options)) == expected


@pytest.mark.parametrize(
    ("answer", "options", "expected"),
    [
        ("order A-17", {"pattern": r"[A-Z]-\d+"}, 1),
        ("order A-17", {"pattern": r"[A-Z]-\d+", "whole": True}, 0),
        ("a-17", {"pattern": r"A-\d+", "whole": True, "ignore_case": True}, 1),
    ],
)
async def test_regex(tmp_path: Path, answer: str, options: dict[str, Any], expected: float) -> None:
    assert value(await scored(tmp_path, "regex", answer, **options)) == expected


async def test_regex_takes_the_pattern_of_the_case(tmp_path: Path) -> None:
    right, wrong = (a_case(expectations={"pattern": pattern}) for pattern in (r"^\d+$", "["))

    assert value(await scored(tmp_path, "regex", "17", case=right)) == 1
    assert isinstance(await scored(tmp_path, "regex", "17", case=wrong), Unscored)


def test_a_pattern_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a regular expression"):
        a_scorer(tmp_path, "regex", pattern="[")


@pytest.mark.parametrize(
    ("answer", "options", "expected"),
    [
        ('{"a": 1}', {}, 1),
        ('{"a": 1', {}, 0),
        ("NaN", {}, 0),
        ('```json\n{"a": 1}\n```', {}, 0),
        ('```json\n{"a": 1}\n```', {"fenced": True}, 1),
        ('{"a": 1}', {"schema": {"required": ["a"], "properties": {"a": {"type": "integer"}}}}, 1),
        ('{"a": "1"}', {"schema": {"properties": {"a": {"type": "integer"}}}}, 0),
    ],
)
async def test_json_schema(tmp_path: Path, answer: str, options: dict[str, Any], expected: float) -> None:
    assert value(await scored(tmp_path, "json-schema", answer, **options)) == expected


async def test_a_schema_may_stand_in_a_file_and_is_part_of_the_digest(tmp_path: Path) -> None:
    digests = set()
    for kind in ("object", "array"):
        (tmp_path / "s.json").write_text(json.dumps({"type": kind}))
        digests.add(a_scorer(tmp_path, "json-schema", schema_file="s.json").metric().digest)

    assert value(await scored(tmp_path, "json-schema", "[]", schema_file="s.json")) == 1
    assert len(digests) == 2


@pytest.mark.parametrize("options", [{"schema": {"type": "nothing"}}, {"schema_file": "absent.json"}])
def test_a_schema_that_is_none_is_a_usage_error(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        a_scorer(tmp_path, "json-schema", **options)


@pytest.mark.parametrize(("answer", "expected"), [("Lyon", 1.0), ("", 0.0), ("qrs", 0.0), ("Ly", 2 / 3)])
async def test_similarity(tmp_path: Path, answer: str, expected: float) -> None:
    case = a_case(reference=declared_clean("Lyon"))

    assert value(await scored(tmp_path, "similarity", answer, case=case)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("found", "right", "hit", "mrr"),
    [
        (["a", "b", "c"], ["b"], 1, 1 / 2),
        (["a", "b", "c", "d"], ["d"], 0, 1 / 4),
        (["a", "b"], ["c", "a"], 1, 1),
        ([], ["a"], 0, 0),
    ],
)
async def test_retrieval(tmp_path: Path, found: list[str], right: list[str], hit: float, mrr: float) -> None:
    case = a_case(expectations={"documents": right})
    answer = an_answer(documents=tuple(Document(id=name, content=None) for name in found))

    assert value(await scored(tmp_path, "hit-at-k", answer, case=case, k=3)) == hit
    assert value(await scored(tmp_path, "mrr", answer, case=case)) == pytest.approx(mrr)


def calls(*pairs: tuple[str, Any]) -> Any:
    return an_answer(text="", messages=said("", [{"name": name, "arguments": given} for name, given in pairs]))


@pytest.mark.parametrize(
    ("made", "compare", "expected"),
    [
        ([("find", '{"id": 1, "by": "x"}'), ("send", "{}")], "exact", 1),
        ([("send", None), ("find", {"by": "x", "id": 1.0})], "exact", 1),
        ([("send", None), ("find", {"by": "x", "id": 1})], "order", 0),
        ([("find", {"by": "x", "id": 1}), ("send", "")], "order", 1),
        ([("find", {"by": "x", "id": 1})], "f1", 2 / 3),
        ([("find", {"by": "x", "id": 2}), ("send", {})], "f1", 1 / 2),
        ([], "f1", 0),
        ([("find", "{broken")], "exact", 0),
        ([("find", {"by": "x", "id": 1}), ("send", {}), ("send", {})], "exact", 0),
    ],
)
async def test_tool_calls(tmp_path: Path, made: Any, compare: str, expected: float) -> None:
    right = [{"name": "find", "arguments": {"by": "x", "id": 1}}, "send"]
    case = a_case(expectations={"tool_calls": right})

    assert value(await scored(tmp_path, "tool-calls", calls(*made), case=case, compare=compare)) == pytest.approx(
        expected
    )


async def test_no_call_is_right_where_none_is_expected(tmp_path: Path) -> None:
    case = a_case(expectations={"tool_calls": []})

    for compare in ("exact", "order", "f1"):
        assert value(await scored(tmp_path, "tool-calls", calls(), case=case, compare=compare)) == 1
        assert value(await scored(tmp_path, "tool-calls", calls(("x", {})), case=case, compare=compare)) == 0


async def test_names_alone_may_count(tmp_path: Path) -> None:
    case = a_case(expectations={"tool_calls": [{"name": "find", "arguments": {"id": 1}}]})

    assert (
        value(await scored(tmp_path, "tool-calls", calls(("find", {})), case=case, compare="exact", arguments=False))
        == 1
    )


async def test_recorded_passes_a_score_on_in_its_own_unit(tmp_path: Path) -> None:
    answer = an_answer(recorded_scores={"stars": 4.0})

    assert value(await scored(tmp_path, "recorded", answer, score="stars", low=1, high=5)) == 4
    assert a_scorer(tmp_path, "recorded", score="stars", low=1, high=5).metric().high == 5


@pytest.mark.parametrize("scores", [{}, {"stars": 4.0}, {"stars": float("nan")}])
async def test_a_missing_or_impossible_recorded_score_is_no_score(tmp_path: Path, scores: dict[str, float]) -> None:
    assert isinstance(await scored(tmp_path, "recorded", an_answer(recorded_scores=scores), score="stars"), Unscored)


async def test_what_was_spent(tmp_path: Path) -> None:
    answer = an_answer(cost=0.5, latency_ms=12.0, usage=Usage(input=3, output=4))

    assert value(await scored(tmp_path, "cost", answer)) == 0.5
    assert value(await scored(tmp_path, "latency", answer)) == 12
    assert value(await scored(tmp_path, "tokens", answer)) == 7
    assert value(await scored(tmp_path, "tokens", answer, count="output")) == 4


@pytest.mark.parametrize("kind", ["cost", "latency", "tokens"])
async def test_what_is_not_known_is_not_scored_and_never_zero(tmp_path: Path, kind: str) -> None:
    assert isinstance(await scored(tmp_path, kind, an_answer(usage=Usage(input=3))), Unscored)


async def test_the_latency_of_a_cached_answer_was_measured_at_another_time(tmp_path: Path) -> None:
    assert isinstance(await scored(tmp_path, "latency", an_answer(latency_ms=3.0, cached=True)), Unscored)


@pytest.mark.parametrize("kind", ["exact", "contains", "regex", "similarity", "hit-at-k", "mrr", "tool-calls"])
async def test_a_case_that_says_nothing_of_a_good_answer_is_nobodys_fault(tmp_path: Path, kind: str) -> None:
    options: dict[str, dict[str, Any]] = {"hit-at-k": {"k": 1}, "tool-calls": {"compare": "f1"}}
    score = await scored(tmp_path, kind, "x", **options.get(kind, {}))

    assert isinstance(score, Unscored)
    assert score.fault == "case"


@pytest.mark.parametrize(("kind", "options"), RULES)
async def test_every_rule_is_free_and_keeps_its_promises(tmp_path: Path, kind: str, options: dict[str, Any]) -> None:
    scorer = a_scorer(tmp_path, kind, **options)
    hostile = an_answer(text="\x00\u2028]]>" + "x" * 100_000)

    score = await scorer.score(a_case(), hostile)

    assert scorer.estimate(a_case()).worst_cost == 0
    assert scorer.metric().digest == a_scorer(tmp_path, kind, **options).metric().digest
    assert (score.case_id, score.metric) == ("c1", kind)
