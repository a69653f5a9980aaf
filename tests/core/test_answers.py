"""Answers are sanitized like traces, but what the case itself says is no finding."""

from __future__ import annotations

import pytest
from builders import a_case

from llmci.config import parse
from llmci.core.privacy.answers import AnswerCleaner
from llmci.domain.case import Document
from llmci.domain.text import declared_clean
from llmci.errors import PrivacyStop
from llmci.wiring.privacy import privacy_of


@pytest.fixture
def clean(tmp_path):  # noqa: ANN001, ANN201  a Cleaner
    config = parse("sanitize:\n  recognizers: [structured, secrets]\n  max_leaf_chars: 500", tmp_path / "llmci.yaml")
    return AnswerCleaner(privacy_of(config, {"LLMCI_PRIVACY_KEY": "k"}).redactor)


def test_a_person_that_the_model_made_up_is_removed(clean) -> None:  # noqa: ANN001
    [text] = clean(["Write to Priya Lindqvist, torvald@corp.example."], a_case())

    assert "Priya" not in text
    assert "torvald" not in text


def test_what_the_case_says_stays(clean) -> None:  # noqa: ANN001
    case = a_case(
        question="My name is Brealo Tanir, mail brealo@mirax.example.com",
        reference=declared_clean("Call 415-555-0123."),
        documents=(Document(id="d", content=declared_clean("Karo Venn lives at 12 Larik Street.")),),
    )
    answer = "Thanks Brealo Tanir! Brealo, I wrote to brealo@mirax.example.com. Call 415-555-0123. Karo Venn: 12 Larik Street."

    assert clean([answer], case) == [answer]


def test_all_texts_of_an_answer_are_one_conversation(clean) -> None:  # noqa: ANN001
    first, second = clean(['{"full_name": "Torvald Lindqvist"}', "Lindqvist is his name"], a_case())

    assert "Lindqvist" not in first + second


def test_the_same_value_gets_the_same_surrogate_as_in_traces(clean) -> None:  # noqa: ANN001
    one, two = clean(["k.haddad@corp.example"], a_case()), clean(["so: k.haddad@corp.example"], a_case("c2"))

    assert two == [f"so: {one[0]}"]


def test_an_answer_that_cannot_be_searched_is_stopped_without_a_word_of_it(clean) -> None:  # noqa: ANN001
    with pytest.raises(PrivacyStop) as stop:
        clean(["Torvald " * 100], a_case())

    assert "Torvald" not in stop.value.message


def test_a_person_of_the_case_in_another_order_stays_too(clean) -> None:  # noqa: ANN001
    case = a_case(question="My name is Brealo Tanir")
    answer = "Brealo Tanir is on the list as Tanir, Brealo"

    assert clean([answer], case) == [answer]


def test_answers_that_were_searched_together_are_cleaned_as_each_alone(clean) -> None:  # noqa: ANN001
    texts = [f"Write to zq{number}@corp-mail.example, says Zebulon Quagmire." for number in range(30)]
    clean.ahead(texts[:15])

    cleaned = [clean([text], a_case())[0] for text in texts]

    # The same form whether or not it was searched ahead.
    assert [text.split()[-2:] for text in cleaned[:15]] == [text.split()[-2:] for text in cleaned[15:]]
    assert not [text for text in cleaned if "Zebulon" in text or "corp-mail" in text]
