"""The demo's system: what it answers, and what the three retrieval configurations do to it."""

from __future__ import annotations

from statistics import mean
from typing import Any

import pytest

from llmci.demo.app import answer
from llmci.demo.questions import questions
from llmci.demo.words import terms

BROKEN = {"name_weight": 0}
BETTER = {"identifiers": "both", "name_weight": 3, "stem": True, "stop_words": "questions", "k1": 1.2, "b": 0.4}


def hits(kind: str, config: dict[str, Any]) -> float:
    """Share of the questions of one type whose entry is among the five that were retrieved."""
    asked = [question for question in questions() if question.type == kind]
    found = [
        {document["id"] for document in answer({"question": q.question, "config": config})["documents"]} for q in asked
    ]
    return mean(bool(ids & set(question.documents)) for ids, question in zip(found, asked, strict=True))


def test_answers_with_the_signature_and_the_documents_it_used() -> None:
    reply = answer({"question": "Which function merges several sorted inputs into a single sorted output?"})

    assert reply["answer"].startswith("heapq.merge(*iterables, key=None, reverse=False): Merge multiple sorted inputs")
    assert reply["documents"][0]["id"] == "heapq.merge"
    assert reply["documents"][0]["score"] >= reply["documents"][4]["score"] > 0


def test_answers_about_both_when_two_entries_are_asked_for() -> None:
    text = answer({"question": "list.append vs list.extend?", "config": BETTER})["answer"]

    assert "list.append(" in text
    assert "list.extend(" in text


@pytest.mark.parametrize("question", ["", "?!", "zzzz qqqq", "\x00\ud800"])
def test_says_so_when_nothing_is_found(question: str) -> None:
    assert answer({"question": question})["documents"] == []


def test_an_unknown_retrieval_option_is_an_error() -> None:
    with pytest.raises(TypeError, match="fuzziness"):
        answer({"question": "sorted", "config": {"fuzziness": 2}})


def test_leaving_names_out_of_the_index_breaks_questions_that_use_them() -> None:
    for kind in ("exact-name", "comparison", "parameter"):
        assert hits(kind, BROKEN) < hits(kind, {}) - 0.2


def test_leaving_names_out_of_the_index_hardly_touches_questions_in_plain_words() -> None:
    for kind in ("task", "which-function", "error"):
        assert abs(hits(kind, BROKEN) - hits(kind, {})) < 0.06


def test_the_better_configuration_is_at_least_as_good_everywhere() -> None:
    kinds = sorted({question.type for question in questions()})
    gains = {kind: hits(kind, BETTER) - hits(kind, {}) for kind in kinds}

    assert min(gains.values()) > -0.04
    assert mean(gains.values()) > 0.03


def test_identifiers_are_cut_as_asked() -> None:
    cut = {
        mode: terms("json.JSONEncoder", identifiers=mode, stop_words="none", stem=False)
        for mode in ("parts", "whole", "both")
    }

    assert cut["parts"] == ["json", "json", "encoder"]
    assert cut["whole"] == ["json.jsonencoder"]
    assert cut["both"] == ["json.jsonencoder", "json", "json", "encoder"]
