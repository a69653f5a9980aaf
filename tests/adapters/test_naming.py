"""Names, places and addresses: what rules and the tagger find together, and what they leave alone."""

from __future__ import annotations

from importlib import resources

import numpy as np
import pytest

from llmci.adapters.recognizers.naming import named
from llmci.adapters.recognizers.tagger import LABELS, bundled, tokens_of

_NOBODY: frozenset[str] = frozenset()
_COUNTS = 0.4


def found(text: str, kind: str, key: str | None = None) -> list[str]:
    return [text[s.start : s.end] for s in named(text, key, _NOBODY) if s.kind == kind and s.score >= _COUNTS]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Could you forward this to Ngozi Adeyemi in accounting?", "Ngozi Adeyemi"),
        ("my name is katarzyna wisniewska and my order is late", "katarzyna wisniewska"),
        ("hi this is rajesh kumar i need help with my bill", "rajesh kumar"),
        ("Sehr geehrte Frau Brandstätter, vielen Dank.", "Brandstätter"),
        ("El paciente Hernán Echeverría acude a urgencias.", "Hernán Echeverría"),
        ("Bonjour Maëlys, merci pour votre réponse.", "Maëlys"),
        ("We spoke to Dr. Okonkwo yesterday.", "Dr. Okonkwo"),
        ("Directed by Lucia Ferrante MD", "Lucia Ferrante MD"),
        ("| Siobhan Gallagher | Dublin |", "Siobhan Gallagher"),
    ],
)
def test_a_person_is_found_with_title_and_degree(text: str, value: str) -> None:
    assert value in found(text, "PERSON")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("JFK", "origin"),
        ("price", ""),
        ("Premium Plus", "plan"),
        ("Reset Network Settings and turn on Airplane Mode.", None),
        ("May I help you? Will that work? Mark it as done.", None),
        ("def update_user(user_id): return Session.get(User, user_id)", None),
        ("trace 3f2a9c1e8b7d6a5f4e3d took 12 ms", None),
    ],
)
def test_what_names_nobody_is_left_alone(text: str, key: str | None) -> None:
    assert found(text, "PERSON", key) == []


def test_places_and_firms_are_told_from_people() -> None:
    text = "Ewa Malinowska flew from Lisbon to Toronto for Siemens AG."

    assert set(found(text, "PERSON")) == {"Ewa Malinowska"}
    assert {"Lisbon", "Toronto"} <= set(found(text, "LOCATION"))


def test_an_address_reaches_to_its_postcode() -> None:
    text = "Please send it to 42 Rosewood Gardens\nApt. 7\nBristol\nUnited Kingdom 40213\nThanks"

    assert any(span.endswith("40213") for span in found(text, "ADDRESS"))


def test_a_date_in_brackets_behind_a_full_name_is_of_birth() -> None:
    assert found("Passengers: Ewa Malinowska (1990-04-05)", "DATE_OF_BIRTH") == ["1990-04-05"]


def test_an_unlikely_name_is_a_hint_that_does_not_count() -> None:
    spans = [s for s in named("the rose was red and the rust was orange", None, _NOBODY) if s.kind == "PERSON"]

    assert all(s.score < _COUNTS for s in spans)


def test_probabilities_are_of_each_word_and_of_every_label() -> None:
    words, _ = tokens_of("Hello, I am Torvald.")
    likely = bundled().probabilities(words)

    assert likely.shape == (len(words), len(LABELS))
    assert np.allclose(likely.sum(axis=1), 1, atol=1e-3)
    assert bundled().probabilities([]).shape == (0, len(LABELS))


def test_the_weights_weigh_less_than_five_megabytes() -> None:
    file = resources.files("llmci.adapters.recognizers").joinpath("tagger.npz")

    assert len(file.read_bytes()) < 5_000_000
