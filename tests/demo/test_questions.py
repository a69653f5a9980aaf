"""The questions of the demo, written by hand: every one can be checked against the running interpreter."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

from rapidfuzz.fuzz import ratio

from llmci.demo.questions import questions
from llmci.demo.retriever import corpus


def test_every_reference_is_in_the_corpus_of_this_interpreter() -> None:
    known = {passage.id for passage in corpus()}

    assert [q.id for q in questions() if not set(q.documents) <= known] == []


def test_there_are_hundreds_of_questions_of_eight_types() -> None:
    counts = Counter(q.type for q in questions())

    assert len(counts) == 8
    assert sum(counts.values()) >= 400
    assert min(counts.values()) >= 40


def test_ids_are_unique_and_no_two_questions_are_nearly_the_same() -> None:
    texts = [q.question.lower() for q in questions()]
    near = [(a, b) for a, b in combinations(texts, 2) if ratio(a, b) > 93]

    assert len({q.id for q in questions()}) == len(texts)
    assert near == []


def test_what_a_right_answer_contains_stands_in_the_reference_entries() -> None:
    entries = {passage.id: f"{passage.id} {passage.signature} {passage.doc}" for passage in corpus()}

    assert [q.id for q in questions() if not any(q.expected in entries[d] for d in q.documents)] == []
